"""Content-addressed bytes over HTTP.

Anybody may have put anything here, so what is read back can't run in a browser: the type is told
from the bytes, never sniffed by the reader, and the page that would hold it is a sandbox.
"""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import StreamingResponse

from weave_core.digests import checked_digest, hex_of
from weave_core.media_types import BYTES, HEAD_BYTES, extension_of, media_type_of
from weave_core.model import BlobInfo
from weave_core.server.deps import StoreDep
from weave_core.server.store.blobs import BlobDraft, missing_blob

router = APIRouter(prefix="/api/blobs", tags=["blobs"])

_WRITE_BYTES = 1024 * 1024
"""Gathered before the disk is touched: one hop to another thread a MiB, not one a packet."""

DigestPath = Annotated[str, Path(description="`sha256:` and 64 hex digits of the content.")]
_FOUND: dict[int | str, dict[str, Any]] = {
    200: {"description": "The bytes.", "content": {BYTES: {}}},
    206: {"description": "The part that `Range` asks for."},
    304: {"description": "The reader has it: `If-None-Match` names it."},
    416: {"description": "`Range` lies outside of it."},
}


@router.head("/{digest}", responses={304: _FOUND[304], 206: _FOUND[206], 416: _FOUND[416]})
def find_blob(request: Request, store: StoreDep, digest: DigestPath) -> Response:
    """Whether a blob is stored, and its size; who asks is taken to be about to refer to it."""
    answer = _answer(request, store, digest, has_body=False)
    store.blobs.touch(checked_digest(digest))
    return answer


@router.get("/{digest}", response_class=Response, responses=_FOUND)
def read_blob(request: Request, store: StoreDep, digest: DigestPath) -> Response:
    """The bytes of a blob, or a range of them."""
    return _answer(request, store, digest, has_body=True)


@router.put("/{digest}", response_model=BlobInfo)
async def add_blob(request: Request, store: StoreDep, digest: DigestPath) -> dict[str, Any]:
    """Store bytes under their digest, as the plain body; what is stored already stays.

    200 means that they have this digest and are on disk.
    """
    wanted = checked_digest(digest)
    with store.new_blob() as draft:
        waiting: list[bytes] = []
        size_bytes = 0
        async for chunk in request.stream():
            waiting.append(chunk)
            size_bytes += len(chunk)
            if size_bytes >= _WRITE_BYTES:
                await asyncio.to_thread(draft.write, b"".join(waiting))
                waiting, size_bytes = [], 0
        await asyncio.to_thread(draft.write, b"".join(waiting))
        await asyncio.to_thread(draft.keep_in, store.blobs, wanted)
        return _info(draft, wanted)


def _info(draft: BlobDraft, digest: str) -> dict[str, Any]:
    return {"digest": digest, "size_bytes": draft.size_bytes}


def _answer(request: Request, store: StoreDep, digest: str, *, has_body: bool) -> Response:
    wanted = checked_digest(digest)
    size_bytes = store.blobs.find_size(wanted)
    if size_bytes is None:
        raise missing_blob(wanted)
    headers = _headers(store, wanted, size_bytes)
    if headers["etag"] in [tag.strip() for tag in _header(request, "if-none-match").split(",")]:
        return Response(status_code=304, headers=_without_type(headers))
    start, stop, status = 0, size_bytes, 200
    asked = _header(request, "range")
    if asked and _header(request, "if-range") in ("", headers["etag"]):
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
    return StreamingResponse(store.blobs.read(wanted, start, stop), status, headers)


def _headers(store: StoreDep, digest: str, size_bytes: int) -> dict[str, str]:
    head = b"".join(store.blobs.read(digest, 0, min(HEAD_BYTES, size_bytes)))
    media_type = media_type_of(head)
    place = "attachment" if media_type == BYTES else "inline"
    name = hex_of(digest)[:16] + extension_of(media_type)
    return {
        "accept-ranges": "bytes",
        # The same digest is the same content for ever.
        "cache-control": "private, max-age=31536000, immutable",
        "content-disposition": f'{place}; filename="{name}"',
        "content-security-policy": "default-src 'none'; sandbox",
        "content-type": media_type,
        "cross-origin-resource-policy": "same-site",
        "etag": f'"{digest}"',
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
