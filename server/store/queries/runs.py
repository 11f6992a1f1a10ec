"""Questions about runs: lists, one run, what a reader changes.  Points are `run_history`'s."""

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, case, delete, func, select, update

from weave_core.errors import BadRequest, NotFound
from weave_core.metric_definitions import definition_of
from weave_core.model import MetricDefinition, RunChanges
from weave_core.points import SYSTEM_PREFIX
from weave_core.server.filters import RUNS, Field, compile_filter
from weave_core.server.filters.constructs import JsonIs, JsonNumber, check_key
from weave_core.server.filters.vocabularies import RUN, RUN_METRIC, RUN_STATE, run_metric
from weave_core.server.store.blob_links import orphan_all
from weave_core.server.store.feedback_tables import FeedbackRow
from weave_core.server.store.point_batches import TIME_KEY, contents_of
from weave_core.server.store.queries.pages import Order, next_cursor, ordered_page, read_order
from weave_core.server.store.queries.projects import get_project_id
from weave_core.server.store.queries.scores import add_scores
from weave_core.server.store.queries.sweeps import find_trial_of_run
from weave_core.server.store.run_files import files_owner
from weave_core.server.store.run_media import media_owner
from weave_core.server.store.run_tables import (
    MetricChunkRow,
    RunConsoleRow,
    RunFileRow,
    RunMediaRow,
    RunTailRow,
    RunWriterRow,
)
from weave_core.server.store.tables import table_of

__all__ = [
    "MAX_SUMMARY_KEYS",
    "FoundRun",
    "change_run",
    "count_runs",
    "delete_run",
    "find_run",
    "find_runs",
    "get_run",
    "list_runs",
    "read_signals",
]

MAX_SUMMARY_KEYS = 100
"""Keys in the summary of each run of a list, the first ones by name; one run shows more."""
_MAX_KEYS = 20_000
_NS_PER_MS = 1_000_000
_WRITER, _TAIL, _CHUNK = (table_of(row) for row in (RunWriterRow, RunTailRow, MetricChunkRow))
_CONSOLE, _MEDIA = table_of(RunConsoleRow), table_of(RunMediaRow)
_FILE, _FEEDBACK = table_of(RunFileRow), table_of(FeedbackRow)
_KEYED = re.compile(r"^(-?)(metrics|summary|config)\[(['\"])(.{1,200})\3\]$")
_COLUMNS = (RUN, RUN_STATE.label("state_now"))

FoundRun = Row[Any]
"""A row of `run`, with `state_now` behind its columns."""


def list_runs(
    connection: Connection,
    project: str,
    *,
    filter_text: str | None = None,
    order_by: str = "-started_ns",
    keys: list[str] | None = None,
    limit: int,
    cursor: str | None = None,
    also: ColumnElement[bool] | None = None,
) -> dict[str, Any]:
    """One page of the runs of a project.

    Args:
        connection: To read from.
        project: Its name.
        filter_text: A condition on runs; `metrics['loss'] < 1` and `config['lr'] = 0.1` among them.
        order_by: A field, or `metrics['loss']` or `config['lr']`; `-` in front: largest first.
        keys: Which keys the summaries have; None: the first by name.
        limit: Most wanted.
        cursor: Where the page before ended.
        also: A condition that the filter language has no words for.

    Raises:
        NotFound: If there is no such project.
        BadFilter: If the filter is wrong; BadRequest or BadCursor likewise.
    """
    project_id = get_project_id(connection, project)
    order = _read_order(order_by)
    query = select(*_COLUMNS, order.column.label("ordered_by"), RUN.c.id.label("tie"))
    query = query.where(RUN.c.project_id == project_id)
    condition = compile_filter(filter_text, RUNS)
    query = query.where(*(each for each in (condition, also) if each is not None))
    rows = connection.execute(
        ordered_page(query, order, cursor, limit, dialect=connection.dialect.name)
    ).all()
    items = [_shape(connection, project, row, keys) for row in rows[:limit]]
    add_scores(connection, project_id, "run_id", items)
    return {"items": items, "next_cursor": next_cursor(order, rows, limit)}


def count_runs(connection: Connection, project: str, also: ColumnElement[bool] | None) -> int:
    """How many runs of a project are as a condition says.

    Raises:
        NotFound: If there is no such project.
    """
    query = select(func.count()).select_from(RUN)
    query = query.where(RUN.c.project_id == get_project_id(connection, project))
    return connection.scalar(query if also is None else query.where(also)) or 0


