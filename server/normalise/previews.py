"""The first words of what went into and came out of a span, for lists: cheap, and never whole.

A short value is decoded and read for what a person would look for: the last thing the user said,
the answer's text or the tool it calls.  A long one is searched at its ends, not parsed.
"""

import re
from typing import Any

import orjson

from weave_core.server.normalise import texts

__all__ = ["PREVIEW_CHARS", "input_preview", "output_preview"]

PREVIEW_CHARS = 200
_PARSE_CHARS = 8_192
"""Texts up to here are decoded: some 10 microseconds."""
_WINDOW = 4_096
_SPOKEN = re.compile(r'"(?:content|text)"\s*:\s*"((?:[^"\\]|\\.){1,400})')
_INPUT_KEYS = (
    *("messages", "contents", "input", "prompt", "question", "query", "inputs", "text"),
    *("task", "query_str", "query_bundle", "str_or_query_bundle", "args"),
)
_OUTPUT_KEYS = (
    "choices",
    "output",
    "outputs",
    "candidates",
    "content",
    "message",
    "messages",
    "text",
    "answer",
    "result",
    "generations",
)
_TEXT_KEYS = ("content", "text", "parts", "thinking", "output_text", "data", "kwargs", "message")
_MAX_DEPTH = 6
_MAX_SEARCHED = 200
"""Messages looked at, from the last."""
_MAX_PARTS = 50


def input_preview(value: Any) -> str | None:
    """What a person would want to see of `value`, which went in."""
    return _preview(value, _INPUT_KEYS, is_input=True)


def output_preview(value: Any) -> str | None:
    """What a person would want to see of `value`, which came out."""
    return _preview(value, _OUTPUT_KEYS, is_input=False)


def _preview(value: Any, keys: tuple[str, ...], *, is_input: bool) -> str | None:
    if type(value) is str:
        text: str = value
        if text[:1] not in ("{", "[", '"'):
            return text[:PREVIEW_CHARS] or None
        if len(text) > _PARSE_CHARS:
            return _searched(text, is_input=is_input)
        try:
            value = orjson.loads(text)
        except ValueError:
            return text[:PREVIEW_CHARS]
    if value is None:
        return None
    told = _told(value, keys, 0, is_input=is_input)
    if not told and _is_hollow(value):
        return None
    return (told or texts.compact(value))[:PREVIEW_CHARS]


def _is_hollow(value: Any) -> bool:
    """Whether `value` is messages that say nothing: another source may tell what they said."""
    return type(value) is list and all(
        type(item) is dict and "role" in item and not item.get("parts", True) for item in value
    )


def _told(value: Any, keys: tuple[str, ...], depth: int, *, is_input: bool) -> str | None:
    if type(value) is str:
        return _unescaped(value[1:-1]) if value[:1] == '"' == value[-1:] else value
    if depth > _MAX_DEPTH:
        return None
    if type(value) is list:
        return _told_of_list(value, keys, depth, is_input=is_input)
    if type(value) is not dict:
        return None
    if "role" in value or "parts" in value or "tool_calls" in value:
        return _spoken(value, depth)
    return _told_of_map(value, keys, depth, is_input=is_input)


def _told_of_map(
    body: dict[str, Any], keys: tuple[str, ...], depth: int, *, is_input: bool
) -> str | None:
    if depth > _MAX_DEPTH:
        return None
    for key in keys:
        inner = body.get(key)
        if inner and type(inner) in _HOLDERS:
            told = _told(inner, keys, depth + 1, is_input=is_input)
            if told:
                return told
    for wrapper in ("kwargs", "data"):  # LangChain's messages.
        inner = body.get(wrapper)
        if type(inner) is dict:
            return _spoken(inner, depth + 1) or _told_of_map(
                inner, keys, depth + 1, is_input=is_input
            )
    called = _called(body)
    if called is None and len(body) == 1:
        return _told(next(iter(body.values())), keys, depth + 1, is_input=is_input)
    return called


_HOLDERS = frozenset((str, list, dict))


def _told_of_list(
    items: list[Any], keys: tuple[str, ...], depth: int, *, is_input: bool
) -> str | None:
    """The last message (of the user, going in); the first text of a list of anything else."""
    has_roles = False
    for item in reversed(items[-_MAX_SEARCHED:]):
        role, message = _role_of(item)
        if role is None:
            continue
        has_roles = True
        if is_input and (role not in _USERS or _is_answer(message)):
            continue
        told = _spoken(message, depth)
        if told:
            return told
    for item in items[-1:] if has_roles else items[:3]:
        told = _told(item, keys, depth + 1, is_input=is_input)
        if told:
            return told
    return None


