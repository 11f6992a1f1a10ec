"""Traces over HTTP.  A route names its inputs and asks one query; it decides nothing."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from weave_core.model import Page, Trace, TraceSummary, TraceTree
from weave_core.server.deps import (
    CursorQuery,
    FilterQuery,
    LimitQuery,
    OrderQuery,
    ProjectPath,
    ReaderDep,
    SettledReaderDep,
)
from weave_core.server.routes.answers import JsonAnswer, json_parts
from weave_core.server.store.queries import traces, trees

router = APIRouter(prefix="/api/projects/{project}/traces", tags=["traces"])


@router.get("", response_model=Page[TraceSummary])
def list_traces(
    *,
    connection: SettledReaderDep,
    project: ProjectPath,
    filter_text: FilterQuery = None,
    order_by: OrderQuery = "-started_ns",
    limit: LimitQuery = 50,
    cursor: CursorQuery = None,
) -> Response:
    """A page of traces, newest first."""
    return JsonAnswer(
        traces.list_traces(
            connection,
            project,
            filter_text=filter_text,
            order_by=order_by,
            limit=limit,
            cursor=cursor,
        )
    )


@router.get("/{trace_id}", response_model=Trace)
def read_trace(
    *,
    connection: ReaderDep,
    project: ProjectPath,
    trace_id: Annotated[str, Path(description="32 hex digits.")],
    payload: Annotated[
        bool, Query(description="False leaves inputs, outputs, messages and attributes empty.")
    ] = True,
    limit: Annotated[
        int, Query(ge=1, le=traces.MAX_TRACE_SPANS, description="Most spans in one answer.")
    ] = traces.MAX_TRACE_SPANS,
    cursor: CursorQuery = None,
) -> Response:
    """One trace with its spans in start order; `next_cursor` leads on where it has very many."""
    return json_parts(
        traces.get_trace(
            connection, project, trace_id, has_payload=payload, limit=limit, cursor=cursor
        )
    )


@router.get("/{trace_id}/tree", response_model=TraceTree)
def read_tree(
    *,
    connection: ReaderDep,
    project: ProjectPath,
    trace_id: Annotated[str, Path(description="32 hex digits.")],
    limit: Annotated[
        int, Query(ge=1, le=traces.MAX_TRACE_SPANS, description="Most spans in one answer.")
    ] = traces.MAX_TRACE_SPANS,
    cursor: CursorQuery = None,
) -> Response:
    """One trace as columns in start order: what a tree and a waterfall need of its spans."""
    return JsonAnswer(trees.get_tree(connection, project, trace_id, limit=limit, cursor=cursor))