def _read_order(text: str) -> Order:
    keyed = _KEYED.match(text)
    if keyed is None:
        return read_order(text, RUNS, RUN.c.id)
    sign, name, _, key = keyed.groups()
    check_key(key, 0)
    if name == "config":
        guarded = JsonIs(RUN.c.config_flat, key, "number")
        column: Any = case((guarded, JsonNumber(RUN.c.config_flat, key)))
    else:
        column = run_metric(key)
    return Order(
        text, RUNS.name, Field(name, "number", column), RUN.c.id, is_descending=sign == "-"
    )


def find_run(connection: Connection, project: str, run_id: str) -> FoundRun:
    """The row of a run.

    Raises:
        NotFound: If there is no such project or run.
    """
    return find_runs(connection, project, [run_id])[0]


def find_runs(connection: Connection, project: str, run_ids: Sequence[str]) -> list[FoundRun]:
    """The rows of some runs, in the order of their ids.

    Raises:
        NotFound: If there is no such project, or one of the runs.
    """
    project_id = get_project_id(connection, project)
    query = select(*_COLUMNS).where(RUN.c.project_id == project_id, RUN.c.run_id.in_(run_ids))
    rows = {row.run_id: row for row in connection.execute(query)}
    for run_id in run_ids:
        if run_id not in rows:
            raise NotFound(
                f"project {project!r} has no run {run_id[:200]!r}",
                "`weave-core runs list` shows what there is; a run appears with its first message",
            )
    return [rows[run_id] for run_id in run_ids]


def get_run(connection: Connection, project: str, run_id: str) -> dict[str, Any]:
    """One run with its writers, its whole summary, and the trial of a sweep that it is.

    Raises:
        NotFound: If there is no such project or run.
    """
    row = find_run(connection, project, run_id)
    shape = _shape(connection, project, row, None, max_keys=_MAX_KEYS)
    add_scores(connection, row.project_id, "run_id", [shape])
    query = select(_WRITER).where(_WRITER.c.run_row_id == row.id).order_by(_WRITER.c.started_ns)
    writers = connection.execute(query.limit(1_000)).all()
    shape["writers"] = [
        {
            "writer_id": each.writer_id,
            "rank": each.rank,
            "state": each.state,
            "started_ns": each.started_ns,
            "ended_ns": each.ended_ns,
            "heartbeat_ns": each.heartbeat_ns,
            "error": each.error,
            "host": each.host,
            "pid": each.pid,
            "environment": each.environment,
        }
        for each in writers
    ]
    trial = find_trial_of_run(connection, row.project_id, run_id)
    if trial is not None:
        shape["trial"] = {
            "sweep_id": trial.sweep_id,
            "sweep": trial.sweep_name,
            "number": trial.number,
        }
    return shape


def read_signals(
    connection: Connection, project: str, run_id: str, *, rank: int | None = None
) -> dict[str, Any]:
    """What a running program asks for; a run that has not come yet is no error.

    Args:
        connection: To read from.
        project: Its name.
        run_id: Which.
        rank: The last step of this writer alone.
    """
    try:
        row = find_run(connection, project, run_id)
    except NotFound:
        return {"exists": False, "stop_requested": False, "last_step": None}
    last_step = row.last_step if rank is None else _last_step(connection, row, rank)
    return {"exists": True, "stop_requested": row.stop_requested, "last_step": last_step}


def _last_step(connection: Connection, row: FoundRun, rank: int) -> int | None:
    """Of one writer's points, packed or not."""
    packed = select(func.max(RUN_METRIC.c.last_step)).where(
        RUN_METRIC.c.run_row_id == row.id,
        RUN_METRIC.c.rank == rank,
        ~RUN_METRIC.c.key.startswith(SYSTEM_PREFIX),
    )
    last: int | None = connection.scalar(packed)
    tail = (
        select(_TAIL.c.rewind_to, _TAIL.c.body)
        .where(_TAIL.c.run_row_id == row.id, _TAIL.c.rank == rank)
        .order_by(_TAIL.c.id)
    )
    for rewind_to, body in connection.execute(tail):
        if rewind_to is not None and last is not None:
            last = min(last, rewind_to)
        step = contents_of(bytes(body)).last_step if body else None
        if step is not None:
            last = step if last is None else max(last, step)
    of_media = (_MEDIA.c.run_row_id == row.id, _MEDIA.c.rank == rank)
    step = connection.scalar(select(func.max(_MEDIA.c.step)).where(*of_media))
    return last if step is None else step if last is None else max(last, step)


