"""What one process has on disk: spans that ended and were not yet taken by a server.

Each process writes files of its own (`STEM-000001.spans`, ...), holds a lock on `STEM.lock` while
it lives, and notes in `STEM.ack` how far a server took them.  Files whose lock is free belong to a
process that is gone: whoever finds them next sends them.  A span may be sent twice after a crash,
never lost; servers keep one span per id.
"""

import os
import secrets
import struct
import time
import weakref
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from weave_core.tracing import segments
from weave_core.tracing.failures import warn_once

try:
    import fcntl
except (
    ImportError
):  # Windows: no lock; a file counts as left behind once it has been still a while.
    fcntl = None  # type: ignore[assignment]

__all__ = ["Batch", "Journal", "close_inherited", "folder_of", "left_behind", "stems"]

MAX_SEGMENT_BYTES = 8 * 1024 * 1024
_MIN_SEGMENT_BYTES = 16 * 1024
_FILES = 16
MAX_BATCH_BYTES = 4 * 1024 * 1024
MAX_BATCH_SPANS = 512
_STILL_S = 120.0
_POSITION = struct.Struct("<IQ")
_SUFFIX = ".spans"

_open: "weakref.WeakSet[Journal]" = weakref.WeakSet()


def close_inherited() -> None:
    """In a forked child: let go of the parent's files, or their locks would outlive the parent."""
    for journal in list(_open):
        journal.close()


def folder_of(home: Path) -> Path:
    """Where the spool of a home folder is."""
    return home / "spool"


@dataclass(frozen=True, slots=True)
class Batch:
    """Some records joined into one request."""

    body: bytes
    spans: int
    records: int
    segment: int
    end: int


