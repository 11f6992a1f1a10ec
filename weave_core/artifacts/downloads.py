"""Bringing files of an artifact to a folder: from this machine's cache, else chunk by chunk.

Each file is there once all of it is, with the digest that the manifest says.  What had come of a
large file before a break is not asked for again.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from io import RawIOBase
from pathlib import Path
from typing import TYPE_CHECKING

from weave_core.artifacts.caches import FileCache, copy_whole, move_whole, sync_large, write_whole
from weave_core.artifacts.chunking import digest_of, hasher
from weave_core.artifacts.manifests import BLAKE3, Chunk, Entry
from weave_core.artifacts.patience import patiently
from weave_core.errors import ServerError

if TYPE_CHECKING:
    from blake3 import blake3

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
    first: dict[str, Entry] = {}
    for entry in missing:  # In their order, which is that of their chunks within packs.
        first.setdefault(entry.digest, entry)
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
            copy_whole(f"{folder}/{first[entry.digest].path}", f"{folder}/{entry.path}")
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
        self._folder = str(folder)
        self._read = read
        self._cache = cache
        self._is_writable = is_writable
        self._skip_cache = skip_cache
        self._made: set[str] = set()
        self.done = Fetched()

    def is_here(self, entry: Entry) -> bool:
        """Put a file in its place that needs no server; whether that could be done."""
        target = self._target(entry)
        if entry.is_folder:
            self._make(target)
            return True
        self._make(target.rpartition("/")[0])
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

    def _target(self, entry: Entry) -> str:
        return f"{self._folder}/{entry.path}"

    def _make(self, folder: str) -> None:
        if folder not in self._made:
            Path(folder).mkdir(parents=True, exist_ok=True)
            self._made.add(folder)

    def _give(self, kept: str, target: str) -> None:
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
        if self._skip_cache:
            write_whole(self._target(entry), [data])
        else:
            self._give(self._cache.add(data, entry.digest), self._target(entry))

    def bring_large(self, entry: Entry) -> int:
        """Bring a large file; gives the bytes that came."""
        target = self._target(entry)
        part = self._cache.part(entry.digest)
        whole = hasher()
        came = 0
        # Another program that fetches the same file writes the same bytes to it.
        with part.open("r+b" if part.exists() else "w+b", buffering=0) as file:
            for data in self._read_ahead(_behind(file, entry.chunks, whole)):
                whole.update(data)
                file.write(data)
                came += len(data)
            file.truncate(entry.size_bytes)
            sync_large(file.fileno(), entry.size_bytes)
        if BLAKE3 + whole.hexdigest() != entry.digest:
            part.unlink(missing_ok=True)
            raise ServerError(f"what came of {entry.path!r} has another digest", "ask again")
        if self._skip_cache:
            move_whole(part, target)
        else:
            self._give(self._taken(part, entry), target)
        return came

    def _read_ahead(self, chunks: Sequence[Chunk]) -> Iterator[memoryview]:
        """The bytes of chunks; the next ones come while those before are written."""
        with ThreadPoolExecutor(1, "weave-core artifacts ahead") as reader:
            coming: Future[memoryview] | None = None
            for batch in _chunk_batches(chunks):
                before, coming = coming, reader.submit(_read_checked, self._read, batch)
                if before is not None:
                    yield before.result()
            if coming is not None:
                yield coming.result()

    def _taken(self, part: Path, entry: Entry) -> str:
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


def _behind(file: RawIOBase, chunks: Sequence[Chunk], whole: "blake3") -> Sequence[Chunk]:
    """The chunks that a file does not hold yet, which is left at the place of the first of them.

    What it holds goes into `whole`.
    """
    place = 0
    for number, chunk in enumerate(chunks):
        data = file.read(chunk.size_bytes) or b""
        if len(data) != chunk.size_bytes or digest_of(data) != chunk.digest:
            file.seek(place)
            return chunks[number:]
        whole.update(data)
        place += len(data)
    return ()


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
