"""Spans over HTTP.  A route names its inputs and asks one query; it decides nothing."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from weave_core.model import Page, Span
from weave_core.server.deps import (
    CursorQuery,
    FilterQuery,
    LimitQuery,
    OrderQuery,
    ProjectPath,
    ReaderDep,
)
from weave_core.server.routes.answers import JsonAnswer
from weave_core.server.store.queries import spans

router = APIRouter(prefix="/api/projects/{project}/spans", tags=["spans"])


@router.get("", response_model=Page[Span])
def list_spans(
    *,
    connection: ReaderDep,
    project: ProjectPath,
    filter_text: FilterQuery = None,
    order_by: OrderQuery = "-started_ns",
    limit: LimitQuery = 50,
    cursor: CursorQuery = None,
) -> Response:
    """A page of spans without payload, newest first."""
    return JsonAnswer(
        spans.list_spans(
            connection,
            project,
            filter_text=filter_text,
            order_by=order_by,
            limit=limit,
            cursor=cursor,
        )
    )


@router.get("/{span_id}", response_model=Span)
def read_span(
    connection: ReaderDep,
    project: ProjectPath,
    span_id: Annotated[str, Path(description="16 hex digits.")],
    trace_id: Annotated[
        str | None, Query(description="Needed only where several traces hold the same span id.")
    ] = None,
) -> Response:
    """One span with its payload."""
    return JsonAnswer(spans.get_span(connection, project, span_id, trace_id=trace_id))
