"""The rows of a dataset on its object's page: a page of them, found by the server, one in full."""

from typing import Any

import orjson
import streamlit as st

from weave_core.app.components.figure_table import Cell, Row, figure_table, table_rows
from weave_core.app.components.json_value import json_value
from weave_core.app.state import client, trace_url
from weave_core.model import DatasetRow, ObjectVersion, RowPage

__all__ = ["show_rows"]

PAGE_SIZE = 50
MAX_COLUMNS = 6
"""Columns of a dataset in its table; a row in full has all of them."""
_MAX_CELL = 300
_ORIGIN = "metadata"


def show_rows(project: str, name: str, version: ObjectVersion, count: int) -> None:
    """A page of rows, as the address says: searched for a text, from a row on."""
    search, start = _controls(count)
    page = client().list_rows(
        project, name, str(version.version), search=search or None, start=start, limit=PAGE_SIZE
    )
    one = _picked(project, name, version, page)
    # Beside the table, where it is seen without a way down.
    table, beside = st.columns([3, 2], gap="medium") if one else (st.container(), None)
    with table:
        picked = figure_table(_table(page), key=f"rows_{version.digest}")
        if picked and picked.isdecimal() and picked != st.query_params.get("row"):
            st.query_params["row"] = picked
            st.rerun()
        _turn(page, search, start)
    if one and beside:
        with beside:
            _show_one(project, one)


def _first_page() -> None:
    st.query_params.pop("start", None)


def _controls(count: int) -> tuple[str, int]:
    """The search box and the place where the page begins."""
    start = st.query_params.get("start", "")
    with st.container(horizontal=True, vertical_alignment="center"):
        search = st.text_input(
            "Search", key="find", bind="query-params", on_change=_first_page, max_chars=1_000,
            placeholder=f"Search {count:,} rows", icon=":material/search:",
            label_visibility="collapsed",
        )  # fmt: skip
    return search or "", int(start) if start.isdecimal() else 0


def _table(page: RowPage) -> bytes:
    columns = [each for each in page.columns if each != _ORIGIN][:MAX_COLUMNS]
    has_origin = any(_origin(each.row) for each in page.items)
    on = st.query_params.get("row")
    rows = []
    for each in page.items:
        cells: list[Cell] = [f"{each.index:,}"]
        cells += [_cell(each.row.get(name)) for name in columns]
        if has_origin:
            origin = _origin(each.row) or {}
            who = str(origin.get("added_by") or "")
            when = str(origin.get("added_at") or "")[:10]
            told = ", ".join(each for each in (when, who) if each)
            cells.append({"text": told[:_MAX_CELL], "title": _line(origin), "dim": True})
        rows.append(
            Row(cells, pick=str(each.index), is_on=on == str(each.index), id=str(each.index))
        )
    specs = [
        ("Row", "76px", ""),
        *((name, "minmax(110px, 1fr)", ".cut") for name in columns),
        *([("Added", "150px", ".cut")] if has_origin else []),
    ]
    return table_rows("Rows", specs, rows, empty="No row has that text in one of its values.")


def _turn(page: RowPage, search: str, start: int) -> None:
    """Where this page is, and the ways on."""
    last = page.items[-1].index + 1 if page.items else start
    told = f"{page.items[0].index:,} to {last - 1:,} of {page.count:,}" if page.items else ""
    if search and page.next_start is not None and len(page.items) < PAGE_SIZE:
        told = f"searched up to row {page.next_start:,} of {page.count:,}"
    with st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center"):
        st.caption(told)
        if start and st.button("First rows", type="tertiary", icon=":material/first_page:"):
            _first_page()
            st.rerun()
        if page.next_start is not None and st.button(
            "Next rows", type="tertiary", icon=":material/chevron_right:", icon_position="right"
        ):
            st.query_params["start"] = str(page.next_start)
            st.rerun()
        if (
            not search
            and page.count > PAGE_SIZE
            and st.button(
                "Last rows", type="tertiary", icon=":material/last_page:", icon_position="right"
            )
        ):
            st.query_params["start"] = str(page.count - PAGE_SIZE)
            st.rerun()


def _picked(project: str, name: str, version: ObjectVersion, page: RowPage) -> DatasetRow | None:
    """The row that the address names, on this page or not."""
    wanted = st.query_params.get("row", "")
    if not wanted.isdecimal():
        return None
    found = [each for each in page.items if each.index == int(wanted)]
    if not found:
        found = (
            client()
            .list_rows(project, name, str(version.version), start=int(wanted), limit=1)
            .items
        )
    return found[0] if found else None


def _show_one(project: str, found: DatasetRow) -> None:
    """The row in full, with the way to where it is from."""
    origin = _origin(found.row) or {}
    trace_id, span_id = origin.get("trace_id"), origin.get("span_id")
    source = None
    if isinstance(trace_id, str) and trace_id:
        of = origin.get("project")
        source = trace_url(
            of if isinstance(of, str) else project,
            trace_id,
            span_id if isinstance(span_id, str) else None,
        )
    json_value(f"Row {found.index:,}", found.row, key="row", source=source)


def _line(value: Any) -> str:
    return orjson.dumps(value).decode()[:_MAX_CELL]


def _origin(row: dict[str, Any]) -> dict[str, Any] | None:
    origin = row.get(_ORIGIN)
    return origin if isinstance(origin, dict) else None


def _cell(value: Any) -> Cell:
    if value is None:
        return None
    text = value[:_MAX_CELL] if isinstance(value, str) else _line(value)
    return {"text": text, "title": text}
