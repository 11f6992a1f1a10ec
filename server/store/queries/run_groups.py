"""Runs of a project by what they share: counts, and the spread of what came of them."""

import math
import statistics
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, func, select

from weave_core.errors import BadRequest
from weave_core.server.filters import RUNS, compile_filter
from weave_core.server.filters.constructs import check_key
from weave_core.server.filters.vocabularies import RUN, RUN_METRIC, RUN_STATE
from weave_core.server.store.queries.projects import get_project_id

__all__ = ["MAX_GROUPED_KEYS", "MAX_GROUPED_RUNS", "MAX_GROUPS", "group_runs"]

MAX_GROUPED_RUNS = 20_000
"""Runs that one answer puts into groups, the newest first."""
MAX_GROUPS = 500
"""Groups of runs of one answer, that of the newest run first."""
MAX_GROUPED_KEYS = 20
"""Metrics of which groups of runs are told."""
_FIELDS = {"group": "group_name", "job_type": "job_type", "state": "state_now"}


def group_runs(
    connection: Connection,
    project: str,
    *,
    by: str,
    keys: Sequence[str],
    filter_text: str | None = None,
) -> dict[str, Any]:
    """Groups of the runs of a project.

    Args:
        connection: To read from.
        project: Its name.
        by: `group`, `job_type`, `state`, or a config value as `config.KEY`.
        keys: Metrics to tell of.
        filter_text: A condition on runs.

    Raises:
        NotFound: If there is no such project.
        BadFilter: If the filter is wrong; BadRequest if `by` is none.
    """
    project_id = get_project_id(connection, project)
    setting = by.removeprefix("config.") if by.startswith("config.") else None
    if setting is None and by not in _FIELDS:
        raise BadRequest(
            f"runs can't be put together by {by[:100]!r}",
            f"give {', '.join(_FIELDS)}, or config.KEY",
        )
    if setting is not None:
        check_key(setting, 0)
    chosen = [RUN.c.project_id == project_id]
    condition = compile_filter(filter_text, RUNS)
    if condition is not None:
        chosen.append(condition)
    total = connection.scalar(select(func.count()).select_from(RUN).where(*chosen)) or 0
    columns = [RUN.c.id, RUN.c.started_ns, RUN.c.group_name, RUN.c.job_type, RUN.c.summary]
    query = select(*columns, RUN_STATE.label("state_now"), RUN.c.config_flat).where(*chosen)
    rows = connection.execute(
        query.order_by(RUN.c.started_ns.desc(), RUN.c.id.desc()).limit(MAX_GROUPED_RUNS)
    ).all()
    values = _values(connection, rows, keys[:MAX_GROUPED_KEYS])
    groups: dict[str, list[Any]] = {}
    shared: dict[str, Any] = {}
    for row in rows:
        value = row.config_flat.get(setting) if setting is not None else getattr(row, _FIELDS[by])
        name = repr(value)
        groups.setdefault(name, []).append(row)
        shared[name] = value
    items = [
        _shape(shared[name], group, values, keys)
        for name, group in list(groups.items())[:MAX_GROUPS]
    ]
    return {"by": by, "items": items, "runs": len(rows), "total": total}


def _values(
    connection: Connection, rows: Sequence[Any], keys: Sequence[str]
) -> dict[tuple[int, str], float]:
    """What stands for each metric of each run: set by hand, else of its first rank."""
    found: dict[tuple[int, str], float] = {}
    if keys and rows:
        columns = (RUN_METRIC.c.run_row_id, RUN_METRIC.c.key, RUN_METRIC.c.summary)
        query = select(*columns).where(RUN_METRIC.c.key.in_(keys))
        low, high = min(row.id for row in rows), max(row.id for row in rows)
        query = query.where(RUN_METRIC.c.run_row_id.between(low, high))
        for row_id, key, value in connection.execute(query.order_by(RUN_METRIC.c.rank.desc())):
            if value is not None:
                found[row_id, key] = value
    for row in rows:
        for key in keys:
            by_hand = row.summary.get(key)
            if isinstance(by_hand, int | float) and not isinstance(by_hand, bool):
                found[row.id, key] = float(by_hand)
    return found


def _shape(
    value: Any, group: Sequence[Any], values: dict[tuple[int, str], float], keys: Sequence[str]
) -> dict[str, Any]:
    states: dict[str, int] = {}
    for row in group:
        states[row.state_now] = states.get(row.state_now, 0) + 1
    return {
        "value": value,
        "count": len(group),
        "states": states,
        "first_ns": min(row.started_ns for row in group),
        "last_ns": max(row.started_ns for row in group),
        "metrics": {key: _spread(values.get((row.id, key)) for row in group) for key in keys},
    }


def _spread(values: Iterable[float | None]) -> dict[str, Any]:
    finite = [value for value in values if value is not None and math.isfinite(value)]
    if not finite:
        return {"count": 0}
    return {
        "count": len(finite),
        "mean": statistics.fmean(finite),
        "std": statistics.stdev(finite) if len(finite) > 1 else None,
        "min": min(finite),
        "max": max(finite),
    }
