"""Stored bytes as an answer: all of them or a range, to a reader that may have them already.

Anybody may have put anything here, so what is read back can't run in a browser: the type is told
from the bytes, never sniffed by the reader, and the page that would hold it is a sandbox.
"""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from weave_core.media_types import BYTES, HEAD_BYTES, extension_of, media_type_of

__all__ = ["FOUND", "bytes_answer"]

FOUND: dict[int | str, dict[str, Any]] = {
    200: {"description": "The bytes.", "content": {BYTES: {}}},
    206: {"description": "The part that `Range` asks for."},
    304: {"description": "The reader has it: `If-None-Match` names it."},
    416: {"description": "`Range` lies outside of it."},
}
"""What such a route may answer."""

Read = Callable[[int, int], Iterator[bytes]]
"""Gives the bytes from a place to before another."""


def bytes_answer(
    request: Request, read: Read, size_bytes: int, *, etag: str, name: str, has_body: bool = True
) -> Response:
    """The answer to a request for bytes, as its `Range` and `If-None-Match` say.

    Args:
        request: What was asked.
        read: Where they are.
        size_bytes: How many there are.
        etag: Of them, in quotes: the same is the same content for ever.
        name: What a browser calls the file; without an ending it gets that of its type.
        has_body: False: the head of the answer alone.
    """
    headers = _headers(read, size_bytes, etag, name)
    if etag in [tag.strip() for tag in _header(request, "if-none-match").split(",")]:
        return Response(status_code=304, headers=_without_type(headers))
    start, stop, status = 0, size_bytes, 200
    asked = _header(request, "range")
    if asked and _header(request, "if-range") in ("", etag):
        found = _range(asked, size_bytes)
        if found is not None and found[0] == found[1]:
            unmet = {"content-range": f"bytes */{size_bytes}"}
            return Response(status_code=416, headers=_without_type(headers) | unmet)
        if found is not None:
            (start, stop), status = found, 206
            headers["content-range"] = f"bytes {start}-{stop - 1}/{size_bytes}"
    headers["content-length"] = str(stop - start)
    if not has_body:
        return Response(status_code=status, headers=headers)
    return StreamingResponse(read(start, stop), status, headers)


def _headers(read: Read, size_bytes: int, etag: str, name: str) -> dict[str, str]:
    head = b"".join(read(0, min(HEAD_BYTES, size_bytes)))
    media_type = media_type_of(head)
    place = "attachment" if media_type == BYTES else "inline"
    called = name if "." in name else name + extension_of(media_type)
    return {
        "accept-ranges": "bytes",
        "cache-control": "private, max-age=31536000, immutable",
        # RFC 6266 and 8187: a name of any letters.
        "content-disposition": f"{place}; filename*=UTF-8''{quote(called, safe='')}"
        if not called.isascii() or '"' in called
        else f'{place}; filename="{called}"',
        "content-security-policy": "default-src 'none'; sandbox",
        "content-type": media_type,
        "cross-origin-resource-policy": "same-site",
        "etag": etag,
        "x-content-type-options": "nosniff",
    }


def _without_type(headers: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in headers.items() if not key.startswith("content-")}


def _header(request: Request, name: str) -> str:
    return request.headers.get(name, "").strip()


def _range(asked: str, size_bytes: int) -> tuple[int, int] | None:
    """First byte and the one after the last; the same where it lies outside, None to ignore it.

    Source: RFC 9110, 14.1.2.  Several ranges at once are answered with the whole, as it allows.
    """
    unit, _, spans = asked.partition("=")
    first, dash, last = spans.strip().partition("-")
    is_one = unit.strip().lower() == "bytes" and dash and "," not in spans
    if not is_one or not all(not part or _is_number(part) for part in (first, last)):
        return None
    if not first:
        if not last:
            return None
        start, stop = max(0, size_bytes - int(last)), size_bytes
    else:
        start = int(first)
        stop = min(size_bytes, int(last) + 1) if last else size_bytes
        if last and int(last) < start:
            return None
    return (start, stop) if start < stop else (0, 0)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19  # noqa: PLR2004  # 64 bits.
