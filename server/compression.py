"""Compressed bodies to what they hold: all of it or an error, and never more than a bound.

A body that ends too early must not pass for a short one, and one that is made to grow, or of a
million parts, must cost no more than an honest one of its size.
"""

import re
import zlib
from collections.abc import Callable
from typing import Any

import zstandard

from weave_core.errors import BadRequest, TooLarge

__all__ = ["EXPANDERS", "Expand", "expand_by_head"]

Expand = Callable[[bytes, int], bytes]
"""A body to what it holds, of which no more than so many bytes are made."""

MAX_PARTS = 10_000
"""Most parts of one compressed body: members of gzip, frames of zstd."""
_ZLIB_STEP = 64 * 1024
_ZSTD_STEP = 512
"""Bytes of zstd that are expanded at once: they can't be told to stop, and make 16 MB at most."""
_ZSTD_WINDOW_BYTES = 8 * 1024 * 1024
"""What an encoder may ask the decoder to hold (RFC 9659)."""
_PADDING = re.compile(rb"\0*")
_FAULTS = (zlib.error, zstandard.ZstdError)


def _too_large(max_bytes: int) -> TooLarge:
    return TooLarge(
        f"the body has more than {max_bytes} bytes after decompression",
        "send smaller batches, or raise WEAVE_CORE_MAX_BODY_BYTES",
    )


def _expanded(
    body: bytes, max_bytes: int, *, start: Callable[[], Any], step: int, may_pad: bool = False
) -> bytes:
    """What the parts of `body` hold, one after the other.

    Raises:
        BadRequest: If `body` is empty, ends too early, or is something else.
        TooLarge: If it holds more than `max_bytes`.
    """
    if not body:
        raise BadRequest("the body is empty, which is not compressed", "leave out content-encoding")
    out: list[bytes] = []
    left = max_bytes
    at = count = 0
    while at < len(body):
        count += 1
        if count > MAX_PARTS:
            raise BadRequest(
                f"the compressed body has more than {MAX_PARTS} parts", "compress it as one"
            )
        part = start()
        while not part.eof:
            piece = body[at : at + step]
            if not piece:
                raise BadRequest("the compressed body ends too early", "send all of it")
            at += len(piece)
            made = _step(part, piece, left)
            left -= len(made)
            if left < 0:
                raise _too_large(max_bytes)
            out.append(made)
        at -= len(part.unused_data)
        if may_pad and (padding := _PADDING.match(body, at)):
            at = padding.end()
    return b"".join(out)


def _step(part: Any, piece: bytes, left: int) -> bytes:
    try:
        # One byte over the bound is enough to know; zlib reads 0 as no bound at all.
        return bytes(part.decompress(piece, left + 1))
    except _FAULTS as error:
        raise BadRequest(
            f"the body does not match its content-encoding: {error}", "compress it again"
        ) from error


class _ZstdFrame:
    """One frame of zstd, with the face of zlib's objects."""

    def __init__(self) -> None:
        decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW_BYTES)
        self._part = decompressor.decompressobj()

    def decompress(self, piece: bytes, _most: int) -> bytes:
        return self._part.decompress(piece)

    @property
    def eof(self) -> bool:
        return self._part.eof

    @property
    def unused_data(self) -> bytes:
        return self._part.unused_data


def _gunzip(body: bytes, max_bytes: int) -> bytes:
    """All members of a gzip file, as `cat a.gz b.gz` makes, and the padding of tapes."""
    return _expanded(
        body,
        max_bytes,
        start=lambda: zlib.decompressobj(zlib.MAX_WBITS | 16),
        step=_ZLIB_STEP,
        may_pad=True,
    )


def _inflate(body: bytes, max_bytes: int) -> bytes:
    """HTTP's deflate is zlib's format; some senders leave out its head."""

    def with_bits(bits: int) -> bytes:
        return _expanded(body, max_bytes, start=lambda: zlib.decompressobj(bits), step=_ZLIB_STEP)

    try:
        return with_bits(zlib.MAX_WBITS)
    except BadRequest as error:
        try:
            return with_bits(-zlib.MAX_WBITS)
        except BadRequest:
            raise error from None


def _unzstd(body: bytes, max_bytes: int) -> bytes:
    return _expanded(body, max_bytes, start=_ZstdFrame, step=_ZSTD_STEP)


def expand_by_head(body: bytes, max_bytes: int) -> bytes:
    """A body in gzip or in zlib's format, told by its first bytes; errors as `EXPANDERS` raise."""
    return _expanded(
        body,
        max_bytes,
        start=lambda: zlib.decompressobj(zlib.MAX_WBITS | 32),
        step=_ZLIB_STEP,
    )


EXPANDERS: dict[str, Expand] = {
    "gzip": _gunzip,
    "x-gzip": _gunzip,
    "deflate": _inflate,
    "zlib": _inflate,
    "zstd": _unzstd,
}
"""By `content-encoding`, in lower case."""
