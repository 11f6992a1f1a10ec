"""OTLP over HTTP.  A request is answered once all that it brought is committed."""

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response

from weave_core.errors import UnsupportedMedia
from weave_core.server.otlp.answers import Encoding, answer_body, encoding_of
from weave_core.server.otlp.logs import decode_json_logs, decode_logs
from weave_core.server.otlp.metrics import decode_json_metrics, decode_metrics
from weave_core.server.otlp.requests import (
    EncodedRequest,
    LogRequest,
    MetricRequest,
    TelemetryRequest,
    TraceRequest,
)
from weave_core.server.otlp.traces import decode_json_traces, decode_traces

if TYPE_CHECKING:
    from weave_core.server.limits import BodyReader
    from weave_core.server.store.stores import Store

__all__ = ["PROJECT_HEADER", "router"]

router = APIRouter(prefix="/v1", tags=["otlp"])

PROJECT_HEADER = "x-weave-project"

Decoders = Mapping[Encoding, Callable[[bytes, str | None], TelemetryRequest]]

_TRACES: Decoders = {Encoding.PROTOBUF: decode_traces, Encoding.JSON: decode_json_traces}
_LOGS: Decoders = {Encoding.PROTOBUF: decode_logs, Encoding.JSON: decode_json_logs}
_METRICS: Decoders = {Encoding.PROTOBUF: decode_metrics, Encoding.JSON: decode_json_metrics}


@router.post("/traces", response_class=Response)
async def receive_traces(request: Request) -> Response:
    """Spans, as OTLP protobuf or OTLP/JSON; plain, gzip, deflate or zstd.

    200 means that all of them are on disk, but for those that `partial_success` refuses.
    """
    return await _receive(request, _TRACES, TraceRequest())


@router.post("/logs", response_class=Response)
async def receive_logs(request: Request) -> Response:
    """Log records, as traces are taken; GenAI events among them become events of their spans."""
    return await _receive(request, _LOGS, LogRequest())


@router.post("/metrics", response_class=Response)
async def receive_metrics(request: Request) -> Response:
    """Metric points, as traces are taken."""
    return await _receive(request, _METRICS, MetricRequest())


async def _receive(request: Request, decoders: Decoders, stored: TelemetryRequest) -> Response:
    """Read, decode and store what was sent; `stored` is the answer to an empty body."""
    encoding = encoding_of(request.headers.get("content-type"))
    if encoding is None:
        raise UnsupportedMedia(
            f"content-type {request.headers.get('content-type', '')[:100]!r} is not read here",
            f"send {Encoding.PROTOBUF} or {Encoding.JSON}",
        )
    reader: BodyReader = request.app.state.body_reader
    store: Store = request.app.state.store
    async with reader.read(request) as body:
        if body:
            header_project = request.headers.get(PROJECT_HEADER)
            encoded = EncodedRequest(decoders[encoding], body, header_project)
            future = store.add_request(encoded, size_bytes=len(body))
            # A request that is cancelled must not take the writer's future with it.
            stored = await asyncio.shield(asyncio.wrap_future(future))
    return Response(answer_body(stored, encoding), media_type=str(encoding))
