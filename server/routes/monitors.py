"""Monitors over HTTP: made and steered by people, asked and told by workers."""

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import orjson
from fastapi import APIRouter, Body, Path, Query, Request, Response

from weave_core.errors import NotFound
from weave_core.model import (
    Distribution,
    LostItems,
    Monitor,
    MonitorBeat,
    MonitorChanges,
    MonitorClaim,
    MonitorProblem,
    MonitorScore,
    MonitorStats,
    MonitorTake,
    MonitorTellings,
    NewBackfill,
    NewMonitor,
    Page,
)
from weave_core.server.deps import (
    CursorQuery,
    FromQuery,
    LimitQuery,
    ProjectPath,
    ReaderDep,
    StoreDep,
    ToQuery,
)
from weave_core.server.encoding import json_bytes
from weave_core.server.routes.answers import JsonAnswer
from weave_core.server.store import monitor_claims, monitors
from weave_core.server.store.monitor_scans import look
from weave_core.server.store.queries import monitor_scores, monitor_stats, spans
from weave_core.server.store.queries import monitors as questions
from weave_core.server.store.queries.stats import Period
from weave_core.server.store.stores import Store

if TYPE_CHECKING:
    from weave_core.server.store.monitor_scans import Arrivals

router = APIRouter(prefix="/api", tags=["monitors"])

NamePath = Annotated[str, Path(description="Name of a monitor.")]
_ONE = "/projects/{project}/monitors/{name}"
_WAIT_S = 1.0
"""Where nothing is to be done now."""
_NONE_S = 5.0
"""Where there is no monitor that works."""
MAX_SENT_ALONG = 8 * 1024 * 1024
"""Bytes of spans that a worker gets with what it takes; it reads the others one by one."""


@router.get("/monitors", response_model=Page[Monitor])
def list_all_monitors(connection: ReaderDep) -> Response:
    """The monitors of all projects."""
    return JsonAnswer(questions.list_all_monitors(connection))


@router.post("/monitors/take", response_model=MonitorClaim)
def take(request: Request, store: StoreDep, asked: Annotated[MonitorTake, Body()]) -> Response:
    """Spans for a worker to score; they are its own until its lease ends."""
    arrivals: Arrivals = request.app.state.arrivals
    with store.reading() as connection:
        active = monitor_claims.read_active(connection, asked.projects)
        last = questions.last_row_id(connection)
        arrivals.note(last)
        looks = []
        for row in active:
            settled = arrivals.last_before(row.definition["settle_s"], last)
            looks.append(look(connection, row, last_row_id=settled))
        looks = [each for each in looks if not each.is_nothing]
        has_work = bool(looks) or monitor_claims.has_work(connection, active)
    items = []
    if has_work:
        work = partial(monitor_claims.take, dialect=store.sql_dialect, looks=looks, asked=asked)
        items = store.run(work).result()
        if asked.wants_spans:
            _add_spans(store, items)
    wait_s = 0.0 if items or looks else _WAIT_S if active else _NONE_S
    return JsonAnswer({"items": items, "wait_s": wait_s})


def _add_spans(store: Store, items: list[dict[str, Any]]) -> None:
    """Put spans into what a worker takes, as far as there is room: it saves a request for each."""
    left_bytes = MAX_SENT_ALONG
    with store.reading() as connection:
        for item in items:
            try:
                span = spans.get_span(
                    connection, item["project"], item["span_id"], trace_id=item["trace_id"]
                )
            except NotFound:  # The worker asks for it, and tells that it is gone.
                continue
            body = json_bytes(span)
            left_bytes -= len(body)
            if left_bytes < 0:
                return
            item["span"] = orjson.Fragment(body)


@router.post("/monitors/beat", status_code=204)
def beat(store: StoreDep, said: Annotated[MonitorBeat, Body()]) -> None:
    """A worker still works on what it has."""
    store.run(partial(monitor_claims.beat, worker=said.worker, lease_s=said.lease_s)).result()


@router.post("/monitors/tell", response_model=LostItems)
def tell(store: StoreDep, told: Annotated[MonitorTellings, Body()]) -> Response:
    """What came of spans; of one that went to another worker meanwhile nothing is kept."""
    return JsonAnswer(
        {"lost": store.run(partial(monitor_claims.tell, results=told.results)).result()}
    )


