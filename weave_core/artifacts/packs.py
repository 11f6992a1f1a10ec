"""A pack: chunks on their way and at rest, some hundred in one piece with a list of them in front.

So a hundred thousand small files are a few requests and a few files, and a pack tells by itself
what it holds.
"""

import struct
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from weave_core.errors import BadRequest

__all__ = ["Piece", "Place", "bad_pack", "blocks_of", "head_bytes", "pack_of", "places_in"]

AIM_PACK_BYTES = 16 * 1024 * 1024
"""Of the chunks of one pack: what comes above it begins the next."""
MAX_PACK_CHUNKS = 16_384
"""Chunks of one pack."""
MAX_CHUNK_BYTES = 16 * 1024 * 1024
"""Largest chunk."""
_BLOCK_BYTES = 256 * 1024
_MARK = b"WCP1"
_HEAD = struct.Struct("<4sI")
_LINE = struct.Struct("<32sI")
MAX_HEAD_BYTES = _HEAD.size + MAX_PACK_CHUNKS * _LINE.size
"""Of a pack's list."""

Piece = bytes | memoryview
"""Some of the bytes of a pack."""


class Place(NamedTuple):
    """Where a chunk lies in a pack."""

    digest: bytes
    start: int
    size_bytes: int


def pack_of(chunks: Iterable[tuple[bytes, Piece]]) -> list[Piece]:
    """A pack of chunks, each with its digest, in pieces: its list, and then each chunk."""
    given = list(chunks)
    lines = [_LINE.pack(digest, len(data)) for digest, data in given]
    head = b"".join([_HEAD.pack(_MARK, len(given)), *lines])
    return [head, *(data for _, data in given)]


def blocks_of(pieces: Iterable[Piece]) -> Iterator[bytes]:
    """Pieces as a socket likes them, some hundred KiB at a time.

    What it does not take at once, httpx copies: of 16 MiB that is the whole of it several times.
    """
    waiting: list[Piece] = []
    size_bytes = 0
    for piece in pieces:
        for start in range(0, len(piece), _BLOCK_BYTES):
            part = memoryview(piece)[start : start + _BLOCK_BYTES]
            waiting.append(part)
            size_bytes += len(part)
            if size_bytes >= _BLOCK_BYTES:
                yield b"".join(waiting)
                waiting, size_bytes = [], 0
    yield b"".join(waiting)


def head_bytes(beginning: Piece) -> int | None:
    """How long the list of a pack is that begins so; None where that can't be seen yet.

    Raises:
        BadRequest: If it is no pack.
    """
    if len(beginning) < _HEAD.size:
        return None
    mark, count = _HEAD.unpack_from(beginning)
    if mark != _MARK or not 0 < count <= MAX_PACK_CHUNKS:
        raise bad_pack(f"it begins with {bytes(beginning[:8])!r}")
    return int(_HEAD.size + count * _LINE.size)


def places_in(head: Piece) -> list[Place]:
    """What a pack holds, by its list; whether the bytes are these is not looked at.

    Raises:
        BadRequest: If it is no list of a pack.
    """
    start = head_bytes(head)
    if start is None or len(head) < start:
        raise bad_pack("it ends within its list")
    places = []
    for digest, size_bytes in _LINE.iter_unpack(head[_HEAD.size : start]):
        if not 0 < size_bytes <= MAX_CHUNK_BYTES:
            raise bad_pack(f"a chunk has {size_bytes} bytes: 1 to {MAX_CHUNK_BYTES} may be")
        places.append(Place(digest, start, size_bytes))
        start += size_bytes
    return places


def bad_pack(why: str) -> BadRequest:
    """What to say of bytes that are no pack."""
    return BadRequest(f"what was sent is no pack of chunks: {why}", "send what pack_of gave")
