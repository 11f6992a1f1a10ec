"""Anthropic's request and response shapes around the scripted stand-in's replies."""

import json
from collections.abc import Iterator
from typing import Any

from local_llm_brain import Reply, Tool, Turn, reply_to
from local_llm_openai import Answer, cut_text, next_number, pieces, tokens_of, words_of

__all__ = ["batches", "count_tokens", "messages"]


def messages(body: dict[str, Any]) -> Answer:
    """`POST /v1/messages`."""
    turns = _turns(body["messages"], body.get("system"))
    tools = [
        Tool(tool["name"], tool.get("description") or "", tool.get("input_schema") or {})
        for tool in body.get("tools") or []
    ]
    number = next_number(body["messages"])
    thinks = (body.get("thinking") or {}).get("type") in {"enabled", "adaptive"}
    reply = reply_to(turns, tools, schema=_schema(body), thinks=thinks, salt=number)
    text, cut = cut_text(reply.text, body["max_tokens"])
    whole = {
        "id": f"msg_{number}",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": _blocks(reply, text),
        "stop_reason": "tool_use" if reply.calls else "max_tokens" if cut else "end_turn",
        "stop_sequence": None,
        "usage": _usage(turns, tools, reply, text, is_cached='"cache_control"' in json.dumps(body)),
    }
    return whole, _events(whole)


def count_tokens(body: dict[str, Any]) -> Answer:
    """`POST /v1/messages/count_tokens`."""
    counts, _, _, _ = tokens_of(_turns(body["messages"], body.get("system")), [], Reply(), "")
    return {"input_tokens": counts}, None


def batches(body: dict[str, Any]) -> Answer:
    """`POST /v1/messages/batches`: taken, and never worked on."""
    counts = {"processing": len(body["requests"]), "succeeded": 0, "errored": 0}
    return {
        "id": f"msgbatch_{next_number(body['requests'])}",
        "type": "message_batch",
        "processing_status": "in_progress",
        "request_counts": {**counts, "canceled": 0, "expired": 0},
        "created_at": "2026-01-01T00:00:00Z",
        "expires_at": "2026-01-02T00:00:00Z",
    }, None


def _usage(
    turns: list[Turn], tools: list[Tool], reply: Reply, text: str, *, is_cached: bool
) -> dict[str, Any]:
    prompt, read, output, _ = tokens_of(turns, tools, reply, text)
    if not is_cached:
        read = 0
    # The first request that marks something for the cache writes it; later ones read it.
    written = prompt // 2 if is_cached and not read else 0
    return {
        "input_tokens": prompt - read - written,  # Anthropic leaves cached tokens out of this one.
        "cache_read_input_tokens": read,
        "cache_creation_input_tokens": written,
        "output_tokens": output,
        "service_tier": "standard",
    }


def _schema(body: dict[str, Any]) -> dict[str, Any] | None:
    wanted = (body.get("output_config") or {}).get("format") or body.get("output_format")
    return None if not wanted else wanted.get("schema") or {}


def _blocks(reply: Reply, text: str) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    if reply.reasoning:
        signature = "bG9jYWwgc2NyaXB0"
        blocks.append({"type": "thinking", "thinking": reply.reasoning, "signature": signature})
    if text:
        blocks.append({"type": "text", "text": text, "citations": None})
    for call in reply.calls:
        use = {"type": "tool_use", "id": call.id.replace("call_", "toolu_"), "name": call.name}
        blocks.append({**use, "input": call.arguments})
    return blocks


def _events(whole: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    begun = {**whole, "content": [], "stop_reason": None}
    begun["usage"] = {**whole["usage"], "output_tokens": 1}
    yield "message_start", {"type": "message_start", "message": begun}
    yield "ping", {"type": "ping"}
    for index, block in enumerate(whole["content"]):
        empty = {"text": "", "thinking": "", "signature": "", "input": {}}
        start = {**block, **{key: value for key, value in empty.items() if key in block}}
        fields = {"index": index, "content_block": start}
        yield "content_block_start", {"type": "content_block_start", **fields}
        for delta in _deltas(block):
            fields = {"index": index, "delta": delta}
            yield "content_block_delta", {"type": "content_block_delta", **fields}
        yield "content_block_stop", {"type": "content_block_stop", "index": index}
    delta = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
    usage = {"output_tokens": whole["usage"]["output_tokens"]}
    yield "message_delta", {"type": "message_delta", "delta": delta, "usage": usage}
    yield "message_stop", {"type": "message_stop"}


def _deltas(block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if block["type"] == "text":
        for word in words_of(block["text"]):
            yield {"type": "text_delta", "text": word}
    elif block["type"] == "thinking":
        for word in words_of(block["thinking"]):
            yield {"type": "thinking_delta", "thinking": word}
        yield {"type": "signature_delta", "signature": block["signature"]}
    else:
        for piece in pieces(json.dumps(block["input"])):
            yield {"type": "input_json_delta", "partial_json": piece}


def _turns(given: list[dict[str, Any]], system: Any) -> list[Turn]:
    turns = [Turn("system", _text(system))] if system else []
    names: dict[str, str] = {}
    for message in given:
        content = message["content"]
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        uses = [block for block in blocks if block["type"] == "tool_use"]
        names |= {use["id"]: use["name"] for use in uses}
        for block in blocks:
            if block["type"] == "tool_result":
                tool = names.get(block["tool_use_id"], "")
                turns.append(Turn("tool", _text(block.get("content")), tool=tool))
        text = _text([b for b in blocks if b["type"] not in {"tool_use", "tool_result"}])
        if text or uses:
            turns.append(Turn(message["role"], text, calls=tuple(use["name"] for use in uses)))
    return turns


def _text(content: Any) -> str:
    if isinstance(content, list):
        return " ".join(block.get("text") or f"[{block['type']}]" for block in content)
    return content or ""
