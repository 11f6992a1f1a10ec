"""Feedback over HTTP: given, read, changed, taken back."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Body, Path, Query, Response

from weave_core.model import (
    AddedFeedback,
    Feedback,
    FeedbackChanges,
    FeedbackStats,
    NewFeedback,
    NewFeedbackBatch,
    Page,
)
from weave_core.server.deps import (
    CursorQuery,
    FilterQuery,
    LimitQuery,
    OrderQuery,
    ProjectPath,
    ReaderDep,
    StoreDep,
)
from weave_core.server.routes.answers import JsonAnswer
from weave_core.server.store import feedback
from weave_core.server.store.queries import feedback as questions

router = APIRouter(prefix="/api/projects/{project}/feedback", tags=["feedback"])

FeedbackPath = Annotated[str, Path(description="Id of feedback.")]


@router.get("", response_model=Page[Feedback])
def list_feedback(
    *,
    connection: ReaderDep,
    project: ProjectPath,
    filter_text: FilterQuery = None,
    order_by: OrderQuery = "-created_ns",
    limit: LimitQuery = 50,
    cursor: CursorQuery = None,
) -> Response:
    """A page of feedback, newest first."""
    return JsonAnswer(
        questions.list_feedback(
            connection,
            project,
            filter_text=filter_text,
            order_by=order_by,
            limit=limit,
            cursor=cursor,
        )
    )


@router.post("", response_model=Feedback)
def add_feedback(
    store: StoreDep, project: ProjectPath, given: Annotated[NewFeedback, Body()]
) -> Response:
    """Give feedback; what has the same `feedback_id` is replaced.  The target need not be there."""
    work = partial(feedback.add_feedback, project=project, items=[given])
    return JsonAnswer(store.run(work).result()[0])


@router.post("/batch", response_model=AddedFeedback)
def add_batch(
    store: StoreDep, project: ProjectPath, given: Annotated[NewFeedbackBatch, Body()]
) -> Response:
    """Give up to 1,000 feedback together: all of it or none."""
    work = partial(feedback.add_feedback, project=project, items=given.items)
    return JsonAnswer({"items": store.run(work).result()})


@router.get("/stats", response_model=Page[FeedbackStats])
def sum_feedback(
    *,
    connection: ReaderDep,
    project: ProjectPath,
    group_by: Annotated[
        str | None,
        Query(description=f"Beside the name: some of {', '.join(questions.FEEDBACK_GROUPS)}."),
    ] = None,
    bucket: Annotated[
        str | None, Query(description="Width in time, such as 1h, 1d; absent: all in one.")
    ] = None,
    filter_text: FilterQuery = None,
) -> Response:
    """Counts and values of feedback by name, over the time when it was given."""
    return JsonAnswer(
        questions.sum_feedback(
            connection, project, group_by=group_by, bucket=bucket, filter_text=filter_text
        )
    )


@router.get("/{feedback_id}", response_model=Feedback)
def read_feedback(
    connection: ReaderDep, project: ProjectPath, feedback_id: FeedbackPath
) -> Response:
    """One feedback."""
    return JsonAnswer(questions.get_feedback(connection, project, feedback_id))


@router.patch("/{feedback_id}", response_model=Feedback)
def change_feedback(
    store: StoreDep,
    project: ProjectPath,
    feedback_id: FeedbackPath,
    changes: Annotated[FeedbackChanges, Body()],
) -> Response:
    """Change value, label or text; null takes one away."""
    work = partial(
        feedback.change_feedback, project=project, feedback_id=feedback_id, changes=changes
    )
    return JsonAnswer(store.run(work).result())


@router.delete("/{feedback_id}", status_code=204)
def delete_feedback(store: StoreDep, project: ProjectPath, feedback_id: FeedbackPath) -> None:
    """Take feedback back."""
    work = partial(feedback.delete_feedback, project=project, feedback_id=feedback_id)
    store.run(work).result()
