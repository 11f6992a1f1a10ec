"""Spans of the running program as values, for scorers that judge how an output came about.

The server reads whichever convention there is; here it is those that this process writes itself:
ours, OpenTelemetry's for GenAI, and OpenInference's, in which some integrations write.
"""

from collections.abc import Iterable, Mapping
from typing import Any, cast

import orjson
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import StatusCode

from weave_core import semconv
from weave_core.model import KINDS, Document, Kind, Span, SpanError, Status, ToolUse

__all__ = ["MAX_CAPTURED", "captured_spans"]

MAX_CAPTURED = 2_000
"""Spans of one example's trace that scorers get to see, those that ended first."""

_BY_OPERATION: Mapping[str, Kind] = {
    "chat": "llm",
    "embeddings": "embedding",
    "execute_tool": "tool",
    "generate_content": "llm",
    "invoke_agent": "agent",
    "invoke_workflow": "workflow",
    "retrieval": "retriever",
    "text_completion": "llm",
}
_STATUSES: Mapping[StatusCode, Status] = {
    StatusCode.ERROR: "error",
    StatusCode.OK: "ok",
    StatusCode.UNSET: "unset",
}


def captured_spans(spans: Iterable[ReadableSpan], project: str) -> list[Span]:
    """Ended spans as the API tells them, in the order in which they began."""
    found = [_value(span, project) for span in spans]
    return sorted(found, key=lambda span: span.started_ns)


def _value(span: ReadableSpan, project: str) -> Span:
    attributes = dict(span.attributes or {})
    kind = _kind(attributes)
    inputs = _first(attributes, semconv.INPUTS, semconv.INPUT_VALUE)
    outputs = _first(attributes, semconv.OUTPUTS, semconv.OUTPUT_VALUE)
    context, parent = span.context, span.parent
    began_ns, ended_ns = span.start_time or 0, span.end_time or 0
    return Span(
        project=project,
        trace_id=f"{context.trace_id:032x}" if context else "",
        span_id=f"{context.span_id:016x}" if context else "",
        parent_span_id=f"{parent.span_id:016x}" if parent else None,
        name=span.name,
        display_name=str(attributes.get(semconv.DISPLAY_NAME, span.name)),
        kind=kind,
        status=_STATUSES[span.status.status_code],
        status_message=span.status.description,
        error=_error(span, attributes),
        started_ns=began_ns,
        ended_ns=ended_ns,
        duration_ms=(ended_ns - began_ns) / 1e6,
        inputs=inputs,
        outputs=outputs,
        tool=_tool(span.name, attributes, inputs, outputs) if kind == "tool" else None,
        documents=_documents(attributes, outputs) if kind in ("retriever", "reranker") else [],
    )


def _kind(attributes: Mapping[str, Any]) -> Kind:
    said = attributes.get(semconv.KIND)
    if said is None:
        said = str(attributes.get(semconv.OPENINFERENCE_KIND, "")).lower()
    if said in KINDS:
        return cast("Kind", said)
    return _BY_OPERATION.get(str(attributes.get(semconv.GEN_AI_OPERATION_NAME)), "span")


def _error(span: ReadableSpan, attributes: Mapping[str, Any]) -> SpanError | None:
    if span.status.status_code is not StatusCode.ERROR:
        return None
    kind = attributes.get(semconv.ERROR_TYPE)
    return SpanError(
        type=None if kind is None else str(kind),
        message=span.status.description,
    )


def _tool(name: str, attributes: Mapping[str, Any], inputs: Any, outputs: Any) -> ToolUse:
    told = _first(
        attributes, semconv.GEN_AI_TOOL_CALL_ARGUMENTS, semconv.OPENINFERENCE_TOOL_PARAMETERS
    )
    result = _first(attributes, semconv.GEN_AI_TOOL_CALL_RESULT)
    said = attributes.get(semconv.GEN_AI_TOOL_NAME) or attributes.get(
        semconv.OPENINFERENCE_TOOL_NAME
    )
    return ToolUse(
        name=str(said or name),
        arguments=inputs if told is None else told,
        result=outputs if result is None else result,
    )


def _documents(attributes: Mapping[str, Any], outputs: Any) -> list[Document]:
    found = _first(attributes, semconv.GEN_AI_RETRIEVAL_DOCUMENTS)
    if found is None:
        found = _numbered(attributes) or outputs
    if isinstance(found, Mapping):
        found = found.get("documents", found)
    return [_document(each) for each in (found if isinstance(found, list) else [found]) if each]


def _document(value: Any) -> Document:
    if not isinstance(value, Mapping):
        return Document(content=value)
    content = next(
        (value[key] for key in ("content", "page_content", "text") if value.get(key)), value
    )
    score, name = value.get("score"), value.get("id")
    return Document(
        id=None if name is None else str(name),
        content=content,
        score=float(score) if isinstance(score, int | float) else None,
    )


def _numbered(attributes: Mapping[str, Any]) -> list[Any]:
    """`retrieval.documents.0.document.content` and so on, OpenInference's list in flat keys."""
    found: list[Any] = []
    while len(found) < MAX_CAPTURED:
        start = f"{semconv.OPENINFERENCE_DOCUMENTS}.{len(found)}.document."
        one = {
            key: attributes[start + key]
            for key in ("id", "content", "score")
            if start + key in attributes
        }
        if not one:
            break
        found.append(one)
    return found


def _first(attributes: Mapping[str, Any], *keys: str) -> Any:
    """The first that there is, as JSON where it is JSON."""
    for key in keys:
        value = attributes.get(key)
        if value is None:
            continue
        if isinstance(value, str):
            try:
                return orjson.loads(value)
            except orjson.JSONDecodeError:
                return value
        return value
    return None
