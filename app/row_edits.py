"""Rows of a dataset as texts that a reader edits, and back.  Pure, no Streamlit."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from weave_core.errors import BadRequest
from weave_core.span_rows import ORIGIN

__all__ = ["cell_text", "cell_value", "chosen", "columns_of", "read_row", "row_text"]

Row = Mapping[str, Any]


def columns_of(rows: Sequence[Row]) -> list[str]:
    """All columns in the order of their appearance, but for where a row is from."""
    return [name for name in dict.fromkeys(key for row in rows for key in row) if name != ORIGIN]


def chosen(row: Row, columns: Sequence[str]) -> dict[str, Any]:
    """`row` with these columns only, in their order."""
    return {name: row[name] for name in columns if name in row}


def row_text(row: Row) -> str:
    """A row as JSON to edit."""
    return orjson.dumps(dict(row), option=orjson.OPT_INDENT_2).decode()


def read_row(text: str) -> dict[str, Any]:
    """The row that an edited text is.

    Raises:
        BadRequest: If it is no JSON object.
    """
    try:
        row = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"the row is no JSON: {error}", "mend it, or reload the page") from error
    if not isinstance(row, dict) or not row:
        raise BadRequest("the row is no JSON object", 'write {"column": value, ...}')
    return row


def cell_text(value: Any) -> str:
    """A value in a cell: a text as it is, anything else as JSON."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def cell_value(text: str, original: Any) -> Any:
    """What an edited cell says; where it held no text, JSON is read as such."""
    if text == cell_text(original):
        return original
    if isinstance(original, str):
        return text
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
