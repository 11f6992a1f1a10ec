"""One slate: a mapped file that holds what has ended, until the journal on disk has it.

What is copied into a mapped file is the kernel's at once: `kill -9` does not take it, and no system
call was made.  A file starts with `WCSLATE1`, the number of its round and how many records are in
the journal; it is wiped by beginning a new round.  Records: length, CRC-32, round and place
(little-endian, 4 + 4 + 8 bytes), then the bytes.  A record that was cut off has another
sum, and what a round before has left does not have this one's number.
"""

import errno
import mmap
import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

__all__ = ["FIRST", "HEAD_BYTES", "Slate", "records", "taken"]

_MAGIC = b"WCSLATE1"
_STATE = struct.Struct("<8sQQ")
_HEAD = struct.Struct("<IIQ")
FIRST = 64
"""Offset of the first record."""
HEAD_BYTES = _HEAD.size
_PLACES = 2**32
_PIECE = 4_096
"""`crc32` gives up the interpreter for more, and a busy thread takes it for milliseconds."""


class Slate:
    """A file that is written by one thread at a time.

    Args:
        path: A file that does not exist.
        size_bytes: All that it can hold.

    Raises:
        OSError: If there is no room.
    """

    __slots__ = ("_map", "_round", "known", "path", "room_bytes", "size_bytes", "taken", "written")

    def __init__(self, path: Path, size_bytes: int) -> None:
        self.path = path
        self.size_bytes = size_bytes
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            _fill(descriptor, size_bytes)
            self._map = mmap.mmap(descriptor, size_bytes)
        except BaseException:
            path.unlink()
            raise
        finally:
            os.close(descriptor)
        self._round = 0
        self.known: set[int] = set()
        """Which sources were written in this round; for the owner to keep."""
        self.wipe()

    def wipe(self) -> None:
        """Begin anew."""
        self._round += 1
        self.written, self.taken = 0, 0
        self.room_bytes = self.size_bytes - FIRST
        """What the next record may have, its head included."""
        self.known.clear()
        self._map[: _STATE.size] = _STATE.pack(_MAGIC, self._round, 0)

    def append(self, data: bytes) -> int:
        """Write a record for which there is room; gives how many there are now."""
        size, start = len(data), self.size_bytes - self.room_bytes
        end = start + HEAD_BYTES + size
        self.room_bytes = self.size_bytes - end
        total = zlib.crc32(data) if size <= _PIECE else _sum(data)
        # At once: a record that was cut off is told by its sum.
        self._map[start:end] = _HEAD.pack(size, total, self._round * _PLACES + self.written) + data
        self.written += 1
        return self.written

    def take(self, count: int) -> None:
        """Note that the first `count` records are in the journal."""
        self.taken = count
        self._map[: _STATE.size] = _STATE.pack(_MAGIC, self._round, count)

    def remove(self) -> None:
        """Delete the file."""
        with suppress(FileNotFoundError):
            self.path.unlink()
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._map.close()


def _fill(descriptor: int, size_bytes: int) -> None:
    """Make each page exist: one that finds no room later would kill the program."""
    if os.write(descriptor, bytes(size_bytes)) < size_bytes:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def taken(data: bytes) -> int:
    """How many records of the slate `data` are in the journal."""
    return int(_STATE.unpack_from(data)[2]) if len(data) >= FIRST else 0


def records(data: bytes) -> Iterator[bytes]:
    """The records of the slate `data`, as many as are whole."""
    if len(data) < FIRST:
        return
    magic, number, _ = _STATE.unpack_from(data)
    at, expected = FIRST, number * _PLACES
    while magic == _MAGIC and at + HEAD_BYTES <= len(data):
        length, checksum, place = _HEAD.unpack_from(data, at)
        start = at + HEAD_BYTES
        at = start + length
        record = data[start:at]
        if place != expected or len(record) < length or _sum(record) != checksum:
            return
        yield record
        expected += 1


def _sum(data: bytes) -> int:
    if len(data) <= _PIECE:
        return zlib.crc32(data)
    total, view = 0, memoryview(data)
    for start in range(0, len(data), _PIECE):
        total = zlib.crc32(view[start : start + _PIECE], total)
    return total
