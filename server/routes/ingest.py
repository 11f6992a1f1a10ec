"""OTLP over HTTP.  A request is answered once all that it brought is committed."""

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response

from weave_core.errors import NotFound, UnsupportedMedia
from weave_core.server.otlp.answers import Encoding, encoding_of, trace_answer_body
from weave_core.server.otlp.json_requests import decode_json_traces
from weave_core.server.otlp.protobuf import decode_traces
from weave_core.server.otlp.requests import TraceRequest

if TYPE_CHECKING:
    from weave_core.server.limits import BodyReader
    from weave_core.server.store.stores import Store

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["otlp"])

PROJECT_HEADER = "x-weave-project"
_DECODERS = {Encoding.PROTOBUF: decode_traces, Encoding.JSON: decode_json_traces}


@router.post("/traces", response_class=Response)
async def receive_traces(request: Request) -> Response:
    """Spans, as OTLP protobuf or OTLP/JSON; plain, gzip, deflate or zstd.

    200 means that all of them are on disk, but for those that `partial_success` refuses.
    """
    encoding = encoding_of(request.headers.get("content-type"))
    if encoding is None:
        raise UnsupportedMedia(
            f"content-type {request.headers.get('content-type', '')[:100]!r} is not read here",
            f"send {Encoding.PROTOBUF} or {Encoding.JSON}",
        )
    reader: BodyReader = request.app.state.body_reader
    store: Store = request.app.state.store
    stored = TraceRequest()
    async with reader.read(request) as body:
        if body:
            header_project = request.headers.get(PROJECT_HEADER)
            produce = partial(_DECODERS[encoding], body, header_project)
            stored = await asyncio.wrap_future(store.add_request(produce, size_bytes=len(body)))
    return Response(trace_answer_body(stored, encoding), media_type=str(encoding))


@router.post("/metrics", response_class=Response, include_in_schema=False)
@router.post("/logs", response_class=Response, include_in_schema=False)
async def refuse_signal(request: Request) -> Response:
    """Say plainly that a signal is not taken, so that its sender drops it instead of waiting."""
    signal = request.url.path.rpartition("/")[2]
    raise NotFound(
        f"this server does not take OTLP {signal}",
        f"send traces only: OTEL_{signal.upper()}_EXPORTER=none",
    )
