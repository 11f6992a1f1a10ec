"""LlamaIndex's messages, answers, documents and events, told as span attributes."""

import base64
from collections.abc import Mapping
from typing import Any

from weave_core import semconv
from weave_core.integrations._content import (
    as_list,
    canonical_reason,
    get,
    media,
    messages_json,
    other,
    text,
    tool_call,
    tool_response,
)
from weave_core.integrations._genai import (
    Attributes,
    openai_usage,
    query_facts,
    tool_call_facts,
    tool_definitions,
)
from weave_core.tracing.content import content_json

__all__ = [
    "answer_attributes",
    "documents_attributes",
    "embedding_attributes",
    "embedding_result",
    "finish_reason",
    "model_attributes",
    "model_name",
    "plain",
    "query_attributes",
    "query_text",
    "tool_attributes",
    "tool_result",
]

_PROVIDERS = {
    "azure_openai": "azure.ai.openai",
    "bedrock": "aws.bedrock",
    "bedrock_converse": "aws.bedrock",
    "gemini": "gcp.gemini",
    "google_genai": "gcp.gemini",
    "mistralai": "mistral_ai",
    "openai_responses": "openai",
    "vertex": "gcp.vertex_ai",
}
"""Package of a model to `gen_ai.provider.name`; the others' packages are named after them."""

_MEDIA = {"image": "image", "audio": "audio", "video": "video", "document": "data"}
"""Type of a block to the field that holds its bytes."""

_MAX_DEPTH = 4


def model_name(instance: Any) -> str | None:
    """The name of a chat or embedding model."""
    name = get(get(instance, "metadata"), "model_name") or get(instance, "model_name")
    return str(name) if name and name != "unknown" else None


def model_attributes(instance: Any, operation: str, arguments: Mapping[str, Any]) -> Attributes:
    """What is known of a model call before it is made."""
    given = _flat(arguments)
    if operation == "chat":
        asked = [message_of(message) for message in as_list(given.get("messages"))]
    else:
        prompt = given.get("prompt") or next(iter(as_list(arguments.get("args"))), "")
        asked = [{"role": "user", "parts": [text(str(prompt))]}]
    return {
        **_model(instance, operation),
        semconv.GEN_AI_REQUEST_TEMPERATURE: get(instance, "temperature"),
        semconv.GEN_AI_REQUEST_MAX_TOKENS: get(instance, "max_tokens"),
        semconv.GEN_AI_TOOL_DEFINITIONS: tool_definitions(given.get("tools")),
        semconv.GEN_AI_INPUT_MESSAGES: messages_json(asked),
    }


