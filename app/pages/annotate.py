"""Annotate: queues of things that people review one after the other, by one label set."""

from functools import partial

import streamlit as st

from weave_core.app import welcome
from weave_core.app.components.figure_table import Row, figure_table, table_rows
from weave_core.app.components.review_form import read_action, review_content, review_form
from weave_core.app.components.span_detail import span_content, span_detail
from weave_core.app.frame import errors_shown, go_to
from weave_core.app.media import shown_code, shown_media
from weave_core.app.new_queue import show_new_queue
from weave_core.app.project_picker import pick_project
from weave_core.app.queue_results import show_agreement, show_results
from weave_core.app.state import annotate_url, client, trace_url
from weave_core.errors import WeaveError
from weave_core.model import AnnotationQueue, FeedbackTarget, TakenItem
from weave_core.reviews import span_of

NO_QUEUES = "No queue yet. A queue holds traces or spans that people of the team review one by one."


def reviewing(project: str, queue: AnnotationQueue) -> None:
    """The item at hand beside what is asked of it; a deed runs only this."""
    with errors_shown():
        reviewer: str | None = st.session_state.get("reviewer")
        been: list[int] = st.session_state.setdefault(f"been_{queue.queue_id}", [])
        taken = take(project, queue, reviewer) if reviewer else None
        left, right = st.columns([3, 2], gap="medium")
        with right:
            content = review_content(
                queue, taken, reviewer=reviewer, can_go_back=bool(been),
                error=st.session_state.get("review_problem"),
            )  # fmt: skip
            review_form(content, key="review", on_act=partial(act, project, queue))
        with left, errors_shown():
            if taken is not None and taken.item is not None:
                show_item(project, taken.item.target)


def take(project: str, queue: AnnotationQueue, reviewer: str) -> TakenItem:
    """The item that the reviewer has: one they went back to, else the next."""
    number: int | None = st.session_state.get("review_again")
    try:
        return client().take_annotation_item(project, queue.queue_id, reviewer, number=number)
    except WeaveError:
        if number is None:
            raise
        st.session_state.pop("review_again")  # It is gone, or somebody else's by now.
        return client().take_annotation_item(project, queue.queue_id, reviewer)


def act(project: str, queue: AnnotationQueue) -> None:
    """Do what the reviewer did, before the page shows what comes next."""
    action = read_action(st.session_state["review"].get("act"))
    if action is None:
        return
    been: list[int] = st.session_state.setdefault(f"been_{queue.queue_id}", [])
    st.session_state["reviewer"] = action.who
    number, queue_id = action.number, queue.queue_id
    try:
        if action.deed == "back":
            st.session_state["review_again"] = been.pop() if been else None
        elif action.deed == "take" or number is None:
            st.session_state.pop("review_again", None)
        else:
            if action.deed == "answer":
                client().answer_annotation_item(
                    project, queue_id, number, action.who, action.answers
                )
            else:
                client().skip_annotation_item(project, queue_id, number, action.who)
            been.append(number)
            st.session_state.pop("review_again", None)
        st.session_state.pop("review_problem", None)
    except WeaveError as error:
        st.session_state["review_problem"] = str(error)


def show_item(project: str, target: FeedbackTarget) -> None:
    """What is reviewed: a span, or the root of a trace."""
    span = span_of(client(), project, target)
    content = span_content(span, media=shown_media(client(), span), code=shown_code(client(), span))
    span_detail(content, key="review_detail")
    if st.button(
        "Open the whole trace", type="tertiary", icon=":material/account_tree:", key="review_open"
    ):
        go_to(trace_url(project, span.trace_id, span.span_id))


def show_queues(project: str, queues: list[AnnotationQueue]) -> None:
    """All queues and how far they are; a click opens one."""
    rows = [
        Row(
            [
                {"text": queue.name, "title": queue.description or queue.name},
                f"{queue.progress.done} of {queue.progress.items}",
                str(queue.progress.reviews),
                str(queue.overlap),
                {"text": f"{queue.label_set}:{queue.label_version}"},
                {"text": ", ".join(each.reviewer for each in queue.progress.reviewers)},
                {"ago": queue.created_ns / 1e6},
            ],
            url=annotate_url(project, queue=queue.queue_id),
        )
        for queue in queues
    ]
    columns = [
        ("Queue", "minmax(160px, 1.4fr)", ".cut"), ("Done", "96px", ".num"),
        ("Reviews", "76px", ".num"), ("Each by", "70px", ".num"),
        ("Label set", "minmax(120px, 1fr)", ".cut"), ("Reviewers", "minmax(120px, 1fr)", ".cut"),
        ("Made", "90px", ".num"),
    ]  # fmt: skip
    figure_table(table_rows("Annotation queues", columns, rows, empty=NO_QUEUES), key="queues")


def show_queue(project: str, queue: AnnotationQueue) -> None:
    """One queue: reviewing, what was said, and how far people agree."""
    views = {
        "Review": st.fragment(reviewing),
        "Results": show_results,
        "Agreement": show_agreement,
    }
    view = st.segmented_control(
        "View", list(views), key="view", default="Review", required=True, bind="query-params",
        label_visibility="collapsed",
    )  # fmt: skip
    views[view or "Review"](project, queue)


def leave_queue() -> None:
    """Another project has other queues."""
    for name in ("queue", "new", "filter", "traces"):
        st.query_params.pop(name, None)


with st.container(horizontal=True, vertical_alignment="center", key="annotate_bar"):
    project = pick_project(on_other=leave_queue)
    queues = client().list_annotation_queues(project) if project is not None else []
    known = {queue.queue_id: queue for queue in queues}
    here = st.query_params.get("queue")
    if here is not None and project is not None:
        queue = known.get(here) or client().get_annotation_queue(project, here)
        st.text(queue.name)
        if st.button("All queues", type="tertiary", icon=":material/list:"):
            go_to(annotate_url(project))
if project is None:
    welcome.show(None)
elif here is not None:
    show_queue(project, queue)
else:
    if queues:
        show_queues(project, queues)
    show_new_queue(project, is_first=not queues)
