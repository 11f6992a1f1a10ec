"""Messages, from any provider's JSON to `{role, parts, name?, finish_reason?}`."""

import re
from typing import Any

from weave_core.server.normalise import texts
from weave_core.server.normalise.parts import (
    Part,
    call_key,
    parts_of,
    plain,
    text_part,
    tool_call,
    tool_response,
)

__all__ = [
    "ITEM_ROLES",
    "Message",
    "finish_reason",
    "looks_like_messages",
    "merged_choice",
    "messages_in",
    "messages_of",
    "split_system",
    "tool_answer",
]

Message = dict[str, Any]

_MAX_MESSAGES = 10_000
_ROLES = {
    "human": "user",
    "ai": "assistant",
    "model": "assistant",
    "bot": "assistant",
    "function": "tool",
    "developer": "system",
    "tool-call": "assistant",
    "tool-response": "tool",
    "AIMessageChunk": "assistant",
    "HumanMessageChunk": "user",
}
_KNOWN_ROLES = frozenset(("system", "user", "assistant", "tool"))
_THOUGHTS = frozenset(("thinking", "reasoning"))
"""Roles of what a model thought, beside its answer (Traceloop's older line)."""
_SHOWN_ANSWER = re.compile(
    r"""content=(['"])(.{0,100000}?)\1 name='[^']*'(?: id='[^']*')? tool_call_id='([^']*)'""",
    re.DOTALL,
)
"""LangChain's answer of a tool as Python shows it, which older instrumentations send."""
_OUR_KEYS = frozenset(("role", "parts", "name", "finish_reason"))
ITEM_ROLES = {
    "function_call": "assistant",
    "custom_tool_call": "assistant",
    "reasoning": "assistant",
    "web_search_call": "assistant",
    "file_search_call": "assistant",
    "computer_call": "assistant",
    "code_interpreter_call": "assistant",
    "image_generation_call": "assistant",
    "mcp_call": "assistant",
    "function_call_output": "tool",
    "custom_tool_call_output": "tool",
    "computer_call_output": "tool",
}
"""Items of OpenAI's Responses API that have no role."""
_FINISH = {
    "stop": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "completed": "stop",
    "complete": "stop",
    "finish": "stop",
    "finished": "stop",
    "eos": "stop",
    "eos_token": "stop",
    "length": "length",
    "max_tokens": "length",
    "max_output_tokens": "length",
    "incomplete": "length",
    "tool_calls": "tool_call",
    "tool_call": "tool_call",
    "tool_use": "tool_call",
    "tool-calls": "tool_call",
    "function_call": "tool_call",
    "function_calls": "tool_call",
    "content_filter": "content_filter",
    "content-filter": "content_filter",
    "content_filtered": "content_filter",
    "guardrail_intervened": "content_filter",
    "safety": "content_filter",
    "recitation": "content_filter",
    "prohibited_content": "content_filter",
    "refusal": "content_filter",
    "error": "error",
    "failed": "error",
    "compaction": "compaction",
}


def finish_reason(word: Any) -> str | None:
    """The canonical reason; one that nobody has a word for is kept."""
    name = None if word is None else texts.as_text(word)
    if name is None:
        return None
    name = name.strip('" ')
    name = name.removeprefix("FinishReason.")
    return _FINISH.get(name.lower(), name) or None


def looks_like_messages(value: Any) -> bool:
    """Whether a decoded value is a list of messages and not any list."""
    if not isinstance(value, list) or not value:
        return False
    return all(
        _is_pair(m)
        or (
            isinstance(m, dict)
            and (
                (isinstance(m.get("role"), str) and ({"content", "parts", "tool_calls"} & m.keys()))
                or _langchain(m) is not None
                or m.get("type") in ITEM_ROLES
            )
        )
        for m in value[:50]
    )


def messages_of(value: Any, *, role: str = "user") -> list[Message]:
    """`value`, decoded, as messages; a bare text is one of `role`."""
    return messages_in(texts.decode(value), role=role)


