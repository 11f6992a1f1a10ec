"""How much of a request body the server reads, before and after decompression."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager

import zstandard
from fastapi import Request

from weave_core.errors import BadRequest, Overloaded, TooLarge

__all__ = ["BodyReader"]

_INLINE_BYTES = 128 * 1024
"""Bodies above this are decompressed on another thread, so that other requests go on."""
_DRAIN_FACTOR = 4
"""A body that is too large is read and thrown away up to this many times the limit, since most
senders read the answer only once they have sent everything."""
_ZSTD_WINDOW_BYTES = 1 << 27


class BodyReader:
    """Reads request bodies; used from the event loop only.

    Args:
        max_bytes: Bound of one body, before and after decompression.
        max_held_bytes: Bound of all bodies in memory at once.
    """

    def __init__(self, *, max_bytes: int, max_held_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._max_held_bytes = max_held_bytes
        self._held_bytes = 0

    @asynccontextmanager
    async def read(self, request: Request) -> AsyncIterator[bytes]:
        """The body of `request`, decompressed as its `content-encoding` says.

        It counts as held until the context ends.

        Raises:
            TooLarge: If it has more than `max_bytes`, before or after decompression.
            BadRequest: If it can't be decompressed.
            Overloaded: If too many bytes are held already.
        """
        encoding = request.headers.get("content-encoding", "").strip().lower()
        expand = _EXPANDERS.get(encoding)
        if expand is None:
            raise BadRequest(
                f"content-encoding {encoding[:40]!r} is not read here",
                "send the body plain or with gzip, deflate or zstd",
            )
        with ExitStack() as held:
            body = await self._read_plain(request, held)
            if encoding not in ("", "identity"):
                body = await _expand(expand, body, self._max_bytes)
                self._hold(len(body), held)
            yield body

    async def _read_plain(self, request: Request, held: ExitStack) -> bytes:
        chunks: list[bytes] = []
        size_bytes = 0
        async for chunk in request.stream():
            size_bytes += len(chunk)
            if size_bytes <= self._max_bytes:
                self._hold(len(chunk), held)
                chunks.append(chunk)
            elif size_bytes > _DRAIN_FACTOR * self._max_bytes:
                break
        if size_bytes > self._max_bytes:
            raise _too_large(self._max_bytes, "")
        return b"".join(chunks)

    def _hold(self, size_bytes: int, held: ExitStack) -> None:
        if self._held_bytes and self._held_bytes + size_bytes > self._max_held_bytes:
            raise Overloaded(
                f"{self._held_bytes} bytes of requests are in work already",
                "send it again later; WEAVE_CORE_MAX_QUEUE_BYTES raises the limit",
            )
        self._held_bytes += size_bytes
        held.callback(self._release, size_bytes)

    def _release(self, size_bytes: int) -> None:
        self._held_bytes -= size_bytes


async def _expand(expand: Callable[[bytes, int], bytes], body: bytes, max_bytes: int) -> bytes:
    if len(body) > _INLINE_BYTES:
        return await asyncio.to_thread(expand, body, max_bytes)
    return expand(body, max_bytes)


def _too_large(max_bytes: int, when: str) -> TooLarge:
    return TooLarge(
        f"the body has more than {max_bytes} bytes{when}",
        "send smaller batches, or raise WEAVE_CORE_MAX_BODY_BYTES",
    )


def _gunzip(body: bytes, max_bytes: int) -> bytes:
    """All members of a gzip file, as `cat a.gz b.gz` makes."""
    parts: list[bytes] = []
    left = max_bytes
    while body:
        part, body = _inflate(body, left, zlib.MAX_WBITS | 16, max_bytes)
        parts.append(part)
        left -= len(part)
        body = body.lstrip(b"\0")  # Padding after a member is allowed.
    if not parts:
        raise BadRequest("the body is empty, which is no gzip", "leave out content-encoding")
    return b"".join(parts)


def _deflate(body: bytes, max_bytes: int) -> bytes:
    """HTTP's deflate is zlib's format; some senders leave out its head."""
    try:
        return _inflate(body, max_bytes, zlib.MAX_WBITS, max_bytes)[0]
    except BadRequest:
        return _inflate(body, max_bytes, -zlib.MAX_WBITS, max_bytes)[0]


def _inflate(body: bytes, left_bytes: int, wbits: int, max_bytes: int) -> tuple[bytes, bytes]:
    """What `body` expands to, and what follows it."""
    inflater = zlib.decompressobj(wbits)
    try:
        # 0 would mean no bound at all; one byte over the bound is enough to know.
        out = inflater.decompress(body, left_bytes + 1)
    except zlib.error as error:
        raise BadRequest(
            f"the body does not match its content-encoding: {error}", "compress it again"
        ) from error
    if len(out) > left_bytes:
        raise _too_large(max_bytes, " after decompression")
    if not inflater.eof:
        raise BadRequest("the compressed body ends too early", "send all of it")
    return out, inflater.unused_data


def _unzstd(body: bytes, max_bytes: int) -> bytes:
    decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW_BYTES)
    try:
        with decompressor.stream_reader(body, read_across_frames=True) as reader:
            out = reader.read(max_bytes + 1)
    except zstandard.ZstdError as error:
        raise BadRequest(
            f"the body does not match its content-encoding: {error}", "compress it again"
        ) from error
    if len(out) > max_bytes:
        raise _too_large(max_bytes, " after decompression")
    return out


_EXPANDERS: dict[str, Callable[[bytes, int], bytes]] = {
    "": lambda body, _: body,
    "identity": lambda body, _: body,
    "gzip": _gunzip,
    "x-gzip": _gunzip,
    "deflate": _deflate,
    "zstd": _unzstd,
}
