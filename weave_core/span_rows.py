"""A row of a dataset out of a span: what went in, what came out, and where it is from."""

from collections.abc import Sequence
from typing import Any

from weave_core.model import Message, Span

__all__ = ["ORIGIN", "row_of"]

ORIGIN = "metadata"
"""The column that says where a row is from: it is no part of the content."""


def row_of(span: Span, *, output: str = "output") -> dict[str, Any]:
    """`span` as a row.

    Inputs by name are columns of those names; anything else is the column `input`, and a
    conversation is `messages`, unless it is one text.

    Args:
        span: With its payload.
        output: The column of what came out; the empty text leaves it away.
    """
    given = _given(span)
    row = dict(given) if isinstance(given, dict) else {} if given is None else {"input": given}
    if output:
        row[output] = _came_out(span)
    origin = {"project": span.project, "trace_id": span.trace_id, "span_id": span.span_id}
    return row | {ORIGIN: origin}


def _given(span: Span) -> Any:
    if span.inputs is not None:
        return span.inputs
    if span.tool and span.tool.arguments is not None:
        return span.tool.arguments
    if span.messages and (span.messages.input or span.messages.system):
        system = Message(role="system", parts=span.messages.system)
        told = [*([system] if system.parts else []), *span.messages.input]
        only = _text(told[0]) if len(told) == 1 else None
        return only if only is not None else {"messages": _plain(told)}
    return span.embedding_inputs or None


def _came_out(span: Span) -> Any:
    if span.outputs is not None:
        return span.outputs
    if span.tool and span.tool.result is not None:
        return span.tool.result
    said = span.messages.output if span.messages else []
    only = _text(said[0]) if len(said) == 1 else None
    return only if only is not None else _plain(said) or None


def _plain(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """Messages as the chat APIs take them where they are text, else with their parts."""
    return [
        {"role": each.role, "content": text}
        if (text := _text(each)) is not None
        else each.model_dump(mode="json", exclude_defaults=True)
        for each in messages
    ]


def _text(message: Message) -> str | None:
    """The text of a message; None where it has parts of another kind."""
    parts = [part for part in message.parts if part.type != "reasoning"]
    if not parts or any(p.type != "text" or not isinstance(p.content, str) for p in parts):
        return None
    return "\n".join(str(part.content) for part in parts)
