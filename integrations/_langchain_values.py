"""LangChain's messages, answers and documents, told as span attributes."""

from collections.abc import Mapping, Sequence
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
from weave_core.integrations._genai import Attributes, given, tool_definitions
from weave_core.tracing.content import content_json

__all__ = [
    "answer_attributes",
    "documents_attributes",
    "input_messages",
    "input_prompts",
    "model_attributes",
    "name_of",
    "plain",
    "run_attributes",
    "tool_result",
]

_ROLES = {"human": "user", "ai": "assistant", "AIMessageChunk": "assistant"}
_PROVIDERS = {
    "azure": "azure.ai.openai",
    "google_genai": "gcp.gemini",
    "google_vertexai": "gcp.vertex_ai",
    "amazon_bedrock": "aws.bedrock",
    "mistral": "mistral_ai",
    "xai": "x_ai",
}
_MAX_DEPTH = 6


def name_of(serialized: Any, told: Mapping[str, Any]) -> str:
    """The name of a run, as LangChain's own tools show it."""
    ids = as_list(get(serialized, "id"))
    return str(told.get("name") or get(serialized, "name") or (ids[-1] if ids else "run"))


def plain(value: Any, depth: int = 0) -> Any:
    """`value` with its messages as role and parts, however deep they lie in a state."""
    if get(value, "type") in {"human", "ai", "system", "tool", "AIMessageChunk"} and hasattr(
        value, "content"
    ):
        return message_of(value)
    if depth < _MAX_DEPTH and isinstance(value, Mapping):
        return {key: plain(item, depth + 1) for key, item in value.items()}
    if depth < _MAX_DEPTH and isinstance(value, list | tuple):
        return [plain(item, depth + 1) for item in value]
    return value


def run_attributes(told: Mapping[str, Any]) -> Attributes:
    """Tags and the conversation of a run."""
    thread_id = get(told.get("metadata"), "thread_id")
    # Tags such as `seq:step:1` are LangChain's own book-keeping.
    tags = [tag for tag in told.get("tags") or () if ":" not in tag]
    return {
        semconv.TAGS: tags or None,
        semconv.GEN_AI_CONVERSATION_ID: str(thread_id) if thread_id is not None else None,
    }


def model_attributes(told: Mapping[str, Any]) -> Attributes:
    """What LangChain knows of a model call before it is made."""
    metadata, params = told.get("metadata"), told.get("invocation_params")
    provider = get(metadata, "ls_provider")
    stop = get(metadata, "ls_stop") or get(params, "stop")
    attributes = {
        semconv.GEN_AI_OPERATION_NAME: "chat",
        semconv.GEN_AI_PROVIDER_NAME: _PROVIDERS.get(str(provider), provider),
        semconv.GEN_AI_REQUEST_MODEL: get(metadata, "ls_model_name") or get(params, "model"),
        semconv.GEN_AI_REQUEST_TEMPERATURE: get(metadata, "ls_temperature"),
        semconv.GEN_AI_REQUEST_MAX_TOKENS: get(metadata, "ls_max_tokens"),
        semconv.GEN_AI_REQUEST_STOP_SEQUENCES: list(as_list(stop)) or None,
        semconv.GEN_AI_TOOL_DEFINITIONS: tool_definitions(get(params, "tools")),
    }
    return given(attributes)


def input_messages(batches: Any) -> Attributes:
    """The messages of the first batch; LangChain makes one run for each."""
    messages = [message_of(message) for batch in as_list(batches) for message in as_list(batch)]
    return {semconv.GEN_AI_INPUT_MESSAGES: messages_json(messages)}


def input_prompts(prompts: Sequence[str]) -> Attributes:
    """Prompts as messages of the user."""
    messages = [{"role": "user", "parts": [text(prompt)]} for prompt in prompts]
    return {semconv.GEN_AI_INPUT_MESSAGES: messages_json(messages)}


def message_of(message: Any) -> dict[str, Any]:
    """A LangChain message as role and parts."""
    kind, content = str(get(message, "type")), get(message, "content")
    role = _ROLES.get(kind, str(get(message, "role") or kind))
    if role == "tool":
        response = content if isinstance(content, str) else _parts(content)
        return {"role": role, "parts": [tool_response(get(message, "tool_call_id"), response)]}
    parts = _parts(content)
    parts += [
        tool_call(get(call, "id"), get(call, "name"), get(call, "args"))
        for call in as_list(get(message, "tool_calls"))
    ]
    return {"role": role, "parts": parts}


