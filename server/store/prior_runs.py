"""Runs from before a sweep, as trials of it that nobody has to try."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from weave_core.errors import BadRequest
from weave_core.server.store.queries.runs import get_run
from weave_core.server.store.queries.trial_values import measure_run
from weave_core.server.sweeps.configs import SweepConfig
from weave_core.server.sweeps.spaces import Space

__all__ = ["PriorRun", "read_prior_runs"]


@dataclass(frozen=True, slots=True)
class PriorRun:
    """What a run tried, and what came of it."""

    run_id: str
    params: dict[str, Any]
    value: float
    started_ns: int
    ended_ns: int | None


def read_prior_runs(
    connection: Connection, project: str, config: SweepConfig, run_ids: Sequence[str]
) -> list[PriorRun]:
    """What runs of a project tell a sweep, each run once.

    Raises:
        NotFound: If there is no such project, or no such run in it.
        BadRequest: If the sweep can't learn of runs, or of one of these.
    """
    if run_ids and (config.method == "grid" or config.metric is None):
        what = "a grid tries every point" if config.method == "grid" else "it has no metric"
        raise BadRequest(f"the sweep does not learn from prior runs: {what}", "leave them out")
    return [_read(connection, project, config, run_id) for run_id in dict.fromkeys(run_ids)]


def _read(connection: Connection, project: str, config: SweepConfig, run_id: str) -> PriorRun:
    run = get_run(connection, project, run_id)
    params = _params(config.space, run["config"])
    if config.space.point_of(params) is None:
        names = ", ".join(each.name for each in config.space.varied)
        raise BadRequest(
            f"run {run_id!r} is none of this space: its config has {params!r:.300}",
            f"give runs whose config has a value of each parameter: {names}",
        )
    metric = config.metric
    measured = None if metric is None else measure_run(connection, project, run_id, metric)
    if measured is None or measured.value is None:
        told = "it has no result" if measured is None else measured.problem
        raise BadRequest(f"run {run_id!r} says nothing to the sweep: {told}", "leave it out")
    return PriorRun(run_id, params, measured.value, run["started_ns"], run["ended_ns"])


def _params(space: Space, config: Mapping[str, Any]) -> dict[str, Any]:
    """What a run's config has of the parameters, nested as a trial's are."""
    params: dict[str, Any] = {}
    for each in space.parameters:
        value: Any = config
        for key in each.path:
            value = value.get(key) if isinstance(value, Mapping) else None
        if value is not None:
            inner = params
            for key in each.path[:-1]:
                inner = inner.setdefault(key, {})
            inner[each.path[-1]] = value
    return params
