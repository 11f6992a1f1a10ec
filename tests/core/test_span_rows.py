"""A row of a dataset out of a span of any kind."""

from typing import Any

import pytest

from weave_core.model import Span
from weave_core.span_rows import row_of

ORIGIN = {"project": "p", "trace_id": "ab" * 16, "span_id": "cd" * 8}


def span(**fields: Any) -> Span:
    """A span with these fields."""
    told = {"name": "x", "display_name": "x", "kind": "op", "status": "ok", "started_ns": 1}
    return Span.model_validate({**ORIGIN, **told, **fields})


def said(role: str, *texts: str) -> dict[str, Any]:
    """A message of text parts."""
    return {"role": role, "parts": [{"type": "text", "content": text} for text in texts]}


CALL = {"role": "assistant", "parts": [{"type": "tool_call", "id": "1", "name": "f"}]}


@pytest.mark.parametrize(
    ("fields", "columns"),
    [
        ({"inputs": {"question": "why?"}, "outputs": 3}, {"question": "why?", "output": 3}),
        ({"inputs": ["a"], "outputs": {"b": 1}}, {"input": ["a"], "output": {"b": 1}}),
        ({"tool": {"arguments": {"id": 7}, "result": "late"}}, {"id": 7, "output": "late"}),
        (
            {"messages": {"input": [said("user", "Hi")], "output": [said("assistant", "Ho")]}},
            {"input": "Hi", "output": "Ho"},
        ),
        (
            {"messages": {"system": said("", "Be terse")["parts"], "input": [said("user", "Hi")]}},
            {
                "messages": [
                    {"role": "system", "content": "Be terse"},
                    {"role": "user", "content": "Hi"},
                ],
                "output": None,
            },
        ),
        (
            {"messages": {"input": [said("user", "Hi")], "output": [CALL]}},
            {"input": "Hi", "output": [CALL]},
        ),
        ({"embedding_inputs": ["a", "b"]}, {"input": ["a", "b"], "output": None}),
        ({}, {"output": None}),
    ],
)
def test_what_went_in_and_came_out_are_columns(
    fields: dict[str, Any], columns: dict[str, Any]
) -> None:
    """Whatever the span is, with where it is from."""
    assert row_of(span(**fields)) == {**columns, "metadata": ORIGIN}


def test_what_came_out_has_the_column_that_is_wanted_or_none() -> None:
    """For a dataset it is mostly what is expected."""
    one = span(inputs={"q": 1}, outputs=2)
    assert row_of(one, output="expected") == {"q": 1, "expected": 2, "metadata": ORIGIN}
    assert row_of(one, output="") == {"q": 1, "metadata": ORIGIN}