class Journal:
    """The files of one process; written by one thread and read by one other.

    Args:
        folder: The spool's folder.
        stem: Which files; default: new ones.
        endpoint: Where the spans are to go; written into each file.
        max_bytes: What all files together may have: one of them is much smaller, since a file is
            deleted as a whole, once all of it was sent.
    """

    def __init__(
        self,
        folder: Path,
        stem: str | None = None,
        endpoint: str = "",
        *,
        max_bytes: int = _FILES * MAX_SEGMENT_BYTES,
    ) -> None:
        self._segment_bytes = max(_MIN_SEGMENT_BYTES, min(max_bytes // _FILES, MAX_SEGMENT_BYTES))
        self.folder = folder
        self.stem = stem or f"{os.getpid()}-{secrets.token_hex(6)}"
        self.endpoint = endpoint
        self._lock_descriptor: int | None = None
        self._descriptor: int | None = None
        self._ack_descriptor: int | None = None
        self._written = 0
        self._write_segment = 0
        self._read_segment, self._read_offset = 1, 0

    # Writing.

    def open(self) -> None:
        """Make folder, lock and first file.

        Raises:
            OSError: If the disk does not let us.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not self.lock():
            raise OSError(f"{self.stem}.lock is taken")
        self._next_segment()

    def append(self, record: bytes) -> None:
        """Write one record of `segments.compress`; raises OSError when the disk is full."""
        if self._written + len(record) > self._segment_bytes and self._written:
            self._next_segment()
        if self._descriptor is None:
            raise OSError("the journal is closed")
        count = os.write(self._descriptor, record)
        if count < len(record):
            # A full disk took a part: what follows would be unreadable, so the file ends here.
            os.ftruncate(self._descriptor, os.fstat(self._descriptor).st_size - count)
            raise OSError("the disk took only a part of a record")
        self._written += count

    def _next_segment(self) -> None:
        descriptor = segments.create(self._path(self._write_segment + 1), self.endpoint)
        if self._descriptor is not None:
            os.close(self._descriptor)
        self._descriptor = descriptor
        self._written = 0
        self._write_segment += 1

    # Reading.

    def next_batch(self) -> Batch | None:
        """The oldest records that no server took yet; None where there are none.

        Files that were read to their end and are not written any more are deleted on the way.
        """
        while True:
            path = self._path(self._read_segment)
            # Asked before reading: a record that comes in between would else be left with its file.
            is_current = self._is_current()
            try:
                if self._read_offset == 0:
                    self._read_offset = self._first_offset(path)
                records, is_damaged = segments.read(
                    path, self._read_offset, max_bytes=MAX_BATCH_BYTES, max_spans=MAX_BATCH_SPANS
                )
            except FileNotFoundError:
                records, is_damaged = [], False
            if records:
                return Batch(
                    b"".join(record.body for record in records),
                    sum(record.spans for record in records),
                    len(records),
                    self._read_segment,
                    records[-1].end,
                )
            if is_current:
                return None
            self._leave_segment(path, is_damaged=is_damaged)

    def done(self, batch: Batch) -> None:
        """Note that a server took `batch`."""
        self._read_offset = batch.end
        if self._ack_descriptor is None:
            self._ack_descriptor = os.open(self._ack_path, os.O_RDWR | os.O_CREAT, 0o600)
        os.pwrite(self._ack_descriptor, _POSITION.pack(batch.segment, batch.end), 0)

    def _first_offset(self, path: Path) -> int:
        first = segments.first_record(path)
        # A file without a whole header has no record either: its writer was killed at once.
        return first[0] if first is not None else segments.written(path)

    def _is_current(self) -> bool:
        """Whether more may still come in the file that is being read."""
        if self._descriptor is not None:
            return self._read_segment >= self._write_segment
        return not any(number > self._read_segment for number in self._segment_numbers())

    def _leave_segment(self, path: Path, *, is_damaged: bool) -> None:
        with suppress(FileNotFoundError):
            if is_damaged:
                (self.folder / "dead").mkdir(exist_ok=True, mode=0o700)
                path.rename(self.folder / "dead" / path.name)
                warn_once(
                    "damaged", "a damaged spool file was set aside in %s", self.folder / "dead"
                )
            else:
                path.unlink()
        self._read_segment += 1
        self._read_offset = 0

    # Life.

    def lock(self) -> bool:
        """Take the lock; False where its process lives."""
        path = self.folder / f"{self.stem}.lock"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        if fcntl is not None:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(descriptor)
                return False
        self._lock_descriptor = descriptor
        _open.add(self)
        return True

    def resume(self) -> None:
        """Go on reading where the last reader stopped."""
        numbers = self._segment_numbers()
        self._read_segment, self._read_offset = min(numbers, default=1), 0
        with suppress(OSError, struct.error):
            segment, offset = _POSITION.unpack(self._ack_path.read_bytes()[: _POSITION.size])
            if segment in numbers:
                self._read_segment, self._read_offset = segment, offset

    def target(self) -> str:
        """The endpoint that the first file names; empty where it names none."""
        for number in self._segment_numbers():
            first = segments.first_record(self._path(number))
            return first[1] if first is not None else ""
        return ""

    def size_bytes(self) -> int:
        """Bytes on disk."""
        return sum(segments.written(self._path(number)) for number in self._segment_numbers())

    def close(self) -> None:
        """Close what is open; the lock goes with it."""
        for name in ("_descriptor", "_ack_descriptor", "_lock_descriptor"):
            descriptor = getattr(self, name)
            if descriptor is not None:
                with suppress(OSError):
                    os.close(descriptor)
                setattr(self, name, None)

    def remove(self) -> None:
        """Delete the files; for when a server has all of them."""
        paths = [self._path(number) for number in self._segment_numbers()]
        for path in [*paths, self._ack_path, self.folder / f"{self.stem}.lock"]:
            with suppress(OSError):
                path.unlink()
        self.close()

    @property
    def _ack_path(self) -> Path:
        return self.folder / f"{self.stem}.ack"

    def _path(self, number: int) -> Path:
        return self.folder / f"{self.stem}-{number:06d}{_SUFFIX}"

    def _segment_numbers(self) -> list[int]:
        names = (path.name for path in self.folder.glob(f"{self.stem}-*{_SUFFIX}"))
        return sorted(int(name[len(self.stem) + 1 : -len(_SUFFIX)]) for name in names)


def left_behind(folder: Path) -> Iterator[Journal]:
    """The files of processes that are gone, each with its lock taken; oldest first."""
    for stem in stems(folder):
        journal = Journal(folder, stem)
        try:
            is_free = _is_still(folder, stem) and journal.lock()
        except OSError:
            continue
        if is_free:
            journal.resume()
            yield journal


def stems(folder: Path) -> list[str]:
    """The processes that have files here, oldest first."""
    oldest: dict[str, float] = {}
    for path in folder.glob(f"*{_SUFFIX}"):
        stem = path.name.rpartition("-")[0]
        with suppress(FileNotFoundError):
            changed = path.stat().st_mtime
            oldest[stem] = min(changed, oldest.get(stem, changed))
    return sorted(oldest, key=lambda stem: oldest[stem])


def _is_still(folder: Path, stem: str) -> bool:
    if fcntl is not None:
        return True
    newest = max((p.stat().st_mtime for p in folder.glob(f"{stem}-*{_SUFFIX}")), default=0.0)
    # One from the future was written before the clock was set back: it is as still as an old one.
    return not 0 <= time.time() - newest <= _STILL_S
