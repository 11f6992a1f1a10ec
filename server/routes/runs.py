"""Runs over HTTP.  Spans write them; what is changed here is what a reader says of them."""

from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Body, Path, Query, Response

from weave_core.model import Page, Run, RunChanges, RunGroups, RunHistory, RunKeys, RunSignals
from weave_core.server.deps import (
    CursorQuery,
    FilterQuery,
    LimitQuery,
    OrderQuery,
    ProjectPath,
    ReaderDep,
    SettledRunsDep,
    StoreDep,
)
from weave_core.server.routes.answers import JsonAnswer
from weave_core.server.run_arrow import ARROW, arrow_stream
from weave_core.server.store.queries import run_groups, run_history, runs
from weave_core.server.store.queries.run_history import Axis

router = APIRouter(prefix="/api/projects/{project}", tags=["runs"])

MAX_CHART_POINTS = 100_000
MAX_COMPARED_RUNS = 200
"""Runs whose points one answer may hold."""

RunPath = Annotated[str, Path(description="Id of a run.")]
KeysQuery = Annotated[
    list[str] | None,
    Query(description="Keys: one parameter each, or one with commas between; none: all."),
]
PointsQuery = Annotated[
    int | None,
    Query(
        ge=8,
        le=MAX_CHART_POINTS,
        description="Most points of each key, least and largest among them; absent: all.",
    ),
]
AxisQuery = Annotated[
    str,
    Query(
        description="`step`, `time`, `runtime`, a key, or empty for what `define_metric` said.",
        max_length=500,
    ),
]
BoundQuery = Annotated[float | None, Query(description="Bound of x, included.")]
RankQuery = Annotated[int | None, Query(description="Only of this rank.")]


@router.get("/runs", response_model=Page[Run])
def list_runs(
    *,
    connection: SettledRunsDep,
    project: ProjectPath,
    filter_text: FilterQuery = None,
    order_by: OrderQuery = "-started_ns",
    keys: KeysQuery = None,
    limit: LimitQuery = 50,
    cursor: CursorQuery = None,
) -> Response:
    """The runs of a project; `keys` are those that the summaries have."""
    return JsonAnswer(
        runs.list_runs(
            connection,
            project,
            filter_text=filter_text,
            order_by=order_by,
            keys=read_keys(keys) or None,
            limit=limit,
            cursor=cursor,
        )
    )


@router.get("/run-history", response_model=RunHistory)
def read_histories(
    *,
    connection: ReaderDep,
    project: ProjectPath,
    run_ids: Annotated[list[str], Query(description="Ids, one parameter each or with commas.")],
    keys: KeysQuery = None,
    points: PointsQuery = 1_000,
    x: AxisQuery = "step",
    x_from: BoundQuery = None,
    x_to: BoundQuery = None,
    rank: RankQuery = None,
) -> Response:
    """The points of several runs, for charts that lay them over each other."""
    found = run_history.read_history(
        connection,
        project,
        read_keys(run_ids)[:MAX_COMPARED_RUNS],
        keys=read_keys(keys),
        points=points,
        axis=Axis(x, x_from, x_to),
        rank=rank,
    )
    return JsonAnswer({"x": x, "series": [each.shape() for each in found]})


@router.get("/run-groups", response_model=RunGroups)
def group_runs(
    *,
    connection: SettledRunsDep,
    project: ProjectPath,
    by: Annotated[
        str,
        Query(description="`group`, `job_type`, `state` or `config.KEY`.", max_length=500),
    ] = "group",
    keys: KeysQuery = None,
    filter_text: FilterQuery = None,
) -> Response:
    """The runs of a project put together by what they share, with the spread of some metrics."""
    return JsonAnswer(
        run_groups.group_runs(
            connection, project, by=by, keys=read_keys(keys), filter_text=filter_text
        )
    )


@router.get("/runs/{run_id}", response_model=Run)
def read_run(connection: SettledRunsDep, project: ProjectPath, run_id: RunPath) -> Response:
    """One run with its writers and its whole summary."""
    return JsonAnswer(runs.get_run(connection, project, run_id))


@router.patch("/runs/{run_id}", response_model=Run)
def change_run(
    store: StoreDep, project: ProjectPath, run_id: RunPath, changes: Annotated[RunChanges, Body()]
) -> Response:
    """Change name, group, tags, notes or summary, or ask the program to stop."""
    work = partial(runs.change_run, project=project, run_id=run_id, changes=changes)
    return JsonAnswer(store.run(work).result())


@router.delete("/runs/{run_id}", status_code=204)
def delete_run(store: StoreDep, project: ProjectPath, run_id: RunPath) -> None:
    """Delete a run with all that is its own; its traces stay."""
    store.run(partial(runs.delete_run, project=project, run_id=run_id)).result()


@router.get("/runs/{run_id}/signals", response_model=RunSignals)
def read_signals(
    connection: ReaderDep, project: ProjectPath, run_id: RunPath, rank: RankQuery = None
) -> Response:
    """What its program asks for now and then; not 404 where nothing of the run has come yet."""
    return JsonAnswer(runs.read_signals(connection, project, run_id, rank=rank))


@router.get("/runs/{run_id}/keys", response_model=RunKeys)
def list_keys(
    *,
    connection: ReaderDep,
    project: ProjectPath,
    run_id: RunPath,
    prefix: Annotated[str, Query(description="Only keys that begin so.")] = "",
    limit: Annotated[int, Query(ge=1, le=20_000, description="Most keys in the answer.")] = 1_000,
) -> Response:
    """The keys of a run with the sums of their points; `system/` is only told where asked for."""
    return JsonAnswer(
        run_history.list_keys(connection, project, run_id, prefix=prefix, limit=limit)
    )


@router.get("/runs/{run_id}/history", response_model=RunHistory)
def read_history(
    *,
    connection: ReaderDep,
    project: ProjectPath,
    run_id: RunPath,
    keys: KeysQuery = None,
    points: PointsQuery = None,
    x: AxisQuery = "step",
    x_from: BoundQuery = None,
    x_to: BoundQuery = None,
    rank: RankQuery = None,
    form: Annotated[
        Literal["json", "arrow"],
        Query(alias="format", description="`arrow`: a table, one row a step, one column a key."),
    ] = "json",
    tells_even_steps: Annotated[
        bool,
        Query(
            description="Of `arrow`: steps that go up evenly are no column, but told by the"
            " metadata `even_steps`, the first one and from each to the next."
        ),
    ] = False,
) -> Response:
    """The points of a run: all of them, exactly, or as many as a chart can show."""
    found = run_history.read_history(
        connection,
        project,
        [run_id],
        keys=read_keys(keys),
        points=points,
        axis=Axis(x, x_from, x_to),
        rank=rank,
    )
    if form == "arrow":
        stream = arrow_stream(found, axis=x, tells_even_steps=tells_even_steps)
        return Response(stream, media_type=ARROW)
    return JsonAnswer({"x": x, "series": [each.shape() for each in found]})


def read_keys(given: list[str] | None) -> list[str]:
    """Names that were given one by one, or in one text with commas."""
    if given is not None and len(given) == 1:
        given = given[0].split(",")
    return [each for each in given or [] if each]
