"""Rows for a dataset out of spans: chosen, edited, held against what is there, and added."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import streamlit as st

from weave_core.app.components.figure_table import Row, figure_table, table_rows
from weave_core.app.frame import go_to
from weave_core.app.row_edits import (
    cell_text,
    cell_value,
    chosen,
    columns_of,
    read_row,
    row_text,
)
from weave_core.app.state import client, object_url, project_of_address
from weave_core.errors import NotFound
from weave_core.model import AddedRows, Span, TraceSummary
from weave_core.span_rows import ORIGIN, row_of

MAX_TRACES = 200
"""Traces that one visit of the page makes rows of."""
MAX_BYTES = 16 * 1024 * 1024
"""JSON of the rows that one visit holds."""
MAX_DATASETS = 500
"""Datasets that are offered by name; any other name can be typed."""
_KEPT_S = 600
_PICKED = "Add"
_FIRST_COLUMN = "expected"


def spans_of_address(project: str) -> Iterator[Span]:
    """The spans that the address names: one, the roots of some traces, or of all of a filter."""
    reader = client()
    query = st.query_params
    if query.get("span"):
        yield reader.get_span(project, query["span"], trace_id=query.get("trace"))
        return
    if query.get("traces"):
        ids = query["traces"].split(",")
        found: Iterator[TraceSummary] = (
            reader.get_tree(project, trace_id).trace for trace_id in ids
        )
    else:
        found = reader.iter_traces(project, filter=query.get("filter") or None)
    for trace in islice(found, MAX_TRACES):
        if trace.root_span_id is not None:
            yield reader.get_span(project, trace.root_span_id, trace_id=trace.trace_id)


@st.cache_data(ttl=_KEPT_S, max_entries=4, show_spinner="Reading spans")
def rows_of_address(project: str, address: str, output: str) -> list[dict[str, Any]]:  # noqa: ARG001  # Part of the cache's key.
    """Their rows, as many as fit."""
    rows: list[dict[str, Any]] = []
    size_bytes = 0
    for span in spans_of_address(project):
        row = row_of(span, output=output)
        size_bytes += len(row_text(row))
        if rows and size_bytes > MAX_BYTES:
            break
        rows.append(row)
    return rows


def pick_target(project: str) -> tuple[str | None, str, str | None]:
    """Which dataset, the column of what came out, and who adds."""
    page = client().list_objects(project, kind="dataset", limit=MAX_DATASETS)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox(
            "Dataset", [each.name for each in page.items], index=None, key="add_to",
            accept_new_options=True, placeholder="Choose one, or name a new one", width=320,
        )  # fmt: skip
        output = st.text_input(
            "What came out is the column", value=_FIRST_COLUMN, key="add_output", width=220,
            help="Scorers look for what is right in `expected`. Empty: leave it away.",
        )  # fmt: skip
        if "added_by" not in st.session_state:
            st.session_state["added_by"] = st.session_state.get("adds_as", "")
        who = st.text_input(
            "Added by", key="added_by", placeholder="Your name", width=200, max_chars=200
        )
        st.session_state["adds_as"] = who
    return name, output.strip(), who.strip() or None


def edit_one(row: Mapping[str, Any], columns: Sequence[str]) -> list[dict[str, Any]]:
    """The row as JSON, to be edited before it is added."""
    text = row_text(chosen(row, columns))
    edited = st.text_area("Row", text, height=320, key=f"row_{hash(text)}")
    return [read_row(edited) | {ORIGIN: row[ORIGIN]}]


def edit_many(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> list[dict[str, Any]]:
    """The rows as a table whose cells can be edited, each with a mark to leave it out."""
    shown = [
        {_PICKED: True} | {name: cell_text(row[name]) if name in row else None for name in columns}
        for row in rows
    ]
    edited = st.data_editor(
        shown, key=f"rows_{hash(str(columns))}", hide_index=True, width="stretch", height=420,
        column_config={_PICKED: st.column_config.CheckboxColumn(width="small")},
    )  # fmt: skip
    kept = []
    for row, cells in zip(rows, edited, strict=True):
        if cells[_PICKED]:
            told = {
                name: cell_value(str(cells[name]), row.get(name, ""))
                for name in columns
                if cells.get(name) is not None
            }
            kept.append(told | {ORIGIN: row[ORIGIN]})
    return kept


def show_near(project: str, name: str, found: AddedRows, rows: Sequence[dict[str, Any]]) -> None:
    """Rows that stand there already, or nearly so."""
    lines = [
        Row(
            [
                f"#{each.index + 1}",
                "equal: left out" if each.is_equal else f"{each.similarity:.0%} alike",
                {"text": cell_text(chosen(rows[each.index], columns_of(rows)))[:200]},
                {"text": each.text, "title": each.text},
            ],
            url=None
            if each.other_index is None
            else object_url(project, "dataset", name, row=str(each.other_index)),
        )
        for each in found.near
    ]
    columns = [
        ("Row", "60px", ""), ("", "120px", ""), ("Says", "minmax(160px, 1fr)", ".cut"),
        ("What is there", "minmax(160px, 1fr)", ".cut"),
    ]  # fmt: skip
    figure_table(table_rows("Rows that stand there already", columns, lines), key="near_rows")


def offer(project: str, name: str, rows: list[dict[str, Any]], who: str | None) -> None:
    """Add them; where some stand there or nearly so, they are shown first."""
    asked = f"{name}\n{rows!r}"
    if st.button(
        f"Add {len(rows)} {'row' if len(rows) == 1 else 'rows'}", type="primary", disabled=not rows
    ):
        found = client().add_rows(project, name, rows, added_by=who, is_trial=True)
        if not found.near:
            add(project, name, rows, who)
        st.session_state["near"] = (asked, found)
    known: tuple[str, AddedRows] | None = st.session_state.get("near")
    if known is None or known[0] != asked:
        return
    found = known[1]
    st.markdown(f":material/content_copy: **{len(found.near)} stand there already, or nearly so**")
    show_near(project, name, found, rows)
    if found.added and st.button(f"Add the {found.added} that are not equal"):
        add(project, name, rows, who)


def add(project: str, name: str, rows: list[dict[str, Any]], who: str | None) -> None:
    """Add them and show the dataset where they stand."""
    done = client().add_rows(project, name, rows, added_by=who)
    st.session_state.pop("near", None)
    first = max(done.count - done.added, 0)
    go_to(object_url(project, "dataset", name, start=str(first), row=str(first)))


project = project_of_address()
if not any(st.query_params.get(each) for each in ("span", "traces", "list")):
    raise NotFound("the address names no span", "follow 'Add to dataset' on a trace's page")
st.subheader("Add to dataset", anchor=False)
name, output, who = pick_target(project)
address = "\n".join(f"{key}={st.query_params[key]}" for key in sorted(st.query_params))
rows = rows_of_address(project, address, output)
if not rows:
    st.caption("No trace is like that.")
    st.stop()
columns = columns_of(rows)
# No pills, whose labels are Markdown: a column may be called anything.
picked = st.multiselect("Columns", columns, default=columns, key=f"columns_{hash(str(columns))}")
wanted = [each for each in columns if each in picked]
edited = edit_one(rows[0], wanted) if len(rows) == 1 else edit_many(rows, wanted)
st.caption("Each row keeps which span it is from, when it was added and by whom.")
if name:
    offer(project, name, edited, who)
else:
    st.caption("Choose a dataset, or type the name of a new one.")
