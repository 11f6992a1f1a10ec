"""OpenAI's chat completions and embeddings, told as span attributes."""

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
from weave_core.integrations._genai import Attributes, openai_usage, sampling, tool_definitions
from weave_core.integrations._requests import Api

__all__ = ["CHAT", "EMBEDDINGS", "reasoning_level"]


def _request(body: Mapping[str, Any]) -> Attributes:
    has_new_limit = body.get("max_completion_tokens") is not None
    count = body.get("n")
    return {
        semconv.OPENAI_API_TYPE: "chat_completions",
        semconv.OPENAI_REQUEST_SERVICE_TIER: body.get("service_tier"),
        **sampling(
            body, limit="max_completion_tokens" if has_new_limit else "max_tokens", stop="stop"
        ),
        semconv.GEN_AI_REQUEST_CHOICE_COUNT: count if count != 1 else None,
        semconv.GEN_AI_REQUEST_SEED: body.get("seed"),
        semconv.GEN_AI_REQUEST_FREQUENCY_PENALTY: body.get("frequency_penalty"),
        semconv.GEN_AI_REQUEST_PRESENCE_PENALTY: body.get("presence_penalty"),
        semconv.GEN_AI_REQUEST_REASONING_LEVEL: body.get("reasoning_effort"),
        semconv.GEN_AI_OUTPUT_TYPE: _output_type(get(body.get("response_format"), "type")),
        semconv.GEN_AI_TOOL_DEFINITIONS: tool_definitions(body.get("tools")),
        semconv.GEN_AI_INPUT_MESSAGES: messages_json(
            [_message(message) for message in as_list(body.get("messages"))]
        ),
    }


def reasoning_level(reasoning: Any) -> str | None:
    """The effort out of a `reasoning` object."""
    effort = get(reasoning, "effort")
    return effort if isinstance(effort, str) else None


def _output_type(kind: Any) -> str | None:
    return {"json_object": "json", "json_schema": "json", "text": "text"}.get(kind)


def _message(message: Any) -> dict[str, Any]:
    role = get(message, "role")
    content = get(message, "content")
    if role == "tool":
        response = content if isinstance(content, str) else _parts(content)
        return {"role": role, "parts": [tool_response(get(message, "tool_call_id"), response)]}
    parts = _parts(content)
    reasoning = get(message, "reasoning_content")  # DeepSeek and others that speak OpenAI's API.
    if isinstance(reasoning, str) and reasoning:
        parts.insert(0, {"type": "reasoning", "content": reasoning})
    if refusal := get(message, "refusal"):
        parts.append({"type": "refusal", "content": refusal})
    parts += [_call(call) for call in as_list(get(message, "tool_calls"))]
    if function := get(message, "function_call"):
        parts.append(tool_call(None, get(function, "name"), get(function, "arguments")))
    if audio := get(message, "audio"):
        parts.append(_audio(audio))
    told = {"role": role, "parts": parts}
    return {**told, "name": name} if (name := get(message, "name")) else told


def _call(call: Any) -> dict[str, Any]:
    function, custom = get(call, "function"), get(call, "custom")
    arguments = get(function, "arguments") if function else get(custom, "input")
    return tool_call(get(call, "id"), get(function or custom, "name"), arguments)


def _audio(audio: Any) -> dict[str, Any]:
    data = get(audio, "data")
    part = media(data, None, "audio") if data else {"type": "file", "modality": "audio"}
    return {**part, "file_id": get(audio, "id"), "transcript": get(audio, "transcript")}


def _parts(content: Any) -> list[dict[str, Any]]:
    if isinstance(content, str):
        return [text(content)] if content else []
    return [_part(part) for part in as_list(content)]


def _part(part: Any) -> dict[str, Any]:
    kind = get(part, "type")
    if kind == "text":
        return text(get(part, "text"))
    if kind == "image_url":
        return media(get(get(part, "image_url"), "url") or "", None, "image")
    if kind == "input_audio":
        audio = get(part, "input_audio")
        return media(get(audio, "data") or "", f"audio/{get(audio, 'format')}", "audio")
    if kind == "file":
        file = get(part, "file")
        if data := get(file, "file_data"):
            return {**media(data, None), "filename": get(file, "filename")}
        return {"type": "file", "modality": "document", "file_id": get(file, "file_id")}
    if kind == "refusal":
        return {"type": "refusal", "content": get(part, "refusal")}
    return other(part)


def _response(answer: Any) -> Attributes:
    choices = as_list(get(answer, "choices"))
    reasons = [canonical_reason(get(choice, "finish_reason")) for choice in choices]
    output = [
        {**_message(get(choice, "message")), "finish_reason": reason}
        for choice, reason in zip(choices, reasons, strict=True)
    ]
    return {
        **_identity(answer),
        **openai_usage(get(answer, "usage")),
        semconv.GEN_AI_RESPONSE_FINISH_REASONS: [reason for reason in reasons if reason] or None,
        semconv.GEN_AI_OUTPUT_MESSAGES: messages_json(output),
    }


