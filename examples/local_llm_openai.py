"""OpenAI's request and response shapes around the scripted stand-in's replies.

Each function takes a request body and gives `(whole answer, stream events or None)`; a stream event
is `(event name or "", JSON value or text)`.
"""

import base64
import hashlib
import itertools
import json
import math
import re
import struct
import time
from collections.abc import Iterator
from typing import Any

from local_llm_brain import Call, Reply, Tool, Turn, count_tokens, reply_to

__all__ = [
    "chat",
    "cut_text",
    "embeddings",
    "models",
    "moderations",
    "next_number",
    "pieces",
    "responses",
    "text_vector",
    "tokens_of",
    "words_of",
]

Answer = tuple[dict[str, Any], Iterator[tuple[str, Any]] | None]

_DATED = {
    "gpt-4o-mini": "gpt-4o-mini-2024-07-18",
    "gpt-4o": "gpt-4o-2024-08-06",
    "gpt-4.1-mini": "gpt-4.1-mini-2025-04-14",
    "gpt-4.1": "gpt-4.1-2025-04-14",
}
_FINGERPRINT = "fp_local_script"
_CACHE_BLOCK = 64
_serial = itertools.count(1)  # Two equal requests must get two ids, as with a real provider.


def chat(body: dict[str, Any]) -> Answer:
    """`POST /v1/chat/completions`."""
    turns = _chat_turns(body["messages"])
    tools = [_tool(tool["function"]) for tool in body.get("tools") or [] if "function" in tool]
    number = next_number(body["messages"])
    reply = reply_to(
        turns,
        [] if body.get("tool_choice") == "none" else tools,
        schema=_chat_schema(body.get("response_format")),
        thinks=_thinks(body["model"]),
        salt=number,
    )
    limit = body.get("max_completion_tokens") or body.get("max_tokens")
    text, cut = cut_text(reply.text, limit)
    finish = "tool_calls" if reply.calls else "length" if cut else "stop"
    frame = {
        "id": f"chatcmpl-{number}",
        "created": int(time.time()),
        "model": _DATED.get(body["model"], body["model"]),
        "service_tier": "default",
        "system_fingerprint": _FINGERPRINT,
    }
    count = body.get("n") or 1
    usage = _chat_usage(turns, tools, reply, text, count)
    message: dict[str, Any] = {"role": "assistant", "content": text or None, "refusal": None}
    if reply.calls:
        message["tool_calls"] = [_chat_call(call) for call in reply.calls]
    weights = _logprobs(text, body)
    choices = [
        {"index": index, "message": message, "logprobs": weights, "finish_reason": finish}
        for index in range(count)
    ]
    whole = {**frame, "object": "chat.completion", "choices": choices, "usage": usage}
    wants_usage = bool((body.get("stream_options") or {}).get("include_usage"))
    return whole, _chat_events(
        frame, reply, text, finish, count=count, usage=usage if wants_usage else None
    )


def _logprobs(text: str, body: dict[str, Any]) -> dict[str, Any] | None:
    """Of each token; a number might also have been the next one or the one before.

    Raises:
        ValueError: If a model that reasons is asked, as those of OpenAI refuse it.
    """
    if not body.get("logprobs"):
        return None
    if _thinks(body["model"]):
        raise ValueError("logprobs are not supported with this model")
    content = []
    for token in re.findall(r"\d+|[^\W\d]+|\s+|[^\w\s]", text):
        likely = {token: 1.0}
        if token.isdecimal():
            likely = {token: 0.7, str(int(token) + 1): 0.2, str(int(token) - 1): 0.1}
        told = [
            {"token": each, "logprob": math.log(share), "bytes": list(each.encode())}
            for each, share in likely.items()
        ]
        content.append({**told[0], "top_logprobs": told[: body.get("top_logprobs") or 0]})
    return {"content": content, "refusal": None}


