"""The form that makes an annotation queue: what is reviewed, what is asked, by how many."""

from typing import Any

import streamlit as st
from pydantic import ValidationError

from weave_core.app.frame import go_to
from weave_core.app.label_sets import OFFERED, label_set_of
from weave_core.app.state import annotate_url, client
from weave_core.errors import BadRequest, NotFound
from weave_core.model import (
    LABEL_SET,
    FeedbackTarget,
    Label,
    LabelSet,
    NewAnnotationQueue,
)

__all__ = ["label_rows", "read_labels", "show_new_queue"]

MAX_LABEL_SETS = 200
"""Label sets that are offered by name; any other name can be typed."""
MAX_QUEUED = 1_000
"""Things that one visit of the form puts into a queue."""
_KINDS = ["categorical", "boolean", "number", "text"]
_FIRST: list[dict[str, Any]] = [
    {"name": "correctness", "kind": "categorical", "options": "right, partly, wrong"},
    {"name": "comment", "kind": "text", "optional": True},
]
_COLUMNS = ("name", "kind", "options", "min", "max", "description", "optional")


def label_rows(labels: LabelSet | None) -> list[dict[str, Any]]:
    """A label set as rows of a table that can be edited; None: a first suggestion."""
    if labels is None:
        return [dict.fromkeys(_COLUMNS) | {"optional": False} | row for row in _FIRST]
    return [
        label.model_dump(include={"name", "kind", "min", "max", "description"})
        | {"options": ", ".join(label.options), "optional": not label.is_required}
        for label in labels.labels
    ]


def read_labels(rows: list[dict[str, Any]], instructions: str) -> LabelSet:
    """The label set that edited rows stand for.

    Raises:
        BadRequest: If they are none; it says what is wrong.
    """
    try:
        labels = [_label(row) for row in rows if str(row.get("name") or "").strip()]
        return LabelSet(labels=labels, instructions=instructions)
    except ValidationError as error:
        problem = error.errors()[0]
        told = problem["msg"].removeprefix("Value error, ")
        where = ".".join(str(part) for part in problem["loc"])
        raise BadRequest(f"the labels are wrong: {where}: {told}".replace(": :", ":")) from error


def _label(row: dict[str, Any]) -> Label:
    options = [each.strip() for each in str(row.get("options") or "").split(",")]
    kind = row.get("kind") or "categorical"
    return Label(
        name=str(row["name"]),
        kind=kind,
        options=[each for each in options if each] if kind == "categorical" else [],
        min=row.get("min") if kind == "number" else None,
        max=row.get("max") if kind == "number" else None,
        description=str(row.get("description") or ""),
        is_required=not row.get("optional"),
    )


def show_new_queue(project: str, *, is_first: bool) -> None:
    """The form, open where somebody came to make one."""
    query = st.query_params
    is_meant = any(query.get(name) for name in ("new", "filter", "traces"))
    with st.expander("New queue", expanded=is_first or is_meant, icon=":material/add:"):
        _form(project, query.get("filter") or "", query.get("traces") or "")


def _form(project: str, given: str, traces: str) -> None:
    names = [
        each.name
        for each in client().list_objects(project, kind=LABEL_SET, limit=MAX_LABEL_SETS).items
    ]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(
            "Name", max_chars=200, placeholder="Weekly look at refunds", key="queue_name"
        )
        chosen = st.selectbox(
            "Label set", names or [OFFERED], key="queue_labels", accept_new_options=True, width=240,
            help="What is asked; a changed one becomes a new version",
        )  # fmt: skip
        overlap = st.number_input(
            "Each by", 1, 20, 1, key="queue_overlap", width=110, help="How many people review each"
        )
    ids = [each for each in traces.split(",") if each]
    condition, of, limit, order = given, "traces", MAX_QUEUED, "newest"
    if ids:
        st.caption(f"{len(ids)} traces that were picked in the list.")
    else:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            condition = st.text_input(
                "Filter", given, key="queue_filter", icon=":material/filter_alt:",
                placeholder="feedback['thumbs'] = 0",
            )  # fmt: skip
            of = st.selectbox("Review", ["traces", "spans"], key="queue_of", width=120)
            limit = st.number_input("At most", 1, MAX_QUEUED, 100, key="queue_limit", width=120)
            order = st.selectbox("Which", ["newest", "random"], key="queue_order", width=130)
    known = _known(project, chosen) if chosen in names else None
    rows = st.data_editor(
        label_rows(known), key=f"labels_{chosen}", num_rows="dynamic", hide_index=True,
        width="stretch", column_order=_COLUMNS,
        column_config={
            "kind": st.column_config.SelectboxColumn(options=_KINDS, required=True),
            "options": st.column_config.TextColumn(help="Of categorical: commas between"),
            "min": st.column_config.NumberColumn(help="Of numbers"),
            "max": st.column_config.NumberColumn(help="Of numbers"),
        },
    )  # fmt: skip
    told = st.text_area(
        "Instructions", known.instructions if known else "", key=f"told_{chosen}", height=80
    )
    if not st.button("Make the queue", type="primary", disabled=not name.strip() or not chosen):
        return
    labels = read_labels(rows, told)
    if labels != known:
        content = labels.model_dump(exclude_defaults=True)
        client().publish_object(project, LABEL_SET, chosen, content)
    queue = client().add_annotation_queue(
        project, NewAnnotationQueue(name=name, label_set=chosen, overlap=int(overlap))
    )
    targets = [FeedbackTarget(trace_id=each) for each in ids[:MAX_QUEUED]]
    try:
        client().add_annotation_items(
            project, queue.queue_id, filter=condition or None,
            of="spans" if of == "spans" else "traces", limit=int(limit),
            order="random" if order == "random" else "newest", targets=targets or None,
        )  # fmt: skip
    except BadRequest:
        client().delete_annotation_queue(project, queue.queue_id)
        raise
    go_to(annotate_url(project, queue=queue.queue_id))


def _known(project: str, name: str) -> LabelSet | None:
    try:
        return label_set_of(project, name, "latest")
    except (NotFound, ValidationError):
        return None
