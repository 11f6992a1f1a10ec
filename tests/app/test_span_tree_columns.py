"""From spans to the columns that the tree draws."""

from collections.abc import Sequence
from typing import Any

import orjson

from weave_core.app.components.span_tree import span_columns
from weave_core.model import KINDS, SpanColumns

TRACE = "ab" * 16
SECOND = 10**9


def make_span(span_id: str, parent: str | None = None, **given: Any) -> dict[str, Any]:
    """A span of one second; anything else by keyword."""
    return {
        "span_id": span_id,
        "parent_span_id": parent,
        "name": span_id,
        "kind": "span",
        "status": "ok",
        "started_ns": SECOND,
        "duration_ms": 1000.0,
        "model": None,
        "total_tokens": None,
        "cost_usd": None,
    } | given


def read_columns(spans: Sequence[dict[str, Any]]) -> SpanColumns:
    """As the client reads them."""
    return SpanColumns(
        **{name: [span[name] for span in spans] for name in SpanColumns.model_fields}
    )


def columns(*spans: dict[str, Any]) -> dict[str, Any]:
    """What the browser gets."""
    read: dict[str, Any] = orjson.loads(span_columns(TRACE, read_columns(spans), selected=None))
    return read


def test_parents_are_rows_and_times_count_from_the_first_span() -> None:
    """The tree needs no ids to find a parent, and no 19-digit times."""
    got = columns(
        make_span("root"),
        make_span("child", "root", started_ns=SECOND + 250_000_000, duration_ms=10.0),
    )

    assert got["parent"] == [-1, 0]
    assert got["start"] == [0.0, 250.0]
    assert got["dur"] == [1000.0, 10.0]
    assert got["total"] == 1000.0


def test_a_span_without_its_parent_stands_at_the_top() -> None:
    """A parent that is late or lost hides nothing."""
    assert columns(make_span("a", "lost"))["parent"] == [-1]


def test_a_circle_of_parents_is_cut_open() -> None:
    """Spans that name each other as parent are shown once each, not walked for ever."""
    got = columns(
        make_span("a", "c"), make_span("b", "a"), make_span("c", "b"), make_span("d", "c")
    )

    assert got["parent"] == [-1, 0, 1, 2]
    assert columns(make_span("self", "self"))["parent"] == [-1]


def test_a_running_span_has_no_duration() -> None:
    """It is drawn to the end of the trace instead."""
    got = columns(make_span("root", status="pending", duration_ms=None))

    assert got["dur"] == [None]
    assert got["status"] == [3]


def test_a_clock_that_went_back_gives_no_negative_bar() -> None:
    """A span that ended before it began lasts nothing."""
    assert columns(make_span("a", duration_ms=-5e-6))["dur"] == [0.0]


def test_what_is_unknown_stays_unknown() -> None:
    """No tokens and no cost are null, not 0."""
    call = make_span("call", total_tokens=9, cost_usd=0.5, kind="llm", model="gpt-4o")
    got = columns(make_span("none"), call)

    assert got["tokens"] == [None, 9]
    assert got["cost"] == [None, 0.5]
    assert [KINDS[kind] for kind in got["kind"]] == ["span", "llm"]
    assert (got["models"], got["model"]) == (["gpt-4o"], [-1, 0])


def test_fifty_thousand_spans_stay_small() -> None:
    """About a hundred bytes a span, so a huge trace is a few megabytes."""
    spans = [make_span(f"{i:016x}", f"{i // 2:016x}" if i else None) for i in range(50_000)]

    assert len(span_columns(TRACE, read_columns(spans), selected=None)) < 120 * len(spans)


def test_a_chain_as_deep_as_the_trace_is_no_problem() -> None:
    """Depth costs no recursion."""
    spans = [make_span(f"{i:016x}", f"{i - 1:016x}" if i else None) for i in range(20_000)]

    assert columns(*spans)["parent"][-1] == 19_998
