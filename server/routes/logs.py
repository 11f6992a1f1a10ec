"""Log records over HTTP.  A route names its inputs and asks one query; it decides nothing."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from weave_core.model import LogRecord, Page
from weave_core.server.deps import (
    CursorQuery,
    FromQuery,
    LimitQuery,
    ProjectPath,
    ReaderDep,
    ToQuery,
)
from weave_core.server.routes.answers import JsonAnswer
from weave_core.server.store.queries import logs
from weave_core.server.store.queries.stats import Period

router = APIRouter(prefix="/api/projects/{project}/logs", tags=["logs"])


@router.get("", response_model=Page[LogRecord])
def list_logs(
    *,
    connection: ReaderDep,
    project: ProjectPath,
    trace_id: Annotated[str | None, Query(description="Only of this trace; 32 hex digits.")] = None,
    span_id: Annotated[str | None, Query(description="Only of this span; 16 hex digits.")] = None,
    min_severity: Annotated[
        int, Query(ge=0, le=24, description="9 for INFO and worse, 13 for WARN, 17 for ERROR.")
    ] = 0,
    text: Annotated[
        str | None,
        Query(
            max_length=logs.MAX_LOG_WORDS,
            description="Somewhere in severity, event name, body or attributes, small letters or "
            "large. A page may then be short, or empty, and still have a `next_cursor`.",
        ),
    ] = None,
    from_ns: FromQuery = None,
    to_ns: ToQuery = None,
    limit: LimitQuery = 50,
    cursor: CursorQuery = None,
) -> Response:
    """A page of log records, newest first."""
    return JsonAnswer(
        logs.list_logs(
            connection,
            project,
            logs.LogFilter(
                trace_id=trace_id,
                span_id=span_id,
                min_severity=min_severity,
                text=text,
                period=Period(from_ns, to_ns),
            ),
            limit=limit,
            cursor=cursor,
        )
    )
