"""Two traces side by side: what took longer, cost more, said something else, or was not there."""

from dataclasses import dataclass

import streamlit as st

from weave_core.app import filters
from weave_core.app.alignment import Pair, align
from weave_core.app.components.compare_header import compare_header, compare_sums
from weave_core.app.components.compare_tree import Changes, compare_columns, compare_tree
from weave_core.app.components.text_diff import diff_content, text_diff
from weave_core.app.components.trace_list import list_rows, trace_list
from weave_core.app.formats import count, duration, money, status_word
from weave_core.app.frame import errors_shown
from weave_core.app.span_texts import input_text, output_text
from weave_core.app.state import client, list_url, project_of_address
from weave_core.errors import NotFound
from weave_core.model import Span, TraceSummary, TraceTree

READ_WHOLE = 300
"""Traces of so many spans are read with their texts, so that every change is marked."""
CANDIDATES = 50


@dataclass(frozen=True)
class Sides:
    """The two traces and how they lie over each other."""

    first: TraceTree
    second: TraceTree
    pairs: list[Pair]
    changes: Changes
    is_whole: bool
    """All texts were compared."""


def read_sides(project: str, first_id: str, second_id: str) -> Sides:
    """Both traces, laid over each other."""
    first, second = client().get_tree(project, first_id), client().get_tree(project, second_id)
    pairs = align(first.columns, second.columns)
    counts = (len(first.columns.span_id), len(second.columns.span_id))
    if max(counts) > READ_WHOLE:
        return Sides(first, second, pairs, Changes(), is_whole=False)
    spans_a = client().get_trace(project, first_id).spans
    spans_b = client().get_trace(project, second_id).spans
    by_id = ({span.span_id: span for span in spans_a}, {span.span_id: span for span in spans_b})
    inputs, outputs = set(), set()
    for row, pair in enumerate(pairs):
        if pair.a is None or pair.b is None:
            continue
        a = by_id[0].get(first.columns.span_id[pair.a])
        b = by_id[1].get(second.columns.span_id[pair.b])
        if a is None or b is None:
            continue
        if input_text(a) != input_text(b):
            inputs.add(row)
        if output_text(a) != output_text(b):
            outputs.add(row)
    return Sides(first, second, pairs, Changes(frozenset(inputs), frozenset(outputs)), True)


def read_pair(project: str, sides: Sides, pair: Pair) -> tuple[Span | None, Span | None]:
    """Both spans of a pair with their texts."""
    found = []
    for tree, row in ((sides.first, pair.a), (sides.second, pair.b)):
        trace_id = tree.trace.trace_id
        found.append(
            None
            if row is None
            else client().get_span(project, tree.columns.span_id[row], trace_id=trace_id)
        )
    return found[0], found[1]


def facts_of(a: Span | None, b: Span | None) -> list[list[str]]:
    """Rows of name, first and second: what both spans can be compared by at a glance."""
    rows = [
        ["Status", *(status_word(span.status) if span else "" for span in (a, b))],
        ["Duration", *(duration(span.duration_ms) if span else "" for span in (a, b))],
        ["Model", *((span.model or "") if span else "" for span in (a, b))],
        ["Tokens", *(_tokens(span) for span in (a, b))],
        ["Cost", *(money(span.cost.total_usd) if span and span.cost else "" for span in (a, b))],
        ["Parameters", *(_params(span) for span in (a, b))],
        ["Error", *((span.status_message or "") if span and span.error else "" for span in (a, b))],
    ]
    return [row for row in rows if row[1] or row[2]]


def _tokens(span: Span | None) -> str:
    if span is None or span.usage is None:
        return ""
    usage = span.usage
    return f"{count(usage.input_tokens) or '-'} → {count(usage.output_tokens) or '-'}"


def _params(span: Span | None) -> str:
    given = span.params if span else {}
    return ", ".join(f"{key} {value}"[:80] for key, value in sorted(given.items()))


def show_pair(project: str, sides: Sides, row: int) -> None:
    """The chosen pair: figures, and the texts with what differs."""
    pair = sides.pairs[row]
    a, b = read_pair(project, sides, pair)
    texts = {
        "Input": (input_text(a) if a else None, input_text(b) if b else None),
        "Output": (output_text(a) if a else None, output_text(b) if b else None),
    }
    text_diff(diff_content(pair.name, texts, facts_of(a, b)), key="compare_diff")


def first_row(sides: Sides) -> int:
    """What to show first: the deepest sense of a comparison is a changed output."""
    changed = sorted(sides.changes.outputs | sides.changes.inputs)
    missing = [row for row, pair in enumerate(sides.pairs) if pair.a is None or pair.b is None]
    return (changed or missing or [0])[0]


def explore(project: str, sides: Sides) -> None:
    """Head, tree and the chosen pair; a click runs only this."""
    with errors_shown():
        ids = (sides.first.trace.trace_id, sides.second.trace.trace_id)
        sums = compare_sums(sides.first.trace, sides.second.trace, back=list_url(project))
        compare_header(sums, key="compare_header")
        left, right = st.columns([6, 5], gap="small")
        start = (
            int(row) if (row := st.query_params.get("row", "")).isdecimal() else first_row(sides)
        )
        start = start if start < len(sides.pairs) else 0
        with left:
            columns = compare_columns(
                sides.pairs,
                (sides.first.columns, sides.second.columns),
                sides.changes,
                name="/".join(ids),
                selected=start,
            )
            chosen = compare_tree(columns, key=f"compare_tree_{'_'.join(ids)}")
            if not sides.is_whole:
                st.caption(
                    f"Traces of more than {READ_WHOLE} spans: choose a row to see whether its "
                    "texts differ."
                )
        row_shown = chosen if chosen is not None and chosen < len(sides.pairs) else start
        if chosen is not None and str(chosen) != st.query_params.get("row"):
            st.query_params["row"] = str(chosen)
        with right, errors_shown():
            show_pair(project, sides, row_shown)


def choose_second(project: str, first: TraceSummary) -> None:
    """What the first can be compared with: the newest traces of the same name."""
    st.subheader("Compare with", anchor=False)
    st.text(f"{first.name}, {first.trace_id}")
    wanted = filters.both(filters.equals("name", first.name), f"trace_id != '{first.trace_id}'")
    page = client().list_traces(project, filter=wanted, limit=CANDIDATES)
    rows = list_rows(
        project,
        page.items,
        view=first.trace_id,
        order_by="-started_ns",
        empty="No other trace has this name. In the list of traces any two can be picked.",
        compare_with=first.trace_id,
    )
    trace_list(rows, key="candidates")


project = project_of_address()
first_id, second_id = st.query_params.get("a"), st.query_params.get("b")
if not first_id:
    raise NotFound("the address names no trace", "pick two in the list of traces")
if not second_id:
    choose_second(project, client().get_tree(project, first_id).trace)
else:
    st.fragment(explore)(project, read_sides(project, first_id, second_id))
