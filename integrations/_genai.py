"""What models, tools and retrievers of all libraries tell, under the conventions' names."""

from collections.abc import Mapping
from typing import Any

from opentelemetry.trace import Span

from weave_core import semconv
from weave_core.integrations._content import as_list, get, messages_json, other
from weave_core.tracing.content import content_json

__all__ = [
    "Attributes",
    "given",
    "openai_usage",
    "query_facts",
    "sampling",
    "set_given",
    "tool_call_facts",
    "tool_definitions",
]

Attributes = dict[str, Any]


def given(attributes: Mapping[str, Any]) -> Attributes:
    """Those that are known."""
    return {name: value for name, value in attributes.items() if value is not None}


def set_given(span: Span, attributes: Mapping[str, Any]) -> None:
    """Put those that are known on a span."""
    span.set_attributes(given(attributes))


def sampling(body: Mapping[str, Any], *, limit: str, stop: str | None = None) -> Attributes:
    """Parameters that all providers name alike.

    Args:
        body: The request.
        limit: Name of the one that bounds the answer's tokens.
        stop: Name of the one that holds stop sequences.
    """
    ends = body.get(stop) if stop else None
    return {
        semconv.GEN_AI_REQUEST_MAX_TOKENS: body.get(limit),
        semconv.GEN_AI_REQUEST_TEMPERATURE: body.get("temperature"),
        semconv.GEN_AI_REQUEST_TOP_P: body.get("top_p"),
        semconv.GEN_AI_REQUEST_STOP_SEQUENCES: (
            [ends] if isinstance(ends, str) else list(as_list(ends)) or None
        ),
    }


def openai_usage(usage: Any) -> Attributes:
    """Tokens as OpenAI counts them, by the names of any of its APIs."""
    read = _first(usage, "prompt_tokens_details", "input_tokens_details", "input_token_details")
    made = _first(
        usage, "completion_tokens_details", "output_tokens_details", "output_token_details"
    )
    return {
        semconv.GEN_AI_USAGE_INPUT_TOKENS: _first(usage, "prompt_tokens", "input_tokens"),
        semconv.GEN_AI_USAGE_OUTPUT_TOKENS: _first(usage, "completion_tokens", "output_tokens"),
        semconv.GEN_AI_USAGE_CACHE_READ: get(read, "cached_tokens"),
        semconv.GEN_AI_USAGE_CACHE_WRITE: get(read, "cache_write_tokens"),
        semconv.GEN_AI_USAGE_REASONING: get(made, "reasoning_tokens"),
        semconv.GEN_AI_USAGE_AUDIO_INPUT: get(read, "audio_tokens") or None,
        semconv.GEN_AI_USAGE_AUDIO_OUTPUT: get(made, "audio_tokens") or None,
    }


def _first(value: Any, *names: str) -> Any:
    return next((found for name in names if (found := get(value, name)) is not None), None)


def tool_definitions(tools: Any) -> str | None:
    """The tools on offer, OpenAI's wrapped ones flat; None where there are none."""
    found = []
    for tool in as_list(tools):
        inner = get(tool, "function") or get(tool, "custom")
        kind = get(tool, "type") or "function"
        found.append({"type": kind, **other(inner)} if inner else other(tool))
    return messages_json(found)


def tool_call_facts(
    name: Any, description: Any, arguments: Any, *, call_id: str | None = None
) -> Attributes:
    """What a tool is called with."""
    return {
        semconv.GEN_AI_OPERATION_NAME: "execute_tool",
        semconv.GEN_AI_TOOL_NAME: name,
        semconv.GEN_AI_TOOL_DESCRIPTION: description,
        semconv.GEN_AI_TOOL_CALL_ID: call_id,
        semconv.GEN_AI_TOOL_CALL_ARGUMENTS: content_json(arguments),
    }


def query_facts(text: str | None) -> Attributes:
    """What a retriever is asked."""
    return {
        semconv.GEN_AI_OPERATION_NAME: "retrieval",
        semconv.GEN_AI_RETRIEVAL_QUERY_TEXT: text,
    }
