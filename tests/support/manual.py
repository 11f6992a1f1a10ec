"""Code blocks of a Markdown page, and how a test runs them."""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["PLAIN", "Block", "blocks_of", "name_of", "steps_of"]

ROOT = Path(__file__).parents[2]
PLAIN = {"", "text", "json", "yaml", "toml"}
"""Languages of blocks that show something rather than do something."""
DEFAULT_ADDRESS = "127.0.0.1:4318"

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


def name_of(page: Path) -> str:
    """The place of a page in the checkout."""
    return page.relative_to(ROOT).as_posix()


def steps_of(page: Path, server_url: str, folder: Path) -> Iterator[tuple[str, list[str]]]:
    """What to run for `page`, in order, each with the place that it ends at.

    Python blocks add up to one program, which runs before a shell block that follows, and at the
    end of the page.
    """
    program, ran, place = "", "", ""
    for block in [*blocks_of(page), None]:
        if block and (block.reason or block.language in PLAIN):
            continue
        if (block is None or block.is_shell) and program != ran:
            ran = program
            file = folder / f"page_{len(program)}.py"
            file.write_text(program, encoding="utf-8")
            yield place, [sys.executable, str(file)]
        if block is None:
            return
        place = f"{name_of(page)}:{block.line}"
        text = block.text.replace(DEFAULT_ADDRESS, server_url.removeprefix("http://"))
        if block.is_python:
            # Its own place in the file, so that a traceback names the line of the page.
            program += "\n" * (block.line - program.count("\n")) + text
        else:
            yield place, ["bash", "-euo", "pipefail", "-c", text]
