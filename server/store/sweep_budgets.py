"""Why a sweep begins no more trials: all that there can be were begun, or its budget is used up."""

import time

from sqlalchemy import Connection, func, select

from weave_core.server.store.queries.sweeps import TRIAL, FoundSweep, size_of
from weave_core.server.sweeps.configs import SweepConfig

__all__ = ["why_used_up"]

_NS_PER_HOUR = 3_600 * 1_000_000_000


def why_used_up(connection: Connection, sweep: FoundSweep, config: SweepConfig) -> str | None:
    """Why no more trials are begun; None: there is something left."""
    size = size_of(config, sweep.run_cap)
    if size is not None and _begun(connection, sweep) >= size:
        return "all trials were tried"
    budget = config.budget
    if budget is None:
        return None
    now = time.time_ns()
    # What was used before somebody resumed it is no longer held against it.
    if budget.hours is not None and now - sweep.resumed_ns >= budget.hours * _NS_PER_HOUR:
        return f"its budget of {budget.hours:g} hours is used up"
    if budget.trial_hours is None:
        return None
    took_ns = func.coalesce(TRIAL.c.ended_ns, now) - TRIAL.c.started_ns
    query = select(func.sum(took_ns)).where(
        TRIAL.c.sweep_row_id == sweep.id,
        TRIAL.c.attempts > 0,
        TRIAL.c.started_ns >= sweep.resumed_ns,
    )
    if (connection.scalar(query) or 0) < budget.trial_hours * _NS_PER_HOUR:
        return None
    return f"its budget of {budget.trial_hours:g} hours of trials is used up"


def _begun(connection: Connection, sweep: FoundSweep) -> int:
    query = select(func.count()).select_from(TRIAL)
    query = query.where(TRIAL.c.sweep_row_id == sweep.id, TRIAL.c.attempts > 0)
    return connection.scalar(query) or 0