def _identity(answer: Any) -> Attributes:
    return {
        semconv.GEN_AI_RESPONSE_ID: get(answer, "id"),
        semconv.GEN_AI_RESPONSE_MODEL: get(answer, "model"),
        semconv.OPENAI_RESPONSE_SERVICE_TIER: get(answer, "service_tier"),
        semconv.OPENAI_RESPONSE_SYSTEM_FINGERPRINT: get(answer, "system_fingerprint"),
    }


class _Choice:
    """One choice of a stream while it grows."""

    def __init__(self) -> None:
        self.content: list[str] = []
        self.refusal: list[str] = []
        self.reasoning: list[str] = []
        self.calls: dict[int, dict[str, Any]] = {}
        self.reason: str | None = None

    def add(self, delta: Any) -> None:
        if piece := get(delta, "content"):
            self.content.append(piece)
        if piece := get(delta, "refusal"):
            self.refusal.append(piece)
        if isinstance(piece := get(delta, "reasoning_content"), str):
            self.reasoning.append(piece)
        for call in get(delta, "tool_calls") or ():
            known = self.calls.setdefault(get(call, "index"), {"arguments": []})
            known["id"] = known.get("id") or get(call, "id")
            function = get(call, "function")
            known["name"] = known.get("name") or get(function, "name")
            known["arguments"].append(get(function, "arguments") or "")

    def message(self) -> dict[str, Any]:
        parts: list[dict[str, Any]] = []
        if self.reasoning:
            parts.append({"type": "reasoning", "content": "".join(self.reasoning)})
        if self.content:
            parts.append(text("".join(self.content)))
        if self.refusal:
            parts.append({"type": "refusal", "content": "".join(self.refusal)})
        for call in self.calls.values():
            arguments = "".join(call["arguments"])
            parts.append(tool_call(call.get("id"), call.get("name"), arguments))
        return {"role": "assistant", "parts": parts, "finish_reason": canonical_reason(self.reason)}


class _Collector:
    """Chunks of a chat completion, put together: usage comes last, and only if asked for."""

    def __init__(self) -> None:
        self._choices: dict[int, _Choice] = {}
        self._identity: Attributes = {}
        self._usage: Any = None

    def add(self, chunk: Any) -> None:
        """Take one `ChatCompletionChunk`."""
        if not self._identity and get(chunk, "id"):  # Azure begins with an empty chunk.
            self._identity = _identity(chunk)
        if (usage := get(chunk, "usage")) is not None:
            self._usage = usage
        for choice in get(chunk, "choices") or ():
            known = self._choices.setdefault(get(choice, "index"), _Choice())
            known.add(get(choice, "delta"))
            known.reason = get(choice, "finish_reason") or known.reason

    def attributes(self) -> Attributes:
        """As of a whole completion."""
        output = [choice.message() for _, choice in sorted(self._choices.items())]
        reasons = [message["finish_reason"] for message in output if message["finish_reason"]]
        return {
            **self._identity,
            **openai_usage(self._usage),
            semconv.GEN_AI_RESPONSE_FINISH_REASONS: reasons or None,
            semconv.GEN_AI_OUTPUT_MESSAGES: messages_json(output),
        }


def _embeddings_request(body: Mapping[str, Any]) -> Attributes:
    given = body.get("input")
    texts = [given] if isinstance(given, str) else as_list(given)
    encoding = body.get("encoding_format")
    messages = [{"role": "user", "parts": [text(item)]} for item in texts if isinstance(item, str)]
    return {
        semconv.GEN_AI_REQUEST_ENCODING_FORMATS: [encoding] if isinstance(encoding, str) else None,
        semconv.GEN_AI_EMBEDDINGS_DIMENSION_COUNT: body.get("dimensions"),
        semconv.GEN_AI_INPUT_MESSAGES: messages_json(messages),
    }


def _embeddings_response(answer: Any) -> Attributes:
    data = as_list(get(answer, "data"))
    # Base64 text, where the user asked for it, tells no length worth decoding for.
    vector = as_list(get(data[0], "embedding")) if data else ()
    return {
        semconv.GEN_AI_RESPONSE_MODEL: get(answer, "model"),
        semconv.GEN_AI_USAGE_INPUT_TOKENS: get(get(answer, "usage"), "prompt_tokens"),
        semconv.GEN_AI_EMBEDDINGS_DIMENSION_COUNT: len(vector) or None,
    }


CHAT = Api("chat", _request, _response, _Collector)
EMBEDDINGS = Api("embeddings", _embeddings_request, _embeddings_response)
