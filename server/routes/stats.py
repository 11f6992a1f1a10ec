"""Sums over spans and sessions over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from weave_core.model import Facets, Page, SessionSummary, Stats
from weave_core.server.deps import (
    CursorQuery,
    FilterQuery,
    FromQuery,
    LimitQuery,
    ProjectPath,
    ReaderDep,
    SettledReaderDep,
    ToQuery,
)
from weave_core.server.routes.answers import JsonAnswer
from weave_core.server.store.queries import sessions, stats

router = APIRouter(prefix="/api/projects/{project}", tags=["stats"])


@router.get("/stats", response_model=Page[Stats])
def list_stats(
    *,
    connection: ReaderDep,
    project: ProjectPath,
    group_by: Annotated[
        str | None,
        Query(description=f"Up to {stats.MAX_GROUPS} of {', '.join(sorted(stats.GROUPS))}."),
    ] = None,
    bucket: Annotated[
        str | None, Query(description="Width in time, such as 5m, 1h, 1d; absent: all in one.")
    ] = None,
    filter_text: FilterQuery = None,
    from_ns: FromQuery = None,
    to_ns: ToQuery = None,
) -> Response:
    """Counts, latency, tokens and cost of spans; each model call counts once."""
    return JsonAnswer(
        stats.list_stats(
            connection,
            project,
            group_by=group_by,
            bucket=bucket,
            filter_text=filter_text,
            period=stats.Period(from_ns, to_ns),
        )
    )


@router.get("/facets", response_model=Facets)
def list_facets(
    *,
    connection: ReaderDep,
    project: ProjectPath,
    fields: Annotated[
        str, Query(description=f"Up to {stats.MAX_FACETS} fields of spans, comma between.")
    ] = "kind,status,model,service_name,tags",
    filter_text: FilterQuery = None,
    from_ns: FromQuery = None,
    to_ns: ToQuery = None,
    limit: Annotated[
        int, Query(ge=1, le=stats.MAX_FACET_VALUES, description="Most values a field.")
    ] = 50,
) -> Response:
    """The most frequent values of fields of spans, with their counts."""
    return JsonAnswer(
        stats.list_facets(
            connection,
            project,
            fields=fields,
            filter_text=filter_text,
            period=stats.Period(from_ns, to_ns),
            limit=limit,
        )
    )


@router.get("/sessions", response_model=Page[SessionSummary])
def list_sessions(
    *,
    connection: SettledReaderDep,
    project: ProjectPath,
    filter_text: FilterQuery = None,
    limit: LimitQuery = 50,
    cursor: CursorQuery = None,
) -> Response:
    """A page of sessions, last used first."""
    return JsonAnswer(
        sessions.list_sessions(
            connection, project, filter_text=filter_text, limit=limit, cursor=cursor
        )
    )