def _role_of(item: Any) -> tuple[str | None, dict[str, Any]]:
    """Who speaks in a message of any form, and the message; None when it is none."""
    if type(item) is dict:
        if "role" in item:
            return item["role"], item
        inner = item.get("kwargs") or item.get("data")  # LangChain's.
        kind = item.get("type")
        if kind in _LANGCHAIN_TYPES:
            return kind, inner if type(inner) is dict else item
        if type(inner) is dict and inner.get("type") in _LANGCHAIN_TYPES:
            return inner["type"], inner
    elif type(item) is list and len(item) == 2 and item[0] in _USERS:  # noqa: PLR2004  # A pair.
        return item[0], {"content": item[1]}
    return None, {}


_USERS = ("user", "human")
_LANGCHAIN_TYPES = frozenset(("human", "ai", "system", "tool", "AIMessageChunk"))


def _is_answer(message: dict[str, Any]) -> bool:
    """Whether a user's message is only what a tool answered."""
    parts = message.get("parts") or message.get("content")
    if type(parts) is not list or not parts:
        return False
    return not any(type(part) is not dict or part.get("type") not in _ANSWERS for part in parts)


_ANSWERS = frozenset(("tool_call_response", "tool_result", "tool-result"))


def _spoken(message: dict[str, Any], depth: int) -> str | None:
    """The text of a message, or the first tool that it calls."""
    for key in _TEXT_KEYS:
        inner = message.get(key)
        if inner:
            said = _part_text(inner, depth + 1)
            if said:
                return said
    calls = message.get("tool_calls")
    if type(calls) is list and calls and type(calls[0]) is dict:
        return _called(calls[0])
    return _called(message)


def _part_text(value: Any, depth: int) -> str | None:
    if type(value) is str:
        return value
    if depth > _MAX_DEPTH:
        return None
    if type(value) is dict:
        return _spoken(value, depth)
    return _text_among(value, depth) if type(value) is list else None


def _text_among(parts: list[Any], depth: int) -> str | None:
    """The first text of a message's parts, else the first tool call or answer."""
    spare = None
    for part in parts[:_MAX_PARTS]:
        if type(part) is str:
            return part
        if type(part) is not dict:
            continue
        kind = part.get("type")
        if kind == "text" and type(said := part.get("content")) is str and said:
            return said  # What `_spoken` finds, for nearly every part there is.
        if kind in ("reasoning", "thinking"):
            continue
        said = _spoken(part, depth)
        if said and kind in _TEXT_TYPES:
            return said
        spare = spare or said
    return spare


_TEXT_TYPES = frozenset(("text", "output_text", "input_text", None))


_CALL_WRAPPERS = ("function", "function_call", "functionCall", "toolUse", "toolRequest")


def _called(call: dict[str, Any]) -> str | None:
    """`name(arguments)` of a tool call; what it answered, of an answer."""
    for wrapper in _CALL_WRAPPERS:
        inner = call.get(wrapper)
        if type(inner) is dict:
            call = inner
            break
    name = call.get("name") or call.get("toolName")
    arguments = next((call[k] for k in ("arguments", "input", "args") if k in call), None)
    if type(name) is str and arguments is not None:
        return f"{name}({texts.compact(arguments)[:PREVIEW_CHARS]})"
    for key in ("response", "result", "output"):
        if key in call and "type" in call:
            return texts.compact(call[key])[:PREVIEW_CHARS]
    return None


def _searched(text: str, *, is_input: bool) -> str:
    """The last user's words in a long JSON text, else its first: by pattern, in bounded windows."""
    if is_input:
        at = max(text.rfind('"user"'), text.rfind('"human"'))
        if at >= 0:
            near = _SPOKEN.search(text, at, at + _WINDOW)
            if near:
                return _unescaped(near[1])
        return text[:PREVIEW_CHARS]
    near = _SPOKEN.search(text, 0, _WINDOW)
    return _unescaped(near[1]) if near else text[:PREVIEW_CHARS]


def _unescaped(inner: str) -> str:
    try:
        said: str = orjson.loads(f'"{inner}"')
    except ValueError:
        said = inner
    return said[:PREVIEW_CHARS]
