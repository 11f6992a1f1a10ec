"""Ollama's request and response shapes around the scripted stand-in's replies."""

from collections.abc import Iterator
from typing import Any

from local_llm_brain import Reply, Tool, Turn, count_tokens, reply_to
from local_llm_openai import Answer, cut_text, text_vector, tokens_of, words_of

__all__ = ["chat", "embed", "generate"]

_WHEN = "2026-01-01T00:00:00.000000Z"


def chat(body: dict[str, Any]) -> Answer:
    """`POST /api/chat`; streams unless it is told not to, as Ollama does."""
    functions = [tool["function"] for tool in body.get("tools") or []]
    tools = [
        Tool(each["name"], each.get("description") or "", each.get("parameters") or {})
        for each in functions
    ]
    turns = _turns(body["messages"])
    reply = reply_to(turns, tools, thinks=bool(body.get("think")))
    text, last = _ending(body, turns, tools, reply)
    message: dict[str, Any] = {"role": "assistant", "content": text}
    if reply.reasoning:
        message["thinking"] = reply.reasoning
    if reply.calls:
        message["tool_calls"] = [
            {"function": {"name": call.name, "arguments": call.arguments}} for call in reply.calls
        ]
    whole = {**_frame(body), "message": message, **last}
    return whole, _chat_lines(body, message, last)


def generate(body: dict[str, Any]) -> Answer:
    """`POST /api/generate`: a prompt instead of messages."""
    turns = [Turn("system", body["system"])] if body.get("system") else []
    turns.append(Turn("user", body["prompt"]))
    reply = reply_to(turns, [])
    text, last = _ending(body, turns, [], reply)
    whole = {**_frame(body), "response": text, **last}
    return whole, _generate_lines(body, text, last)


def embed(body: dict[str, Any]) -> Answer:
    """`POST /api/embed`."""
    texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
    return {
        "model": body["model"],
        "embeddings": [text_vector(text, 64) for text in texts],
        "total_duration": 2_000_000,
        "load_duration": 1_000_000,
        "prompt_eval_count": sum(count_tokens(text) for text in texts),
    }, None


def _frame(body: dict[str, Any]) -> dict[str, Any]:
    return {"model": body["model"], "created_at": _WHEN}


def _ending(
    body: dict[str, Any], turns: list[Turn], tools: list[Tool], reply: Reply
) -> tuple[str, dict[str, Any]]:
    """The text, and what the last line tells."""
    text, is_cut = cut_text(reply.text, (body.get("options") or {}).get("num_predict"))
    prompt, _, output, _ = tokens_of(turns, tools, reply, text)
    return text, {
        "done": True,
        "done_reason": "length" if is_cut else "stop",
        "total_duration": 5_000_000,
        "load_duration": 1_000_000,
        "prompt_eval_count": prompt,
        "prompt_eval_duration": 1_000_000,
        "eval_count": output,
        "eval_duration": 3_000_000,
    }


def _chat_lines(
    body: dict[str, Any], message: dict[str, Any], last: dict[str, Any]
) -> Iterator[tuple[str, Any]]:
    frame = _frame(body)
    for word in words_of(message["content"]):
        yield "", {**frame, "message": {"role": "assistant", "content": word}, "done": False}
    rest = {**message, "content": ""}
    yield "", {**frame, "message": rest, **last}


def _generate_lines(
    body: dict[str, Any], text: str, last: dict[str, Any]
) -> Iterator[tuple[str, Any]]:
    frame = _frame(body)
    for word in words_of(text):
        yield "", {**frame, "response": word, "done": False}
    yield "", {**frame, "response": "", **last}


def _turns(messages: list[dict[str, Any]]) -> list[Turn]:
    turns = []
    asked: list[str] = []
    for message in messages:
        calls = tuple(call["function"]["name"] for call in message.get("tool_calls") or [])
        asked += calls
        tool = message.get("tool_name") or message.get("name") or (asked[-1] if asked else "")
        is_tool = message["role"] == "tool"
        turns.append(
            Turn(message["role"], message.get("content") or "", calls, tool if is_tool else "")
        )
    return turns
