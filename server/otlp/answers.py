"""Answers to OTLP requests, each in the encoding of its request.

A success is the `Export...ServiceResponse`, an error is a `google.rpc.Status` (OTLP specification,
"Full Success", "Partial Success", "Failures").
"""

from enum import StrEnum

import orjson
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from weave_core.server.otlp.requests import TraceRequest

__all__ = ["Encoding", "encoding_of", "error_body", "trace_answer_body"]


class Encoding(StrEnum):
    """How a request is written, by its content type."""

    PROTOBUF = "application/x-protobuf"
    JSON = "application/json"


def encoding_of(content_type: str | None) -> Encoding | None:
    """The encoding that a `content-type` header names; None for any that is not read here."""
    name = (content_type or "").partition(";")[0].strip().lower()
    return Encoding(name) if name in set(Encoding) else None


def trace_answer_body(request: TraceRequest, encoding: Encoding) -> bytes:
    """Body of the answer of 200; empty where nothing is to be said."""
    if encoding is Encoding.JSON:
        if not request.rejected:
            return b"{}"
        # 64-bit numbers are texts in protobuf's JSON.
        partial = {"rejectedSpans": str(request.rejected), "errorMessage": request.message}
        return orjson.dumps({"partialSuccess": partial})
    answer = ExportTraceServiceResponse()
    if request.rejected:
        answer.partial_success.rejected_spans = request.rejected
        answer.partial_success.error_message = request.message
    return bytes(answer.SerializeToString())


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