def messages_in(value: Any, *, role: str = "user") -> list[Message]:
    """The same of what is decoded already, which is not walked a second time."""
    value = texts.opened(value)
    if isinstance(value, str):
        return [{"role": role, "parts": [text_part(value)]}] if value else []
    if isinstance(value, dict):
        value = [value]
    if not isinstance(value, list):
        return []
    if value and isinstance(value[0], list) and not _is_pair(value[0]):
        value = value[0]  # A batch of one (LangChain).
    found: list[Message] = []
    is_item_before = False
    for item in value[:_MAX_MESSAGES]:
        message, is_item = _message(item, role)
        if message is None:
            continue
        # Items of one reply follow each other without a role: they are one message.
        if is_item and is_item_before and found and found[-1]["role"] == message["role"]:
            found[-1]["parts"] += message["parts"]
        else:
            found.append(message)
        is_item_before = is_item
    return found


def _message(item: Any, role: str) -> tuple[Message | None, bool]:
    if isinstance(item, str):
        return ({"role": role, "parts": [text_part(item)]} if item else None), False
    if _is_pair(item):
        item = {"role": item[0], "content": item[1]}
    if not isinstance(item, dict):
        return None, False
    body, name = item.get("parts"), item.get("role")
    is_ours = type(body) is list and type(name) is str and name in _KNOWN_ROLES
    if is_ours and len(item) == 2 and _are_plain(body):  # noqa: PLR2004  # Role and parts.
        return item, False
    if is_ours and item.keys() <= _OUR_KEYS:
        # The conventions' own form, which is nearly all: no other spelling to look for.
        return _finished(item, str(name), parts_of(body)), False
    item_role = ITEM_ROLES.get(str(item.get("type")))
    if item_role and "role" not in item:
        parts = parts_of([item])
        return ({"role": item_role, "parts": parts} if parts else None), True
    lang = _langchain(item)
    if lang is not None:
        item = lang
    inner = item.get("message")
    if isinstance(inner, dict) and "role" not in item:
        item = inner
    said = _ROLES.get(str(item.get("role")), item.get("role"))
    said = said if isinstance(said, str) and said and said != "unknown" else role
    said = said.lower() if said.lower() in _KNOWN_ROLES else said
    if said in _THOUGHTS:
        thoughts = [_thought(part) for part in _parts_of_message(item, "assistant")]
        return _finished(item, "assistant", thoughts), False
    return _finished(item, said, _parts_of_message(item, said)), False


def _are_plain(parts: Any) -> bool:
    """Whether parts are texts as they should be, which need not be made anew."""
    for part in parts:
        if type(part) is not dict or len(part) != 2 or part.get("type") != "text":  # noqa: PLR2004  # And what it says.
            return False
        said = part.get("content")
        if type(said) is not str or not said:
            return False
    return True


def _thought(part: Part) -> Part:
    return {**part, "type": "reasoning"} if part["type"] == "text" else part


def _is_pair(item: Any) -> bool:
    """Whether `item` is LangChain's short form of a message: its role and its text."""
    return (
        isinstance(item, list)
        and len(item) == 2  # noqa: PLR2004  # A pair.
        and isinstance(item[0], str)
        and (item[0] in _KNOWN_ROLES or item[0] in _ROLES)
        and isinstance(item[1], str | list)
    )


def _finished(item: dict[str, Any], role: str, parts: list[Part]) -> Message:
    """The message of `item`, whose parts are read."""
    if role == "user" and parts and parts[0]["type"] == "tool_call_response":
        role = "tool" if all(p["type"] == "tool_call_response" for p in parts) else role
    message: Message = {"role": role, "parts": parts}
    name = texts.as_text(item.get("name"))
    if name:
        message["name"] = name
    reason = finish_reason(item.get("finish_reason") or item.get("stop_reason"))
    if reason:
        message["finish_reason"] = reason
    return message


def _parts_of_message(item: dict[str, Any], role: str) -> list[Part]:
    body = item.get("parts")
    if body is None:
        body = item.get("content", item.get("text"))
    if isinstance(body, str) and body[:1] == "[":
        body = _content_items(body)
    call_id = item.get("tool_call_id") or item.get("tool_use_id")
    is_answer = role == "tool" and (call_id is not None or isinstance(body, str))
    if is_answer and not _has_response(body):
        return [tool_response(call_id or item.get("id") or item.get("name"), plain(body))]
    parts = parts_of(body)
    thought = item.get("reasoning_content") or item.get("reasoning")
    if isinstance(thought, str) and not any(p["type"] == "reasoning" for p in parts):
        parts[:0] = parts_of([{"type": "reasoning", "content": thought}])
    refusal = item.get("refusal")
    if isinstance(refusal, str) and refusal:
        parts.append(text_part(refusal))
    return parts + _calls_of(item, parts)


