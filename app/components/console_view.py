"""What a run printed: a window of lines, and the way to older and newer ones."""

from dataclasses import dataclass
from typing import Any, Final

import orjson

from weave_core.app.components.bundles import bundle
from weave_core.model import ConsoleLine, ConsolePage

__all__ = ["WINDOW_LINES", "ConsolePlace", "console_content", "console_view"]

WINDOW_LINES: Final = 1_000
"""Printed lines on a page at a time; the others are a click away."""
MAX_SHOWN_LINE: Final = 4_000
"""Characters of a printed line on its page."""


@dataclass(frozen=True)
class ConsolePlace:
    """Which lines the reader looks at; without any of these the newest."""

    cursor: str | None = None
    before: str | None = None
    from_ns: int | None = None
    is_around: bool = False
    """Whether all lines around a moment are looked at, whatever was searched for."""

    @property
    def is_tail(self) -> bool:
        """Whether these are the newest lines."""
        return self == ConsolePlace()


def console_view(content: bytes, *, key: str) -> ConsolePlace | None:
    """Draw what `console_content` gave; the place where the reader wants to go, if any."""
    result = bundle("console_view", "ansi")(key=key, data=content, on_go_change=lambda: None)
    asked = result.get("go")
    if not isinstance(asked, dict):
        return None
    from_ns = asked.get("from_ns")
    return ConsolePlace(
        asked.get("cursor") or None,
        asked.get("before") or None,
        int(from_ns) if isinstance(from_ns, str) and from_ns.isdigit() else None,
        is_around=asked.get("around") is True,
    )


def console_content(page: ConsolePage, *, place: ConsolePlace, text: str, empty: str) -> bytes:
    """JSON of a window of lines.

    Args:
        page: The lines.
        place: Where they are.
        text: What they were searched for.
        empty: What to say where there are none.
    """
    return orjson.dumps(
        {
            "lines": [_line(line) for line in page.items],
            "total": page.total,
            "older": page.previous_cursor,
            "newer": page.next_cursor if page.has_more or not place.is_tail else None,
            "is_tail": place.is_tail,
            "around": place.is_around,
            "at": None if place.from_ns is None else str(place.from_ns),
            "text": text,
            "has_ranks": len({line.rank for line in page.items}) > 1,
            "empty": empty,
        }
    )


def _line(line: ConsoleLine) -> list[Any]:
    text = line.text
    if len(text) > MAX_SHOWN_LINE:
        text = f"{text[:MAX_SHOWN_LINE]}… <cut: {len(line.text):,} characters>"
    key = f"{line.writer_id}:{line.number}"
    # Nanoseconds as text: a script's numbers end at 2^53.
    return [key, line.stream, str(line.time_ns), line.time_ns / 1e6, line.rank, text, line.is_open]
