"""Bringing files of an artifact to a folder: from this machine's cache, else chunk by chunk.

Each file is there once all of it is, with the digest that the manifest says.  What had come of a
large file before a break is not asked for again.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from weave_core.artifacts.caches import FileCache, sync_large, write_whole
from weave_core.artifacts.chunking import digest_of, file_digest
from weave_core.artifacts.manifests import BLAKE3, Chunk, Entry
from weave_core.artifacts.patience import patiently
from weave_core.errors import ServerError

__all__ = ["Fetched", "fetch_files", "read_parts"]

MAX_ARTIFACT_READERS = 4
"""Requests for chunks of an artifact that one program has under way at a time."""
_BATCH_BYTES = 8 * 1024 * 1024
_BATCH_CHUNKS = 4_096
_SMALL_BYTES = 1024 * 1024

ReadChunks = Callable[[Sequence[bytes]], bytes]
"""Gives the bytes of chunks, one after the other."""


@dataclass(slots=True)
class Fetched:
    """What a download did."""

    file_count: int = 0
    size_bytes: int = 0
    """Of all files."""
    read_bytes: int = 0
    """Of these, what came from the server."""


def fetch_files(
    entries: Iterable[Entry],
    folder: Path,
    read: ReadChunks,
    cache: FileCache,
    *,
    is_writable: bool = False,
    skip_cache: bool = False,
) -> Fetched:
    """Bring files to their paths below `folder`.

    Args:
        entries: Files that are kept on the server, and empty folders.
        folder: Made where it is missing.
        read: Asks the server.
        cache: What is here already, and where what comes is kept.
        is_writable: Whether the files are to be written to: then none is a link into the cache.
        skip_cache: Leave the cache alone.

    Raises:
        NotFound: If a chunk is not there any more.
        ServerError: If what came has another digest.
        ServerUnreachable: If the server does not answer.
        OSError: If the disk does not take them.
    """
    fetch = _Fetch(folder, read, cache, is_writable=is_writable, skip_cache=skip_cache)
    folder.mkdir(parents=True, exist_ok=True)
    missing = [entry for entry in entries if not fetch.is_here(entry)]
    first = {entry.digest: entry for entry in reversed(missing)}
    small = [entry for entry in first.values() if entry.size_bytes <= _SMALL_BYTES]
    large = [entry for entry in first.values() if entry.size_bytes > _SMALL_BYTES]
    with ThreadPoolExecutor(MAX_ARTIFACT_READERS, "weave-core artifacts") as pool:
        work = [pool.submit(fetch.bring_large, entry) for entry in large]
        work += [pool.submit(fetch.bring_small, batch) for batch in _batches(small)]
        try:
            for each in work:
                fetch.done.read_bytes += each.result()
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    for entry in missing:
        if first[entry.digest] is not entry:
            write_whole(folder / entry.path, _pieces(folder / first[entry.digest].path))
    if missing and not skip_cache:
        cache.trim()
    return fetch.done


class _Fetch:
    """One download."""

    def __init__(
        self,
        folder: Path,
        read: ReadChunks,
        cache: FileCache,
        *,
        is_writable: bool,
        skip_cache: bool,
    ) -> None:
        self._folder = folder
        self._read = read
        self._cache = cache
        self._is_writable = is_writable
        self._skip_cache = skip_cache
        self._made: set[Path] = set()
        self.done = Fetched()

    def is_here(self, entry: Entry) -> bool:
        """Put a file in its place that needs no server; whether that could be done."""
        target = self._folder / entry.path
        if entry.is_folder:
            self._make(target)
            return True
        self._make(target.parent)
        self.done.file_count += 1
        self.done.size_bytes += entry.size_bytes
        if entry.size_bytes == 0:
            write_whole(target, ())
            return True
        kept = None if self._skip_cache else self._cache.find(entry.digest, entry.size_bytes)
        if kept is None:
            return False
        self._give(kept, target)
        return True

    def _make(self, folder: Path) -> None:
        if folder not in self._made:
            folder.mkdir(parents=True, exist_ok=True)
            self._made.add(folder)

    def _give(self, kept: Path, target: Path) -> None:
        self._cache.give(kept, target, is_writable=self._is_writable)

    def bring_small(self, entries: Sequence[Entry]) -> int:
        """Bring files of one request; gives the bytes that came."""
        chunks = [chunk for entry in entries for chunk in entry.chunks]
        data = _read_checked(self._read, chunks)
        place = 0
        for entry in entries:
            self._place(entry, data[place : place + entry.size_bytes])
            place += entry.size_bytes
        return len(data)

    def _place(self, entry: Entry, data: memoryview) -> None:
        target = self._folder / entry.path
        if self._skip_cache:
            write_whole(target, [data])
            return
        part = self._cache.part(entry.digest)
        near = part.with_name(f"{part.name}.{id(entry):x}")
        write_whole(near, [data])
        self._give(self._cache.take(near, entry.digest), target)

    def bring_large(self, entry: Entry) -> int:
        """Bring a large file; gives the bytes that came."""
        target = self._folder / entry.path
        part = self._cache.part(entry.digest)
        came = 0
        # Another program that fetches the same file writes the same bytes to it.
        with part.open("r+b" if part.exists() else "w+b") as file:
            wanted = _behind(file, entry.chunks)
            for batch in _chunk_batches(wanted):
                data = _read_checked(self._read, batch)
                file.write(data)
                came += len(data)
            file.truncate(entry.size_bytes)
            sync_large(file)
        if file_digest(part) != entry.digest:
            part.unlink(missing_ok=True)
            raise ServerError(f"what came of {entry.path!r} has another digest", "ask again")
        if self._skip_cache:
            write_whole(target, _pieces(part))
            part.unlink(missing_ok=True)
        else:
            self._give(self._taken(part, entry), target)
        return came

    def _taken(self, part: Path, entry: Entry) -> Path:
        try:
            return self._cache.take(part, entry.digest)
        except FileNotFoundError:  # Another program was quicker.
            kept = self._cache.find(entry.digest, entry.size_bytes)
            if kept is None:
                raise
            return kept


def _read_checked(read: ReadChunks, chunks: Sequence[Chunk]) -> memoryview:
    """The bytes of chunks, each of which is what it should be."""
    data = memoryview(patiently(lambda: read([chunk.digest for chunk in chunks])))
    place = 0
    for chunk in chunks:
        if digest_of(data[place : place + chunk.size_bytes]) != chunk.digest:
            raise ServerError(
                f"what came of chunk {BLAKE3}{chunk.digest.hex()} has another digest", "ask again"
            )
        place += chunk.size_bytes
    return data


def _behind(file: BinaryIO, chunks: Sequence[Chunk]) -> list[Chunk]:
    """The chunks that a file does not hold yet, which is left at the place of the first of them."""
    left = [*chunks]
    place = 0
    while left:
        data = file.read(left[0].size_bytes)
        if len(data) != left[0].size_bytes or digest_of(data) != left[0].digest:
            break
        place += len(data)
        left.pop(0)
    file.seek(place)
    return left


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while data := file.read(_BATCH_BYTES):
            yield data


def _batches(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    batch: list[Entry] = []
    size_bytes = 0
    for entry in entries:
        batch.append(entry)
        size_bytes += entry.size_bytes
        if size_bytes >= _BATCH_BYTES or len(batch) >= _BATCH_CHUNKS:
            yield batch
            batch, size_bytes = [], 0
    if batch:
        yield batch


def _chunk_batches(chunks: Iterable[Chunk]) -> Iterator[list[Chunk]]:
    batch: list[Chunk] = []
    size_bytes = 0
    for chunk in chunks:
        batch.append(chunk)
        size_bytes += chunk.size_bytes
        if size_bytes >= _BATCH_BYTES:
            yield batch
            batch, size_bytes = [], 0
    if batch:
        yield batch


def read_parts(read: ReadChunks, parts: Sequence[Chunk]) -> Iterator[bytes]:
    """The parts of a manifest, each of which is what it should be.

    Raises:
        ServerError: If what came has another digest.
    """
    for batch in _chunk_batches(parts):
        data = _read_checked(read, batch)
        place = 0
        for part in batch:
            yield bytes(data[place : place + part.size_bytes])
            place += part.size_bytes
