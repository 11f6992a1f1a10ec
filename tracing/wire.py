"""The pieces that OTLP's bytes of a span are made of: numbers, texts, attributes.

Without protobuf, which takes longer to import than a program that only has operations to wait for.

Source: opentelemetry-proto, trace/v1/trace.proto and common/v1/common.proto, for the field numbers.
"""

import struct
from collections.abc import Iterable
from typing import Any

from opentelemetry.trace import SpanKind

__all__ = [
    "KEPT_PIECES",
    "TEXT_HEADS",
    "Rare",
    "named_and_kind",
    "pair_of",
    "utf8",
    "value_bytes",
    "varint",
]

KEPT_PIECES = 4_096
"""Keys and pairs whose bytes are kept."""
_MAX_TEXT_HEADS = 20_000
_INT64 = 2**63
_DOUBLE = struct.Struct("<Bd")


class Rare(Exception):  # Not an error: leads to the other encoder.
    """A value that this encoder leaves to OpenTelemetry's."""


class _HeadsOfKey(dict[int, bytes]):
    """What goes before the bytes of a text of so many bytes, for one key."""

    def __init__(self, key: str, kept: "_TextHeads") -> None:
        super().__init__()
        self._key = _key(key)
        self._kept = kept

    def __missing__(self, size: int) -> bytes:
        text = b"\x0a" + varint(size)
        inner = b"\x12" + varint(len(text) + size) + text
        head = b"\x4a" + varint(len(self._key) + len(inner) + size) + self._key + inner
        if self._kept.left > 0:
            self._kept.left -= 1
            self[size] = head
        return head


class _TextHeads(dict[str, _HeadsOfKey]):
    """Those of all keys: a look-up for each text instead of four lengths."""

    def __init__(self) -> None:
        super().__init__()
        self.left = _MAX_TEXT_HEADS

    def __missing__(self, key: str) -> _HeadsOfKey:
        heads = _HeadsOfKey(key, self)
        if len(self) < KEPT_PIECES:
            self[key] = heads
        return heads


def named_and_kind(name: str, kind: SpanKind) -> bytes:
    """Two fields of a span."""
    data = utf8(name)
    # OTLP counts kinds from 1, OpenTelemetry's API from 0.
    return b"".join((b"\x2a", varint(len(data)), data, b"\x30", varint(kind.value + 1)))


def pair_of(key: str, value: Any) -> bytes:
    """An attribute.

    Raises:
        Rare: If only OpenTelemetry's encoder can tell the value.
    """
    return _pair(_key(key), value_bytes(value))


def varint(number: int) -> bytes:
    """Seven bits a byte, the lowest first."""
    if number < 0x80:  # noqa: PLR2004
        return _ONE_BYTE[number]
    if number < 0x4000:  # noqa: PLR2004
        return bytes((number & 0x7F | 0x80, number >> 7))
    data = bytearray()
    while number > 0x7F:  # noqa: PLR2004
        data.append(number & 0x7F | 0x80)
        number >>= 7
    data.append(number)
    return bytes(data)


TEXT_HEADS = _TextHeads()
"""By key and size in bytes; of this process, since callers' threads and the writer use the same."""
_ONE_BYTE = [bytes((n,)) for n in range(0x80)]


def utf8(text: str) -> bytes:
    """As protobuf holds it."""
    try:
        return text.encode()
    except UnicodeEncodeError:  # A lone surrogate, which protobuf has no room for.
        return text.encode("utf-8", "replace")


def _key(key: str) -> bytes:
    data = utf8(key)
    return b"\x0a" + varint(len(data)) + data


def _pair(head: bytes, value: bytes) -> bytes:
    inner = b"\x12" + varint(len(value)) + value
    return b"\x4a" + varint(len(head) + len(inner)) + head + inner


def value_bytes(value: Any) -> bytes:
    """An `AnyValue`; the kinds are in the order of OpenTelemetry's own encoder."""
    kind = type(value)
    if kind is bool:
        return b"\x10\x01" if value else b"\x10\x00"
    if kind is str:
        data = utf8(value)
        return b"\x0a" + varint(len(data)) + data
    if kind is int and -_INT64 <= value < _INT64:
        return b"\x18" + varint(value & 0xFFFF_FFFF_FFFF_FFFF)
    if kind is float:
        return _DOUBLE.pack(0x21, value)
    if kind is bytes:
        return b"".join((b"\x3a", varint(len(value)), value))
    if kind is tuple or kind is list:
        inner = b"".join(_items(value))
        return b"\x2a" + varint(len(inner)) + inner
    raise Rare


def _items(values: Iterable[Any]) -> Iterable[bytes]:
    for value in values:
        data = value_bytes(value)
        yield b"\x0a" + varint(len(data)) + data
