"""Sums of traces, recomputed from their spans whenever some arrive.

Never in the acknowledging path: the transaction that stores spans marks their traces as dirty, and
this step works the marks off.  It reads and replaces, so doing it twice changes nothing, and a late
root, a late child or a better record of a span needs no rule of its own.

A trace of very many spans is read over several steps, between which senders are answered.  What was
stored of it meanwhile may be missing from its sums, so then its mark stays.
"""

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection

from weave_core.server.store.dialects import Dialect
from weave_core.server.store.dictionaries import Dictionaries
from weave_core.server.store.duplicates import DuplicateMarker
from weave_core.server.store.minutes import MinuteRollups
from weave_core.server.store.pacing import StepSize
from weave_core.server.store.packed_texts import packed_text
from weave_core.server.store.previews import read_previews
from weave_core.server.store.sums import TRACE_COLUMNS, SpanSums, trace_row
from weave_core.server.store.text_codes import column_sql

__all__ = ["TraceRollups"]

_TRACES_A_STEP = 1_000
_NEW_TRACE_SPANS = 10
"""What a trace is taken to have that was not summed before."""
_MAX_SPANS_A_STEP = 20_000
"""Bound of one step's time; a trace that was longer when it was last summed up takes several."""

Key = tuple[int, bytes]
"""Project and id of a trace."""

_KEY = ("project_id", "trace_id")
_DIRTY = """
SELECT d.project_id, d.trace_id, COALESCE(t.span_count, 0)
FROM trace_dirty AS d
LEFT JOIN trace AS t ON t.project_id = d.project_id AND t.trace_id = d.trace_id
ORDER BY d.project_id, d.trace_id LIMIT ?
"""
_COMPUTED = {
    # Only the head's are shown, and read when it is known.
    "input_preview": "NULL",
    "output_preview": "NULL",
    "tags": "CAST(s.tags AS TEXT)",  # Not parsed by the driver, as some would.
    "has_content": "COALESCE(s.has_content,"
    " s.input_preview IS NOT NULL OR s.output_preview IS NOT NULL)",
}
# The marks lead (SQLite takes CROSS JOIN as an order), each finding its spans by their identity;
# asked to sort by time, SQLite walked the whole project instead, which took 40 times as long.
_SPANS = """
SELECT {columns} FROM trace_dirty AS d CROSS JOIN span AS s
WHERE s.project_id = d.project_id AND s.trace_id = d.trace_id
AND (d.project_id, d.trace_id) <= (?, ?)
"""

_OF_LONG = """
SELECT {columns} FROM span AS s
WHERE s.project_id = ? AND s.trace_id = ? AND s.span_id > ? ORDER BY s.span_id LIMIT ?
"""

_by_start = attrgetter("start_ns", "id")
_PROJECT = TRACE_COLUMNS.index("project_id")
_PREVIEWS = slice(TRACE_COLUMNS.index("input_preview"), TRACE_COLUMNS.index("output_preview") + 1)


@dataclass(slots=True)
class _Long:
    """A trace that is read over several steps."""

    key: Key
    spans: list[SpanSums] = field(default_factory=list)
    last_id: bytes = b""
    """Of the span read last, by which they are ordered."""
    is_stale: bool = False
    """Something of it was stored meanwhile."""