@router.get("/projects/{project}/monitors", response_model=Page[Monitor])
def list_monitors(connection: ReaderDep, project: ProjectPath) -> Response:
    """The monitors of a project by name."""
    return JsonAnswer(questions.list_monitors(connection, project))


@router.post("/projects/{project}/monitors", response_model=Monitor)
def add_monitor(
    store: StoreDep, project: ProjectPath, monitor: Annotated[NewMonitor, Body()]
) -> Response:
    """Make a monitor, or a new version of the one of that name; what is scored stays scored."""
    work = partial(monitors.add_monitor, project=project, monitor=monitor)
    return JsonAnswer(store.run(work).result())


@router.get(_ONE, response_model=Monitor)
def read_monitor(connection: ReaderDep, project: ProjectPath, name: NamePath) -> Response:
    """One monitor: its definition, how far it is, what it takes."""
    return JsonAnswer(questions.get_monitor(connection, project, name))


@router.patch(_ONE, response_model=Monitor)
def change_monitor(
    store: StoreDep,
    project: ProjectPath,
    name: NamePath,
    changes: Annotated[MonitorChanges, Body()],
) -> Response:
    """Pause or resume it."""
    work = partial(monitors.change_monitor, project=project, name=name, changes=changes)
    return JsonAnswer(store.run(work).result())


@router.delete(_ONE, status_code=204)
def delete_monitor(store: StoreDep, project: ProjectPath, name: NamePath) -> None:
    """Delete a monitor with its scores; the versions of its definition stay as objects."""
    while store.run(partial(monitors.delete_monitor, project=project, name=name)).result():
        pass


@router.post(_ONE + "/backfill", response_model=Monitor)
def add_backfill(
    store: StoreDep, project: ProjectPath, name: NamePath, asked: Annotated[NewBackfill, Body()]
) -> Response:
    """Score what was there before, when there is nothing newer to score."""
    work = partial(monitors.add_backfill, project=project, name=name, asked=asked)
    return JsonAnswer(store.run(work).result())


@router.post(_ONE + "/problem", status_code=204)
def tell_problem(
    store: StoreDep,
    project: ProjectPath,
    name: NamePath,
    problem: Annotated[MonitorProblem, Body()],
) -> None:
    """A worker says why it can't score for a monitor."""
    work = partial(monitors.tell_problem, project=project, name=name, problem=problem)
    store.run(work).result()


@router.get(_ONE + "/scores", response_model=Page[MonitorScore])
def list_scores(
    *,
    connection: ReaderDep,
    project: ProjectPath,
    name: NamePath,
    score: Annotated[str | None, Query(description="Only those of this name.")] = None,
    is_error: Annotated[
        bool | None, Query(description="Only errors, or only what is none.")
    ] = None,
    order_by: Annotated[
        str, Query(description="`-started_ns`, `value` or `-value`.")
    ] = "-started_ns",
    limit: LimitQuery = 50,
    cursor: CursorQuery = None,
) -> Response:
    """What the monitor said of spans."""
    asked = monitor_scores.ScoreList(name=score, order_by=order_by, is_error=is_error)
    return JsonAnswer(
        monitor_scores.list_scores(connection, project, name, asked, limit=limit, cursor=cursor)
    )


@router.get(_ONE + "/stats", response_model=Page[MonitorStats])
def list_stats(
    *,
    connection: ReaderDep,
    project: ProjectPath,
    name: NamePath,
    score: Annotated[str | None, Query(description="Only those of this name.")] = None,
    bucket: Annotated[
        str | None, Query(description="Width in time, such as 5m, 1h, 1d; absent: all in one.")
    ] = None,
    from_ns: FromQuery = None,
    to_ns: ToQuery = None,
) -> Response:
    """Counts, errors and means with intervals, of spans by when they began."""
    period = Period(from_ns, to_ns)
    return JsonAnswer(
        monitor_stats.list_stats(
            connection, project, name, score=score, bucket=bucket, period=period
        )
    )


@router.get(_ONE + "/spread", response_model=dict[str, Distribution])
def read_spread(
    *,
    connection: ReaderDep,
    project: ProjectPath,
    name: NamePath,
    from_ns: FromQuery = None,
    to_ns: ToQuery = None,
) -> Response:
    """How each score is spread."""
    period = Period(from_ns, to_ns)
    return JsonAnswer(monitor_stats.read_spread(connection, project, name, period=period))
