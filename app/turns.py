"""A conversation out of the traces of a session: each trace is a turn.  Pure.

What was said is read from the root of a trace: the last message of the user and the answer, where
it is a model call; else what went in and what came out.
"""

from dataclasses import dataclass
from typing import Any

from weave_core.app.span_texts import spoken
from weave_core.model import Message, Part, Span, TraceSummary

__all__ = ["Turn", "turn_of"]


@dataclass(frozen=True)
class Turn:
    """One trace of a session as people read it."""

    trace: TraceSummary
    asked: list[Message]
    answered: list[Message]


def turn_of(trace: TraceSummary, root: Span | None) -> Turn:
    """The turn that `trace` is; without its root only the previews are known."""
    if root is None:
        return Turn(
            trace, _said("user", trace.input_preview), _said("assistant", trace.output_preview)
        )
    asked = answered = None
    if root.messages:
        asked = _last_of_user(root.messages.input)
        answered = root.messages.output
    return Turn(
        trace,
        asked or _said("user", _first(root.inputs, root.tool and root.tool.arguments)),
        answered or _said("assistant", _first(root.outputs, root.tool and root.tool.result)),
    )


def _last_of_user(messages: list[Message]) -> list[Message]:
    """The user's words since the last answer: what came before was said in earlier turns."""
    start = len(messages)
    while start and messages[start - 1].role == "user":
        start -= 1
    if start < len(messages):
        return messages[start:]
    return [message for message in messages if message.role == "user"][-1:]


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _said(role: str, value: Any) -> list[Message]:
    """A message with the words of `value`, or with the value itself where it is no words."""
    words = spoken(value)
    if words is None or words in ("", {}, []):
        return []
    part = (
        Part(type="text", content=words)
        if isinstance(words, str)
        else Part(type="json", content=words)
    )
    return [Message(role=role, parts=[part])]
