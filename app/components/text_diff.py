"""What differs between the texts of two spans, or runs, drawn line by line."""

from collections.abc import Mapping
from typing import Any

import orjson

from weave_core.app.components.bundles import bundle
from weave_core.app.text_diffs import diff_lines

__all__ = ["diff_content", "text_diff"]


def text_diff(content: bytes, *, key: str) -> None:
    """Draw what `diff_content` gave."""
    bundle("text_diff")(key=key, data=content)


def diff_content(
    title: str,
    texts: Mapping[str, tuple[str | None, str | None]],
    facts: list[list[str]],
    *,
    empty: str = "Neither span has an input or an output.",
) -> bytes:
    """JSON of the differences.

    Args:
        title: Whose texts.
        texts: By section, that of the first and of the second; None: that side has none.
        facts: Rows of name, first and second, above the sections.
        empty: What to say where there are no sections.
    """
    sections: list[dict[str, Any]] = [
        {"name": name, "missing": [a is None, b is None], **diff_lines(a or "", b or "")}
        for name, (a, b) in texts.items()
        if a is not None or b is not None
    ]
    return orjson.dumps({"title": title, "facts": facts, "sections": sections, "empty": empty})
