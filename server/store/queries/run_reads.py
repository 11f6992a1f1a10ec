"""What charts need of several runs, asked of the database for all of them at once.

A chart of 200 runs asked 2,800 times, and more than half of its time went into asking.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import Connection, func, select

from weave_core.server.filters.vocabularies import RUN_METRIC
from weave_core.server.store.run_tables import MetricChunkRow, RunTailRow
from weave_core.server.store.tables import table_of

__all__ = ["RunReads"]

_CHUNK, _TAIL = table_of(MetricChunkRow), table_of(RunTailRow)
_Tail = tuple[int, int | None, bytes]
_Place = tuple[int, str, int]
"""Row id of a run, key and rank."""


class RunReads:
    """Tails, series and small bodies of some runs, by their row ids."""

    def __init__(self, connection: Connection, row_ids: Collection[int]) -> None:
        self._connection = connection
        self._row_ids = list(dict.fromkeys(row_ids))
        self._series: dict[int, set[tuple[str, int]]] | None = None
        self._ids: dict[_Place, int] = {}
        self._counts: dict[_Place, int] = {}
        self._bodies: dict[int, list[bytes]] = {}
        # Before the chunks: what is packed meanwhile is then there twice, not missing.
        self._tails: dict[int, list[_Tail]] = defaultdict(list)
        query = select(_TAIL.c.run_row_id, _TAIL.c.rank, _TAIL.c.rewind_to, _TAIL.c.body)
        query = query.where(_TAIL.c.run_row_id.in_(self._row_ids)).order_by(_TAIL.c.id)
        for row_id, *tail in connection.execute(query):
            self._tails[row_id].append((tail[0], tail[1], tail[2]))

    def tail(self, row_id: int) -> Sequence[_Tail]:
        """What is not packed yet: rank, step to go back to, body; in the order of arrival."""
        return self._tails.get(row_id, ())

    def look_for(self, keys: Collection[str] | None) -> None:
        """Learn which series there are of `keys`, and which of them have no full chunk."""
        query = select(
            RUN_METRIC.c.run_row_id, RUN_METRIC.c.key, RUN_METRIC.c.rank, RUN_METRIC.c.id,
            func.count(_CHUNK.c.preview), func.coalesce(func.sum(_CHUNK.c.count), 0),
        ).outerjoin(_CHUNK, _CHUNK.c.run_metric_id == RUN_METRIC.c.id)  # fmt: skip
        query = query.where(RUN_METRIC.c.run_row_id.in_(self._row_ids)).group_by(RUN_METRIC.c.id)
        if keys is not None:
            query = query.where(RUN_METRIC.c.key.in_(list(keys)))
        self._series = defaultdict(set)
        for row_id, key, rank, metric_id, full, count in self._connection.execute(query):
            self._series[row_id].add((key, rank))
            self._ids[row_id, key, rank] = metric_id
            if not full:
                self._counts[row_id, key, rank] = int(count)

    def series(self, row_id: int) -> set[tuple[str, int]] | None:
        """Keys and ranks of a run among those that were looked for; None: nobody looked."""
        return None if self._series is None else self._series[row_id]

    def read(self, places: Iterable[_Place]) -> None:
        """Take the bodies of those series that have no full chunk; of others parts may do."""
        ids = [self._ids[each] for each in places if each in self._counts]
        query = select(_CHUNK.c.run_metric_id, _CHUNK.c.body).order_by(_CHUNK.c.first_step)
        self._bodies |= {each: [] for each in ids}
        for metric_id, body in self._connection.execute(
            query.where(_CHUNK.c.run_metric_id.in_(ids))
        ):
            self._bodies[metric_id].append(bytes(body))

    def count(self, place: _Place) -> int | None:
        """How many points a series without a full chunk has packed; None: it has some."""
        return self._counts.get(place)

    def bodies(self, place: _Place) -> list[bytes] | None:
        """Bodies of all chunks of a series, if they were read."""
        return self._bodies.get(self._ids.get(place, -1))
