"""A file in chunks that end where its content says so, each with its digest.

An insertion moves what comes behind it, and still all but the chunks around it stay the same.
"""

import os
from collections.abc import Callable, Iterator
from io import RawIOBase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from weave_core.artifacts.manifests import BLAKE3, MAX_FILE_BYTES, Chunk, Entry
from weave_core.errors import ConfigError

if TYPE_CHECKING:
    from blake3 import blake3

__all__ = ["digest_of", "file_digest", "hasher", "read_file"]

WHOLE_BYTES = 1024 * 1024
"""A file of up to this size is one chunk."""
_WINDOW_BYTES = 4 * 1024 * 1024
_SIZES = ((4 * 1024**3, 256 * 1024), (64 * 1024**3, 1024 * 1024), (MAX_FILE_BYTES, 4 * 1024 * 1024))
"""Up to which size of a file its chunks are how large, about: their list has to stay short."""

Take = Callable[[bytes, memoryview], None]
"""Takes a chunk: its digest, and the bytes, which stay what they are."""


def digest_of(data: bytes | memoryview) -> bytes:
    """BLAKE3 of some bytes, 32 bytes."""
    found = hasher()
    found.update(data)
    return found.digest()


def hasher() -> "blake3":
    """BLAKE3 of bytes that are yet to come."""
    from blake3 import blake3  # Late: only whoever stores or reads artifacts pays for it.

    return blake3()


def file_digest(path: Path | str) -> str:
    """`blake3:` and hex digits of the bytes of a file."""
    found = hasher()
    with Path(path).open("rb", buffering=0) as file:
        while data := file.read(_WINDOW_BYTES):
            found.update(data)
    return BLAKE3 + found.hexdigest()


def read_file(source: Path, path: str, take: Take) -> Entry:
    """Read a file once and hand its chunks to `take`.

    Args:
        source: The file.
        path: Its path within the artifact.
        take: Gets each chunk, in order.

    Raises:
        ConfigError: If it can't be read, or is changed meanwhile.
    """
    try:
        with source.open("rb", buffering=0) as file:
            before = os.fstat(file.fileno())
            if before.st_size > MAX_FILE_BYTES:
                raise ConfigError(
                    f"{str(source)!r} has {before.st_size} bytes: {MAX_FILE_BYTES} may be"
                )
            entry = _read(file, path, before.st_size, take)
            after = os.fstat(file.fileno())
    except OSError as error:
        raise ConfigError(f"the file {str(source)!r} can't be read: {error}") from error
    if _state(before) != _state(after) or entry.size_bytes != before.st_size:
        raise ConfigError(
            f"the file {str(source)!r} was changed while it was read",
            "log it when it is written, or write each to a file of its own",
        )
    return entry


def _state(found: os.stat_result) -> tuple[int, int]:
    return found.st_size, found.st_mtime_ns


def _read(file: RawIOBase, path: str, size_bytes: int, take: Take) -> Entry:
    if size_bytes <= WHOLE_BYTES:
        data = file.read(size_bytes + 1) or b""
        digest = digest_of(data)
        if data:
            take(digest, memoryview(data))
        chunks = (Chunk(digest, len(data)),) if data else ()
        return Entry(path, len(data), BLAKE3 + digest.hex(), chunks)
    whole = hasher()
    found = []
    for piece in _pieces(file, size_bytes):
        digest = digest_of(piece)
        whole.update(piece)
        take(digest, piece)
        found.append(Chunk(digest, len(piece)))
    return Entry(
        path, sum(each.size_bytes for each in found), BLAKE3 + whole.hexdigest(), tuple(found)
    )


def _pieces(file: RawIOBase, size_bytes: int) -> Iterator[memoryview]:
    """The chunks; each depends on its own bytes alone, so a window at a time gives the same.

    Views, and what lies behind the last cut is read again: a copy costs more than a chunk's digest.
    """
    cutter = _cutter(next(size for limit, size in _SIZES if size_bytes <= limit))
    window_bytes = max(_WINDOW_BYTES, 2 * cutter.max_size)
    place = 0
    while place <= size_bytes:  # A file that grows all the time has an end too.
        file.seek(place)
        window = memoryview(file.read(window_bytes) or b"")
        cuts = [*cutter.cut_buf(window)] if window else []
        is_end = len(window) < window_bytes
        # Where the last one ends may be the window's doing.
        for cut in cuts if is_end else cuts[:-1]:
            yield window[cut.offset : cut.offset + cut.length]
        if is_end:
            return
        place += cuts[-1].offset


def _cutter(average_bytes: int) -> Any:
    from pyfastcdc import FastCDC

    return FastCDC(average_bytes)
