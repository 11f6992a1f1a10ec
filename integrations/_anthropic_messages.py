"""Anthropic's messages API, told as span attributes."""

import json
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
from weave_core.integrations._genai import Attributes, sampling
from weave_core.integrations._requests import Api

__all__ = ["MESSAGES"]

_CALLS = {"tool_use", "server_tool_use", "mcp_tool_use"}
_TOKENS = (
    "input_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
    "output_tokens",
)


def _request(body: Mapping[str, Any]) -> Attributes:
    system = body.get("system")
    output_config = body.get("output_config")
    wanted = get(output_config, "format") or body.get("output_format")
    return {
        **sampling(body, limit="max_tokens", stop="stop_sequences"),
        semconv.GEN_AI_REQUEST_TOP_K: body.get("top_k"),
        semconv.GEN_AI_REQUEST_REASONING_LEVEL: get(output_config, "effort"),
        semconv.GEN_AI_OUTPUT_TYPE: "json" if get(wanted, "type") == "json_schema" else None,
        semconv.GEN_AI_SYSTEM_INSTRUCTIONS: messages_json(_parts(system)),
        semconv.GEN_AI_TOOL_DEFINITIONS: messages_json(
            [_tool(tool) for tool in as_list(body.get("tools"))]
        ),
        semconv.GEN_AI_INPUT_MESSAGES: messages_json(
            [_message(message) for message in as_list(body.get("messages"))]
        ),
    }


def _tool(tool: Any) -> dict[str, Any]:
    told = other(tool)
    if "input_schema" in told:
        told["parameters"] = told.pop("input_schema")
        told.setdefault("type", "function")
        if told["type"] == "custom":
            told["type"] = "function"
    return told


def _message(message: Any) -> dict[str, Any]:
    role, parts = get(message, "role"), _parts(get(message, "content"))
    # Tool results travel as the user's words here; the conventions give them a role of their own.
    is_tool = bool(parts) and all(part["type"] == "tool_call_response" for part in parts)
    return {"role": "tool" if is_tool else role, "parts": parts}


def _parts(content: Any) -> list[dict[str, Any]]:
    if isinstance(content, str):
        return [text(content)] if content else []
    return [_part(block) for block in as_list(content)]


def _part(block: Any) -> dict[str, Any]:
    kind = get(block, "type")
    if kind == "text":
        return text(get(block, "text"))
    if kind in _CALLS:
        return tool_call(get(block, "id"), get(block, "name"), get(block, "input"))
    if kind == "tool_result":
        content = get(block, "content")
        response = content if isinstance(content, str) else _parts(content)
        part = tool_response(get(block, "tool_use_id"), response)
        return {**part, "is_error": True} if get(block, "is_error") else part
    if kind == "thinking":
        return {"type": "reasoning", "content": get(block, "thinking")}
    if kind == "redacted_thinking":
        return {"type": "reasoning", "content": "<redacted by the provider>"}
    if kind in {"image", "document"}:
        return _media(block, kind)
    return other(block)


def _media(block: Any, kind: str) -> dict[str, Any]:
    source = get(block, "source")
    mime_type = get(source, "media_type")
    if get(source, "type") == "text":
        return text(get(source, "data"))
    if data := get(source, "data") or get(source, "url"):
        return media(data, mime_type, kind)
    if file_id := get(source, "file_id"):
        return {"type": "file", "modality": kind, "file_id": file_id}
    return other(block)


def _response(answer: Any) -> Attributes:
    usage = {name: get(get(answer, "usage"), name) for name in _TOKENS}
    return _told(answer, _parts(get(answer, "content")), get(answer, "stop_reason"), usage)


def _told(
    answer: Any, parts: list[dict[str, Any]], stop_reason: str | None, usage: Mapping[str, Any]
) -> Attributes:
    reason = canonical_reason(stop_reason)
    message = {"role": "assistant", "parts": parts, "finish_reason": reason}
    read, written = usage.get("cache_read_input_tokens"), usage.get("cache_creation_input_tokens")
    fresh = usage.get("input_tokens")
    # Anthropic counts cached tokens apart; the conventions count them in.
    total = None if fresh is None else fresh + (read or 0) + (written or 0)
    return {
        semconv.GEN_AI_RESPONSE_ID: get(answer, "id"),
        semconv.GEN_AI_RESPONSE_MODEL: get(answer, "model"),
        semconv.GEN_AI_RESPONSE_FINISH_REASONS: [reason] if reason else None,
        semconv.GEN_AI_USAGE_INPUT_TOKENS: total,
        semconv.GEN_AI_USAGE_OUTPUT_TOKENS: usage.get("output_tokens"),
        semconv.GEN_AI_USAGE_CACHE_READ: read,
        semconv.GEN_AI_USAGE_CACHE_WRITE: written,
        semconv.GEN_AI_OUTPUT_MESSAGES: messages_json([message]) if parts else None,
    }


class _Block:
    """One content block while it grows."""

    def __init__(self, block: Any) -> None:
        self._block = block
        self._pieces: list[str] = []

    def add(self, delta: Any) -> None:
        """Take one delta; signatures and citations say nothing that is shown."""
        for name in ("text", "thinking", "partial_json"):
            piece = get(delta, name)
            if isinstance(piece, str):
                self._pieces.append(piece)
                return

    def part(self) -> dict[str, Any]:
        """As a part of the whole message."""
        part = _part(self._block)
        if not self._pieces:
            return part
        joined = "".join(self._pieces)
        if part["type"] == "tool_call":
            return {**part, "arguments": _arguments(joined)}
        return {**part, "content": joined}


def _arguments(joined: str) -> Any:
    try:
        return json.loads(joined)
    except ValueError:
        return joined


class _Collector:
    """Events of a message, put together."""

    def __init__(self) -> None:
        self._answer: Any = None
        self._usage: dict[str, Any] = {}
        self._blocks: dict[int, _Block] = {}
        self._stop_reason: str | None = None

    def add(self, event: Any) -> None:
        """Take one event."""
        kind = get(event, "type")
        if kind == "content_block_delta":
            self._blocks[get(event, "index")].add(get(event, "delta"))
        elif kind == "content_block_start":
            self._blocks[get(event, "index")] = _Block(get(event, "content_block"))
        elif kind == "message_start":
            self._answer = get(event, "message")
            self._count(get(self._answer, "usage"))
        elif kind == "message_delta":
            self._stop_reason = get(get(event, "delta"), "stop_reason")
            self._count(get(event, "usage"))

    def _count(self, usage: Any) -> None:
        # The counts are running totals; the later one stands.
        self._usage |= {name: count for name in _TOKENS if (count := get(usage, name)) is not None}

    def attributes(self) -> Attributes:
        """As of a whole message."""
        parts = [block.part() for _, block in sorted(self._blocks.items())]
        return _told(self._answer, parts, self._stop_reason, self._usage)


MESSAGES = Api("chat", _request, _response, _Collector)
