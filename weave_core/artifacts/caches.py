"""Files of artifacts on this machine, each kept once by its digest, within a bound.

What a program is given is the file itself under another name where the disk allows: a copy that
shares its bytes (reflink), else a hard link, which can only be read.  Who writes to it all the same
moves its time, by which the next one sees that it is no longer what it was.
"""

import errno
import os
import secrets
import shutil
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Literal

from weave_core.artifacts.chunking import file_digest
from weave_core.artifacts.manifests import BLAKE3

if sys.platform != "win32":
    import fcntl

__all__ = ["FileCache", "Given", "write_whole"]

SYNCED_BYTES = 64 * 1024
"""Of a smaller file a power cut is seen by its size; a larger one is on disk before it is there."""
_MARK_NS = 123_456_000
"""Within its second, the time of each file here; a write moves it."""
_FICLONE = 0x40049409
_SWEEP_S = 86_400.0
_UNLINKABLE = {errno.EXDEV, errno.EMLINK, errno.EPERM, errno.ENOTSUP, errno.EACCES}

Given = Literal["reflink", "link", "copy"]
"""How a file was given."""


class FileCache:
    """The files of artifacts that this machine has.

    Args:
        folder: Shared by all programs; made when the first file comes.
        max_bytes: About how much may lie here; what was used longest ago goes first.
    """

    def __init__(self, folder: Path, *, max_bytes: int) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._can_reflink = sys.platform.startswith("linux")

    def find(self, digest: str, size_bytes: int) -> Path | None:
        """The file with this digest; None where it is not here, or no longer what it was."""
        path = self._path(digest)
        try:
            found = path.stat()
        except OSError:
            return None
        if found.st_size != size_bytes:
            path.unlink(missing_ok=True)
            return None
        if found.st_mtime_ns % 10**9 != _MARK_NS:
            if file_digest(path) != digest:
                path.unlink(missing_ok=True)
                return None
            _mark(path)
        else:
            with suppress(OSError):  # When it was used, which is what goes first is told by.
                os.utime(path, ns=(time.time_ns(), found.st_mtime_ns))
        return path

    def part(self, digest: str) -> Path:
        """Where the beginning of a file is kept until all of it has come."""
        path = self._folder / "parts" / _hex(digest)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return path

    def take(self, file: Path, digest: str) -> Path:
        """Keep `file`, whose bytes have the digest; the file is gone afterwards."""
        path = self._path(digest)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file.chmod(0o444)
        _mark(file)
        file.replace(path)
        return path

    def give(self, kept: Path, target: Path, *, is_writable: bool = False) -> Given:
        """Put a file of the cache where somebody wants it, in place of what is there.

        Args:
            kept: What `find` or `take` gave.
            target: Where to; its folder is there.
            is_writable: Never a link, which can only be read.
        """
        near = target.with_name(f".{secrets.token_hex(8)}.part")
        try:
            how = self._given(kept, near, is_writable=is_writable)
            near.replace(target)
        finally:
            near.unlink(missing_ok=True)
        return how

    def _given(self, kept: Path, near: Path, *, is_writable: bool) -> Given:
        if self._can_reflink and _reflink(kept, near):
            return "reflink"
        self._can_reflink = False
        if not is_writable:
            try:
                os.link(kept, near)
            except OSError as error:
                if error.errno not in _UNLINKABLE:
                    raise
            else:
                return "link"
        shutil.copyfile(kept, near)
        return "copy"

    def trim(self) -> int:
        """Delete what was used longest ago until the rest is within the bound; gives the bytes."""
        files = sorted(self._files())
        left = sum(size for _, size, _ in files)
        freed = 0
        for _, size_bytes, path in files:
            if left - freed <= self._max_bytes:
                break
            path.unlink(missing_ok=True)
            freed += size_bytes
        with suppress(OSError):
            for path in (self._folder / "parts").iterdir():
                if time.time() - path.stat().st_mtime > _SWEEP_S:
                    path.unlink(missing_ok=True)
        return freed

    def _files(self) -> Iterator[tuple[int, int, Path]]:
        """When each was used, its size, and where it is."""
        with suppress(OSError):
            for folder in (self._folder / "files").iterdir():
                for each in os.scandir(folder):
                    with suppress(OSError):
                        found = each.stat()
                        yield found.st_atime_ns, found.st_size, Path(each.path)

    def _path(self, digest: str) -> Path:
        name = _hex(digest)
        return self._folder / "files" / name[:2] / name


def write_whole(path: Path, pieces: Iterable[bytes | memoryview]) -> None:
    """Write a file that is there once all of it is; what was there before is gone then."""
    near = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with near.open("xb") as file:
            for piece in pieces:
                file.write(piece)
            sync_large(file)
        near.replace(path)
    finally:
        near.unlink(missing_ok=True)


def sync_large(file: BinaryIO) -> None:
    """See that a file that was written is on disk, unless it is small."""
    file.flush()
    if file.tell() >= SYNCED_BYTES:
        os.fsync(file.fileno())


def _hex(digest: str) -> str:
    return digest.removeprefix(BLAKE3)


def _mark(path: Path) -> None:
    now_s = time.time_ns() // 10**9
    os.utime(path, ns=(time.time_ns(), now_s * 10**9 + _MARK_NS))


def _reflink(source: Path, target: Path) -> bool:
    """A copy that shares its bytes with `source`, where the file system can do that."""
    with source.open("rb") as given, target.open("xb") as taken:
        try:
            fcntl.ioctl(taken.fileno(), _FICLONE, given.fileno())
        except OSError:
            pass
        else:
            return True
    target.unlink(missing_ok=True)
    return False
