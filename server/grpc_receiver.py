"""OTLP over gRPC.  A call is answered once all that it brought is committed.

Messages are handed on as bytes: they are decoded on the writer's thread, as those of HTTP are.
"""

import asyncio
import hmac
import logging
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

import grpc  # type: ignore[import-untyped]  # It ships no types.
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc.error_details_pb2 import BadRequest as BadRequestDetail
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from weave_core.errors import (
    BadRequest,
    ConfigError,
    Overloaded,
    StoreError,
    TooLarge,
    WeaveError,
)
from weave_core.server.compression import expand_by_head
from weave_core.server.otlp.answers import Encoding, answer_body
from weave_core.server.otlp.logs import decode_logs
from weave_core.server.otlp.metrics import decode_metrics
from weave_core.server.otlp.requests import (
    EncodedRequest,
    LogRequest,
    MetricRequest,
    TelemetryRequest,
    TraceRequest,
)
from weave_core.server.otlp.traces import decode_traces
from weave_core.server.routes.ingest import PROJECT_HEADER

if TYPE_CHECKING:
    from weave_core.server.store.stores import Store
    from weave_core.settings import Settings

__all__ = ["GrpcReceiver"]

_log = logging.getLogger(__name__)

_SERVICES: dict[str, tuple[Callable[[bytes, str | None], TelemetryRequest], type]] = {
    "opentelemetry.proto.collector.trace.v1.TraceService": (decode_traces, TraceRequest),
    "opentelemetry.proto.collector.logs.v1.LogsService": (decode_logs, LogRequest),
    "opentelemetry.proto.collector.metrics.v1.MetricsService": (decode_metrics, MetricRequest),
}
_MAX_STREAMS = 16
"""Calls in flight on one connection; the others wait at the sender's, not in our memory."""
_RETRY_AFTER_S = 5
_GZIP = b"\x1f\x8b"
"""How gzip begins, and no protobuf message does: its first byte would be of wire type 7."""
_ZLIB = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
"""How gRPC's deflate begins; an export request, whose only field is 1, does not."""
_DETAILS = "grpc-status-details-bin"

Context = Any
"""A `grpc.aio.ServicerContext`: gRPC ships no types."""


class GrpcReceiver:
    """Serves the three Export services on a port of its own, in the caller's event loop.

    One loop for both doors and no pool of threads: a call that waits for its commit holds nothing
    but its bytes, and those count against the writer's queue.
    """

    def __init__(self, settings: "Settings", store: "Store") -> None:
        self._store = store
        self._max_bytes = settings.max_body_bytes
        self._expected = f"Bearer {settings.api_key}".encode() if settings.api_key else None
        self._server: grpc.aio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen on `port` (0: any free one) of `host`; the port that it got.

        Raises:
            ConfigError: If the port is taken.
        """
        server = grpc.aio.server(
            options=[
                ("grpc.max_receive_message_length", self._max_bytes),
                ("grpc.max_concurrent_streams", _MAX_STREAMS),
                # Two servers on one port would each get half of the spans.
                ("grpc.so_reuseport", 0),
                # gRPC expands without looking at a bound; see `expand_by_head`.
                ("grpc.per_message_decompression", 0),
            ]
        )
        for service, (decode, request_type) in _SERVICES.items():
            handler = grpc.unary_unary_rpc_method_handler(
                partial(self._export, decode, request_type)
            )
            server.add_generic_rpc_handlers(
                (grpc.method_handlers_generic_handler(service, {"Export": handler}),)
            )
        place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        try:
            bound = server.add_insecure_port(place)
        except RuntimeError as error:
            raise ConfigError(
                f"can't listen on {place} for OTLP over gRPC: it is taken, or no address of ours",
                "choose another port with --grpc-port (0 takes any that is free),"
                " or go without by --no-grpc",
            ) from error
        await server.start()
        self._server = server
        return int(bound)

    async def stop(self, grace_s: float) -> None:
        """Take no more calls, and finish those that were accepted within `grace_s`."""
        if self._server is not None:
            await self._server.stop(grace_s)

    async def _export(
        self,
        decode: Callable[[bytes, str | None], TelemetryRequest],
        request_type: type[TelemetryRequest],
        body: bytes,
        context: Context,
    ) -> bytes:
        metadata = {key.lower(): value for key, value in context.invocation_metadata() or ()}
        await self._check_key(metadata, context)
        try:
            stored = request_type()
            if body.startswith((_GZIP, *_ZLIB)):
                body = await asyncio.to_thread(expand_by_head, body, self._max_bytes)
            if body:
                project = metadata.get(PROJECT_HEADER)
                named = project.decode(errors="replace") if isinstance(project, bytes) else project
                encoded = EncodedRequest(decode, body, named)
                future = self._store.add_request(encoded, size_bytes=len(body))
                # A caller that gives up must not take the writer's future with it.
                stored = await asyncio.shield(asyncio.wrap_future(future))
        except WeaveError as error:
            await _abort(context, error)
        except Exception:  # noqa: BLE001  # A bug of ours must reach the log and end the call, not hang it.
            _log.exception("a call of %d bytes could not be served", len(body))
            await context.abort(
                grpc.StatusCode.INTERNAL, "the server met an error of its own; see its log"
            )
        return answer_body(stored, Encoding.PROTOBUF)

    async def _check_key(self, metadata: dict[str, Any], context: Context) -> None:
        if self._expected is None:
            return
        given = metadata.get("authorization", "")
        given = given if isinstance(given, bytes) else given.encode()
        if not hmac.compare_digest(given, self._expected):
            await context.abort(
                grpc.StatusCode.UNAUTHENTICATED,
                "the API key is missing or wrong"
                " (send metadata `authorization: Bearer <key>`; WEAVE_CORE_API_KEY sets it)",
            )


async def _abort(context: Context, error: WeaveError) -> NoReturn:
    """End the call with the code that makes a sender do what is right: again later, or never."""
    code, details = _status_of(error)
    message = f"{error.message} ({error.hint})" if error.hint else error.message
    status = Status(code=code.value[0], message=message)
    for detail in details:
        packed = AnyMessage()
        packed.Pack(detail)
        status.details.append(packed)
    await context.abort(code, message, trailing_metadata=((_DETAILS, status.SerializeToString()),))
    raise AssertionError("abort raises")


def _status_of(
    error: WeaveError,
) -> tuple[grpc.StatusCode, list[RetryInfo | BadRequestDetail]]:
    if isinstance(error, TooLarge):
        # Without RetryInfo: it would be too large the next time as well.
        return grpc.StatusCode.RESOURCE_EXHAUSTED, []
    if isinstance(error, BadRequest):
        violation = BadRequestDetail.FieldViolation(field="body", description=error.message)
        return grpc.StatusCode.INVALID_ARGUMENT, [BadRequestDetail(field_violations=[violation])]
    if isinstance(error, Overloaded | StoreError):
        after_s = error.retry_after_s if isinstance(error, Overloaded) else _RETRY_AFTER_S
        retry = RetryInfo()
        retry.retry_delay.FromSeconds(after_s)
        return grpc.StatusCode.UNAVAILABLE, [retry]
    return grpc.StatusCode.INTERNAL, []
