"""Sweeps are made, paused, resumed, ended and deleted; `queries.sweeps` reads them."""

import secrets
import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from weave_core.errors import BadRequest
from weave_core.model import NewSweep, SweepChanges
from weave_core.server.store.prior_runs import PriorRun
from weave_core.server.store.project_rows import ensure_project_id
from weave_core.server.store.queries.sweeps import SWEEP, TRIAL, find_sweep, get_sweep
from weave_core.server.store.sweep_tables import TrialReportRow
from weave_core.server.store.tables import table_of
from weave_core.server.sweeps.configs import parsed, read_config

__all__ = ["MAX_SWEEPS", "add_sweep", "change_sweep", "delete_sweep"]

MAX_SWEEPS = 1_000
"""Sweeps of a project."""
_REPORT = table_of(TrialReportRow)
_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
_MAX_NAME = 200
_MOVES = {
    "running": {"paused", "finished", "cancelled"},
    "paused": {"running", "finished", "cancelled"},
    "finished": {"running", "cancelled"},
    "cancelled": {"running"},
}
"""What can become of each state."""


def add_sweep(
    connection: Connection, *, project: str, sweep: NewSweep, prior_runs: Sequence[PriorRun] = ()
) -> dict[str, Any]:
    """Make a sweep, in the caller's transaction.

    Args:
        connection: The caller's.
        project: Its name.
        sweep: What to search.
        prior_runs: What is known of the runs that it names.

    Raises:
        BadRequest: If its config can't be used, or there are too many.
    """
    given = parsed(sweep.config)
    config = read_config(given)
    project_id = ensure_project_id(connection, project)
    of_project = SWEEP.c.project_id == project_id
    count = connection.scalar(select(func.count()).select_from(SWEEP).where(of_project)) or 0
    if count >= MAX_SWEEPS:
        raise BadRequest(
            f"project {project!r} has {count} sweeps, the most there can be",
            "delete one that nobody needs",
        )
    sweep_id = "".join(secrets.choice(_ALPHABET) for _ in range(8))
    now = time.time_ns()
    row = {
        "project_id": project_id,
        "sweep_id": sweep_id,
        "name": (sweep.name or config.name or sweep_id)[:_MAX_NAME],
        "state": "running",
        "config": given,
        "seed": config.seed if config.seed is not None else secrets.randbelow(2**31),
        "run_cap": config.run_cap,
    }
    times = {"created_ns": now, "updated_ns": now, "resumed_ns": now}
    made = connection.execute(insert(SWEEP).values(**row, **times).returning(SWEEP.c.id))
    sweep_row_id = made.scalar_one()
    trials = [
        {
            "sweep_row_id": sweep_row_id,
            "number": number,
            "state": "finished",
            "params": run.params,
            "value": run.value,
            "run_id": run.run_id,
            "attempts": 0,
            "losses": 0,
            "lease_s": 0.0,
            "started_ns": run.started_ns,
            "ended_ns": run.ended_ns or now,
        }
        for number, run in enumerate(prior_runs)
    ]
    if trials:
        connection.execute(insert(TRIAL), trials)
    return get_sweep(connection, project, sweep_id)


def change_sweep(
    connection: Connection, *, project: str, sweep_id: str, changes: SweepChanges
) -> dict[str, Any]:
    """Pause, resume, end or rename a sweep, in the caller's transaction.

    Raises:
        NotFound: If there is no such project, or no such sweep in it.
        BadRequest: If its state can't become that.
    """
    row = find_sweep(connection, project, sweep_id)
    values: dict[str, Any] = {}
    if changes.state is not None and changes.state != row.state:
        if changes.state not in _MOVES[row.state]:
            raise BadRequest(
                f"sweep {sweep_id!r} is {row.state} and can't become {changes.state}",
                f"it can become {' or '.join(sorted(_MOVES[row.state]))}",
            )
        values |= {"state": changes.state, "reason": None}
        if changes.state == "running":
            values["resumed_ns"] = time.time_ns()
        elif changes.state != "paused":
            values["reason"] = f"{changes.state} by hand"
        if changes.state == "cancelled":
            waiting = (TRIAL.c.sweep_row_id == row.id, TRIAL.c.state == "waiting")
            connection.execute(update(TRIAL).where(*waiting).values(state="cancelled"))
    if changes.name is not None and changes.name.strip():
        values["name"] = changes.name[:_MAX_NAME]
    if changes.run_cap is not None:
        values["run_cap"] = changes.run_cap
    if values:
        values["updated_ns"] = time.time_ns()
        connection.execute(update(SWEEP).where(SWEEP.c.id == row.id).values(values))
    return get_sweep(connection, project, sweep_id)


def delete_sweep(connection: Connection, *, project: str, sweep_id: str) -> None:
    """Delete a sweep with its trials, in the caller's transaction; their runs stay.

    Raises:
        NotFound: If there is no such project, or no such sweep in it.
    """
    row = find_sweep(connection, project, sweep_id)
    for table in (_REPORT, TRIAL):
        connection.execute(delete(table).where(table.c.sweep_row_id == row.id))
    connection.execute(delete(SWEEP).where(SWEEP.c.id == row.id))