def _parts(content: Any) -> list[dict[str, Any]]:
    if isinstance(content, str):
        return [text(content)] if content else []
    # Calls are told from `tool_calls`, which all providers fill alike.
    skipped = {"tool_use", "tool_call", "function_call"}
    return [_part(part) for part in as_list(content) if get(part, "type") not in skipped]


def _part(part: Any) -> dict[str, Any]:
    if isinstance(part, str):
        return text(part)
    kind = get(part, "type")
    if kind in {"text", "output_text"}:
        return text(get(part, "text"))
    if kind in {"thinking", "reasoning"}:
        return {"type": "reasoning", "content": get(part, "thinking") or get(part, "reasoning")}
    if kind == "image_url":
        return media(
            str(get(get(part, "image_url"), "url") or get(part, "image_url")), None, "image"
        )
    if kind in {"image", "audio", "video", "file"} and (
        data := get(part, "base64") or get(part, "url") or get(part, "data")
    ):
        modality = "document" if kind == "file" else kind
        return media(str(data), get(part, "mime_type"), modality)
    return other(part)


def answer_attributes(response: Any) -> Attributes:
    """Text, usage and identity of an `LLMResult`."""
    generations = [item for batch in as_list(get(response, "generations")) for item in batch]
    messages: list[dict[str, Any]] = []
    reasons: list[str] = []
    attributes: Attributes = {}
    for generation in generations:
        message = get(generation, "message")
        told = get(message, "response_metadata") or get(generation, "generation_info") or {}
        reason = canonical_reason(told.get("finish_reason") or told.get("stop_reason"))
        said = message_of(message) if message else _completed(generation)
        messages.append({**said, "finish_reason": reason})
        reasons += [reason] if reason else []
        attributes |= {
            semconv.GEN_AI_RESPONSE_MODEL: told.get("model_name") or told.get("model"),
            semconv.GEN_AI_RESPONSE_ID: told.get("id") or _provider_id(message),
            **_usage(get(message, "usage_metadata")),
        }
    return {
        **attributes,
        semconv.GEN_AI_RESPONSE_FINISH_REASONS: reasons or None,
        semconv.GEN_AI_OUTPUT_MESSAGES: messages_json(messages),
    }


def _completed(generation: Any) -> dict[str, Any]:
    return {"role": "assistant", "parts": [text(get(generation, "text") or "")]}


def _provider_id(message: Any) -> str | None:
    """A message's id where it is the provider's, and not LangChain's own."""
    known = get(message, "id")
    return known if isinstance(known, str) and not known.startswith(("run-", "lc_")) else None


def _usage(usage: Any) -> Attributes:
    read, made = get(usage, "input_token_details"), get(usage, "output_token_details")
    return {
        semconv.GEN_AI_USAGE_INPUT_TOKENS: get(usage, "input_tokens"),
        semconv.GEN_AI_USAGE_OUTPUT_TOKENS: get(usage, "output_tokens"),
        semconv.GEN_AI_USAGE_CACHE_READ: get(read, "cache_read"),
        semconv.GEN_AI_USAGE_CACHE_WRITE: get(read, "cache_creation"),
        semconv.GEN_AI_USAGE_REASONING: get(made, "reasoning"),
    }


def tool_result(output: Any) -> Attributes:
    """What a tool gave back; a message of its own carries the call's id."""
    is_message = hasattr(output, "tool_call_id")
    result = output.content if is_message else output
    return {
        semconv.GEN_AI_TOOL_CALL_ID: output.tool_call_id if is_message else None,
        semconv.GEN_AI_TOOL_CALL_RESULT: content_json(result),
    }


def documents_attributes(documents: Any) -> Attributes:
    """What a retriever found."""
    found = [
        {
            "id": get(document, "id"),
            "content": get(document, "page_content"),
            "metadata": get(document, "metadata"),
        }
        for document in as_list(documents)
    ]
    return {semconv.GEN_AI_RETRIEVAL_DOCUMENTS: content_json(found)}
