"""Questions about sweeps and their trials; what changes them is in `store.sweeps` and `trials`."""

import time
from typing import Any

from sqlalchemy import Connection, Row, and_, func, or_, select

from weave_core.errors import NotFound
from weave_core.server.store.queries.projects import get_project_id
from weave_core.server.store.sweep_tables import SweepRow, TrialRow
from weave_core.server.store.tables import table_of
from weave_core.server.sweeps.configs import SweepConfig, read_config

__all__ = [
    "DONE",
    "MAX_PAST_TRIALS",
    "SWEEP",
    "TRIAL",
    "FoundSweep",
    "find_sweep",
    "find_trial",
    "find_trial_of_run",
    "get_sweep",
    "is_free",
    "list_sweeps",
    "list_trials",
    "read_trials",
    "size_of",
    "trial_shape",
]

MAX_LISTED_SWEEPS = 200
"""Sweeps in a list, the newest."""
MAX_LISTED_TRIALS = 5_000
"""Trials in one answer, the newest."""
MAX_PAST_TRIALS = 300
"""Latest trials that a suggestion is made from, beside as many of the best."""
SWEEP, TRIAL = table_of(SweepRow), table_of(TrialRow)
DONE = ("finished", "stopped", "failed", "cancelled")
"""States that do not change any more."""

FoundSweep = Row[Any]
"""A row of `sweep`."""


def find_sweep(connection: Connection, project: str, sweep_id: str) -> FoundSweep:
    """The row of a sweep.

    Raises:
        NotFound: If there is no such project, or no such sweep in it.
    """
    project_id = get_project_id(connection, project)
    query = select(SWEEP).where(SWEEP.c.project_id == project_id, SWEEP.c.sweep_id == sweep_id)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound(
            f"project {project!r} has no sweep {sweep_id[:40]!r}",
            "`weave-core sweep list` shows what there is",
        )
    return row


def list_sweeps(connection: Connection, project: str) -> dict[str, Any]:
    """The sweeps of a project, newest first.

    Raises:
        NotFound: If there is no such project.
    """
    project_id = get_project_id(connection, project)
    query = select(SWEEP).where(SWEEP.c.project_id == project_id)
    query = query.order_by(SWEEP.c.created_ns.desc(), SWEEP.c.id.desc()).limit(MAX_LISTED_SWEEPS)
    rows = connection.execute(query).all()
    return {"items": [_shape(connection, project, row) for row in rows], "next_cursor": None}


def get_sweep(connection: Connection, project: str, sweep_id: str) -> dict[str, Any]:
    """One sweep with how far it is.

    Raises:
        NotFound: If there is no such project, or no such sweep in it.
    """
    return _shape(connection, project, find_sweep(connection, project, sweep_id))


def list_trials(connection: Connection, project: str, sweep_id: str) -> dict[str, Any]:
    """The trials of a sweep, newest first.

    Raises:
        NotFound: If there is no such project, or no such sweep in it.
    """
    sweep = find_sweep(connection, project, sweep_id)
    query = select(TRIAL).where(TRIAL.c.sweep_row_id == sweep.id)
    rows = connection.execute(query.order_by(TRIAL.c.number.desc()).limit(MAX_LISTED_TRIALS))
    return {"items": [trial_shape(row) for row in rows], "next_cursor": None}


def find_trial(connection: Connection, sweep: FoundSweep, number: int) -> Any:
    """The row of a trial.

    Raises:
        NotFound: If there is none of that number.
    """
    query = select(TRIAL).where(TRIAL.c.sweep_row_id == sweep.id, TRIAL.c.number == number)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound(
            f"sweep {sweep.sweep_id!r} has no trial {number}",
            f"`weave-core sweep show {sweep.sweep_id}` lists them",
        )
    return row


def find_trial_of_run(connection: Connection, project_id: int, run_id: str) -> Any:
    """The row of the trial that a run is, with `sweep_id` and `sweep_name`; None: it is none."""
    query = (
        select(TRIAL, SWEEP.c.sweep_id, SWEEP.c.name.label("sweep_name"))
        .join(SWEEP, SWEEP.c.id == TRIAL.c.sweep_row_id)
        .where(TRIAL.c.run_id == run_id, SWEEP.c.project_id == project_id)
    )
    # A run that one sweep made another may have learned from.
    query = query.order_by(TRIAL.c.attempts.desc()).limit(1)
    return connection.execute(query).one_or_none()


