"""The points of runs: exact, or as many as a chart can show.

A chart over many full chunks reads their previews alone, which hold the least and largest points of
every 128; nearer up the chunks themselves are opened.  What is not packed yet is put behind.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, Connection, and_, bindparam, func, select

from weave_core.errors import BadRequest
from weave_core.metric_definitions import definition_of
from weave_core.model import MetricDefinition
from weave_core.server.filters.vocabularies import RUN, RUN_METRIC
from weave_core.server.store.downsampling import sampled
from weave_core.server.store.metric_chunks import (
    PREVIEW_POINTS,
    Points,
    Summary,
    merged,
    open_chunks,
    summary_of,
)
from weave_core.server.store.point_batches import TIME_KEY, is_system
from weave_core.server.store.queries.run_reads import RunReads
from weave_core.server.store.queries.runs import FoundRun, find_run, find_runs
from weave_core.server.store.run_packing import tail_points
from weave_core.server.store.run_tables import MetricChunkRow, RunTailRow
from weave_core.server.store.tables import table_of

__all__ = ["MAX_HISTORY_SERIES", "Axis", "Series", "list_keys", "read_history"]

MAX_HISTORY_SERIES = 1_000
"""Keys times runs times ranks in one answer."""
MAX_LISTED_KEYS = 1_000
_MAX_ANCESTORS = 20
"""Forks of forks that are followed."""
_CHUNK, _TAIL = table_of(MetricChunkRow), table_of(RunTailRow)
_NS_PER_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class Axis:
    """What lies along x, and which part of it is asked for."""

    name: str = "step"
    """`step`, `time`, `runtime`, a key, or empty: as each key's definition says."""
    first: float | None = None
    last: float | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """Points of one key by one rank."""

    run_id: str
    key: str
    rank: int
    count: int
    """How many there are; more than are given where they were sampled."""
    points: Points
    x: NDArray[Any] | None
    """Where the axis is not the step."""

    def shape(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "run_id": self.run_id,
            "key": self.key,
            "rank": self.rank,
            "count": self.count,
            "is_sampled": len(self.points) < self.count,
            "steps": self.points.steps.tolist(),
            "x": None if self.x is None else self.x.tolist(),
            "values": numbers(self.points.values),
        }


def numbers(values: NDArray[np.float64]) -> list[float | str]:
    """Values as JSON has them: what is no number is a text."""
    given: list[float | str] = values.tolist()
    for place in np.flatnonzero(~np.isfinite(values)):
        value = values[place]
        given[place] = "NaN" if np.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    return given


def list_keys(
    connection: Connection,
    project: str,
    run_id: str,
    *,
    prefix: str = "",
    limit: int = MAX_LISTED_KEYS,
) -> dict[str, Any]:
    """The keys that a run logged, or those that begin with `prefix`, with their sums.

    Raises:
        NotFound: If there is no such project or run.
    """
    row = find_run(connection, project, run_id)
    reader = _Reader(connection, row, RunReads(connection, [row.id]))
    # What is measured of the machine is asked for by its prefix: it is not what was logged.
    series = [
        each
        for each in reader.series()
        if each[0].startswith(prefix) and (prefix or not is_system(each[0]))
    ]
    items = [
        {"key": key, "rank": rank, **_summed(reader, key, rank)}
        for key, rank in series[: max(0, limit)]
    ]
    return {"items": [each for each in items if "count" in each], "total": len(series)}


def _summed(reader: "_Reader", key: str, rank: int) -> dict[str, Any]:
    summary = reader.summary(key, rank)
    if summary is None:
        return {}
    finite = summary.count - summary.nan_count
    return {
        "count": summary.count,
        "nan_count": summary.nan_count,
        "min": summary.min,
        "max": summary.max,
        "mean": summary.sum / finite if finite else None,
        "first": _told(summary.first),
        "last": _told(summary.last),
        "first_step": summary.first_step,
        "last_step": summary.last_step,
        "min_step": summary.min_step,
        "max_step": summary.max_step,
    }


def _told(value: float | None) -> float | str:
    return numbers(np.array([np.nan if value is None else value]))[0]


