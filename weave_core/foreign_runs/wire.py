"""Protocol buffers without their classes: the fields of a message by number.

Source: protobuf.dev, "Encoding".
"""

import struct
from collections.abc import Iterator

__all__ = ["Fields", "fields_of", "message", "signed", "text", "to_double"]

_MAX_SHIFT = 63

Fields = dict[int, list[int | bytes]]
"""Numbers to what was sent under them, in order: integers, or the bytes of all else."""


def fields_of(message: bytes) -> Fields:
    """All fields of a message.

    Raises:
        ValueError: If it is none, or cut off.
    """
    found: Fields = {}
    for number, value in _walk(message):
        found.setdefault(number, []).append(value)
    return found


def _walk(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    place = 0
    while place < len(message):
        head, place = _varint(message, place)
        number, kind = head >> 3, head & 7
        if kind == 0:
            value, place = _varint(message, place)
            yield number, value
            continue
        if kind == 2:  # noqa: PLR2004  # Wire types, as their encoding numbers them.
            size, place = _varint(message, place)
        else:
            size = {1: 8, 5: 4}.get(kind, -1)
        if size < 0 or place + size > len(message) or number == 0:
            raise ValueError(f"the message breaks at byte {place} of {len(message)}")
        yield number, message[place : place + size]
        place += size


def _varint(message: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if place >= len(message) or shift > _MAX_SHIFT:
            raise ValueError(f"a number breaks at byte {place} of {len(message)}")
        byte = message[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004  # The last byte has no eighth bit.
            return value, place
        shift += 7


def message(fields: Fields, number: int) -> Fields:
    """The fields of the last message under a number; none where there is none."""
    body = fields.get(number, [b""])[-1]
    return fields_of(body) if isinstance(body, bytes) else {}


def text(fields: Fields, number: int) -> str:
    """The last text under a number; empty where there is none."""
    value = fields.get(number, [b""])[-1]
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def signed(fields: Fields, number: int) -> int:
    """The last integer under a number; 0 where there is none."""
    value = fields.get(number, [0])[-1]
    if isinstance(value, bytes):
        raise ValueError(f"field {number} is no integer")  # noqa: TRY004  # The message is broken.
    return value - 2**64 if value >= 2**63 else value


def to_double(value: int | bytes) -> float:
    """A `double` or `float` as it was sent."""
    if isinstance(value, bytes) and len(value) in (4, 8):
        return float(struct.unpack("<d" if len(value) == 8 else "<f", value)[0])  # noqa: PLR2004
    raise ValueError("a field is no floating-point number")
