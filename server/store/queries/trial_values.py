"""What the metric of a sweep came to in the run that a trial is."""

import math
from dataclasses import dataclass

from sqlalchemy import Connection

from weave_core.errors import NotFound
from weave_core.server.store.queries.run_history import read_history
from weave_core.server.store.queries.runs import get_run
from weave_core.server.store.queries.sweeps import find_sweep, find_trial
from weave_core.server.sweeps.configs import Metric, read_config

__all__ = ["Measured", "measure_run", "measure_trial", "read_curve"]


@dataclass(frozen=True, slots=True)
class Measured:
    """What a metric came to."""

    value: float | None = None
    """At its best."""
    problem: str = "it says no result"
    """Why there is none."""


def measure_trial(connection: Connection, project: str, sweep_id: str, number: int) -> Measured:
    """The best of the metric's values in the trial's run, else what the run's summary says of it.

    As in wandb a run counts by the best that it had, not by its last value.

    Raises:
        NotFound: If there is no such project, sweep or trial.
    """
    sweep = find_sweep(connection, project, sweep_id)
    run_id = find_trial(connection, sweep, number).run_id
    metric = read_config(sweep.config).metric
    return Measured() if metric is None else measure_run(connection, project, run_id, metric)


def measure_run(connection: Connection, project: str, run_id: str, metric: Metric) -> Measured:
    """The same of any run."""
    curve = read_curve(connection, project, run_id, metric)
    finite = [each for each in curve if math.isfinite(each)]
    if finite:
        return Measured(max(finite) if metric.is_maximized else min(finite))
    if curve:
        return Measured(problem=f"all that it logged as {metric.name!r} is NaN or infinite")
    try:
        summary = get_run(connection, project, run_id)["summary"]
    except NotFound:
        return Measured(problem="its run has not arrived: nothing was logged, or it is offline")
    told = summary.get(metric.name)
    if isinstance(told, int | float) and not isinstance(told, bool):
        return Measured(float(told))
    logged = ", ".join(list(summary)[:10]) or "nothing"
    return Measured(problem=f"its run logged no {metric.name!r}, but {logged}")


def read_curve(connection: Connection, project: str, run_id: str, metric: Metric) -> list[float]:
    """All values of the metric in the order of steps, by the first rank that has it."""
    try:
        found = list(read_history(connection, project, [run_id], keys=[metric.name]))
    except NotFound:
        return []
    first = min(found, key=lambda each: each.rank, default=None)
    return [] if first is None else [float(each) for each in first.points.values]
