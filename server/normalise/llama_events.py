"""LlamaIndex's own spans, which say nothing in attributes and all in events of its instrumentation.

Source: run-llama/llama_index, `llama-index-observability-otel`: each event's model, flattened.
"""

from collections.abc import Callable, Sequence
from typing import Any

from weave_core import semconv
from weave_core.server.normalise import texts
from weave_core.server.otlp.records import RawEvent

__all__ = ["SCOPE", "said_in_events"]

SCOPE = "llamaindex.opentelemetry.tracer"
_MAX_EVENTS = 50
_RAW = "response.raw."
Told = dict[str, Any]


def said_in_events(events: Sequence[RawEvent]) -> dict[str, tuple[str, Any]]:
    """What they say, by keys that the rest of this package reads, each with the event's name."""
    said: dict[str, tuple[str, Any]] = {}
    for event in events[:_MAX_EVENTS]:
        read = _READERS.get(event.name)
        if read is not None:
            told = {k: v for k, v in read(event.attributes).items() if not texts.is_empty(v)}
            said |= {key: (f"event {event.name}", value) for key, value in told.items()}
    return said


def _call(told: Told) -> Told:
    return {
        semconv.KIND: "llm",
        semconv.GEN_AI_REQUEST_MODEL: told.get("model_dict.model_name"),
        semconv.GEN_AI_INPUT_MESSAGES: _messages(told.get("messages", told.get("prompt"))),
        semconv.GEN_AI_TOOL_DEFINITIONS: told.get("additional_kwargs.tools"),
        "gen_ai.request.temperature": told.get("model_dict.temperature"),
    }


def _reply(told: Told) -> Told:
    """The provider's own reply, flattened; its usage once more as maps."""
    usage: Told = {}
    for key, value in told.items():
        if key.startswith(f"{_RAW}usage."):
            name, _, inner = key.removeprefix(f"{_RAW}usage.").partition(".")
            if inner:
                usage.setdefault(name, {})[inner] = value
            else:
                usage[name] = value
    body = {name: texts.decode(told.get(_RAW + name)) for name in ("id", "model", "choices")}
    has_choices = isinstance(body["choices"], list)
    answer = told.get("response.message.blocks", told.get("response.text"))
    return {
        semconv.GEN_AI_RESPONSE_MODEL: body["model"],
        semconv.GEN_AI_RESPONSE_ID: body["id"],
        "gen_ai.usage.raw": usage,
        "output.value": body if has_choices else None,
        semconv.GEN_AI_OUTPUT_MESSAGES: None
        if has_choices
        else _messages([{"role": "assistant", "blocks": texts.decode(answer)}])
        if answer
        else None,
    }


def _messages(value: Any) -> Any:
    """Its messages have blocks; a prompt is a text."""
    found = texts.decode(value)
    if not isinstance(found, list):
        return found
    return [_message(each) for each in found if isinstance(each, dict)]


def _message(told: Told) -> Told:
    blocks, more = told.get("blocks"), told.get("additional_kwargs")
    call_id = more.get("tool_call_id") if isinstance(more, dict) else None
    content = [_part(each) for each in blocks] if isinstance(blocks, list) else told.get("content")
    if call_id and isinstance(content, list):  # What a tool answered.
        content = "".join(str(each["text"]) for each in content if "text" in each)
    message = {"role": told.get("role"), "content": content}
    return {**message, "tool_call_id": call_id} if call_id else message


def _part(block: Any) -> Told:
    if not isinstance(block, dict):
        return {"type": "text", "text": texts.compact(block)}
    return {
        "type": block.get("block_type"),
        **block,
        **({"arguments": block["tool_kwargs"]} if "tool_kwargs" in block else {}),
    }


def _embedding(told: Told) -> Told:
    return {
        semconv.KIND: "embedding",
        semconv.GEN_AI_REQUEST_MODEL: told.get("model_dict.model_name"),
        "gen_ai.request.embedding_inputs": told.get("chunks"),
    }


def _search(told: Told) -> Told:
    query = told.get("str_or_query_bundle.query_str", told.get("str_or_query_bundle"))
    return {
        semconv.KIND: "retriever",
        semconv.GEN_AI_RETRIEVAL_QUERY_TEXT: query,
        semconv.GEN_AI_RETRIEVAL_DOCUMENTS: texts.decode(told.get("nodes")),
    }


def _question(told: Told) -> Told:
    return {
        semconv.KIND: "chain",
        "input.value": told.get("query.query_str", told.get("query")),
        "output.value": told.get("response.response", told.get("response")),
    }


_READERS: dict[str, Callable[[Told], Told]] = {
    "LLMChatStartEvent": _call,
    "LLMCompletionStartEvent": _call,
    "LLMChatEndEvent": _reply,
    "LLMCompletionEndEvent": _reply,
    "EmbeddingStartEvent": _embedding,
    "EmbeddingEndEvent": _embedding,
    "RetrievalStartEvent": _search,
    "RetrievalEndEvent": _search,
    "QueryStartEvent": _question,
    "QueryEndEvent": _question,
}
