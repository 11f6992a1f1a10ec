"""Page cursors: where a list was left, as an opaque text that only the same list takes back.

A cursor names the list, its order, the value of the ordered column in the last row and the row's
own tie-breaker; nothing about the rows before, so a page costs the same at any depth.
"""

import base64
import binascii
from dataclasses import dataclass
from typing import Any

import orjson

from weave_core.errors import BadCursor

__all__ = ["MAX_CURSOR_LENGTH", "Place", "decode_cursor", "encode_cursor"]

MAX_CURSOR_LENGTH = 8_000
_VERSION = 1
_INT64 = 2**63

Value = str | int | float | None


@dataclass(frozen=True, slots=True)
class Place:
    """The last row of a page."""

    value: Value
    """Of the ordered column."""
    tie: str | int
    """What is unique: a row id, or a trace id as hex."""


def encode_cursor(list_name: str, order_by: str, place: Place) -> str:
    """The cursor behind `place`."""
    body = orjson.dumps([_VERSION, list_name, order_by, place.value, place.tie])
    return base64.urlsafe_b64encode(body).rstrip(b"=").decode()


def decode_cursor(
    text: str,
    list_name: str,
    order_by: str,
    *,
    types: tuple[type, ...],
    tie_type: type[str | int],
) -> Place:
    """The place that `text` names.

    Args:
        text: What `encode_cursor` made.
        list_name: The list that is asked now.
        order_by: The order that is asked now.
        types: What the value may be; None always.
        tie_type: What the tie-breaker has to be.

    Raises:
        BadCursor: If it is no cursor of ours, of another list, or of another order.
    """
    fields = _fields(text)
    if fields[1] != list_name:
        raise BadCursor(
            f"the cursor belongs to a list of {fields[1]!r}, not of {list_name!r}",
            "ask the first page without a cursor",
        )
    if fields[2] != order_by:
        raise BadCursor(
            f"the cursor belongs to order_by={fields[2]!r}, not to {order_by!r}",
            "keep order_by while paging, or ask the first page without a cursor",
        )
    value, tie = fields[3], fields[4]
    is_typed = value is None or (type(value) in types and _is_bound(value))
    if not is_typed or type(tie) is not tie_type or not _is_bound(tie):
        raise _foreign(text)
    return Place(value, tie)


def _fields(text: str) -> list[Any]:
    if len(text) > MAX_CURSOR_LENGTH:
        raise _foreign(text)
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        fields = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error):
        raise _foreign(text) from None
    if type(fields) is not list or len(fields) != 5 or fields[0] != _VERSION:  # noqa: PLR2004
        raise _foreign(text)
    return fields


def _is_bound(value: object) -> bool:
    """Whether a database takes `value`: 64 bits."""
    return not isinstance(value, int) or -_INT64 <= value < _INT64


def _foreign(text: str) -> BadCursor:
    return BadCursor(
        f"{text[:40]!r} is no cursor of this server",
        "give back `next_cursor` as it came, or ask the first page without a cursor",
    )