def _chat_events(
    frame: dict[str, Any],
    reply: Reply,
    text: str,
    finish: str,
    *,
    count: int,
    usage: dict[str, Any] | None,
) -> Iterator[tuple[str, Any]]:
    frame = {**frame, "object": "chat.completion.chunk"}
    if usage is not None:
        frame["usage"] = None

    def chunk(delta: dict[str, Any], index: int, reason: str | None = None) -> tuple[str, Any]:
        choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": reason}
        return "", {**frame, "choices": [choice]}

    for index in range(count):
        yield chunk({"role": "assistant", "content": "" if text else None}, index)
        for word in words_of(text):
            yield chunk({"content": word}, index)
        for position, call in enumerate(reply.calls):
            function = {"name": call.name, "arguments": ""}
            head = {"index": position, "id": call.id, "type": "function", "function": function}
            yield chunk({"tool_calls": [head]}, index)
            for piece in pieces(json.dumps(call.arguments)):
                part = {"index": position, "function": {"arguments": piece}}
                yield chunk({"tool_calls": [part]}, index)
        yield chunk({}, index, finish)
    if usage is not None:
        yield "", {**frame, "choices": [], "usage": usage}
    yield "", "[DONE]"


def responses(body: dict[str, Any]) -> Answer:
    """`POST /v1/responses`."""
    given = body["input"]
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    turns = _response_turns(items, body.get("instructions"))
    tools = [_tool(tool) for tool in body.get("tools") or [] if tool.get("type") == "function"]
    number = next_number(items)
    thinks = _thinks(body["model"]) or bool(body.get("reasoning"))
    schema = _response_schema((body.get("text") or {}).get("format"))
    reply = reply_to(turns, tools, schema=schema, thinks=thinks, salt=number)
    text, cut = cut_text(reply.text, body.get("max_output_tokens"))
    whole = {
        "id": f"resp_{number}",
        "object": "response",
        "created_at": time.time(),
        "status": "incomplete" if cut else "completed",
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
        "instructions": body.get("instructions"),
        "metadata": body.get("metadata") or {},
        "model": _DATED.get(body["model"], body["model"]),
        "output": _response_items(reply, text, number),
        "parallel_tool_calls": True,
        "previous_response_id": body.get("previous_response_id"),
        "reasoning": body.get("reasoning"),
        "service_tier": "default",
        "temperature": body.get("temperature", 1.0),
        "text": body.get("text") or {"format": {"type": "text"}},
        "tool_choice": body.get("tool_choice", "auto"),
        "tools": body.get("tools") or [],
        "top_p": body.get("top_p", 1.0),
        "usage": _response_usage(turns, tools, reply, text),
    }
    return whole, _response_events(whole)


