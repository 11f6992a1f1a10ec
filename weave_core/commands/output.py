"""How commands print: JSON for programs, plain text and tables for people.

Everything that came from a trace is somebody else's text: `plain` takes out what a terminal
would obey instead of show.
"""

import sys
import unicodedata
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

__all__ = ["console", "plain", "print_json", "print_table"]

_WIDE = 160
"""Columns of a table that goes into a file or a pipe: nobody's window, so nothing need be cut."""


def plain(text: str, *, keep: str = "") -> str:
    """`text` on one line, without escape sequences, control and bidirectional characters.

    Args:
        text: Somebody else's.
        keep: Characters that stay as they are.
    """
    return "".join(
        " " if char in "\n\r\t" and char not in keep else char
        for char in text
        if char in "\n\r\t" or unicodedata.category(char) not in {"Cc", "Cf", "Cs"}
    )


def print_json(value: Any) -> None:
    """`value` as indented JSON on standard output."""
    text = orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS).decode()
    sys.stdout.write(text + "\n")


def console() -> "Console":
    """Where tables go: as wide as the window, and wide enough where there is none."""
    from rich.console import Console  # Slow to import, and `--help` needs none of it.

    if sys.stdout.isatty():
        return Console(highlight=False)
    return Console(highlight=False, width=_WIDE)


def print_table(titles: list[str], rows: "Iterable[list[str]]") -> None:
    """A table on standard output; long cells are folded."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in titles:
        table.add_column(Text(plain(title)), overflow="fold")
    for row in rows:
        table.add_row(*(Text(plain(cell)) for cell in row))
    console().print(table)
