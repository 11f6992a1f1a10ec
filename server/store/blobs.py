"""Bytes by their digest, each kept once: in a folder, or in an object store.

A blob comes as a draft, a file of ours that is hashed while it is written; only what has the digest
that was promised is taken, whole and at once.
"""

import hashlib
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self
from urllib.parse import urlsplit
from urllib.request import url2pathname

from weave_core.digests import hex_of
from weave_core.errors import BadRequest, ConfigError, MissingExtra, NotFound, StoreError, TooLarge

if TYPE_CHECKING:
    from types import TracebackType

    from weave_core.settings import Settings

__all__ = ["BlobDraft", "BlobStore", "missing_blob", "open_blobs", "remove_stale_drafts"]

CHUNK_BYTES = 256 * 1024
_DRAFT_AGE_S = 86_400.0
"""Drafts older than this belong to a server that was killed."""


class BlobStore(Protocol):
    """Where blobs are; every method may be called from any thread."""

    def find_size(self, digest: str) -> int | None:
        """Bytes of a blob; None where it is not stored."""

    def read(self, digest: str, start: int, stop: int) -> Iterator[bytes]:
        """The bytes from `start` to before `stop`, in chunks.

        Raises:
            NotFound: If it is not stored.
        """

    def take(self, file: Path, digest: str) -> None:
        """Keep `file`, which holds the bytes of `digest`; the file is gone afterwards."""

    def touch(self, digest: str) -> None:
        """Count the blob as just come: somebody is about to refer to it."""

    def find_age_s(self, digest: str) -> float | None:
        """Seconds since it came or was touched; None where it is not stored."""

    def delete(self, digest: str) -> None:
        """Delete a blob, if it is there."""


def open_blobs(settings: "Settings") -> BlobStore:
    """The blob store that `settings` name: `blobs/` in the home folder, or `blob_url`.

    Raises:
        ConfigError: If the URL is wrong.
        MissingExtra: If it names an object store and no library for it is installed.
    """
    url = settings.blob_url
    if url is None:
        return FolderBlobs(settings.home / "blobs")
    parts = urlsplit(url)
    if parts.scheme in ("", "file"):
        path = Path(url2pathname(parts.path)) if parts.scheme else Path(url)
        return FolderBlobs(path.expanduser().absolute())
    return BucketBlobs(url)


class BlobDraft:
    """A blob that is coming in: write, then `finish`.

    Args:
        folder: Where drafts lie.
        max_bytes: Bound of one blob.
        is_hashed: Whether its digest is made of its bytes; else whoever writes it vouches for it.

    Example:
        >>> with BlobDraft(folder, max_bytes=10) as draft:
        ...     draft.write(b"abc")
        ...     draft.keep_in(store, digest)
    """

    def __init__(self, folder: Path, *, max_bytes: int, is_hashed: bool = True) -> None:
        self._max_bytes = max_bytes
        self._hash = hashlib.sha256() if is_hashed else None
        self.size_bytes = 0
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path = folder / secrets.token_hex(12)
        self._file = self._path.open("xb")

    def write(self, *chunks: bytes) -> None:
        """Add bytes.

        Raises:
            TooLarge: If there are more than `max_bytes` by now.
            StoreError: If the disk does not take them.
        """
        self.size_bytes += sum(map(len, chunks))
        if self.size_bytes > self._max_bytes:
            raise TooLarge(
                f"the blob has more than {self._max_bytes} bytes",
                "raise WEAVE_CORE_MAX_BLOB_BYTES, or keep it elsewhere and store its address",
            )
        if self._hash is not None:
            for chunk in chunks:
                self._hash.update(chunk)
        try:
            self._file.writelines(chunks)
        except OSError as error:
            raise StoreError(f"the blob can't be written: {error}", "free some space") from error

    def written(self) -> Path:
        """The file with all that has been written so far, to be read; it ends with the draft.

        Raises:
            StoreError: If the disk does not take it.
        """
        try:
            self._file.flush()
        except OSError as error:
            raise StoreError(f"the blob can't be written: {error}", "free some space") from error
        return self._path

    def keep_in(self, store: BlobStore, digest: str | None = None) -> str:
        """Hand the bytes over, on disk; gives their digest.

        Raises:
            BadRequest: If they do not have the digest that was promised.
            StoreError: If the disk does not take them.
        """
        found = digest if self._hash is None else f"sha256:{self._hash.hexdigest()}"
        if found is None:
            raise ValueError("a blob that is not hashed needs a digest")
        if digest is not None and found != digest:
            raise BadRequest(
                f"the bytes have the digest {found}, not {digest}",
                "send all bytes of the blob, under the digest of exactly these",
            )
        if store.find_size(found) == self.size_bytes:
            store.touch(found)
            return found
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            store.take(self._path, found)
        except OSError as error:
            raise StoreError(f"the blob can't be written: {error}", "free some space") from error
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: "TracebackType | None",
    ) -> None:
        with suppress(OSError):
            self._file.close()
        self._path.unlink(missing_ok=True)