def read_history(
    connection: Connection,
    project: str,
    run_ids: Sequence[str],
    *,
    keys: Sequence[str],
    points: int | None = None,
    axis: Axis = Axis(),
    rank: int | None = None,
) -> Iterator[Series]:
    """Points of `keys`, all of them or at most so many of each; no keys: of all that was logged.

    Raises:
        NotFound: If there is no such project, or one of the runs.
        BadRequest: If it is more than `MAX_HISTORY_SERIES`.
    """
    rows = find_runs(connection, project, run_ids)
    reads = RunReads(connection, [row.id for row in rows])
    reads.look_for({*keys, TIME_KEY, axis.name} if keys else None)
    readers = [_Reader(connection, row, reads) for row in rows]
    wanted = [
        (reader, key, each)
        for reader in readers
        for key, each in reader.series(set(keys) or None)
        if (rank is None or each == rank) and (keys or not is_system(key))
    ]
    if len(wanted) > MAX_HISTORY_SERIES:
        raise BadRequest(
            f"{len(wanted):,} series are asked for at once", f"at most {MAX_HISTORY_SERIES:,}"
        )
    beside = {TIME_KEY, axis.name}
    reads.read(
        [(reader.row_id, key, each) for reader, key, each in wanted]
        + [(reader.row_id, *each) for reader in readers for each in reader.series(beside)]
    )
    order = {key: place for place, key in enumerate(keys)}
    wanted.sort(key=lambda each: order.get(each[1], 0))
    for reader, key, each in wanted:
        found = reader.read(key, each, points, axis)
        if found is not None:
            yield found


_MIN_STEP, _MAX_STEP = -(2**63), 2**63 - 1
# Made once: a chart of many runs asks them a thousand times, and to make one took longer than to
# answer it.
_IN_RANGE = and_(
    _CHUNK.c.run_metric_id
    == select(RUN_METRIC.c.id)
    .where(
        RUN_METRIC.c.run_row_id == bindparam("row_id"),
        RUN_METRIC.c.key == bindparam("key"),
        RUN_METRIC.c.rank == bindparam("rank"),
    )
    .scalar_subquery(),
    _CHUNK.c.last_step >= bindparam("first", type_=BigInteger),
    _CHUNK.c.first_step <= bindparam("last", type_=BigInteger),
)
_COUNT = select(func.count(_CHUNK.c.preview), func.coalesce(func.sum(_CHUNK.c.count), 0)).where(
    _IN_RANGE
)
_BODIES = select(_CHUNK.c.body).where(_IN_RANGE).order_by(_CHUNK.c.first_step)
_PREVIEWS = (
    select(func.coalesce(_CHUNK.c.preview, _CHUNK.c.body))
    .where(_IN_RANGE)
    .order_by(_CHUNK.c.first_step)
)


