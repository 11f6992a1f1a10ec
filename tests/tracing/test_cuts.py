"""What is too large is cut, and the span says where."""

from collections.abc import Iterator
from typing import Any

import pytest
from support.programs import Recorder

import weave_core
from weave_core import current_span, op

CUT = "weave_core.truncated"


@op
def echo(value: Any) -> Any:
    """Gives back what it got."""
    return value


def _deep(levels: int) -> Any:
    value: Any = "bottom" * 50
    for _ in range(levels):
        value = {"in": value, "also": "x" * 20}
    return value


@pytest.mark.parametrize(
    "value",
    [list(range(20_000)), "x" * 300_000, _deep(30), {str(n): n for n in range(20_000)}],
    ids=["items", "text", "depth", "keys"],
)
def test_a_span_names_what_was_cut(recorder: Recorder, value: Any) -> None:
    """Too many items, too long a text, too deep, too many keys: both attributes are named."""
    echo(value)
    assert recorder.attribute("echo", CUT) == ("weave_core.inputs", "weave_core.outputs")


def test_the_limit_of_a_value_is_named_too(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`WEAVE_CORE_MAX_VALUE_BYTES` leaves a preview."""
    monkeypatch.setenv("WEAVE_CORE_MAX_VALUE_BYTES", "1000")
    weave_core.init("small", "offline")
    echo(["y" * 100] * 20)
    assert recorder.outputs("echo")["__truncated__"] is True
    assert recorder.attribute("echo", CUT) == ("weave_core.inputs", "weave_core.outputs")


def test_only_what_was_cut_is_named(recorder: Recorder) -> None:
    """Whole values have no such attribute; a handle's values are watched as well."""

    @op
    def by_hand(count: int) -> int:
        current_span().set_outputs(["x"] * count)
        return count

    @op
    def stream() -> Iterator[int]:
        yield from range(10_050)

    echo({"small": [1, 2, 3], "text": "z" * 5_000})
    by_hand(20_000)
    list(stream())
    assert recorder.attribute("echo", CUT) is None
    assert recorder.attribute("by_hand", CUT) == ("weave_core.outputs",)
    assert recorder.attribute("stream", CUT) == ("weave_core.outputs",)
