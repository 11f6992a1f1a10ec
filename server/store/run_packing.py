"""Points of runs from their tail into chunks: work of the background, doing it twice is the same.

A run's tail is packed when it is worth it, sooner the fewer keys the run has, since each turn
writes the open chunk of every key anew.  Readers put what is still in the tail behind the chunks.
"""

import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from typing import Any

import orjson
from sqlalchemy import Connection

from weave_core.metric_definitions import definition_of
from weave_core.model import MetricDefinition
from weave_core.points import SYSTEM_PREFIX
from weave_core.server.store.dialects import Dialect
from weave_core.server.store.metric_chunks import (
    CHUNK_POINTS,
    Points,
    Summary,
    merged,
    open_chunk,
    ordered,
    pack_chunk,
    pack_preview,
    summary_of,
)
from weave_core.server.store.point_batches import TIME_KEY, columns_of, is_system

__all__ = [
    "MAX_RUN_KEYS",
    "RunPacker",
    "Series",
    "definition_of",
    "summarize_anew",
    "summary_value",
    "tail_points",
]

MAX_RUN_KEYS = 20_000
"""Keys kept of one run, each rank counting; points of more are left out and the run is marked."""
_TAIL_BYTES = 8 * 1024 * 1024
"""Of a tail, that one step packs."""
_TAIL_ROWS = 512
_SOON_S, _LATE_S = 0.4, 10.0
"""How long points wait with few keys, and with very many."""
_PER_KEY_S = 0.004
_MANY_CHUNKS = 4
"""Of each key: with so many points waiting they are packed at once.  With fewer, a short run has
said its end meanwhile, and does not wait for it."""

Series = tuple[str, int]
"""Key and rank."""

_STATS = tuple(field.name for field in fields(Summary))
_METRIC = ("run_row_id", "key", "rank", *_STATS, "summary")
_CHUNK = (
    *("run_metric_id", "first_step", "last_step", "count", "nan_count", "min", "max", "sum"),
    *("first", "last", "min_step", "max_step", "preview", "body"),
)

_WAITING = """
SELECT run_row_id, SUM(points), MIN(received_ns), MIN(state) FROM run_tail
JOIN run ON run.id = run_row_id GROUP BY run_row_id ORDER BY MIN(received_ns) LIMIT 100
"""
_TAIL = "SELECT id, rank, rewind_to, body FROM run_tail WHERE run_row_id = ? ORDER BY id LIMIT ?"
_DELETE_TAIL = "DELETE FROM run_tail WHERE id = ?"
_METRICS = f"SELECT id, {', '.join(_METRIC[1:])} FROM run_metric WHERE run_row_id = ?"  # noqa: S608  # Our own names.
_COUNT_METRICS = "SELECT COUNT(*) FROM run_metric WHERE run_row_id = ?"
_SUMMARIZE = "UPDATE run_metric SET summary = ? WHERE id = ?"
_DEFINITIONS = "SELECT metrics, problems FROM run WHERE id = ?"
_MAX_STEP = "SELECT MAX(last_step) FROM run_metric WHERE run_row_id = ? AND key NOT LIKE ?"
_LAST_STEP = "UPDATE run SET last_step = ? WHERE id = ?"
_MARK = "UPDATE run SET problems = ? WHERE id = ?"
_BODIES = """
SELECT first_step, body FROM metric_chunk WHERE run_metric_id = ? AND last_step >= ?
ORDER BY first_step
"""
_STATS_OF = f"""
SELECT {", ".join(_STATS)} FROM metric_chunk WHERE run_metric_id = ? ORDER BY first_step
"""  # noqa: S608  # Our own names.
_DELETE_CHUNK = "DELETE FROM metric_chunk WHERE run_metric_id = ? AND first_step = ?"
_DELETE_METRIC = "DELETE FROM run_metric WHERE id = ?"


@dataclass(slots=True)
class _Metric:
    """A stored key."""

    id: int
    summary: Summary
    """Of what is packed."""


def tail_points(rows: Iterable[tuple[int, int | None, bytes]]) -> dict[Series, list[Any]]:
    """What rows of a tail (rank, step to go back to, body) hold, by key, in order of arrival.

    Each item is `Points`, or the step behind which earlier points are gone; those under the key
    None mean all keys.
    """
    found: dict[Any, list[Any]] = defaultdict(list)
    for rank, rewind_to, body in rows:
        if rewind_to is not None:
            for series, items in found.items():
                if series is not None and not is_system(series[0]):
                    items.append(rewind_to)
            found[None].append(rewind_to)
        if body:
            # By key first: a key may be in several groups of one batch.
            parts: dict[str, list[Points]] = defaultdict(list)
            for key, steps, values in columns_of(bytes(body)):
                parts[key].append(Points(steps, values))
            for key, points in parts.items():
                if (key, rank) not in found:
                    found[key, rank] = [] if is_system(key) else list(found[None])
                whole = merged(points) if len(points) > 1 else points[0]
                found[key, rank].append(ordered(whole.steps, whole.values))
    return dict(found)


