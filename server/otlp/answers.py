"""Answers to OTLP requests, each in the encoding of its request.

A success is the `Export...ServiceResponse`, an error is a `google.rpc.Status` (OTLP specification,
"Full Success", "Partial Success", "Failures").
"""

from enum import StrEnum

import orjson
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from weave_core.server.otlp.requests import (
    LogRequest,
    MetricRequest,
    TelemetryRequest,
    TraceRequest,
)

__all__ = ["Encoding", "answer_body", "encoding_of", "error_body"]


class Encoding(StrEnum):
    """How a request is written, by its content type."""

    PROTOBUF = "application/x-protobuf"
    JSON = "application/json"


def encoding_of(content_type: str | None) -> Encoding | None:
    """The encoding that a `content-type` header names; None for any that is not read here."""
    name = (content_type or "").partition(";")[0].strip().lower()
    return Encoding(name) if name in set(Encoding) else None


_COUNT_FIELDS: dict[type[TelemetryRequest], str] = {
    TraceRequest: "rejectedSpans",
    LogRequest: "rejectedLogRecords",
    MetricRequest: "rejectedDataPoints",
}


def answer_body(request: TelemetryRequest, encoding: Encoding) -> bytes:
    """Body of the answer of 200; empty where nothing is to be said."""
    if encoding is Encoding.PROTOBUF:
        return bytes(_answer_message(request).SerializeToString())
    if not request.rejected:
        return b"{}"
    # 64-bit numbers are texts in protobuf's JSON.
    count = {_COUNT_FIELDS[type(request)]: str(request.rejected)}
    return orjson.dumps({"partialSuccess": {**count, "errorMessage": request.message}})


def _answer_message(
    request: TelemetryRequest,
) -> ExportTraceServiceResponse | ExportLogsServiceResponse | ExportMetricsServiceResponse:
    """The message of the request's signal, whose `partial_success` is unset on full success."""
    if isinstance(request, LogRequest):
        logs = ExportLogsServiceResponse()
        if request.rejected:
            logs.partial_success.rejected_log_records = request.rejected
            logs.partial_success.error_message = request.message
        return logs
    if isinstance(request, MetricRequest):
        metrics = ExportMetricsServiceResponse()
        if request.rejected:
            metrics.partial_success.rejected_data_points = request.rejected
            metrics.partial_success.error_message = request.message
        return metrics
    traces = ExportTraceServiceResponse()
    if request.rejected:
        traces.partial_success.rejected_spans = request.rejected
        traces.partial_success.error_message = request.message
    return traces


def error_body(message: str, code: int, encoding: Encoding) -> bytes:
    """Body of an answer of 400 and above.

    Args:
        message: For the developer of the sender.
        code: As in `google.rpc.Code`.
        encoding: That of the request.
    """
    if encoding is Encoding.JSON:
        return orjson.dumps({"code": code, "message": message})
    return bytes(Status(code=code, message=message).SerializeToString())
