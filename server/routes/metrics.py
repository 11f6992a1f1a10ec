"""Metrics over HTTP.  A route names its inputs and asks one query; it decides nothing."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from weave_core.model import MetricPage, MetricSummary, Page
from weave_core.server.deps import (
    CursorQuery,
    FromQuery,
    LimitQuery,
    ProjectPath,
    ReaderDep,
    ToQuery,
)
from weave_core.server.routes.answers import JsonAnswer
from weave_core.server.store.queries import metrics
from weave_core.server.store.queries.stats import Period

router = APIRouter(prefix="/api/projects/{project}/metrics", tags=["metrics"])


@router.get("", response_model=Page[MetricSummary])
def list_metrics(connection: ReaderDep, project: ProjectPath) -> Response:
    """All metrics of a project by name, with how much there is of each."""
    return JsonAnswer(metrics.list_metrics(connection, project))


@router.get("/{name:path}", response_model=MetricPage)
def list_points(
    *,
    connection: ReaderDep,
    project: ProjectPath,
    name: Annotated[str, Path(description="Name of the metric.")],
    from_ns: FromQuery = None,
    to_ns: ToQuery = None,
    group_by: Annotated[
        str | None,
        Query(description="Attributes of points or resource, comma between; sums by these."),
    ] = None,
    bucket: Annotated[
        str | None, Query(description="Width in time, such as 5m, 1h, 1d; sums by this.")
    ] = None,
    limit: LimitQuery = 50,
    cursor: CursorQuery = None,
) -> Response:
    """Points as they were sent, newest first; with a bucket or a group, sums and percentiles."""
    return JsonAnswer(
        metrics.list_points(
            connection,
            project,
            name,
            period=Period(from_ns, to_ns),
            group_by=group_by,
            bucket=bucket,
            limit=limit,
            cursor=cursor,
        )
    )