def remove_stale_drafts(folder: Path) -> None:
    """Delete what a killed server left half written."""
    for path in folder.glob("*"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > _DRAFT_AGE_S:
                path.unlink()


class FolderBlobs:
    """Blobs as files, `ab/cd/abcd...`: 65,536 folders keep each of them small.

    Args:
        folder: Made when the first blob comes.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find_size(self, digest: str) -> int | None:
        """As `BlobStore` says."""
        try:
            return self._path(digest).stat().st_size
        except FileNotFoundError:
            return None

    def read(self, digest: str, start: int, stop: int) -> Iterator[bytes]:
        """As `BlobStore` says."""
        try:
            file = self._path(digest).open("rb")
        except FileNotFoundError:
            raise missing_blob(digest) from None
        with file:
            file.seek(start)
            left = stop - start
            while left > 0 and (chunk := file.read(min(CHUNK_BYTES, left))):
                left -= len(chunk)
                yield chunk

    def take(self, file: Path, digest: str) -> None:
        """As `BlobStore` says; a rename, so that a reader sees all of it or nothing."""
        path = self._path(digest)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            file.replace(path)
        except OSError:  # Another file system: WEAVE_CORE_BLOB_URL names a folder elsewhere.
            near = path.with_name(f".{file.name}")
            _copy(file, near)
            near.replace(path)
            file.unlink(missing_ok=True)
        for folder in (path.parent, path.parent.parent, self._folder):
            _sync(folder)  # The name, too, survives a power cut.

    def touch(self, digest: str) -> None:
        """As `BlobStore` says."""
        with suppress(FileNotFoundError):
            os.utime(self._path(digest))

    def find_age_s(self, digest: str) -> float | None:
        """As `BlobStore` says."""
        try:
            return max(0.0, time.time() - self._path(digest).stat().st_mtime)
        except FileNotFoundError:
            return None

    def delete(self, digest: str) -> None:
        """As `BlobStore` says."""
        self._path(digest).unlink(missing_ok=True)

    def _path(self, digest: str) -> Path:
        name = hex_of(digest)
        return self._folder / name[:2] / name[2:4] / name


class BucketBlobs:
    """Blobs in an object store, by fsspec.

    Args:
        url: Such as `s3://bucket/prefix`.
    """

    def __init__(self, url: str) -> None:
        try:
            import fsspec  # type: ignore[import-untyped]  # It ships no types.
        except ImportError as error:
            raise MissingExtra(
                f"blob_url is {url!r}, and fsspec is not installed",
                'pip install "weave-core[blobs]", and the library of the store, such as s3fs',
            ) from error
        try:
            self._files, root = fsspec.core.url_to_fs(url)
        except ImportError as error:
            raise MissingExtra(f"blob_url is {url!r}: {error}", "install what it names") from error
        except ValueError as error:
            raise ConfigError(
                f"blob_url is {url!r}: {error}", "give a URL such as s3://bucket/prefix"
            ) from error
        self._root = str(root).rstrip("/")
        self._touched: dict[str, float] = {}

    def find_size(self, digest: str) -> int | None:
        """As `BlobStore` says."""
        try:
            return int(self._files.info(self._key(digest))["size"])
        except FileNotFoundError:
            return None

    def read(self, digest: str, start: int, stop: int) -> Iterator[bytes]:
        """As `BlobStore` says."""
        try:
            for place in range(start, stop, CHUNK_BYTES):
                until = min(stop, place + CHUNK_BYTES)
                yield self._files.cat_file(self._key(digest), start=place, end=until)
        except FileNotFoundError:
            raise missing_blob(digest) from None

    def take(self, file: Path, digest: str) -> None:
        """As `BlobStore` says; object stores show an upload once it is whole."""
        key = self._key(digest)
        self._files.makedirs(key.rpartition("/")[0], exist_ok=True)
        self._files.put_file(str(file), key)
        self.touch(digest)

    def touch(self, digest: str) -> None:
        """As `BlobStore` says; remembered by this process, since objects have no time to set."""
        self._touched[digest] = time.monotonic()

    def find_age_s(self, digest: str) -> float | None:
        """As `BlobStore` says."""
        if self.find_size(digest) is None:
            return None
        touched = self._touched.get(digest)
        if touched is not None:
            return time.monotonic() - touched
        changed: float = self._files.modified(self._key(digest)).timestamp()
        return max(0.0, time.time() - changed)

    def delete(self, digest: str) -> None:
        """As `BlobStore` says."""
        self._touched.pop(digest, None)
        with suppress(FileNotFoundError):
            self._files.rm_file(self._key(digest))

    def _key(self, digest: str) -> str:
        name = hex_of(digest)
        return f"{self._root}/{name[:2]}/{name[2:4]}/{name}"


def missing_blob(digest: str) -> NotFound:
    """What to say of a blob that is not there."""
    return NotFound(f"there is no blob {digest!r}", "it may not have arrived yet, or be deleted")


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as given, target.open("xb") as taken:
        while chunk := given.read(CHUNK_BYTES):
            taken.write(chunk)
        taken.flush()
        os.fsync(taken.fileno())