class _Reader:
    """Reads one run, with what it has from the run it was forked from."""

    def __init__(self, connection: Connection, row: FoundRun, reads: RunReads) -> None:
        self._connection = connection
        self._row = row
        self._reads = reads
        self._lineage = list(_lineage(connection, row))
        """Row ids, the oldest ancestor first, each with the step up to which it counts."""
        tail: dict[Any, list[Any]] = tail_points(reads.tail(row.id))
        self._rewinds = tail.pop(None, [])
        self._tail = tail
        self._times: dict[tuple[int, bool], Points] = {}

    @property
    def row_id(self) -> int:
        """Of the run."""
        return int(self._row.id)

    def series(self, keys: set[str] | None = None) -> list[tuple[str, int]]:
        """Keys and ranks there are, in order."""
        found = self._reads.series(self._row.id) if len(self._lineage) == 1 else None
        if found is None:
            ids = [row_id for row_id, _ in self._lineage]
            query = select(RUN_METRIC.c.key, RUN_METRIC.c.rank).distinct()
            query = query.where(RUN_METRIC.c.run_row_id.in_(ids))
            if keys is not None:
                query = query.where(RUN_METRIC.c.key.in_(keys))
            found = {(key, rank) for key, rank in self._connection.execute(query)}
        elif keys is not None:
            found = {each for each in found if each[0] in keys}
        found = found | {each for each in self._tail if keys is None or each[0] in keys}
        return sorted(each for each in found if each[0] != TIME_KEY or (keys and TIME_KEY in keys))

    @cached_property
    def _stored(self) -> dict[tuple[str, int], Summary]:
        """What is stored of all keys: one question, where a run of 10,000 keys had as many."""
        names = Summary.__dataclass_fields__
        columns = (RUN_METRIC.c.key, RUN_METRIC.c.rank, *(RUN_METRIC.c[name] for name in names))
        query = select(*columns).where(RUN_METRIC.c.run_row_id == self._row.id)
        found = self._connection.execute(query)
        return {(key, rank): Summary(*rest) for key, rank, *rest in found}

    def summary(self, key: str, rank: int) -> Summary | None:
        """Sums over a key; from what is stored of it, where nothing has to be opened for it."""
        items = self._items(key, rank)
        if len(self._lineage) == 1:
            stored = self._stored.get((key, rank))
            if not items:
                return stored
            if all(isinstance(each, Points) for each in items):
                more = summary_of(merged(list(items)))
                if stored is None:
                    return more
                if more.first_step > stored.last_step:
                    return stored.with_next(more)
        points = self._points(key, rank, None, None)
        return summary_of(points) if len(points) else None

    def read(self, key: str, rank: int, wanted: int | None, axis: Axis) -> Series | None:
        """The points of one key."""
        name = axis.name or self._step_metric(key) or "step"
        if name == "step":
            first = None if axis.first is None else int(np.ceil(axis.first))
            last = None if axis.last is None else int(np.floor(axis.last))
            points, count = self._for_chart(key, rank, first, last, wanted)
            return Series(self._row.run_id, key, rank, count, *_thinned(points, None, wanted))
        if axis.first is None and axis.last is None and name in {"time", "runtime"}:
            points, count = self._for_chart(key, rank, None, None, wanted)
            is_rough = len(points) < count
        else:
            points, is_rough = self._points(key, rank, None, None), False
            count = len(points)
        if is_system(key):
            x, is_there = self._measured(name, points), np.ones(len(points), bool)
        else:
            x, is_there = self._along(name, points, rank, is_rough=is_rough)
        is_in = is_there
        if axis.first is not None:
            is_in = is_in & (x >= axis.first)
        if axis.last is not None:
            is_in = is_in & (x <= axis.last)
        if not is_in.all():
            points, x = Points(points.steps[is_in], points.values[is_in]), x[is_in]
            count = len(points)
        return Series(self._row.run_id, key, rank, count, *_thinned(points, x, wanted))

    def _step_metric(self, key: str) -> str | None:
        told = self._row.metrics
        definitions = {each: MetricDefinition.model_validate(told[each]) for each in told}
        return definition_of(key, definitions).step_metric

    def _along(
        self, name: str, points: Points, rank: int, *, is_rough: bool
    ) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """The x of each point, and whether it has one: the axis's last value up to its step."""
        if name in {"time", "runtime"}:
            times = self._time(rank, is_rough=is_rough)
            if is_rough:
                # Between two points of a preview, 140 steps apart at most.
                ms = np.interp(points.steps, times.steps, times.values)
                is_there = np.ones(len(points), bool)
            else:
                ms, is_there = _at_or_before(times, points.steps)
            ns = ms.astype(np.int64) * _NS_PER_MS
            if name == "time":
                return ns, is_there
            return (ns - self._row.started_ns) / 1e9, is_there
        other = self._points(name, rank, None, None)
        x, is_there = _at_or_before(other, points.steps)
        return x, is_there & np.isfinite(x)

    def _measured(self, name: str, points: Points) -> NDArray[Any]:
        """The x of what is measured of the machine, whose steps are times; it has no other axis."""
        ns = points.steps * _NS_PER_MS
        return (ns - self._row.started_ns) / 1e9 if name == "runtime" else ns

    def _items(self, key: str, rank: int) -> list[Any]:
        """What is not packed yet, with the steps to which the run goes back."""
        return self._tail.get((key, rank), [] if is_system(key) else self._rewinds)

    def _time(self, rank: int, *, is_rough: bool) -> Points:
        known = self._times.get((rank, is_rough))
        if known is None:
            if is_rough:
                known, _ = self._for_chart(TIME_KEY, rank, None, None, PREVIEW_POINTS)
            else:
                known = self._points(TIME_KEY, rank, None, None)
            self._times[rank, is_rough] = known
        return known

    def _for_chart(
        self, key: str, rank: int, first: int | None, last: int | None, wanted: int | None
    ) -> tuple[Points, int]:
        """Points to choose a chart's from, and how many there are in all."""
        if wanted is not None and len(self._lineage) == 1 and not self._rewinds:
            full, count = self._count(key, rank, first, last)
            if full * PREVIEW_POINTS >= 2 * wanted and count > wanted:
                tail = self._tail.get((key, rank), [])
                points = self._read_chunks(self._row.id, key, rank, first, last, is_preview=True)
                lies_behind = all(
                    not len(points) or int(each.steps[0]) > int(points.steps[-1]) for each in tail
                )
                if lies_behind:
                    more = merged(list(tail)).between(first, last)
                    return merged([points, more]), count + len(more)
        points = self._points(key, rank, first, last)
        return points, len(points)

    def _count(self, key: str, rank: int, first: int | None, last: int | None) -> tuple[int, int]:
        """Chunks that are full, and points, within about that range; of few points all of them."""
        known = self._reads.count((self._row.id, key, rank))
        if known is not None:
            return 0, known
        asked = _chunks_of(self._row.id, key, rank, first, last)
        full, count = self._connection.execute(_COUNT, asked).one()
        return int(full), int(count)

    def _points(self, key: str, rank: int, first: int | None, last: int | None) -> Points:
        """All points, exactly."""
        parts: list[Points] = []
        # Where an ancestor ran is not where this one does.
        lineage = self._lineage[-1:] if is_system(key) else self._lineage
        for row_id, until in lineage:
            end = last if until is None else (until if last is None else min(last, until))
            parts.append(self._read_chunks(row_id, key, rank, first, end))
            if row_id != self._row.id:
                parts[-1] = merged([parts[-1], *self._tail_of(row_id, key, rank)]).between(
                    first, end
                )
        for item in self._items(key, rank):
            if isinstance(item, int):
                parts = [part.between(None, item) for part in parts]
            else:
                parts.append(item.between(first, last))
        return merged(parts)

    def _tail_of(self, row_id: int, key: str, rank: int) -> list[Points]:
        """What an ancestor has not packed yet."""
        query = (
            select(_TAIL.c.rank, _TAIL.c.rewind_to, _TAIL.c.body)
            .where(_TAIL.c.run_row_id == row_id)
            .order_by(_TAIL.c.id)
        )
        found = tail_points(tuple(each) for each in self._connection.execute(query))
        return [each for each in found.get((key, rank), []) if isinstance(each, Points)]

    def _read_chunks(
        self,
        row_id: int,
        key: str,
        rank: int,
        first: int | None,
        last: int | None,
        *,
        is_preview: bool = False,
    ) -> Points:
        bodies = self._reads.bodies((row_id, key, rank))
        if bodies is None:
            query = _PREVIEWS if is_preview else _BODIES
            found = self._connection.execute(query, _chunks_of(row_id, key, rank, first, last))
            bodies = [bytes(body) for (body,) in found]
        return open_chunks(bodies).between(first, last)


