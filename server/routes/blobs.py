"""Content-addressed bytes over HTTP."""

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from weave_core.digests import checked_digest, hex_of
from weave_core.model import BlobInfo
from weave_core.server.deps import StoreDep
from weave_core.server.routes.byte_answers import FOUND, bytes_answer
from weave_core.server.store.blobs import BlobDraft, missing_blob

if TYPE_CHECKING:
    from weave_core.server.limits import BodyReader

router = APIRouter(prefix="/api/blobs", tags=["blobs"])

DigestPath = Annotated[str, Path(description="`sha256:` and 64 hex digits of the content.")]


@router.head("/{digest}", responses={304: FOUND[304], 206: FOUND[206], 416: FOUND[416]})
def find_blob(request: Request, store: StoreDep, digest: DigestPath) -> Response:
    """Whether a blob is stored, and its size; who asks is taken to be about to refer to it."""
    answer = _answer(request, store, digest, has_body=False)
    store.blobs.touch(checked_digest(digest))
    return answer


@router.get("/{digest}", response_class=Response, responses=FOUND)
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
        reader: BodyReader = request.app.state.body_reader
        async for pieces in reader.pieces(request):
            await asyncio.to_thread(draft.write, *pieces)
        await asyncio.to_thread(draft.keep_in, store.blobs, wanted)
        return _info(draft, wanted)


def _info(draft: BlobDraft, digest: str) -> dict[str, Any]:
    return {"digest": digest, "size_bytes": draft.size_bytes}


def _answer(request: Request, store: StoreDep, digest: str, *, has_body: bool) -> Response:
    wanted = checked_digest(digest)
    size_bytes = store.blobs.find_size(wanted)
    if size_bytes is None:
        raise missing_blob(wanted)
    read = partial(store.blobs.read, wanted)
    etag, name = f'"{wanted}"', hex_of(wanted)[:16]
    return bytes_answer(request, read, size_bytes, etag=etag, name=name, has_body=has_body)