def _flat(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments with those of `**kwargs` beside the named ones."""
    return {**(arguments.get("kwargs") or {}), **arguments}


def _model(instance: Any, operation: str) -> Attributes:
    return {
        semconv.GEN_AI_OPERATION_NAME: operation,
        semconv.GEN_AI_PROVIDER_NAME: _provider(instance),
        semconv.GEN_AI_REQUEST_MODEL: model_name(instance),
    }


def _provider(instance: Any) -> str | None:
    # llama_index.llms.openai.base.OpenAI, llama_index.embeddings.openai.base.OpenAIEmbedding
    for cls in type(instance).__mro__:
        words = cls.__module__.split(".")
        if words[0] == "llama_index" and len(words) > 2 and words[1] in {"llms", "embeddings"}:  # noqa: PLR2004
            return _PROVIDERS.get(words[2], words[2])
    return None


def message_of(message: Any) -> dict[str, Any]:
    """A LlamaIndex message as role and parts."""
    role = str(get(get(message, "role"), "value") or get(message, "role"))
    extra = get(message, "additional_kwargs") or {}
    if role in {"tool", "function"}:
        response = get(message, "content")
        return {"role": "tool", "parts": [tool_response(get(extra, "tool_call_id"), response)]}
    blocks = as_list(get(message, "blocks"))
    parts = [part for block in blocks if (part := _part(block)) is not None]
    if not any(part["type"] == "tool_call" for part in parts):
        # Before there were blocks of calls, OpenAI's own objects were handed on.
        calls = [call for call in as_list(get(extra, "tool_calls")) if get(call, "function")]
        parts += [
            tool_call(
                get(call, "id"),
                get(get(call, "function"), "name"),
                get(get(call, "function"), "arguments"),
            )
            for call in calls
        ]
    return {"role": {"chatbot": "assistant", "model": "assistant"}.get(role, role), "parts": parts}


def _part(block: Any) -> dict[str, Any] | None:
    kind = get(block, "block_type")
    if kind == "text":
        return text(said) if (said := get(block, "text")) else None
    if kind == "tool_call":
        return tool_call(
            get(block, "tool_call_id"), get(block, "tool_name"), get(block, "tool_kwargs")
        )
    if kind == "thinking":
        return {"type": "reasoning", "content": get(block, "content")}
    if kind in _MEDIA:
        return _media(block, kind)
    if kind == "cache":
        return None
    return other(block)


def _media(block: Any, kind: str) -> dict[str, Any]:
    mime = get(block, f"{kind}_mimetype") or (
        f"audio/{get(block, 'format')}" if kind == "audio" else None
    )
    data, url = get(block, _MEDIA[kind]), get(block, "url")
    if isinstance(data, bytes):
        # LlamaIndex holds base64 as bytes in some blocks, and the raw bytes in others.
        encoded = data.decode("ascii") if data.isascii() else base64.b64encode(data).decode()
        return media(encoded, mime, kind)
    if url is not None:
        return media(str(url), mime, kind)
    return {"type": "file", "modality": kind, "mime_type": mime, "path": str(get(block, "path"))}


def answer_attributes(response: Any, reason: str | None = None) -> Attributes:
    """Text, usage and identity of a `ChatResponse` or `CompletionResponse`.

    Args:
        response: What the model gave; of a stream the last piece, which has all of the text.
        reason: Why it stopped, where an earlier piece of a stream told it.
    """
    raw, message = get(response, "raw"), get(response, "message")
    reason = finish_reason(raw) or reason
    said = message_of(message) if message is not None else None
    if said is None:
        said = {"role": "assistant", "parts": [text(str(get(response, "text") or ""))]}
    extra = get(response, "additional_kwargs") or {}
    return {
        **_usage(get(raw, "usage") or extra),
        semconv.GEN_AI_RESPONSE_ID: _text(get(raw, "id")),
        semconv.GEN_AI_RESPONSE_MODEL: _text(get(raw, "model")),
        semconv.GEN_AI_RESPONSE_FINISH_REASONS: [reason] if reason else None,
        semconv.GEN_AI_OUTPUT_MESSAGES: messages_json([{**said, "finish_reason": reason}]),
    }


def finish_reason(raw: Any) -> str | None:
    """Why the model stopped, where this piece of an answer tells it."""
    choices = as_list(get(raw, "choices"))
    told = get(choices[0], "finish_reason") if choices else get(raw, "stop_reason")
    return canonical_reason(_text(told))


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _usage(usage: Any) -> Attributes:
    told = openai_usage(usage)
    read, written = get(usage, "cache_read_input_tokens"), get(usage, "cache_creation_input_tokens")
    if read is not None:
        # Anthropic counts what it read from or wrote to its cache beside the input.
        taken = (told[semconv.GEN_AI_USAGE_INPUT_TOKENS] or 0) + read + (written or 0)
        told |= {
            semconv.GEN_AI_USAGE_INPUT_TOKENS: taken,
            semconv.GEN_AI_USAGE_CACHE_READ: read,
            semconv.GEN_AI_USAGE_CACHE_WRITE: written,
        }
    # Some models put other things than numbers there.
    return {name: count for name, count in told.items() if type(count) is int}


def embedding_attributes(instance: Any, arguments: Mapping[str, Any]) -> Attributes:
    """What an embedding model is given."""
    given = arguments.get("texts") or arguments.get("text") or arguments.get("query")
    texts = [given] if isinstance(given, str) else as_list(given)
    return {
        **_model(instance, "embeddings"),
        semconv.GEN_AI_INPUT_MESSAGES: messages_json(
            [{"role": "user", "parts": [text(item)]} for item in texts if isinstance(item, str)]
        ),
    }


def embedding_result(vectors: Any) -> Attributes:
    """The length of a vector, or of the first of many; the numbers themselves are not kept."""
    first = vectors[0] if as_list(vectors) else None
    return {
        semconv.GEN_AI_EMBEDDINGS_DIMENSION_COUNT: len(
            vectors if isinstance(first, float) else first
        )
        if first is not None
        else None
    }


def query_text(arguments: Mapping[str, Any]) -> str | None:
    """What is asked of a retriever or a query engine."""
    query = arguments.get("str_or_query_bundle") or arguments.get("query_bundle")
    query = query or arguments.get("query") or arguments.get("query_str")
    return _text(get(query, "query_str") or query)


def query_attributes(arguments: Mapping[str, Any]) -> Attributes:
    """What a retriever is asked."""
    return query_facts(query_text(arguments))


def documents_attributes(nodes: Any) -> Attributes:
    """What a retriever found, with its scores."""
    return {semconv.GEN_AI_RETRIEVAL_DOCUMENTS: content_json(plain(as_list(nodes)))}


def tool_attributes(tool: Any, arguments: Mapping[str, Any], call_id: str | None) -> Attributes:
    """What a tool is called with."""
    metadata = get(tool, "metadata")
    args, kwargs = as_list(arguments.get("args")), arguments.get("kwargs") or {}
    named = {k: v for k, v in arguments.items() if k not in {"args", "kwargs"}}
    given = {**named, **kwargs, **({"args": args} if args else {})}
    return tool_call_facts(
        get(metadata, "name"), get(metadata, "description"), plain(given), call_id=call_id
    )


def tool_result(output: Any) -> Attributes:
    """What a tool gave back: its own value, not LlamaIndex's text of it."""
    raw = get(output, "raw_output")
    return {
        semconv.GEN_AI_TOOL_CALL_RESULT: content_json(raw if raw is not None else plain(output))
    }


def plain(value: Any, depth: int = 0) -> Any:
    """`value` with messages, nodes, answers and events as JSON; never reads a stream."""
    if hasattr(value, "blocks") and hasattr(value, "role"):
        return message_of(value)
    if hasattr(value, "node") and hasattr(value, "score"):
        return _document(value)
    if hasattr(value, "query_str"):
        return value.query_str
    if hasattr(value, "source_nodes"):
        # `str()` of a streaming answer would read the stream.
        return None if hasattr(value, "response_gen") else get(value, "response")
    if depth >= _MAX_DEPTH:
        return value
    if isinstance(value, Mapping):
        return {key: plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, depth + 1) for item in value]
    if hasattr(value, "to_dict") and hasattr(value, "_data"):
        return _event(value, depth)
    return value


def _document(found: Any) -> dict[str, Any]:
    node = found.node
    return {
        "id": get(node, "node_id"),
        "score": found.score,
        "content": get(node, "text") if hasattr(node, "text") else str(node),
        "metadata": get(node, "metadata"),
    }


def _event(event: Any, depth: int) -> Any:
    """A workflow's event: its fields, and those that were set on it freely."""
    fields = {name: get(event, name) for name in type(event).model_fields}
    told = {**fields, **event._data}  # noqa: SLF001  # Where StartEvent and StopEvent keep theirs.
    told |= {"result": event.result} if get(event, "result") is not None else {}
    told = {k: v for k, v in told.items() if v is not None and k not in {"raw", "ctx"}}
    return plain(told, depth + 1)