def _response_items(reply: Reply, text: str, number: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    if reply.reasoning:
        summary = [{"type": "summary_text", "text": reply.reasoning}]
        items.append({"id": f"rs_{number}", "type": "reasoning", "summary": summary})
    if text:
        content = [{"type": "output_text", "text": text, "annotations": []}]
        message = {"id": f"msg_{number}", "type": "message", "role": "assistant"}
        items.append({**message, "status": "completed", "content": content})
    for index, call in enumerate(reply.calls):
        item = {"id": f"fc_{number}_{index}", "type": "function_call", "call_id": call.id}
        item |= {"name": call.name, "arguments": json.dumps(call.arguments), "status": "completed"}
        items.append(item)
    return items


def _response_events(whole: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    serial = itertools.count()

    def event(kind: str, **fields: Any) -> tuple[str, Any]:
        return kind, {"type": kind, "sequence_number": next(serial), **fields}

    begun = {**whole, "status": "in_progress", "output": [], "usage": None}
    yield event("response.created", response=begun)
    yield event("response.in_progress", response=begun)
    for index, item in enumerate(whole["output"]):
        started = {**item, "status": "in_progress"}
        started |= {key: [] for key in ("content", "summary") if key in item}
        started |= {"arguments": ""} if item["type"] == "function_call" else {}
        yield event("response.output_item.added", output_index=index, item=started)
        yield from _item_events(event, item, {"output_index": index, "item_id": item["id"]})
        yield event("response.output_item.done", output_index=index, item=item)
    end = "response.incomplete" if whole["status"] == "incomplete" else "response.completed"
    yield event(end, response=whole)


def _item_events(event: Any, item: dict[str, Any], at: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    if item["type"] == "message":
        text = item["content"][0]["text"]
        at = {**at, "content_index": 0}
        empty = {"type": "output_text", "text": "", "annotations": []}
        yield event("response.content_part.added", **at, part=empty)
        for word in words_of(text):
            yield event("response.output_text.delta", **at, delta=word, logprobs=[])
        yield event("response.output_text.done", **at, text=text, logprobs=[])
        yield event("response.content_part.done", **at, part=item["content"][0])
    elif item["type"] == "function_call":
        for piece in pieces(item["arguments"]):
            yield event("response.function_call_arguments.delta", **at, delta=piece)
        done = {"arguments": item["arguments"], "name": item["name"]}
        yield event("response.function_call_arguments.done", **at, **done)
    else:
        at = {**at, "summary_index": 0}
        text = item["summary"][0]["text"]
        part = {"type": "summary_text", "text": ""}
        yield event("response.reasoning_summary_part.added", **at, part=part)
        for word in words_of(text):
            yield event("response.reasoning_summary_text.delta", **at, delta=word)
        yield event("response.reasoning_summary_text.done", **at, text=text)
        yield event("response.reasoning_summary_part.done", **at, part=item["summary"][0])


def embeddings(body: dict[str, Any]) -> Answer:
    """`POST /v1/embeddings`: a bag of hashed words, so that texts that share words are near."""
    given = body["input"]
    texts = (
        given if isinstance(given, list) and given and not isinstance(given[0], int) else [given]
    )
    size = body.get("dimensions") or 256
    data = []
    for index, text in enumerate(texts):
        vector: Any = text_vector(str(text), size)
        if body.get("encoding_format") == "base64":
            vector = base64.b64encode(struct.pack(f"<{size}f", *vector)).decode()
        data.append({"object": "embedding", "index": index, "embedding": vector})
    tokens = sum(count_tokens(str(text)) for text in texts)
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    answer = {"object": "list", "data": data, "model": body["model"], "usage": usage}
    if body["model"].startswith("mistral"):  # Whose client refuses an answer without an id.
        answer["id"] = f"embd-{tokens}"
    return answer, None


def moderations(body: dict[str, Any]) -> Answer:
    """`POST /v1/moderations`: flags the words kill and attack."""
    given = body["input"]
    texts = given if isinstance(given, list) else [given]
    results = []
    for text in texts:
        flagged = bool(re.search(r"\b(kill|attack)\b", json.dumps(text).lower()))
        scores = {"violence": 0.97 if flagged else 0.01, "hate": 0.01}
        categories = {name: score > 0.5 for name, score in scores.items()}  # noqa: PLR2004
        result = {"flagged": flagged, "categories": categories, "category_scores": scores}
        results.append({**result, "category_applied_input_types": {}})
    return {"id": f"modr-{next_number(texts)}", "model": body["model"], "results": results}, None


def models() -> dict[str, Any]:
    """`GET /v1/models`."""
    names = [*_DATED, "gpt-5-mini", "text-embedding-3-small", "claude-sonnet-4-6"]
    data = [
        {"id": name, "object": "model", "created": 0, "owned_by": "local-script"} for name in names
    ]
    return {"object": "list", "data": data}


def _chat_turns(messages: list[dict[str, Any]]) -> list[Turn]:
    names: dict[str, str] = {}
    turns = []
    for message in messages:
        calls = message.get("tool_calls") or []
        names |= {call["id"]: call["function"]["name"] for call in calls}
        role = "system" if message["role"] == "developer" else message["role"]
        turns.append(
            Turn(
                role=role,
                text=_text(message.get("content")),
                calls=tuple(call["function"]["name"] for call in calls),
                tool=names.get(message.get("tool_call_id", ""), ""),
            )
        )
    return turns


def _response_turns(items: list[dict[str, Any]], instructions: str | None) -> list[Turn]:
    turns = [Turn("system", instructions)] if instructions else []
    names: dict[str, str] = {}
    for item in items:
        kind = item.get("type", "message")
        if kind == "function_call":
            names[item["call_id"]] = item["name"]
            turns.append(Turn("assistant", calls=(item["name"],)))
        elif kind == "function_call_output":
            tool = names.get(item["call_id"], "")
            turns.append(Turn("tool", _text(item["output"]), tool=tool))
        elif kind == "message":
            role = "system" if item["role"] == "developer" else item["role"]
            turns.append(Turn(role, _text(item["content"])))
    return turns


def _text(content: Any) -> str:
    if isinstance(content, list):
        return " ".join(part.get("text") or f"[{part['type']}]" for part in content)
    return content or ""


def _tool(function: dict[str, Any]) -> Tool:
    parameters = function.get("parameters") or {}
    return Tool(function["name"], function.get("description") or "", parameters)


def _chat_schema(response_format: dict[str, Any] | None) -> dict[str, Any] | None:
    if not response_format or response_format["type"] == "text":
        return None
    schema: dict[str, Any] = (response_format.get("json_schema") or {}).get("schema") or {}
    return schema


def _response_schema(text_format: dict[str, Any] | None) -> dict[str, Any] | None:
    if not text_format or text_format["type"] == "text":
        return None
    return text_format.get("schema") or {}


def _thinks(model: str) -> bool:
    return bool(re.match(r"(o\d|gpt-5)", model))


def cut_text(text: str, limit: int | None) -> tuple[str, bool]:
    """The first `limit` words, and whether any were left out."""
    words = list(words_of(text))
    if limit is None or len(words) <= limit:
        return text, False
    return "".join(words[:limit]), True


def _chat_call(call: Call) -> dict[str, Any]:
    function = {"name": call.name, "arguments": json.dumps(call.arguments)}
    return {"id": call.id, "type": "function", "function": function}


def tokens_of(turns: list[Turn], tools: list[Tool], reply: Reply, text: str) -> tuple[int, ...]:
    """Input, cached input, output and reasoning tokens of one reply."""
    offered = sum(
        count_tokens(f"{t.name} {t.description} {json.dumps(dict(t.parameters))}") for t in tools
    )
    counts = [count_tokens(turn.text) + 4 for turn in turns]
    # As with real prompt caches, whole blocks of what an earlier request had already sent.
    is_repeat = any(turn.role == "assistant" for turn in turns)
    cached = (offered + sum(counts[:-1])) // _CACHE_BLOCK * _CACHE_BLOCK if is_repeat else 0
    said = text + "".join(call.name + json.dumps(call.arguments) for call in reply.calls)
    reasoning = 3 * count_tokens(reply.reasoning)
    return offered + sum(counts), cached, count_tokens(said) + reasoning, reasoning


def _chat_usage(
    turns: list[Turn], tools: list[Tool], reply: Reply, text: str, count: int
) -> dict[str, Any]:
    prompt, cached, output, reasoning = tokens_of(turns, tools, reply, text)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": output * count,
        "total_tokens": prompt + output * count,
        "prompt_tokens_details": {"cached_tokens": cached, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": reasoning * count, "audio_tokens": 0},
    }


def _response_usage(
    turns: list[Turn], tools: list[Tool], reply: Reply, text: str
) -> dict[str, Any]:
    prompt, cached, output, reasoning = tokens_of(turns, tools, reply, text)
    return {
        "input_tokens": prompt,
        "input_tokens_details": {"cached_tokens": cached, "cache_write_tokens": 0},
        "output_tokens": output,
        "output_tokens_details": {"reasoning_tokens": reasoning},
        "total_tokens": prompt + output,
    }


def text_vector(text: str, size: int) -> list[float]:
    """A bag of hashed words, of length one."""
    vector = [0.0] * size
    # Long words carry the meaning; without their endings, orders are like an order.
    words = [re.sub(r"(ed|ing|s)$", "", word) for word in re.findall(r"\w{4,}", text.lower())]
    for word in words or [text]:
        digest = hashlib.sha256(word.encode()).digest()
        vector[int.from_bytes(digest[:4], "big") % size] += 1.0 if digest[4] % 2 else -1.0
    length = math.sqrt(sum(value * value for value in vector)) or 1.0
    return [value / length for value in vector]


def words_of(text: str) -> list[str]:
    """As a stream brings them, with the space before each."""
    return re.findall(r"\s*\S+\s*?", text)


def pieces(text: str) -> list[str]:
    """As a stream brings JSON: cut wherever it happens."""
    return [text[start : start + 12] for start in range(0, len(text), 12)]


def next_number(messages: Any) -> str:
    """Of an answer: new for each, and the same from its first letters for equal questions."""
    digest = hashlib.sha256(json.dumps(messages, sort_keys=True).encode()).hexdigest()[:16]
    return f"{digest}{next(_serial):06x}"