def is_free(now_ns: int) -> Any:
    """The condition of trials that can be handed out: nobody has them, or not any more."""
    is_lost = and_(TRIAL.c.state == "running", TRIAL.c.lease_until_ns < now_ns)
    return or_(TRIAL.c.state == "waiting", is_lost)


def read_trials(connection: Connection, sweep: FoundSweep, config: SweepConfig) -> list[Any]:
    """Rows that a suggestion is made from, in their order: the latest, and the best of old ones."""
    columns = (TRIAL.c.number, TRIAL.c.state, TRIAL.c.params, TRIAL.c.value)
    query = select(*columns).where(TRIAL.c.sweep_row_id == sweep.id)
    latest = connection.execute(query.order_by(TRIAL.c.number.desc()).limit(MAX_PAST_TRIALS)).all()
    found = {row.number: row for row in latest}
    if len(latest) == MAX_PAST_TRIALS:
        of_value = TRIAL.c.value.desc() if _is_maximized(config) else TRIAL.c.value
        old = query.where(TRIAL.c.value.is_not(None)).order_by(of_value).limit(MAX_PAST_TRIALS)
        found.update({row.number: row for row in connection.execute(old)})
    return [found[number] for number in sorted(found)]


def size_of(config: SweepConfig, run_cap: int | None) -> int | None:
    """Trials that can be begun at most; None: no end of them."""
    size = config.space.size if config.method == "grid" else None
    found = [each for each in (size, run_cap) if each is not None]
    return min(found) if found else None


def trial_shape(row: Any) -> dict[str, Any]:
    """A trial as JSON."""
    is_lost = row.state == "running" and (row.lease_until_ns or 0) < time.time_ns()
    return {
        "number": row.number,
        "state": "waiting" if is_lost else row.state,
        "params": row.params,
        "run_id": row.run_id,
        "value": row.value,
        "error": row.error,
        "reason": row.reason,
        "attempts": row.attempts,
        "agent": row.agent,
        "host": row.host,
        "started_ns": row.started_ns,
        "ended_ns": row.ended_ns,
    }


def _shape(connection: Connection, project: str, row: FoundSweep) -> dict[str, Any]:
    config = read_config(row.config)
    of_sweep = TRIAL.c.sweep_row_id == row.id
    query = select(TRIAL.c.state, func.count()).where(of_sweep).group_by(TRIAL.c.state)
    metric = config.metric
    size = size_of(config, row.run_cap)
    if size is not None:
        of_prior = (of_sweep, TRIAL.c.attempts == 0)
        size += connection.scalar(select(func.count()).select_from(TRIAL).where(*of_prior)) or 0
    return {
        "sweep_id": row.sweep_id,
        "project": project,
        "name": row.name,
        "state": row.state,
        "reason": row.reason,
        "method": config.method,
        "metric": None if metric is None else metric.name,
        "goal": "maximize" if _is_maximized(config) else "minimize",
        "config": row.config,
        "run_cap": row.run_cap,
        "size": size,
        "counts": dict(connection.execute(query).tuples().all()),
        "best": _best(connection, row, config),
        "created_ns": row.created_ns,
        "updated_ns": row.updated_ns,
    }


def _best(connection: Connection, row: FoundSweep, config: SweepConfig) -> dict[str, Any] | None:
    """The trial with the best value; one that failed does not count."""
    of_value = TRIAL.c.value.desc() if _is_maximized(config) else TRIAL.c.value
    query = select(TRIAL).where(
        TRIAL.c.sweep_row_id == row.id,
        TRIAL.c.value.is_not(None),
        TRIAL.c.state.in_(("finished", "stopped")),
    )
    found = connection.execute(query.order_by(of_value, TRIAL.c.number).limit(1)).one_or_none()
    return None if found is None else trial_shape(found)


def _is_maximized(config: SweepConfig) -> bool:
    return config.metric is not None and config.metric.is_maximized
