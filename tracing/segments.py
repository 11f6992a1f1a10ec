"""One spool file: how spans lie in it, written and read record by record.

A file starts with one line, `WCSPOOL1 ` and a JSON object that says where its spans were to go.
Then come records: length, CRC-32 and span count (little-endian, 4 + 4 + 4 bytes), then that many
bytes: a zstd frame of an OTLP `ExportTraceServiceRequest`.  Such requests joined end to end are one
request again, which is how many small records become one body.
"""

import json
import os
import struct
import zlib
from pathlib import Path
from typing import NamedTuple

import zstandard

__all__ = [
    "MAX_RECORD_BYTES",
    "MAX_RECORD_SPANS",
    "Record",
    "compress",
    "create",
    "first_record",
    "read",
    "written",
]

MAX_RECORD_SPANS = 512
MAX_RECORD_BYTES = 2 * 1024 * 1024
# Of spans as they were, before they are encoded; one is written whatever its size.
_MAGIC = b"WCSPOOL1 "
_HEAD = struct.Struct("<III")
_MAX_HEADER_BYTES = 4_096
_MAX_RECORD_BYTES = 256 * 1024 * 1024
"""More than any record; a length above it is no length."""


class Record(NamedTuple):
    """One record as it was read."""

    body: bytes
    spans: int
    end: int
    """Offset of the byte after it."""


def create(path: Path, endpoint: str) -> int:
    """Make the file `path`, readable for this user only, and give its descriptor."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
    os.write(descriptor, _MAGIC + json.dumps({"endpoint": endpoint}).encode() + b"\n")
    return descriptor


def compress(body: bytes, spans: int) -> bytes:
    """A whole record of `body`, to be written at once.

    A killed program leaves it whole or torn, and a torn one is told by its length.
    """
    frame = zstandard.ZstdCompressor(level=1).compress(body)
    return _HEAD.pack(len(frame), zlib.crc32(frame), spans) + frame


def first_record(path: Path) -> tuple[int, str] | None:
    """Offset of the first record and the endpoint; None where the file is none of ours."""
    with path.open("rb") as file:
        line = file.readline(_MAX_HEADER_BYTES)
    if not line.startswith(_MAGIC) or not line.endswith(b"\n"):
        return None
    try:
        endpoint = str(json.loads(line[len(_MAGIC) :])["endpoint"])
    except (ValueError, KeyError, TypeError):
        return None
    return len(line), endpoint


def written(path: Path) -> int:
    """Size of the file in bytes; 0 where it is gone."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def read(path: Path, start: int, *, max_bytes: int, max_spans: int) -> tuple[list[Record], bool]:
    """Records of `path` from the offset `start` on.

    Args:
        path: The file.
        start: Where a record begins.
        max_bytes: Stop after this many bytes of bodies; one record is given whatever its size.
        max_spans: Stop before more spans than this; the same.

    Returns:
        The records, and whether what comes after them is damaged.  A record that is cut off is not
        damage: it is being written, or its writer was killed.
    """
    records: list[Record] = []
    size_bytes = spans = 0
    decompressor = zstandard.ZstdDecompressor()
    with path.open("rb") as file:
        file.seek(start)
        position = start
        while len(head := file.read(_HEAD.size)) == _HEAD.size:
            length, checksum, count = _HEAD.unpack(head)
            if length > _MAX_RECORD_BYTES:
                return records, True
            frame = file.read(length)
            if len(frame) < length:
                break
            if zlib.crc32(frame) != checksum:
                return records, True
            if records and (spans + count > max_spans or size_bytes >= max_bytes):
                break
            body = decompressor.decompress(frame, max_output_size=_MAX_RECORD_BYTES)
            position += _HEAD.size + length
            records.append(Record(body, count, position))
            size_bytes += len(body)
            spans += count
    return records, False
