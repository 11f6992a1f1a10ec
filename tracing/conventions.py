"""What a kind of operation also writes in OpenTelemetry's GenAI words.

So that any other OpenTelemetry backend reads our tools, agents and retrievers without knowing us.
"""

import inspect
from typing import Any

from opentelemetry.trace import SpanKind

from weave_core import semconv
from weave_core.errors import ConfigError
from weave_core.kinds import KINDS

__all__ = [
    "checked_kind",
    "inputs_attributes",
    "otel_kind",
    "outputs_attributes",
    "static_attributes",
]

_OPERATIONS = {
    "llm": "chat",
    "embedding": "embeddings",
    "tool": "execute_tool",
    "agent": "invoke_agent",
    "workflow": "invoke_workflow",
    "retriever": "retrieval",
}
_NAMES = {
    "tool": semconv.GEN_AI_TOOL_NAME,
    "agent": semconv.GEN_AI_AGENT_NAME,
    "workflow": semconv.GEN_AI_WORKFLOW_NAME,
}
_MAX_DESCRIPTION = 1_000


def checked_kind(kind: str) -> str:
    """`kind` as it is.

    Raises:
        ConfigError: If there is no such kind.
    """
    if kind not in KINDS:
        raise ConfigError(f"kind is {kind!r}", f"one of {', '.join(KINDS)}")
    return kind


def otel_kind(kind: str) -> SpanKind:
    """OTel's own kind: a call to a model leaves the process, the rest stays inside."""
    return SpanKind.CLIENT if kind in ("llm", "embedding") else SpanKind.INTERNAL


def static_attributes(kind: str, name: str, described: object = None) -> dict[str, str]:
    """Attributes that are the same for each call of an operation.

    Args:
        kind: One of `weave_core.kinds.KINDS`.
        name: The operation's name; its last part names the tool or agent.
        described: The function; its docstring describes a tool.
    """
    attributes = {semconv.KIND: kind}
    if kind in _OPERATIONS:
        attributes[semconv.GEN_AI_OPERATION_NAME] = _OPERATIONS[kind]
    if kind in _NAMES:
        attributes[_NAMES[kind]] = name
    if kind == "tool":
        attributes[semconv.GEN_AI_TOOL_TYPE] = "function"
        if described is not None and (text := inspect.getdoc(described)):
            attributes[semconv.GEN_AI_TOOL_DESCRIPTION] = text[:_MAX_DESCRIPTION]
    return attributes


def inputs_attributes(kind: str, inputs_json: str, inputs: Any) -> dict[str, str]:
    """What went in, in GenAI words too."""
    attributes = {semconv.INPUTS: inputs_json}
    if kind == "tool":
        attributes[semconv.GEN_AI_TOOL_CALL_ARGUMENTS] = inputs_json
    elif kind == "retriever" and isinstance(inputs, dict):
        texts = [value for value in inputs.values() if isinstance(value, str)]
        if texts:
            attributes[semconv.GEN_AI_RETRIEVAL_QUERY_TEXT] = texts[0][:_MAX_DESCRIPTION]
    return attributes


def outputs_attributes(kind: str, outputs_json: str) -> dict[str, str]:
    """What came out, in GenAI words too."""
    attributes = {semconv.OUTPUTS: outputs_json}
    if kind == "tool":
        attributes[semconv.GEN_AI_TOOL_CALL_RESULT] = outputs_json
    elif kind == "retriever":
        attributes[semconv.GEN_AI_RETRIEVAL_DOCUMENTS] = outputs_json
    return attributes
