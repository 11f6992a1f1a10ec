"""Bring rows of spans up to date with the log records that speak of them, in the background.

A sender that puts messages and usage into log records leaves its span without previews, tokens and
errors; this step reads the two together, as a reader of the span does, and writes the row anew.
"""

from typing import Any, NamedTuple

from sqlalchemy import Connection

from weave_core.server.store.dialects import Dialect
from weave_core.server.store.minutes import MinuteRollups
from weave_core.server.store.rows import SPAN_COLUMNS, span_values
from weave_core.server.store.sent_spans import read_sent_spans
from weave_core.server.store.text_codes import TextCodes
from weave_core.server.store.texts import TextIndex

__all__ = ["Rejoined", "SpanRejoins"]

_SPANS_A_STEP = 500
_KEY = ("project_id", "trace_id", "span_id")
# What the span's own arrival decides, and what the sums of its trace decide.
_FIXED = frozenset(("id", *_KEY, "origin_id", "is_duplicate"))
_COLUMNS = tuple(name for name in SPAN_COLUMNS if name not in _FIXED)
_INDEXES = tuple(SPAN_COLUMNS.index(name) for name in _COLUMNS)

_DIRTY = """
SELECT d.project_id, d.trace_id, d.span_id, s.id, s.origin_id
FROM span_dirty AS d
LEFT JOIN span AS s
  ON s.project_id = d.project_id AND s.trace_id = d.trace_id AND s.span_id = d.span_id
ORDER BY d.project_id, d.trace_id, d.span_id LIMIT ?
"""


class Rejoined(NamedTuple):
    """What a step did."""

    traces: list[tuple[int, bytes]]
    """Whose spans were read anew."""
    has_more: bool


class SpanRejoins:
    """Works off the marks of `span_dirty`."""

    def __init__(
        self, dialect: Dialect, *, codes: TextCodes, minutes: MinuteRollups, texts: TextIndex
    ) -> None:
        self._codes = codes
        self._minutes = minutes
        self._texts = texts
        self._dirty = dialect.sql(_DIRTY)
        self._update = dialect.update("span", _COLUMNS, "id")
        self._clear = dialect.sql(
            "DELETE FROM span_dirty WHERE project_id = ? AND trace_id = ? AND span_id = ?"
        )
        self._mark_trace = dialect.insert(
            "trace_dirty", ("project_id", "trace_id"), on_conflict="ON CONFLICT DO NOTHING"
        )

    def step(self, connection: Connection) -> Rejoined:
        """Read some marked spans anew, in the caller's transaction.

        A mark whose span is not there yet is dropped: the span brings its own when it comes.
        """
        marks = connection.exec_driver_sql(self._dirty, (_SPANS_A_STEP,)).all()
        traces: list[tuple[int, bytes]] = []
        here = {mark[3]: tuple(mark) for mark in marks if mark[3] is not None}
        rows = self._codes.coded(connection, _COLUMNS, self._rows(connection, here))
        if rows:
            self._minutes.subtract(connection, here)
            indexed = self._texts.subtract(connection, here)
            connection.exec_driver_sql(self._update, rows)
            self._minutes.add(connection, here)
            self._texts.add(connection, indexed)
            traces += {(mark[0], mark[1]) for mark in here.values()}
            connection.exec_driver_sql(self._mark_trace, traces)
        if marks:
            connection.exec_driver_sql(self._clear, [tuple(mark[:3]) for mark in marks])
        return Rejoined(traces, len(marks) == _SPANS_A_STEP)

    def _rows(
        self, connection: Connection, marks: dict[int, tuple[Any, ...]]
    ) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = []
        for row_id, raw in read_sent_spans(connection, list(marks)):
            project_id, _, _, _, origin_id = marks[row_id]
            row = (row_id, project_id, origin_id, *span_values(raw))
            rows.append((*(row[index] for index in _INDEXES), row_id))
        return rows