class RunPacker:
    """Packs tails of runs; used by the writer's thread."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self.due_s: float | None = None
        """When what waits should be packed, by the monotonic clock; None: nothing waits."""
        self._upsert_metric = dialect.upsert("run_metric", _METRIC, ("run_row_id", "key", "rank"))
        self._upsert_chunk = dialect.upsert("metric_chunk", _CHUNK, ("run_metric_id", "first_step"))

    def step(self, connection: Connection) -> bool:
        """Pack a part of one run's tail, in the caller's transaction; whether more is due now."""
        now_ns, soonest_s = time.time_ns(), None
        for row_id, points, received_ns, state in self._query(connection, _WAITING).all():
            keys = self._query(connection, _COUNT_METRICS, (row_id,)).scalar_one()
            wait_s = min(max(_SOON_S, _PER_KEY_S * keys), _LATE_S)
            left_s = wait_s - (now_ns - received_ns) / 1e9
            # A clock that was set back must not keep points waiting; behind an end no more come.
            if (
                state != "running"
                or points >= _MANY_CHUNKS * max(keys, 8) * CHUNK_POINTS
                or not 0 < left_s <= wait_s
            ):
                self._pack(connection, row_id)
                self.due_s = time.monotonic()
                return True
            soonest_s = left_s if soonest_s is None else min(soonest_s, left_s)
        self.due_s = None if soonest_s is None else time.monotonic() + soonest_s
        return False

    def _pack(self, connection: Connection, row_id: int) -> None:
        rows, size = [], 0
        for row in self._query(connection, _TAIL, (row_id, _TAIL_ROWS)):
            rows.append(row)
            size += len(row[3])
            if size >= _TAIL_BYTES:
                break
        found = tail_points((rank, rewind_to, body) for _, rank, rewind_to, body in rows)
        metrics, text, problems = self._known(connection, row_id)
        definitions = {
            pattern: MetricDefinition.model_validate(told) for pattern, told in text.items()
        }
        rewinds = found.pop(None, None)  # type: ignore[call-overload]  # The one key that is no series.
        if rewinds:
            for series in metrics:
                if not is_system(series[0]):
                    found.setdefault(series, list(rewinds))
        old = set(metrics)
        new = [series for series in found if series not in old]
        beyond = [*_beyond(metrics, new, of_system=False), *_beyond(metrics, new, of_system=True)]
        if beyond:
            for series in beyond:
                del found[series]
            problems["*"] = (
                f"more than {MAX_RUN_KEYS:,} different keys were logged: the others are left out"
            )
            self._query(connection, _MARK, (orjson.dumps(problems).decode(), row_id))
        self._add_metrics(connection, row_id, [key for key in new if key in found], found)
        if new:
            metrics, _, _ = self._known(connection, row_id)
        fresh = {metrics[series].id for series in found if series not in old}
        self._write(
            connection, row_id, found, metrics=metrics, definitions=definitions, fresh=fresh
        )
        self._many(connection, _DELETE_TAIL, [(row[0],) for row in rows])
        if rewinds:
            self._note_last_step(connection, row_id)

    def _known(
        self, connection: Connection, row_id: int
    ) -> tuple[dict[Series, _Metric], dict[str, Any], dict[str, str]]:
        metrics = {
            (row[1], row[2]): _Metric(row[0], Summary(*row[3:-1]))
            for row in self._query(connection, _METRICS, (row_id,))
        }
        told = self._query(connection, _DEFINITIONS, (row_id,)).one_or_none() or ("{}", "{}")
        definitions, problems = (
            orjson.loads(each) if isinstance(each, str) else each for each in told
        )
        return metrics, definitions, problems

    def _add_metrics(
        self,
        connection: Connection,
        row_id: int,
        new: Sequence[Series],
        found: dict[Series, list[Any]],
    ) -> None:
        """Rows for keys that are met for the first time; their sums follow."""
        rows = []
        for series in new:
            points = next((each for each in found[series] if isinstance(each, Points)), None)
            if points is None:
                del found[series]
                continue
            rows.append((row_id, *series, *astuple(summary_of(points)), None))
        self._many(connection, self._upsert_metric, rows, is_ours=True)

    def _write(
        self,
        connection: Connection,
        row_id: int,
        found: dict[Series, list[Any]],
        *,
        metrics: dict[Series, _Metric],
        definitions: dict[str, MetricDefinition],
        fresh: set[int],
    ) -> None:
        sums: list[tuple[Series, _Metric, Summary | None]] = []
        chunks, gone = [], []
        for series, items in found.items():
            metric = metrics[series]
            old_first, kept = self._open(connection, metric, items)
            points = _applied(kept, items)
            gone += [(metric.id, first) for first in old_first]
            pieces = [
                Points(points.steps[at : at + CHUNK_POINTS], points.values[at : at + CHUNK_POINTS])
                for at in range(0, len(points), CHUNK_POINTS)
            ]
            chunks += [_chunk_row(metric.id, piece) for piece in pieces]
            sums.append((series, metric, None if metric.id in fresh else _appended(metric, items)))
        self._many(connection, _DELETE_CHUNK, gone)
        self._many(connection, self._upsert_chunk, chunks, is_ours=True)
        rows = []
        for series, metric, appended in sums:
            summary = appended or self._summed(connection, metric)
            if summary is None:
                self._query(connection, _DELETE_METRIC, (metric.id,))
                continue
            value = summary_value(summary, definition_of(series[0], definitions))
            rows.append((row_id, *series, *astuple(summary), value))
        self._many(connection, self._upsert_metric, rows, is_ours=True)

    def _open(
        self, connection: Connection, metric: _Metric, items: list[Any]
    ) -> tuple[list[int], list[Points]]:
        """Chunks to be written anew: those that new points fall into, and the open one."""
        first = min(each + 1 if isinstance(each, int) else int(each.steps[0]) for each in items)
        first = min(first, metric.summary.last_step)
        rows = self._query(connection, _BODIES, (metric.id, first)).all()
        if len(rows) == 1 and not any(isinstance(each, int) for each in items):
            points = open_chunk(bytes(rows[0][1]))
            if len(points) == CHUNK_POINTS and int(points.steps[-1]) < first:
                return [], []
            return [rows[0][0]], [points]
        return [row[0] for row in rows], [open_chunk(bytes(row[1])) for row in rows]

    def _summed(self, connection: Connection, metric: _Metric) -> Summary | None:
        """Over all chunks of a key; None where it has none."""
        whole: Summary | None = None
        for row in self._query(connection, _STATS_OF, (metric.id,)):
            part = Summary(*row)
            whole = part if whole is None else whole.with_next(part)
        return whole

    def _note_last_step(self, connection: Connection, row_id: int) -> None:
        steps = [
            row[0] for row in self._query(connection, _MAX_STEP, (row_id, f"{SYSTEM_PREFIX}%"))
        ]
        self._query(connection, _LAST_STEP, (steps[0], row_id))

    def _query(self, connection: Connection, text: str, values: tuple[Any, ...] = ()) -> Any:
        return connection.exec_driver_sql(self._dialect.sql(text), values)

    def _many(
        self,
        connection: Connection,
        text: str,
        rows: list[tuple[Any, ...]],
        *,
        is_ours: bool = False,
    ) -> None:
        """One statement for many rows; `is_ours`: the dialect made it."""
        if rows:
            connection.exec_driver_sql(text if is_ours else self._dialect.sql(text), rows)


def _appended(metric: _Metric, items: list[Any]) -> Summary | None:
    """The sums with `items`, where all of those lie behind what was there; else None."""
    summary = metric.summary
    for item in items:
        if isinstance(item, int) or int(item.steps[0]) <= summary.last_step:
            return None
        summary = summary.with_next(summary_of(item))
    return summary


def _applied(kept: list[Points], items: list[Any]) -> Points:
    """`kept` with `items` in their order: later points win, a step cuts off what was before."""
    parts = list(kept)
    for item in items:
        if isinstance(item, int):
            parts = [part.between(None, item) for part in parts]
        else:
            parts.append(item)
    return merged(parts)


def _chunk_row(metric_id: int, points: Points) -> tuple[Any, ...]:
    told = summary_of(points)
    preview = pack_preview(points) if len(points) == CHUNK_POINTS else None
    return (
        *(metric_id, told.first_step, told.last_step, told.count, told.nan_count),
        *(told.min, told.max, told.sum, told.first, told.last, told.min_step, told.max_step),
        *(preview, pack_chunk(points)),
    )


def summary_value(summary: Summary, definition: MetricDefinition) -> float | None:
    """The one value that stands for a key."""
    finite = summary.count - summary.nan_count
    match definition.summary:
        case "min":
            return summary.min
        case "max":
            return summary.max
        case "best":
            return summary.max if definition.goal == "maximize" else summary.min
        case "mean":
            return summary.sum / finite if finite else None
        case "first":
            return summary.first
        case "none":
            return None
        case _:
            return summary.last


def summarize_anew(
    connection: Connection, dialect: Dialect, row_id: int, told: dict[str, Any]
) -> None:
    """Work out what stands for each key of a run again: something else was said of its metrics."""
    definitions = {key: MetricDefinition.model_validate(each) for key, each in told.items()}
    rows = connection.exec_driver_sql(dialect.sql(_METRICS), (row_id,)).all()
    values = [
        (summary_value(Summary(*row[3:-1]), definition_of(row[1], definitions)), row[0], row[-1])
        for row in rows
    ]
    changed = [(value, metric_id) for value, metric_id, old in values if value != old]
    if changed:
        connection.exec_driver_sql(dialect.sql(_SUMMARIZE), changed)


def _beyond(known: Iterable[Series], new: Iterable[Series], *, of_system: bool) -> list[Series]:
    """Those of `new` that are too many; what the machine tells takes nothing from the training."""
    count = sum(_is_counted(key, of_system=of_system) for key, _ in known)
    mine = [series for series in new if _is_counted(series[0], of_system=of_system)]
    return mine[max(0, MAX_RUN_KEYS - count) :]


def _is_counted(key: str, *, of_system: bool) -> bool:
    # The times of the steps are ours, not one of the keys that were logged.
    return key != TIME_KEY and is_system(key) == of_system
