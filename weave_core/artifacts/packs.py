"""A pack: chunks on their way and at rest, some hundred in one piece with a list of them in front.

So a hundred thousand small files are a few requests and a few files, and a pack tells by itself
what it holds.
"""

import struct
from collections.abc import Iterable
from typing import NamedTuple

from weave_core.errors import BadRequest

__all__ = ["Place", "pack_of", "places_in"]

AIM_PACK_BYTES = 16 * 1024 * 1024
"""Of the chunks of one pack: what comes above it begins the next."""
MAX_PACK_CHUNKS = 16_384
"""Chunks of one pack."""
MAX_CHUNK_BYTES = 16 * 1024 * 1024
"""Largest chunk."""
_MARK = b"WCP1"
_HEAD = struct.Struct("<4sI")
_LINE = struct.Struct("<32sI")


class Place(NamedTuple):
    """Where a chunk lies in a pack."""

    digest: bytes
    start: int
    size_bytes: int


def pack_of(chunks: Iterable[tuple[bytes, bytes | memoryview]]) -> bytes:
    """A pack of chunks, each with its digest."""
    given = list(chunks)
    lines = [_LINE.pack(digest, len(data)) for digest, data in given]
    return b"".join([_HEAD.pack(_MARK, len(given)), *lines, *(data for _, data in given)])


def places_in(pack: bytes) -> list[Place]:
    """What a pack holds, by what it says; whether the bytes are these is not looked at.

    Raises:
        BadRequest: If it is no pack.
    """
    if len(pack) < _HEAD.size:
        raise _bad("it is too short")
    mark, count = _HEAD.unpack_from(pack)
    if mark != _MARK or not 0 < count <= MAX_PACK_CHUNKS:
        raise _bad(f"it begins with {pack[:8]!r}")
    start = _HEAD.size + count * _LINE.size
    if len(pack) < start:
        raise _bad("it ends within its list")
    places = []
    for digest, size_bytes in _LINE.iter_unpack(pack[_HEAD.size : start]):
        places.append(Place(digest, start, size_bytes))
        start += size_bytes
    if start != len(pack):
        raise _bad(f"it has {len(pack)} bytes, and lists {start}")
    return places


def _bad(why: str) -> BadRequest:
    return BadRequest(f"what was sent is no pack of chunks: {why}", "send what pack_of gave")
