"""Amazon Bedrock's request and response shapes around the scripted stand-in's replies."""

import base64
import json
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import local_llm_anthropic as anthropic_api
from local_llm_brain import Reply, Tool, Turn, count_tokens, reply_to
from local_llm_openai import Answer, cut_text, pieces, text_vector, tokens_of, words_of

__all__ = ["converse", "event_frame", "invoke_model"]

_STRING = 7
"""Type of a header's value in an event stream."""


def converse(body: dict[str, Any]) -> Answer:
    """`POST /model/{model}/converse`, and `/converse-stream`."""
    turns = _turns(body["messages"], body.get("system") or [])
    specs = [tool["toolSpec"] for tool in (body.get("toolConfig") or {}).get("tools") or []]
    tools = [
        Tool(spec["name"], spec.get("description") or "", spec["inputSchema"]["json"])
        for spec in specs
    ]
    extra = body.get("additionalModelRequestFields") or {}
    reply = reply_to(turns, tools, thinks="thinking" in extra or "reasoning_config" in extra)
    text, cut = cut_text(reply.text, (body.get("inferenceConfig") or {}).get("maxTokens"))
    reason = "tool_use" if reply.calls else "max_tokens" if cut else "end_turn"
    prompt, read, output, _ = tokens_of(turns, tools, reply, text)
    usage = {
        "inputTokens": prompt - read,  # As with Anthropic, cached tokens stand apart.
        "outputTokens": output,
        "totalTokens": prompt + output,
        "cacheReadInputTokens": read,
        "cacheWriteInputTokens": 0,
    }
    blocks = _blocks(reply, text)
    whole = {
        "output": {"message": {"role": "assistant", "content": blocks}},
        "stopReason": reason,
        "usage": usage,
        "metrics": {"latencyMs": 12},
    }
    return whole, _events(blocks, reason, usage)


def _blocks(reply: Reply, text: str) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    if reply.reasoning:
        told = {"text": reply.reasoning, "signature": "bG9jYWwgc2NyaXB0"}
        blocks.append({"reasoningContent": {"reasoningText": told}})
    if text:
        blocks.append({"text": text})
    for call in reply.calls:
        use = {"toolUseId": call.id.replace("call_", "tooluse_"), "name": call.name}
        blocks.append({"toolUse": {**use, "input": call.arguments}})
    return blocks


def _events(
    blocks: list[dict[str, Any]], reason: str, usage: dict[str, Any]
) -> Iterator[tuple[str, Any]]:
    yield "messageStart", {"role": "assistant"}
    for index, block in enumerate(blocks):
        if use := block.get("toolUse"):
            start = {"toolUse": {"toolUseId": use["toolUseId"], "name": use["name"]}}
            yield "contentBlockStart", {"contentBlockIndex": index, "start": start}
        for delta in _deltas(block):
            yield "contentBlockDelta", {"contentBlockIndex": index, "delta": delta}
        yield "contentBlockStop", {"contentBlockIndex": index}
    yield "messageStop", {"stopReason": reason}
    yield "metadata", {"usage": usage, "metrics": {"latencyMs": 12}}


def _deltas(block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "text" in block:
        for word in words_of(block["text"]):
            yield {"text": word}
    elif "reasoningContent" in block:
        for word in words_of(block["reasoningContent"]["reasoningText"]["text"]):
            yield {"reasoningContent": {"text": word}}
    else:
        for piece in pieces(json.dumps(block["toolUse"]["input"])):
            yield {"toolUse": {"input": piece}}


def _turns(messages: list[dict[str, Any]], system: list[dict[str, Any]]) -> list[Turn]:
    turns = [Turn("system", _text(system))] if system else []
    names: dict[str, str] = {}
    for message in messages:
        content = message["content"]
        uses = [block["toolUse"] for block in content if "toolUse" in block]
        names |= {use["toolUseId"]: use["name"] for use in uses}
        for block in content:
            if result := block.get("toolResult"):
                tool = names.get(result["toolUseId"], "")
                turns.append(Turn("tool", _text(result["content"]), tool=tool))
        text = _text(content)
        if text or uses:
            turns.append(Turn(message["role"], text, calls=tuple(use["name"] for use in uses)))
    return turns


def _text(blocks: list[dict[str, Any]]) -> str:
    told = [json.dumps(block["json"]) if "json" in block else block.get("text") for block in blocks]
    return " ".join(text for text in told if text)


def invoke_model(body: dict[str, Any]) -> Answer:
    """`POST /model/{model}/invoke`, and `/invoke-with-response-stream`: Claude and Titan."""
    if "inputText" in body:
        counts = count_tokens(body["inputText"])
        vector = text_vector(body["inputText"], body.get("dimensions") or 256)
        return {"embedding": vector, "inputTextTokenCount": counts}, None
    whole, events = anthropic_api.messages(body)
    return whole, _chunks(events or iter(()), whole["usage"])


def _chunks(events: Iterator[tuple[str, Any]], usage: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Anthropic's events as Bedrock wraps them; its last has Bedrock's own counts."""
    for _, event in events:
        told = event
        if event["type"] == "message_stop":
            counts = {
                "inputTokenCount": usage["input_tokens"],
                "outputTokenCount": usage["output_tokens"],
                "invocationLatency": 12,
                "firstByteLatency": 3,
            }
            told = {**event, "amazon-bedrock-invocationMetrics": counts}
        yield "chunk", {"bytes": base64.b64encode(json.dumps(told).encode()).decode()}


def event_frame(name: str, data: Any) -> bytes:
    """One event as `application/vnd.amazon.eventstream` frames it."""
    payload = json.dumps(data).encode()
    is_error = name == "error"
    told = {
        ":message-type": "exception" if is_error else "event",
        ":exception-type" if is_error else ":event-type": (
            "modelStreamErrorException" if is_error else name
        ),
        ":content-type": "application/json",
    }
    headers = b"".join(_header(key, value) for key, value in told.items())
    sizes = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    message = sizes + struct.pack(">I", zlib.crc32(sizes)) + headers + payload
    return message + struct.pack(">I", zlib.crc32(message))


def _header(key: str, value: str) -> bytes:
    told, text = key.encode(), value.encode()
    return bytes([len(told)]) + told + bytes([_STRING]) + struct.pack(">H", len(text)) + text
