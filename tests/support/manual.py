"""Code blocks of a Markdown page, and how a test runs them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Block", "blocks_of"]

_FENCE = re.compile(
    r"(?:^<!-- not run: (?P<reason>[^\n]+) -->\n)?^```(?P<language>\w*)[^\n]*\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """One fenced block."""

    page: Path
    line: int
    language: str
    text: str
    reason: str | None
    """Why it is not run; None: it is."""

    @property
    def is_python(self) -> bool:
        """Whether Python runs it."""
        return self.language == "python"

    @property
    def is_shell(self) -> bool:
        """Whether a shell runs it."""
        return self.language in {"bash", "console", "sh", "shell"}


def blocks_of(page: Path) -> Iterator[Block]:
    """The blocks of `page` in order."""
    text = page.read_text(encoding="utf-8")
    for found in _FENCE.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        yield Block(page, line, found["language"], found["text"], found["reason"])
