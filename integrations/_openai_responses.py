"""OpenAI's responses API, told as span attributes."""

from collections.abc import Iterable, Mapping
from typing import Any

from weave_core import semconv
from weave_core.integrations._content import (
    arguments_of,
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
from weave_core.integrations._genai import Attributes, openai_usage, sampling, tool_definitions
from weave_core.integrations._openai_chat import reasoning_level
from weave_core.integrations._requests import Api

__all__ = ["RESPONSES", "messages_of", "told"]

_ENDS = {"response.completed", "response.incomplete", "response.failed"}
_CALLS = {"function_call": "arguments", "custom_tool_call": "input"}


def _request(body: Mapping[str, Any]) -> Attributes:
    given, instructions = body.get("input"), body.get("instructions")
    conversation = body.get("conversation")
    format_type = get(get(body.get("text"), "format"), "type")
    items = [{"role": "user", "content": given}] if isinstance(given, str) else as_list(given)
    return {
        semconv.OPENAI_API_TYPE: "responses",
        semconv.OPENAI_REQUEST_SERVICE_TIER: body.get("service_tier"),
        **sampling(body, limit="max_output_tokens"),
        semconv.GEN_AI_REQUEST_REASONING_LEVEL: reasoning_level(body.get("reasoning")),
        semconv.GEN_AI_REQUEST_PREVIOUS_RESPONSE_ID: body.get("previous_response_id"),
        semconv.GEN_AI_CONVERSATION_ID: (
            conversation if isinstance(conversation, str) else get(conversation, "id")
        ),
        semconv.GEN_AI_OUTPUT_TYPE: "json" if str(format_type).startswith("json") else None,
        semconv.GEN_AI_SYSTEM_INSTRUCTIONS: (
            messages_json([text(instructions)]) if isinstance(instructions, str) else None
        ),
        semconv.GEN_AI_TOOL_DEFINITIONS: tool_definitions(body.get("tools")),
        semconv.GEN_AI_INPUT_MESSAGES: messages_json(messages_of(items)),
    }


def messages_of(items: Iterable[Any]) -> list[dict[str, Any]]:
    """Items as messages; what the assistant said in several items in a row is one message."""
    messages: list[dict[str, Any]] = []
    for item in items:
        role, parts = _item(item)
        if role == "assistant" and messages and messages[-1]["role"] == role:
            messages[-1]["parts"] += parts
        else:
            messages.append({"role": role, "parts": parts})
    return messages


def _item(item: Any) -> tuple[str, list[dict[str, Any]]]:
    kind = get(item, "type") or "message"
    if kind == "message":
        return str(get(item, "role")), _parts(get(item, "content"))
    if kind in _CALLS:
        return "assistant", [
            tool_call(get(item, "call_id"), get(item, "name"), get(item, _CALLS[kind]))
        ]
    if kind in {"function_call_output", "custom_tool_call_output"}:
        output = get(item, "output")
        response = output if isinstance(output, str) else _parts(output)
        return "tool", [tool_response(get(item, "call_id"), arguments_of(response))]
    if kind == "reasoning":
        thoughts = [*as_list(get(item, "summary")), *as_list(get(item, "content"))]
        content = "\n".join(get(thought, "text") or "" for thought in thoughts)
        # Encrypted thoughts are kept out: nobody but the provider reads them.
        return "assistant", [{"type": "reasoning", "content": content}]
    return "assistant", [other(item)]


def _parts(content: Any) -> list[dict[str, Any]]:
    if isinstance(content, str):
        return [text(content)] if content else []
    return [_part(part) for part in as_list(content)]


def _part(part: Any) -> dict[str, Any]:
    kind = get(part, "type")
    if kind in {"input_text", "output_text", "text"}:
        return text(get(part, "text"))
    if kind == "refusal":
        return {"type": "refusal", "content": get(part, "refusal")}
    if transcript := get(part, "transcript"):  # Of sound, in the realtime API.
        return text(transcript)
    url = get(part, "image_url") or get(part, "file_data") or get(part, "file_url")
    modality = "image" if kind == "input_image" else None
    if url:
        return media(url, None, modality)
    if file_id := get(part, "file_id"):
        return {"type": "file", "modality": modality or "document", "file_id": file_id}
    return other(part)


def _response(answer: Any) -> Attributes:
    return told(answer, as_list(get(answer, "output")))


def told(answer: Any, items: Iterable[Any]) -> Attributes:
    """What a response tells whose output is `items`."""
    # Several items of one answer are one choice, whatever lies between them.
    parts = [part for item in items for part in _item(item)[1]]
    reason = _reason(answer, parts)
    message = {"role": "assistant", "parts": parts, "finish_reason": reason}
    return {
        semconv.GEN_AI_RESPONSE_ID: get(answer, "id"),
        semconv.GEN_AI_RESPONSE_MODEL: get(answer, "model"),
        semconv.OPENAI_RESPONSE_SERVICE_TIER: get(answer, "service_tier"),
        semconv.GEN_AI_RESPONSE_FINISH_REASONS: [reason] if reason else None,
        **openai_usage(get(answer, "usage")),
        semconv.GEN_AI_OUTPUT_MESSAGES: messages_json([message]) if parts else None,
    }


def _reason(answer: Any, parts: list[dict[str, Any]]) -> str | None:
    """The API gives a status instead of a reason."""
    status = get(answer, "status")
    if status == "incomplete":
        return canonical_reason(get(get(answer, "incomplete_details"), "reason")) or "length"
    if status == "failed":
        return "error"
    if status == "completed":
        return "tool_call" if any(part["type"] == "tool_call" for part in parts) else "stop"
    return None


class _Collector:
    """Events of a response: its end holds all of it; before that, its finished items do."""

    def __init__(self) -> None:
        self._answer: Any = None
        self._is_whole = False
        self._items: list[Any] = []
        self._text: list[str] = []

    def add(self, event: Any) -> None:
        """Take one event."""
        kind = get(event, "type")
        if kind == "response.output_text.delta":
            self._text.append(get(event, "delta") or "")
        elif kind == "response.output_item.done":
            self._items.append(get(event, "item"))
            self._text.clear()
        elif kind == "response.created" or kind in _ENDS:
            self._answer = get(event, "response")
            self._is_whole = kind in _ENDS

    def attributes(self) -> Attributes:
        """As of a whole response."""
        if self._is_whole:
            return _response(self._answer)
        items = list(self._items)
        if self._text:
            content = [{"type": "output_text", "text": "".join(self._text)}]
            items.append({"type": "message", "role": "assistant", "content": content})
        return told(self._answer, items)


RESPONSES = Api("chat", _request, _response, _Collector)