def _chunks_of(
    row_id: int, key: str, rank: int, first: int | None, last: int | None
) -> dict[str, Any]:
    """What the statements about chunks are asked: those of a key within about that range."""
    return {
        "row_id": row_id,
        "key": key,
        "rank": rank,
        "first": _MIN_STEP if first is None else first,
        "last": _MAX_STEP if last is None else last,
    }


def _lineage(connection: Connection, row: FoundRun) -> Iterator[tuple[int, int | None]]:
    """The run and its ancestors, the oldest first, each with the last step that counts."""
    found: list[tuple[int, int | None]] = [(row.id, None)]
    until: int | None = None
    for _ in range(_MAX_ANCESTORS):
        if row.parent_run_id is None:
            break
        if row.parent_step is not None:
            until = row.parent_step if until is None else min(until, row.parent_step)
        query = select(RUN).where(
            RUN.c.project_id == row.project_id, RUN.c.run_id == row.parent_run_id
        )
        parent = connection.execute(query).one_or_none()
        if parent is None or any(parent.id == row_id for row_id, _ in found):
            break
        row = parent
        found.append((row.id, until))
    yield from reversed(found)


def _thinned(
    points: Points, x: NDArray[Any] | None, wanted: int | None
) -> tuple[Points, NDArray[Any] | None]:
    if wanted is None or len(points) <= wanted:
        return points, x
    along = points.steps if x is None or (np.diff(x) < 0).any() else x
    places = sampled(along.astype(np.float64), points.values, wanted)
    thin = Points(points.steps[places], points.values[places])
    return thin, None if x is None else x[places]


def _at_or_before(
    other: Points, steps: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """What `other` says at each of `steps`, else the last thing before; and where it does."""
    if not len(other):
        return np.zeros(len(steps)), np.zeros(len(steps), bool)
    places = np.searchsorted(other.steps, steps, "right") - 1
    return other.values[np.maximum(places, 0)], places >= 0
