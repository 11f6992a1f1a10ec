"""History of a run as clients read it: one row a step, of the points of all keys."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from weave_core.points import SYSTEM_PREFIX
from weave_core.server.store.point_batches import TIME_KEY, is_system
from weave_core.server.store.queries.run_history import (
    Axis,
    Series,
    list_keys,
    numbers,
    read_history,
)
from weave_core.server.store.queries.run_sessions import RunSession

__all__ = [
    "MAX_HISTORY_ROWS",
    "history_keys",
    "history_rows",
    "row_texts",
    "rows_of_spec",
]

MAX_HISTORY_ROWS = 10_000
"""Steps of one answer to a wandb client that reads a run's history."""
MAX_HISTORY_KEYS = 900
"""Keys of a run that a wandb client's history shows, the first by name."""
MAX_SPEC_KEYS = 200
"""Keys of one sample of a history that a wandb client asks for."""
_MS_PER_S = 1_000

Row = dict[str, Any]
Steps = NDArray[np.int64]


def history_rows(
    connection: Connection,
    project: str,
    session: RunSession,
    *,
    window: tuple[int | None, int | None] = (None, None),
    most: int = MAX_HISTORY_ROWS,
    of_system: bool = False,
) -> list[Row]:
    """Rows by ascending step, each with all that was logged there.

    Args:
        connection: To read from.
        project: Of the run.
        session: The run.
        window: First and last step, both included.
        most: Of more steps so many are evenly chosen.
        of_system: What was measured of the machine instead of what was logged.
    """
    prefix = SYSTEM_PREFIX if of_system else ""
    named = list_keys(
        connection, project, session.row.run_id, prefix=prefix, limit=MAX_HISTORY_KEYS
    )["items"]
    keys = list(dict.fromkeys(each["key"] for each in named))
    if not keys:
        return []
    guide = keys[:1] if of_system else [TIME_KEY]
    steps = np.empty(0, np.int64)
    for series in _read(connection, project, session, guide, window):
        steps = np.union1d(steps, series.points.steps)
    chosen = _evenly(steps, most)
    read = _read(connection, project, session, [*keys, *guide], window)
    return _rows(read, chosen, session.row.started_ns / 1e9)


def rows_of_spec(
    connection: Connection, project: str, session: RunSession, spec: Mapping[str, Any]
) -> list[Row]:
    """Rows that have all keys that a client names, of those keys alone."""
    asked = list(dict.fromkeys(str(key) for key in spec.get("keys") or ()))[:MAX_SPEC_KEYS]
    most = int(spec.get("samples") or MAX_HISTORY_ROWS)
    window = spec.get("minStep"), spec.get("maxStep")
    if not asked:
        return history_rows(connection, project, session, window=window, most=most)
    logged = [key for key in asked if not key.startswith("_")]
    read = list(_read(connection, project, session, [*logged, TIME_KEY], window))
    by_key = {series.key: series.points.steps for series in reversed(read)}
    if set(logged) - set(by_key):
        return []
    whole = reduce(np.intersect1d, (by_key[key] for key in logged or by_key))
    rows = _rows(read, _evenly(whole, most), session.row.started_ns / 1e9)
    # Older clients take it for granted that the step is told.
    return [{key: row.get(key) for key in dict.fromkeys((*asked, "_step"))} for row in rows]


def _read(
    connection: Connection,
    project: str,
    session: RunSession,
    keys: Sequence[str],
    window: tuple[int | None, int | None],
) -> Iterator[Series]:
    axis = Axis("step", *window)
    named = list(dict.fromkeys(keys))
    return read_history(connection, project, [session.row.run_id], keys=named, axis=axis)


def _evenly(steps: Steps, most: int) -> Steps:
    """At most so many of `steps`, the first and the last among them."""
    most = max(1, min(most, MAX_HISTORY_ROWS))
    if len(steps) <= most:
        return steps
    return steps[np.linspace(0, len(steps) - 1, most).astype(np.int64)]


def _rows(read: Iterable[Series], chosen: Steps, started_s: float) -> list[Row]:
    """Rows of the chosen steps; only these become values of Python's."""
    rows: dict[int, Row] = {step: {} for step in chosen.tolist()}
    for series in read:
        is_chosen = np.isin(series.points.steps, chosen)
        values = numbers(series.points.values[is_chosen])
        name = series.key
        if is_system(name):
            name = f"system.{name.removeprefix(SYSTEM_PREFIX)}"
        for step, value in zip(series.points.steps[is_chosen].tolist(), values, strict=True):
            row = rows[step]
            if series.key != TIME_KEY:
                row.setdefault(name, value)
                # Those of the machine have milliseconds as steps.
                if is_system(series.key):
                    row["_timestamp"] = step / _MS_PER_S
            elif isinstance(value, float):
                row["_timestamp"] = value / _MS_PER_S
                row["_step"] = step
    for row in rows.values():
        if "_timestamp" in row:
            row["_runtime"] = row["_timestamp"] - started_s
    return list(rows.values())


def history_keys(connection: Connection, project: str, session: RunSession) -> dict[str, Any]:
    """The keys of a run, as clients ask for them before they read its history."""
    items = list_keys(connection, project, session.row.run_id, limit=MAX_HISTORY_KEYS)["items"]
    keys = {
        each["key"]: {
            "typeCounts": [{"type": "number", "count": each["count"]}],
            "monotonic": False,
            "previousValue": each["last"],
        }
        for each in items
        if not is_system(each["key"])
    }
    for name in ("_step", "_runtime", "_timestamp"):
        keys[name] = {
            "typeCounts": [{"type": "number", "count": (session.row.last_step or 0) + 1}],
            "monotonic": True,
            "previousValue": session.row.last_step or 0,
        }
    last_step = -1 if session.row.last_step is None else session.row.last_step
    return {"lastStep": last_step, "sets": [], "keys": keys}


def row_texts(rows: Sequence[Row]) -> list[str]:
    """Each row as the text that clients read; NaN and infinities stand bare in it."""
    return [json.dumps({key: _bare(value) for key, value in row.items()}) for row in rows]


def _bare(value: Any) -> Any:
    return float(value) if value in ("NaN", "Infinity", "-Infinity") else value
