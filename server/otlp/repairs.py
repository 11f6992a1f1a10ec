"""Save what can be saved of a protobuf request that the parser refuses as a whole.

protobuf's parser gives up a batch for one text that is no UTF-8 or one value that is nested too
deep; the reference collector takes such texts.  Here the wire format is walked by hand: what
parses is left as it is, texts are mended, and an item that can't be mended is left out.  Only
refused requests come here, so nobody else pays for it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.message import DecodeError

__all__ = ["Repair"]

MAX_FIELDS = 300_000
"""Fields that are walked by hand for one request, about a microsecond each; then it is refused."""
_MAX_DEPTH = 90
"""The parser's own bound is 100 from the outermost message on; items begin at 3."""
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_SIZES = {_FIXED64: 8, _FIXED32: 4}
_MAX_SHIFT = 63


class _DamagedError(Exception):
    """These bytes are no message; the text says why."""


@dataclass
class Repair:
    """One refused request.

    Args:
        path: Names of the fields that lead to an item, such as `resource_spans`, `scope_spans`,
            `spans`.
    """

    path: tuple[str, ...]
    reasons: list[str] = field(default_factory=list)
    """Why each item that was left out was."""
    _walked: int = 0

    def mended(self, message_class: Any, body: bytes) -> Any:
        """`body` as a message, without the items that can't be read.

        Raises:
            DecodeError: If what is around the items can't be read either.
        """
        try:
            return message_class.FromString(self._envelope(message_class.DESCRIPTOR, body, 0))
        except _DamagedError as error:
            raise DecodeError(str(error)) from error

    def _envelope(self, descriptor: Any, data: bytes, level: int) -> bytes:
        """Mend the fields of an envelope, each on its own."""
        if level == len(self.path):
            return self._item(descriptor, data)
        parts: list[bytes] = []
        for number, kind, head, value in self._fields(data):
            known = descriptor.fields_by_number.get(number)
            if kind != _BYTES or known is None:
                parts += (head, value)
            elif known.name == self.path[level]:
                try:
                    mended = self._envelope(known.message_type, value, level + 1)
                except _DamagedError as error:
                    if level + 1 < len(self.path):
                        raise
                    self.reasons.append(str(error))
                else:
                    parts += (_key(number), _varint(len(mended)), mended)
            else:
                parts += self._mended_field(known, number, value, level)
        return b"".join(parts)

    def _item(self, descriptor: Any, data: bytes) -> bytes:
        if _parses(descriptor, data):
            return data
        mended = self._message(descriptor, data, len(self.path))
        if not _parses(descriptor, mended):
            raise _DamagedError("it can't be parsed")
        return mended

    def _message(self, descriptor: Any, data: bytes, depth: int) -> bytes:
        if depth > _MAX_DEPTH:
            raise _DamagedError(f"a value is nested deeper than {_MAX_DEPTH} levels")
        parts: list[bytes] = []
        for number, kind, head, value in self._fields(data):
            known = descriptor.fields_by_number.get(number)
            if kind != _BYTES or known is None:
                parts += (head, value)
            else:
                parts += self._mended_field(known, number, value, depth)
        return b"".join(parts)

    def _mended_field(
        self, known: Any, number: int, value: bytes, depth: int
    ) -> tuple[bytes, bytes, bytes]:
        if known.type == known.TYPE_STRING:
            value = value.decode("utf-8", "replace").encode()
        elif known.type == known.TYPE_MESSAGE:
            value = self._message(known.message_type, value, depth + 1)
        return _key(number), _varint(len(value)), value

    def _fields(self, data: bytes) -> Iterator[tuple[int, int, bytes, bytes]]:
        """Number, wire type, head and value of each field of a message."""
        place = 0
        while place < len(data):
            self._walked += 1
            if self._walked > MAX_FIELDS:
                raise _DamagedError(f"more than {MAX_FIELDS} fields would have to be mended")
            start = place
            key, place = _read_varint(data, place)
            number, kind = key >> 3, key & 7
            if kind == _VARINT:
                value_start = place
                _, end = _read_varint(data, place)
            elif kind == _BYTES:
                size, value_start = _read_varint(data, place)
                end = value_start + size
            elif kind in _SIZES:
                value_start, end = place, place + _SIZES[kind]
            else:
                raise _DamagedError(f"wire type {kind} is not part of OTLP")
            if not number or end > len(data):
                raise _DamagedError("it ends in the middle of a field")
            yield number, kind, data[start:value_start], data[value_start:end]
            place = end


def _parses(descriptor: Any, data: bytes) -> bool:
    try:
        descriptor._concrete_class.FromString(data)  # noqa: SLF001  # protobuf has no public way from a descriptor to its class in all versions that we take.
    except DecodeError:
        return False
    return True


def _read_varint(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while place < len(data) and shift <= _MAX_SHIFT:
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004  # The bit that says whether more bytes follow.
            return value, place
        shift += 7
    raise _DamagedError("it ends in the middle of a number")


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:  # noqa: PLR2004  # As above.
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _key(number: int) -> bytes:
    return _varint(number << 3 | _BYTES)