class TraceRollups:
    """Works off the marks of `trace_dirty`."""

    def __init__(
        self, dialect: Dialect, minutes: MinuteRollups, dictionaries: Dictionaries
    ) -> None:
        self._dictionaries = None if dialect.keeps_previews else dictionaries
        self._duplicates = DuplicateMarker(dialect, minutes)
        self._dirty = dialect.sql(_DIRTY)
        columns = _columns(dialect.name)
        self._spans = dialect.sql(_SPANS.format(columns=columns))
        self._of_long = dialect.sql(_OF_LONG.format(columns=columns))
        self._long: _Long | None = None
        self._replace = dialect.upsert("trace", TRACE_COLUMNS, _KEY)
        self._clear = dialect.sql("DELETE FROM trace_dirty WHERE project_id = ? AND trace_id = ?")
        self._size = StepSize(500, least=300, most=_MAX_SPANS_A_STEP)

    def forget(self) -> None:
        """Drop what is remembered, after a transaction that was rolled back."""
        self._long = None

    def note(self, changed: Collection[Key] | None) -> None:
        """Hear of spans that were stored, by project and trace; None: anything was changed."""
        if changed is None:
            self._long = None  # What was read of it may be deleted: it is begun anew, if there.
        elif self._long is not None and self._long.key in changed:
            self._long.is_stale = True

    def step(self, connection: Connection, turn_s: float) -> bool:
        """Recompute some dirty traces, in the caller's transaction; whether more are waiting."""
        began = time.perf_counter()
        most = self._size.of(turn_s)
        if self._long is None:
            limit = min(max(1, most // _NEW_TRACE_SPANS), _TRACES_A_STEP)
            marks = connection.exec_driver_sql(self._dirty, (limit,)).all()
            keys = _affordable(marks, most)
            if not keys:
                return False
            if marks[0][-1] > most:
                self._long = _Long(keys[0])
        if self._long is not None:
            count = self._go_on(connection, self._long, most)
        else:
            count = self._sum_up(connection, keys)
        self._size.learn(count, time.perf_counter() - began)
        return bool(connection.exec_driver_sql("SELECT 1 FROM trace_dirty LIMIT 1").first())

    def _go_on(self, connection: Connection, long: _Long, most: int) -> int:
        """Read the next spans of a long trace, and sum it up behind the last; how many."""
        values = (*long.key, long.last_id, most)
        spans = [SpanSums._make(row) for row in connection.exec_driver_sql(self._of_long, values)]
        long.spans += spans
        if len(spans) == most:
            long.last_id = spans[-1].span_id
            return most
        self._long = None
        self._replace_sums(connection, {long.key: long.spans})
        if not long.is_stale:
            connection.exec_driver_sql(self._clear, long.key)
        return len(spans)

    def _sum_up(self, connection: Connection, keys: list[Key]) -> int:
        """Sum up the first marked traces, `keys`; how many spans they have."""
        by_trace: dict[Key, list[SpanSums]] = {key: [] for key in keys}
        for row in connection.exec_driver_sql(self._spans, keys[-1]):
            span = SpanSums._make(row)
            by_trace[span.project_id, span.trace_id].append(span)
        self._replace_sums(connection, by_trace)
        connection.exec_driver_sql(self._clear, keys)
        return sum(map(len, by_trace.values()))

    def _replace_sums(self, connection: Connection, by_trace: dict[Key, list[SpanSums]]) -> None:
        for spans in by_trace.values():
            spans.sort(key=_by_start)
        duplicates = self._duplicates.mark(connection, by_trace)
        heads = self._heads(connection, by_trace)
        rows = [
            trace_row(spans, head=heads[key], duplicates=duplicates)
            for key, spans in by_trace.items()
            if spans
        ]
        if rows:
            rows = [self._packed(connection, row) for row in rows]
            connection.exec_driver_sql(self._replace, rows)

    def _packed(self, connection: Connection, row: tuple[Any, ...]) -> tuple[Any, ...]:
        """The row with its previews as the database has them."""
        if self._dictionaries is None:
            return row
        dictionary = self._dictionaries.current(connection, row[_PROJECT])
        packed = (packed_text(text, dictionary) for text in row[_PREVIEWS])
        return (*row[: _PREVIEWS.start], *packed, *row[_PREVIEWS.stop :])

    def _heads(
        self, connection: Connection, by_trace: Mapping[Key, Sequence[SpanSums]]
    ) -> dict[Key, SpanSums]:
        """What stands for each trace, with its previews."""
        heads = {key: _head(spans) for key, spans in by_trace.items() if spans}
        told = read_previews(connection, [head.id for head in heads.values() if head.has_content])
        return {
            key: head._replace(input_preview=told[head.id][0], output_preview=told[head.id][1])
            if head.id in told
            else head
            for key, head in heads.items()
        }


def _columns(dialect: str) -> str:
    columns = (column_sql(name, dialect, table="s.") for name in SpanSums._fields)
    return ", ".join(map(_COMPUTED.get, SpanSums._fields, columns))


def _head(spans: Sequence[SpanSums]) -> SpanSums:
    """The root; until it comes, the first span that lacks its parent."""
    for span in spans:
        if span.parent_id is None:
            return span
    known = {span.span_id for span in spans}
    return next((span for span in spans if span.parent_id not in known), spans[0])


def _affordable(marks: Sequence[Any], most: int) -> list[Key]:
    """The first of `marks` that have `most` spans, at least one; by the size last seen."""
    keys: list[Key] = []
    span_count = 0
    for project_id, trace_id, known_count in marks:
        span_count += known_count
        if keys and span_count > most:
            break
        keys.append((project_id, trace_id))
    return keys
