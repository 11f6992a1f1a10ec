"""Cohere's request and response shapes around the scripted stand-in's replies: API version 2."""

import json
from collections.abc import Iterator
from typing import Any

from local_llm_brain import Reply, Tool, Turn, count_tokens, reply_to
from local_llm_openai import Answer, cut_text, next_number, text_vector, tokens_of, words_of

__all__ = ["chat", "embed", "rerank"]


def chat(body: dict[str, Any]) -> Answer:
    """`POST /v2/chat`."""
    functions = [tool["function"] for tool in body.get("tools") or []]
    tools = [
        Tool(each["name"], each.get("description") or "", each.get("parameters") or {})
        for each in functions
    ]
    turns = _turns(body["messages"])
    number = next_number(body["messages"])
    reply = reply_to(turns, tools, salt=number)
    text, is_cut = cut_text(reply.text, body.get("max_tokens"))
    reason = "TOOL_CALL" if reply.calls else "MAX_TOKENS" if is_cut else "COMPLETE"
    prompt, _, output, _ = tokens_of(turns, tools, reply, text)
    counts = {"input_tokens": prompt, "output_tokens": output}
    # What is billed leaves out what Cohere adds to a prompt itself.
    usage = {"billed_units": counts, "tokens": {**counts, "input_tokens": prompt + 60}}
    message = _message(reply, text)
    whole = {"id": number, "message": message, "finish_reason": reason, "usage": usage}
    return whole, _events(number, message, {"finish_reason": reason, "usage": usage})


def embed(body: dict[str, Any]) -> Answer:
    """`POST /v2/embed`, and `/v1/embed`."""
    texts = body["texts"]
    vectors = [text_vector(text, 64) for text in texts]
    is_by_type = bool(body.get("embedding_types"))
    return {
        "id": next_number(texts),
        "response_type": "embeddings_by_type" if is_by_type else "embeddings_floats",
        "embeddings": {"float": vectors} if is_by_type else vectors,
        "texts": texts,
        "meta": {"billed_units": {"input_tokens": sum(count_tokens(text) for text in texts)}},
    }, None


def rerank(body: dict[str, Any]) -> Answer:
    """`POST /v2/rerank`, and `/v1/rerank`: the documents that share most words come first."""
    asked = set(body["query"].lower().split())
    texts = [each if isinstance(each, str) else each["text"] for each in body["documents"]]
    shared = [len(asked & set(text.lower().split())) / max(1, len(asked)) for text in texts]
    order = sorted(range(len(texts)), key=lambda index: -shared[index])[: body.get("top_n")]
    results = [{"index": index, "relevance_score": round(shared[index], 4)} for index in order]
    meta = {"billed_units": {"search_units": 1}}
    return {"id": next_number(texts), "results": results, "meta": meta}, None


def _message(reply: Reply, text: str) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant"}
    if text:
        message["content"] = [{"type": "text", "text": text}]
    if reply.calls:
        message["tool_plan"] = f"I will use {reply.calls[0].name}."
        message["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": json.dumps(call.arguments)},
            }
            for call in reply.calls
        ]
    return message


def _events(
    number: str, message: dict[str, Any], last: dict[str, Any]
) -> Iterator[tuple[str, Any]]:
    start = {"type": "message-start", "id": number, "delta": {"message": {"role": "assistant"}}}
    yield "message-start", start
    for index, part in enumerate(message.get("content", [])):
        opened = {"message": {"content": {"type": "text", "text": ""}}}
        yield "content-start", {"type": "content-start", "index": index, "delta": opened}
        for word in words_of(part["text"]):
            delta = {"message": {"content": {"text": word}}}
            yield "content-delta", {"type": "content-delta", "index": index, "delta": delta}
        yield "content-end", {"type": "content-end", "index": index}
    for index, call in enumerate(message.get("tool_calls", [])):
        told = {"message": {"tool_calls": call}}
        yield "tool-call-start", {"type": "tool-call-start", "index": index, "delta": told}
        yield "tool-call-end", {"type": "tool-call-end", "index": index}
    yield "message-end", {"type": "message-end", "id": number, "delta": last}


def _turns(messages: list[dict[str, Any]]) -> list[Turn]:
    names: dict[str, str] = {}
    turns = []
    for message in messages:
        calls = message.get("tool_calls") or []
        names |= {call["id"]: call["function"]["name"] for call in calls}
        turns.append(
            Turn(
                role=message["role"],
                text=_text(message.get("content")),
                calls=tuple(call["function"]["name"] for call in calls),
                tool=names.get(message.get("tool_call_id", ""), ""),
            )
        )
    return turns


def _text(content: Any) -> str:
    if not isinstance(content, list):
        return content or ""
    return " ".join(
        part.get("text") or json.dumps((part.get("document") or {}).get("data", ""))
        for part in content
    )
