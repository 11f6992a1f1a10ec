"""How much of a request body the server reads, before and after decompression."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager

from fastapi import Request

from weave_core.errors import BadRequest, Overloaded, TooLarge
from weave_core.server.compression import EXPANDERS, Expand

__all__ = ["BodyReader"]

_PIECE_BYTES = 1024 * 1024
"""Gathered before a body that is long is looked at: one hop to another thread a MiB."""
_INLINE_BYTES = 128 * 1024
"""Bodies above this are decompressed on another thread, so that other requests go on."""
_DRAIN_FACTOR = 4
"""A body that is too large is read and thrown away up to this many times the limit, since most
senders read the answer only once they have sent everything."""
MAX_STALL_S = 60.0
"""Longest pause, in seconds, within the body of a request."""
_PLAIN = ("", "identity")


class BodyReader:
    """Reads request bodies; used from the event loop only.

    Args:
        max_bytes: Bound of one body, before and after decompression.
        max_held_bytes: Bound of all bodies in memory at once.
        max_stall_s: Longest pause within a body.
    """

    def __init__(
        self, *, max_bytes: int, max_held_bytes: int, max_stall_s: float = MAX_STALL_S
    ) -> None:
        self._max_stall_s = max_stall_s
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
            Overloaded: If too many bytes are held already, or the sender stops in the middle.
        """
        encoding = request.headers.get("content-encoding", "").strip().lower()
        expand = EXPANDERS.get(encoding)
        if expand is None and encoding not in _PLAIN:
            raise BadRequest(
                f"content-encoding {encoding[:40]!r} is not read here",
                "send the body plain or with gzip, deflate or zstd",
            )
        with ExitStack() as held:
            body = await self._read_plain(request, held)
            if expand is not None:
                body = await _expand(expand, body, self._max_bytes)
                self._hold(len(body), held)
            yield body

    async def pieces(self, request: Request) -> AsyncIterator[list[bytes]]:
        """The body of `request` as it comes, a MiB at a time; whoever reads it sees to its bound.

        Raises:
            Overloaded: If the sender stops in the middle.
        """
        stream = aiter(request.stream())
        while waiting := await self._gather(stream, _PIECE_BYTES):
            yield waiting

    async def _gather(self, stream: AsyncIterator[bytes], wanted_bytes: int) -> list[bytes]:
        """The next bytes of a body, in the pieces that they came in; none at its end."""
        found: list[bytes] = []
        size_bytes = 0
        now = asyncio.get_running_loop().time
        try:
            async with asyncio.timeout(self._max_stall_s) as patience:
                while size_bytes < wanted_bytes:
                    chunk = await anext(stream, None)
                    if chunk is None:
                        break
                    found.append(chunk)
                    size_bytes += len(chunk)
                    patience.reschedule(now() + self._max_stall_s)
        except TimeoutError as error:
            raise Overloaded(
                f"the body stopped for more than {self._max_stall_s:.0f} s in the middle",
                "nothing of it is stored: send it again",
            ) from error
        return found

    async def _read_plain(self, request: Request, held: ExitStack) -> bytes:
        chunks: list[bytes] = []
        size_bytes = 0
        stream = aiter(request.stream())
        while found := await self._gather(stream, 1):
            size_bytes += len(found[0])
            if size_bytes <= self._max_bytes:
                self._hold(len(found[0]), held)
                chunks += found
            elif size_bytes > _DRAIN_FACTOR * self._max_bytes:
                break
        if size_bytes > self._max_bytes:
            raise TooLarge(
                f"the body has more than {self._max_bytes} bytes",
                "send smaller batches, or raise WEAVE_CORE_MAX_BODY_BYTES",
            )
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


async def _expand(expand: Expand, body: bytes, max_bytes: int) -> bytes:
    if len(body) > _INLINE_BYTES:
        return await asyncio.to_thread(expand, body, max_bytes)
    return expand(body, max_bytes)
