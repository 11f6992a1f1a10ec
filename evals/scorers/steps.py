"""Steps of an agent: calls of tools with their arguments, whichever way they were written down."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from weave_core.model import Span, Trace

__all__ = ["Step", "steps_of", "steps_of_spans"]

Step = tuple[str, str]
"""Name of a tool, and its arguments as JSON text with sorted keys."""


def steps_of(value: Any) -> list[Step]:
    """The steps that a value tells.

    Args:
        value: A list of steps, or a mapping that has it as `tool_calls`; a step is a name, or a
            mapping with `name` and `arguments`, or OpenAI's with a `function` that has them.  Or a
            trace: a `weave_core.model.Trace`, its JSON with `spans`, or a list of spans.

    Raises:
        TypeError: If it is none of these.
    """
    if isinstance(value, Trace):
        return steps_of_spans(value.spans)
    if isinstance(value, Mapping):
        if "spans" in value:
            return steps_of_spans([Span.model_validate(each) for each in value["spans"]])
        value = value.get("tool_calls") or []
    if not isinstance(value, list | tuple):
        raise TypeError(f"{value!r:.100} is no list of calls")
    if value and all(isinstance(each, Span) for each in value):
        return steps_of_spans(value)
    return [_step(each) for each in value]


def steps_of_spans(spans: Sequence[Span]) -> list[Step]:
    """The calls of tools among spans, in the order in which they began."""
    tools = sorted((span for span in spans if span.kind == "tool"), key=lambda s: s.started_ns)
    return [
        (
            (span.tool.name if span.tool else None) or span.name,
            _arguments(span.tool.arguments if span.tool else span.inputs),
        )
        for span in tools
    ]


def _step(value: Any) -> Step:
    if isinstance(value, str):
        return value, "{}"
    if not isinstance(value, Mapping):
        raise TypeError(f"{value!r:.100} is no call of a tool")
    inner = value.get("function")
    call = inner if isinstance(inner, Mapping) else value
    return str(call.get("name")), _arguments(call.get("arguments"))


def _arguments(told: Any) -> str:
    if isinstance(told, str) and told:
        told = json.loads(told)
    return json.dumps(told or {}, sort_keys=True, default=str)