def change_run(
    connection: Connection, *, project: str, run_id: str, changes: RunChanges
) -> dict[str, Any]:
    """Change what a reader may, in the caller's transaction; gives the run as it is then.

    Raises:
        NotFound: If there is no such project or run.
        BadRequest: If the name would be empty.
    """
    row = find_run(connection, project, run_id)
    given = changes.model_dump(exclude_unset=True)
    if "name" in given and not (given["name"] or "").strip():
        raise BadRequest("the name of a run can't be empty", "give it one, or leave `name` out")
    values: dict[str, Any] = {}
    for name in ("name", "job_type", "notes", "tags"):
        if name in given:
            values[name] = given[name] if name != "tags" else given[name] or []
    if "group" in given:
        values["group_name"] = given["group"]
    if given.get("stop") is not None:
        values["stop_requested"] = given["stop"]
    if given.get("summary"):
        merged = {**row.summary, **given["summary"]}
        values["summary"] = {key: value for key, value in merged.items() if value is not None}
    if values:
        connection.execute(update(RUN).where(RUN.c.id == row.id).values(values))
    return get_run(connection, project, run_id)


def delete_run(connection: Connection, *, project: str, run_id: str) -> None:
    """Delete a run with all that is its own, in the caller's transaction; its spans stay.

    Raises:
        NotFound: If there is no such project or run.
    """
    row = find_run(connection, project, run_id)
    keys = select(RUN_METRIC.c.id).where(RUN_METRIC.c.run_row_id == row.id)
    connection.execute(delete(_CHUNK).where(_CHUNK.c.run_metric_id.in_(keys)))
    for owner in (media_owner(project, run_id), files_owner(project, run_id)):
        orphan_all(connection, row.project_id, owner)
    for table in (RUN_METRIC, _TAIL, _WRITER, _CONSOLE, _MEDIA, _FILE):
        connection.execute(delete(table).where(table.c.run_row_id == row.id))
    of_run = (_FEEDBACK.c.project_id == row.project_id, _FEEDBACK.c.run_id == run_id)
    connection.execute(delete(_FEEDBACK).where(*of_run))
    connection.execute(delete(RUN).where(RUN.c.id == row.id))


def _shape(
    connection: Connection,
    project: str,
    row: FoundRun,
    keys: list[str] | None,
    *,
    max_keys: int = MAX_SUMMARY_KEYS,
) -> dict[str, Any]:
    ended_ns = row.ended_ns if row.state_now != "running" else None
    until_ns = ended_ns if ended_ns is not None else row.heartbeat_ns
    forked_from = None
    if row.parent_run_id is not None:
        forked_from = {"run_id": row.parent_run_id, "step": row.parent_step}
    return {
        "run_id": row.run_id,
        "project": project,
        "name": row.name,
        "group": row.group_name,
        "job_type": row.job_type,
        "tags": row.tags,
        "notes": row.notes,
        "state": row.state_now,
        "config": row.config,
        "summary": _summary(connection, row, keys, max_keys),
        "metrics": row.metrics,
        "started_ns": row.started_ns,
        "ended_ns": ended_ns,
        "heartbeat_ns": row.heartbeat_ns,
        "duration_ms": max(0, until_ns - row.started_ns) / _NS_PER_MS,
        "last_step": row.last_step,
        "forked_from": forked_from,
        "error": row.error,
        "problems": row.problems,
        "stop_requested": row.stop_requested,
        "trace_id": row.trace_id.hex(),
    }


def _summary(
    connection: Connection, row: FoundRun, keys: list[str] | None, max_keys: int
) -> dict[str, Any]:
    """One value a key: set by hand, else what its points come to, of the first rank that has it."""
    columns = (RUN_METRIC.c.key, RUN_METRIC.c.summary)
    query = select(*columns).where(RUN_METRIC.c.run_row_id == row.id, RUN_METRIC.c.key != TIME_KEY)
    query = query.where(~RUN_METRIC.c.key.startswith(SYSTEM_PREFIX))
    if keys is not None:
        query = query.where(RUN_METRIC.c.key.in_(keys))
    query = query.order_by(RUN_METRIC.c.key, RUN_METRIC.c.rank.desc()).limit(max_keys)
    definitions = {key: MetricDefinition.model_validate(told) for key, told in row.metrics.items()}
    found: dict[str, Any] = {}
    for key, value in connection.execute(query):
        if definition_of(key, definitions).summary != "none":
            found[key] = "NaN" if value is None else _told(value)
    by_hand = row.summary
    if keys is not None:
        by_hand = {key: by_hand[key] for key in keys if key in by_hand}
    return {**found, **by_hand}


def _told(value: float) -> float | str:
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    return value
