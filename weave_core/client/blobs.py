"""Blobs: bytes that are stored once, under their digest."""

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from weave_core.client.connection import Connection
from weave_core.digests import checked_digest, digest_bytes
from weave_core.errors import NotFound, ServerError
from weave_core.model import BlobInfo

__all__ = ["BlobCalls"]

_CHUNK_BYTES = 1024 * 1024
_WAIT_S = 120.0
"""For each piece of a blob, not for all of it."""


class BlobCalls(Connection):
    """What a client can do with blobs."""

    def add_blob(self, content: bytes | Path) -> BlobInfo:
        """Store bytes, or the bytes of a file; what the server has already is not sent.

        Example:
            >>> client.add_blob(Path("chart.png")).digest

        Args:
            content: The bytes, or the file that holds them, which is never read as a whole.

        Raises:
            TooLarge: If it is more than the server takes.
            BadRequest: If the file was changed while it was sent.
        """
        if isinstance(content, Path):
            with content.open("rb") as file:
                digest = f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
                found = self.find_blob(digest)
                file.seek(0)
                return found or self._put_blob(digest, _chunks(file))
        digest = digest_bytes(content)
        return self.find_blob(digest) or self._put_blob(digest, content)

    def find_blob(self, digest: str) -> BlobInfo | None:
        """Whether a blob is stored, and its size; None where it is not.

        Raises:
            BadRequest: If `digest` is none.
        """
        path = f"/api/blobs/{checked_digest(digest)}"
        with suppress(NotFound):
            answer = self._send("HEAD", path)
            return BlobInfo(digest=digest, size_bytes=int(answer.headers["content-length"]))
        return None

    def get_blob(self, digest: str, *, start: int = 0, stop: int | None = None) -> bytes:
        """The bytes of a blob, or of a part of it.

        Args:
            digest: Its address.
            start: First byte.
            stop: The byte after the last one; None: to the end.

        Raises:
            NotFound: If it is not stored.
            BadRequest: If `digest` is none.
        """
        path = f"/api/blobs/{checked_digest(digest)}"
        if start == 0 and stop is None:
            return self._send("GET", path, timeout_s=_WAIT_S).content
        wanted = f"bytes={start}-{'' if stop is None else stop - 1}"
        return self._send("GET", path, timeout_s=_WAIT_S, headers={"range": wanted}).content

    def save_blob(self, digest: str, file: Path) -> BlobInfo:
        """Write a blob to `file`, piece by piece; the file is there once all of it is right.

        Raises:
            NotFound: If it is not stored.
            ServerError: If what came does not have the digest.
        """
        path = f"/api/blobs/{checked_digest(digest)}"
        part = file.with_name(f"{file.name}.part")
        found = hashlib.sha256()
        size_bytes = 0
        try:
            with self._stream(path, {}, timeout_s=_WAIT_S) as answer, part.open("wb") as target:
                for chunk in answer.iter_bytes(_CHUNK_BYTES):
                    found.update(chunk)
                    size_bytes += len(chunk)
                    target.write(chunk)
            if f"sha256:{found.hexdigest()}" != digest:
                raise ServerError(f"what came of blob {digest} has another digest", "ask again")
            part.replace(file)
        finally:
            part.unlink(missing_ok=True)
        return BlobInfo(digest=digest, size_bytes=size_bytes)

    def _put_blob(self, digest: str, content: bytes | Iterator[bytes]) -> BlobInfo:
        answer = self._send("PUT", f"/api/blobs/{digest}", content=content, timeout_s=_WAIT_S)
        return BlobInfo.model_validate_json(answer.content)


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK_BYTES):
        yield chunk
