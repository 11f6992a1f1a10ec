"""One object: its versions, what one says, how two differ, and who used it."""

from typing import Any

import orjson
import streamlit as st

from weave_core.app.components.evaluation_list import evaluation_list, evaluation_rows
from weave_core.app.components.figure_table import Row, figure_table, table_rows
from weave_core.app.components.json_value import json_value
from weave_core.app.components.object_header import object_header, object_header_content
from weave_core.app.components.text_diff import diff_content, text_diff
from weave_core.app.object_rows import show_rows
from weave_core.app.run_views.code import show_code_files
from weave_core.app.state import client, object_url, project_of_address, trace_url
from weave_core.app.versions import VERSIONS, beside_versions, pick_base
from weave_core.errors import NotFound
from weave_core.model import ObjectVersion, RowChanges, RowPage

USES = 50
CONTENT, CHANGES, USED = "Content", "Changes", "Used by"
DATASET, CODE = "dataset", "code"
_MAX_CELL = 300


def show_changes(project: str, shown: ObjectVersion, base: int) -> None:
    """What differs between the two: rows of datasets, lines of anything else."""
    if shown.kind == DATASET:
        show_row_changes(client().compare_rows(project, shown.name, str(shown.version), str(base)))
        return
    old = client().get_object(project, shown.kind, shown.name, str(base)).content
    new = client().get_object(project, shown.kind, shown.name, str(shown.version)).content
    title = f"{shown.name}: version {base} and version {shown.version}"
    text_diff(diff_content(title, {"Content": (_text(old), _text(new))}, []), key="object_diff")


def show_row_changes(found: RowChanges) -> None:
    """Rows that one of them has and the other has not."""
    st.caption(
        f"{found.added:,} rows added, {found.removed:,} removed, {found.same:,} the same."
        + (
            f" The first {len(found.items)}:"
            if len(found.items) < found.added + found.removed
            else ""
        )
    )
    rows = [
        Row(
            [
                {"text": each.op, "bad": each.op == "removed"},
                f"{each.index:,}",
                {"text": _line(each.row)[:_MAX_CELL], "title": _line(each.row)},
            ]
        )
        for each in found.items
    ]
    columns = [("", "80px", ""), ("Row", "70px", ".num"), ("Says", "minmax(200px, 1fr)", ".cut")]
    figure_table(
        table_rows("Changes", columns, rows, empty="Their rows say the same."), key="row_changes"
    )


def show_uses(project: str, shown: ObjectVersion) -> None:
    """Evaluations that it was part of, and spans that got or published it."""
    evaluations = client().list_evaluations(project, uses=shown.digest, limit=USES)
    st.markdown("**Evaluations**")
    rows = evaluation_rows(project, evaluations.items, empty="None was run with this version.")
    evaluation_list(rows, key="uses_evaluations")
    st.markdown("**Spans**")
    condition = f"attributes['weave_core.refs'] like '%{shown.digest}%'"
    spans = client().list_spans(project, filter=condition, limit=USES)
    lines = [
        Row(
            [each.name, {"text": each.kind, "dim": True}, {"ago": each.started_ns / 1e6}],
            url=trace_url(project, each.trace_id, each.span_id),
            id=each.span_id,
        )
        for each in spans.items
    ]
    columns = [
        ("Span", "minmax(160px, 1fr)", ".cut"), ("Kind", "90px", ""), ("Started", "90px", ".num")
    ]  # fmt: skip
    empty = "No traced call got or published this version."
    figure_table(table_rows("Spans", columns, lines, empty=empty), key="uses_spans")


def _text(content: Any) -> str:
    """Content as lines: a text as it is, all else as JSON whose texts keep their lines."""
    if isinstance(content, str):
        return content
    return orjson.dumps(content, option=orjson.OPT_INDENT_2).decode().replace("\\n", "\n")


def _line(row: dict[str, Any]) -> str:
    return orjson.dumps({k: v for k, v in row.items() if k != "metadata"}).decode()


project = project_of_address()
kind, _, name = st.query_params.get("object", "").partition("/")
if not kind or not name:
    raise NotFound("the address names no object", "open one in the list of objects")
wanted = st.query_params.get("version") or "latest"
versions = client().list_versions(project, kind, name, limit=VERSIONS).items
page: RowPage | None = None
content: Any = None
if kind == DATASET:
    page = client().list_rows(project, name, wanted, limit=1)
    shown = page.version
else:
    stored = client().get_object(project, kind, name, wanted)
    shown, content = stored, stored.content
latest = next((each.version for each in versions if "latest" in each.aliases), versions[0].version)
object_header(
    object_header_content(project, shown, rows=page.count if page else None, latest=latest),
    key="object_header",
)
with beside_versions(
    versions, shown.version, told=("Published", lambda each: {"ago": each.created_ns / 1e6}),
    url=lambda each: object_url(project, each.kind, each.name, each.version),
):  # fmt: skip
    view = st.segmented_control(
        "View", [CONTENT, CHANGES, USED], key="view", default=CONTENT, required=True,
        bind="query-params", label_visibility="collapsed",
    )  # fmt: skip
    if view == CHANGES:
        base = pick_base(versions, shown.version)
        if base is not None:
            show_changes(project, shown, base)
    elif view == USED:
        show_uses(project, shown)
    elif page is not None:
        show_rows(project, name, shown, page.count)
    elif kind == CODE:
        show_code_files(content)
    else:
        json_value("Content", content, key=f"content_{shown.digest}")