def _has_response(body: Any) -> bool:
    return isinstance(body, list) and any(
        isinstance(p, dict)
        and (
            p.get("type") in ("tool_call_response", "tool-result", "tool_result", "tool_response")
            or "function_response" in p
            or "functionResponse" in p
            or "toolResult" in p
        )
        for p in body
    )


def _calls_of(item: dict[str, Any], parts: list[Part]) -> list[Part]:
    """Tool calls beside the content; one that is in both is taken once."""
    calls = texts.opened(item.get("tool_calls") or item.get("toolCalls"))
    found: list[Part] = []
    if isinstance(calls, list):
        for call in calls:
            if isinstance(call, dict):
                found += parts_of([{**call, "type": "tool_call"}])
    old = item.get("function_call")
    if isinstance(old, dict):
        found.append(tool_call(None, old.get("name"), old.get("arguments")))
    known = [p for p in parts if p["type"] == "tool_call"]
    if not known:
        return found
    told = {call_key(part) for part in known}
    return [part for part in found if call_key(part) not in told]


def _content_items(text: str) -> Any:
    """A text that is a JSON list of content parts (Traceloop); any other list is text."""
    items = texts.decode(text)
    is_parts = isinstance(items, list) and all(
        isinstance(p, dict) and isinstance(p.get("type"), str) for p in items
    )
    return items if is_parts and items else text


def _langchain(item: dict[str, Any]) -> dict[str, Any] | None:
    """LangChain's two forms: a serialised constructor, and `{type: human, content}`."""
    inner = item.get("kwargs")
    if item.get("lc") and isinstance(inner, dict):
        path = item.get("id")
        name = str(path[-1]) if isinstance(path, list) and path else ""
        return _langchain_kwargs(inner, name.lower())
    kind = item.get("type")
    if kind in ("human", "ai", "system", "tool", "AIMessageChunk") and "role" not in item:
        data = item.get("data")
        body = data if isinstance(data, dict) else item
        if "content" in body:
            return _langchain_kwargs(body, str(kind).lower())
    return None


def _langchain_kwargs(body: dict[str, Any], word: str) -> dict[str, Any] | None:
    for start, role in (
        ("human", "user"),
        ("ai", "assistant"),
        ("system", "system"),
        ("tool", "tool"),
        ("function", "tool"),
        ("chat", "assistant"),
    ):
        if word.startswith(start) and "content" in body:
            return {**body, "role": role}
    return None


def merged_choice(messages: list[Message]) -> list[Message]:
    """Neighbouring assistant messages as one: a reply's reasoning, text and tool calls.

    Two messages that both speak, or both say how they finished, are two choices and stay apart.
    """
    merged: list[Message] = []
    has_spoken = False
    for message in messages:
        speaks = any(part["type"] == "text" for part in message["parts"])
        before = merged[-1] if merged else None
        if (
            before is not None
            and before["role"] == message["role"] == "assistant"
            and not ("finish_reason" in before and "finish_reason" in message)
            and not (has_spoken and speaks)
        ):
            before["parts"] += message["parts"]
            before |= {k: v for k, v in message.items() if k != "parts"}
            has_spoken = has_spoken or speaks
        else:
            merged.append({**message, "parts": list(message["parts"])})
            has_spoken = speaks
    return merged


def split_system(messages: list[Message]) -> tuple[list[Part], list[Message]]:
    """The parts of leading system messages, and the messages after them."""
    system: list[Part] = []
    for index, message in enumerate(messages):
        if message["role"] != "system":
            return system, messages[index:]
        system += message["parts"]
    return system, []


def tool_answer(value: Any) -> Part | None:
    """What a tool answered, where `value` is a message that holds it (LangChain's)."""
    if isinstance(value, dict) and "output" in value and set(value) <= {"output", "kwargs"}:
        value = value["output"]
    shown = _SHOWN_ANSWER.match(value) if isinstance(value, str) else None
    if shown:
        return tool_response(shown[3], shown[2])
    if not isinstance(value, dict) or _langchain(value) is None:
        return None
    [message] = messages_in(value)
    parts: list[Part] = message["parts"]
    return parts[0] if len(parts) == 1 and parts[0]["type"] == "tool_call_response" else None
