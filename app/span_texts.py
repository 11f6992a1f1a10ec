"""What went into a span and what came out, as one text each, for reading and comparing.  Pure."""

from typing import Any

import orjson

from weave_core.model import Message, Span

__all__ = ["input_text", "message_text", "output_text", "spoken"]

_SPOKEN_KEYS = (
    "question",
    "input",
    "query",
    "message",
    "prompt",
    "text",
    "content",
    "answer",
    "output",
)


def input_text(span: Span) -> str | None:
    """Messages with who said them, else the inputs, else the arguments of its tool."""
    if span.messages and (span.messages.input or span.messages.system):
        system = Message(role="system", parts=span.messages.system)
        told = ([system] if system.parts else []) + span.messages.input
        return "\n\n".join(message_text(message) for message in told)
    if span.inputs is not None:
        return _text(span.inputs)
    if span.tool and span.tool.arguments is not None:
        return _text(span.tool.arguments)
    return "\n".join(span.embedding_inputs) or None


def output_text(span: Span) -> str | None:
    """Messages, else the outputs, else the result of its tool."""
    if span.messages and span.messages.output:
        return "\n\n".join(message_text(message) for message in span.messages.output)
    if span.outputs is not None:
        return _text(span.outputs)
    if span.tool and span.tool.result is not None:
        return _text(span.tool.result)
    return None


def message_text(message: Message) -> str:
    """A message as text: its role, then its parts."""
    parts = [
        part.content
        if part.type in {"text", "reasoning"} and isinstance(part.content, str)
        else _text(part.model_dump(exclude_none=True))
        for part in message.parts
    ]
    return f"{message.role}:\n" + "\n".join(parts)


def spoken(value: Any) -> Any:
    """The words in a value: of `{"question": "..."}` the question; else the value as it is."""
    if isinstance(value, dict):
        if len(value) == 1:
            [only] = value.values()
            return only if isinstance(only, str) else value
        for key in _SPOKEN_KEYS:
            if isinstance(value.get(key), str):
                return value[key]
    return value


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS
    return orjson.dumps(value, option=options).decode()
