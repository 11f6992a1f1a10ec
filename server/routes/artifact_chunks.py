"""Chunks of artifacts over HTTP: which are missing, packs of new ones in, some of them out.

Digests go as they are, 32 bytes each, one after the other.
"""

import asyncio
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from weave_core.artifacts.packs import blocks_of
from weave_core.errors import BadRequest, NotFound
from weave_core.media_types import BYTES
from weave_core.server.deps import StoreDep
from weave_core.server.routes.answers import JsonAnswer
from weave_core.server.store import artifact_chunks

if TYPE_CHECKING:
    from weave_core.server.limits import BodyReader

router = APIRouter(prefix="/api/chunks", tags=["artifacts"])

MAX_ASKED_CHUNKS = 20_000
"""Chunks of artifacts that one request asks for."""
MAX_READ_BYTES = 64 * 1024 * 1024
"""Bytes of chunks of artifacts that one answer has."""
_DIGEST_BYTES = 32
_BODY: dict[str, Any] = {"requestBody": {"required": True, "content": {BYTES: {}}}}


@router.post("/missing", response_class=Response, openapi_extra=_BODY)
async def find_missing_chunks(request: Request, store: StoreDep) -> Response:
    """The ones of the digests sent that are not stored; the others stay for a day at least."""
    digests = await _digests(request)
    missing = await asyncio.to_thread(artifact_chunks.find_missing, store, digests)
    return Response(b"".join(missing), media_type=BYTES)


@router.post("/read", response_class=Response, openapi_extra=_BODY)
async def read_chunks(request: Request, store: StoreDep) -> Response:
    """The bytes of the chunks whose digests are sent, one after the other."""
    digests = await _digests(request)
    spans = await asyncio.to_thread(_spans, store, digests)
    size_bytes = sum(span.stop - span.start for span in spans)
    headers = {"content-length": str(size_bytes)}
    # In blocks: each piece of an answer is a hop to another thread.
    blocks = blocks_of(artifact_chunks.read_spans(store, spans))
    return StreamingResponse(blocks, headers=headers, media_type=BYTES)


@router.post("", openapi_extra=_BODY)
async def add_pack(request: Request, store: StoreDep) -> Response:
    """Store a pack of chunks, each of which has the digest that the pack says.

    200 means that they are on disk.
    """
    reader: BodyReader = request.app.state.body_reader
    with store.new_blob(is_hashed=False) as blob:
        draft = artifact_chunks.PackDraft(store, blob)
        async for pieces in reader.pieces(request):
            await asyncio.to_thread(draft.write, *pieces)
        count = await asyncio.to_thread(draft.keep)
    return JsonAnswer({"count": count})


async def _digests(request: Request) -> list[bytes]:
    reader: BodyReader = request.app.state.body_reader
    async with reader.read(request) as body:
        count, rest = divmod(len(body), _DIGEST_BYTES)
        if rest or not 0 < count <= MAX_ASKED_CHUNKS:
            raise BadRequest(
                f"the body has {len(body)} bytes", f"send 1 to {MAX_ASKED_CHUNKS} digests of 32"
            )
        return [body[at : at + _DIGEST_BYTES] for at in range(0, len(body), _DIGEST_BYTES)]


def _spans(store: StoreDep, digests: list[bytes]) -> list[artifact_chunks.Span]:
    with store.reading() as connection:
        found = artifact_chunks.locate(connection, digests)
    for digest in digests:
        if digest not in found:
            raise NotFound(
                f"there is no chunk {digest.hex()}", "the version it was of may be deleted"
            )
    if sum(found[digest].size_bytes for digest in digests) > MAX_READ_BYTES:
        raise BadRequest(f"the chunks have more than {MAX_READ_BYTES} bytes", "ask for fewer")
    return artifact_chunks.spans_of(found[digest] for digest in digests)
