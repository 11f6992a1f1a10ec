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
from functools import partial
from pathlib import Path
from typing import Literal

from weave_core.artifacts.chunking import file_digest
from weave_core.artifacts.manifests import BLAKE3

if sys.platform != "win32":
    import fcntl

__all__ = ["FileCache", "Given", "copy_whole", "move_whole", "write_whole"]

SYNCED_BYTES = 64 * 1024
"""Of a smaller file a power cut is seen by its size; a larger one is on disk before it is there."""
_MARK_NS = 123_456_000
"""Within its second, the time of each file here; a write moves it."""
_COPY_BYTES = 1024 * 1024
_FICLONE = 0x40049409
_SWEEP_S = 86_400.0
_USED_S = 3_600.0
"""How exactly it is known when a file was used, which what goes first is told by."""
_UNLINKABLE = {
    errno.EXDEV, errno.EMLINK, errno.EPERM, errno.ENOTSUP, errno.EACCES, errno.EEXIST,
}  # fmt: skip

Given = Literal["reflink", "link", "copy"]
"""How a file was given."""


class FileCache:
    """The files of artifacts that this machine has.

    Args:
        folder: Shared by all programs; made when the first file comes.
        max_bytes: About how much may lie here; what was used longest ago goes first.
    """

    def __init__(self, folder: Path, *, max_bytes: int) -> None:
        # Texts: `Path` takes longer for a small file than the disk does.
        self._folder = str(folder)
        self._max_bytes = max_bytes
        self._can_reflink = sys.platform.startswith("linux")
        self._made: set[str] = set()

    def find(self, digest: str, size_bytes: int) -> str | None:
        """The file with this digest; None where it is not here, or no longer what it was."""
        path = self._path(digest)
        try:
            found = os.stat(path)
        except OSError:
            return None
        if found.st_size != size_bytes:
            _unlink(path)
            return None
        if found.st_mtime_ns % 10**9 != _MARK_NS:
            if file_digest(path) != digest:
                _unlink(path)
                return None
            _mark(path)
        elif time.time() - found.st_atime > _USED_S:
            with suppress(OSError):
                os.utime(path, ns=(time.time_ns(), found.st_mtime_ns))
        return path

    def part(self, digest: str) -> Path:
        """Where the beginning of a file is kept until all of it has come."""
        return Path(self._in("parts", _hex(digest)))

    def add(self, data: bytes | memoryview, digest: str) -> str:
        """Keep a small file, whose bytes have the digest."""
        near = f"{self._in('parts', _hex(digest))}.{secrets.token_hex(4)}"
        try:
            _write(near, [data], permissions=0o444, is_marked=True)
            return self._kept(near, digest)
        except BaseException:
            _unlink(near)
            raise

    def take(self, file: Path, digest: str) -> str:
        """Keep `file`, whose bytes have the digest; the file is gone afterwards."""
        file.chmod(0o444)
        _mark(file)
        return self._kept(str(file), digest)

    def _kept(self, file: str, digest: str) -> str:
        name = _hex(digest)
        path = self._in(f"files/{name[:2]}", name)
        os.replace(file, path)
        return path

    def give(self, kept: str, target: str, *, is_writable: bool = False) -> Given:
        """Put a file of the cache where somebody wants it, in place of what is there.

        Args:
            kept: What `find`, `add` or `take` gave.
            target: Where to; its folder is there.
            is_writable: Never a link, which can only be read.
        """
        may_link = not is_writable
        if may_link and not self._can_reflink and _link(kept, target):
            return "link"
        near = _near(target)
        try:
            how = self._given(kept, near, may_link=may_link)
            os.replace(near, target)
        except BaseException:
            _unlink(near)
            raise
        return how

    def _given(self, kept: str, near: str, *, may_link: bool) -> Given:
        if self._can_reflink and _reflink(kept, near):
            return "reflink"
        self._can_reflink = False
        if may_link and _link(kept, near):
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
            for path in Path(self._folder, "parts").iterdir():
                if time.time() - path.stat().st_mtime > _SWEEP_S:
                    path.unlink(missing_ok=True)
        return freed

    def _files(self) -> Iterator[tuple[int, int, Path]]:
        """When each was used, its size, and where it is."""
        with suppress(OSError):
            for folder in Path(self._folder, "files").iterdir():
                for each in os.scandir(folder):
                    with suppress(OSError):
                        found = each.stat()
                        yield found.st_atime_ns, found.st_size, Path(each.path)

    def _path(self, digest: str) -> str:
        name = _hex(digest)
        return f"{self._folder}/files/{name[:2]}/{name}"

    def _in(self, inner: str, name: str) -> str:
        """The path of a file in a folder of the cache, which is there afterwards."""
        folder = f"{self._folder}/{inner}"
        if folder not in self._made:
            Path(folder).mkdir(parents=True, exist_ok=True, mode=0o700)
            self._made.add(folder)
        return f"{folder}/{name}"


def write_whole(path: str, pieces: Iterable[bytes | memoryview]) -> None:
    """Write a file that is there once all of it is; what was there before is gone then."""
    near = _near(path)
    try:
        _write(near, pieces)
        os.replace(near, path)
    except BaseException:
        _unlink(near)
        raise


def copy_whole(source: str | Path, path: str) -> None:
    """Copy a file as `write_whole` writes one."""
    with open(source, "rb", buffering=0) as file:
        write_whole(path, iter(partial(file.read, _COPY_BYTES), b""))


def move_whole(source: Path, path: str) -> None:
    """Move a file to where it may be on another disk; it is there once all of it is."""
    try:
        os.replace(source, path)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        copy_whole(source, path)
        _unlink(str(source))


def sync_large(descriptor: int, size_bytes: int) -> None:
    """See that a file that was written is on disk, unless it is small."""
    if size_bytes >= SYNCED_BYTES:
        os.fsync(descriptor)


def _write(
    path: str,
    pieces: Iterable[bytes | memoryview],
    *,
    permissions: int = 0o666,
    is_marked: bool = False,
) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags, permissions)
    try:
        size_bytes = 0
        for piece in pieces:
            left = memoryview(piece)
            while left:
                left = left[os.write(descriptor, left) :]
            size_bytes += len(piece)
        sync_large(descriptor, size_bytes)
        if is_marked:
            _mark(descriptor if os.utime in os.supports_fd else path)
    finally:
        os.close(descriptor)


def _hex(digest: str) -> str:
    return digest.removeprefix(BLAKE3)


def _near(path: str) -> str:
    """A name beside `path`, for what is about to take its place."""
    folder, slash, _ = path.rpartition("/")
    return f"{folder}{slash}.{secrets.token_hex(8)}.part"


def _mark(file: str | Path | int) -> None:
    now_s = time.time_ns() // 10**9
    os.utime(file, ns=(time.time_ns(), now_s * 10**9 + _MARK_NS))


def _unlink(path: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)


def _link(source: str, target: str) -> bool:
    """Whether a file has another name now; not where there is one, or the disk can't do that."""
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in _UNLINKABLE:
            raise
        return False
    return True


def _reflink(source: str, target: str) -> bool:
    """A copy that shares its bytes with `source`, where the file system can do that."""
    with open(source, "rb") as given, open(target, "xb") as taken:
        try:
            fcntl.ioctl(taken.fileno(), _FICLONE, given.fileno())
        except OSError:
            pass
        else:
            return True
    _unlink(target)
    return False
