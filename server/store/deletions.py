"""Delete traces in small bites through the one writer, so that senders never wait for long.

Which traces is asked of a reader, page by page; what belongs to them goes in transactions of at
most `MAX_ROWS_A_BITE` rows each.  A trace of more spans than that is marked as dirty until it is
gone, so a crash half way leaves sums that are right for what is left.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, Engine, and_, func, select, tuple_

from weave_core.errors import Overloaded
from weave_core.server.filters import TRACES, compile_filter
from weave_core.server.store.blob_links import orphan
from weave_core.server.store.dialects import Dialect
from weave_core.server.store.minutes import MinuteRollups
from weave_core.server.store.packing import remove_texts
from weave_core.server.store.queries.projects import get_project_id
from weave_core.server.store.span_keys import of_reply
from weave_core.server.store.tables import TraceDirtyRow, TraceRow, table_of
from weave_core.server.store.texts import TextIndex

if TYPE_CHECKING:
    from weave_core.server.store.writer import Writer

__all__ = ["Bite", "Deleted", "TraceDeleter", "delete_bite"]

MAX_ROWS_A_BITE = 5_000
"""Most rows of spans, payloads, log records and feedback that one transaction deletes."""
_ROWS_A_SPAN = 2
"""Its row and its payload's."""
_TRACES_A_PAGE = 500
_SETTLE_S = 60.0
_LOOK_S = 0.5
"""What is waited for is looked at after each step of the sums, or when none comes for so long."""

_TRACE, _DIRTY = table_of(TraceRow), table_of(TraceDirtyRow)

_SPANS = "SELECT id, response_id FROM span WHERE project_id = ? AND trace_id = ? LIMIT ?"
_LOGS = "SELECT id FROM log_record WHERE project_id = ? AND trace_id = ? LIMIT ?"
_FEEDBACK = "SELECT id FROM feedback WHERE project_id = ? AND trace_id = ? LIMIT ?"
_DELETE_FEEDBACK = "DELETE FROM feedback WHERE id = ?"
_DELETE_LOG = "DELETE FROM log_record WHERE id = ?"
_MARK = "INSERT INTO trace_dirty (project_id, trace_id) VALUES (?, ?) ON CONFLICT DO NOTHING"
# What was left out of a sum because of a span that is gone now counts again.
_MARK_TWINS = """
INSERT INTO trace_dirty (project_id, trace_id)
SELECT span.project_id, span.trace_id
FROM (SELECT CAST(? AS INTEGER) AS project_id, CAST(? AS TEXT) AS response_id) AS gone
CROSS JOIN span
WHERE {is_of_it} AND span.is_duplicate
ON CONFLICT DO NOTHING
"""
_DELETE_REPLY_LOGS = """
DELETE FROM log_record WHERE project_id = ? AND response_id = ? AND NOT EXISTS (
  SELECT 1 FROM span WHERE {is_of_it}
)
"""
_DELETE_REVIEWS = """
DELETE FROM annotation_review WHERE item_id IN (
  SELECT id FROM annotation_item WHERE project_id = ? AND trace_id = ?
)
"""
_OF_TRACE = (
    *("blob_link", "trace", "trace_dirty", "span_dirty", "annotation_item"),
    *("monitor_item", "monitor_score"),
)


@dataclass(frozen=True, slots=True)
class Deleted:
    """How much is gone, or would be."""

    trace_count: int
    span_count: int


@dataclass(frozen=True, slots=True)
class Bite:
    """What one transaction did."""

    trace_count: int
    """Traces of which nothing is left."""
    span_count: int
    rest: Sequence[bytes]
    """Traces that are still to be deleted."""


def delete_bite(
    connection: Connection, *, dialect: Dialect, project_id: int, trace_ids: Sequence[bytes]
) -> Bite:
    """Delete as many of `trace_ids` as one transaction may, with all that belongs to them.

    Whatever else is kept of a span or a trace has to be deleted here too.
    """
    room = MAX_ROWS_A_BITE
    gone = span_count = 0
    for trace_id in trace_ids:
        if room < _ROWS_A_SPAN:
            break
        key = (project_id, trace_id)
        found = _rows(connection, dialect, _SPANS, (*key, room // _ROWS_A_SPAN))
        span_count += len(found)
        room -= _ROWS_A_SPAN * len(found)
        _delete_spans(connection, dialect, project_id, found)
        for find, delete in ((_LOGS, _DELETE_LOG), (_FEEDBACK, _DELETE_FEEDBACK)):
            more = _rows(connection, dialect, find, (*key, room)) if room > 0 else []
            room -= len(more)
            _each(connection, dialect, delete, [(row[0],) for row in more])
        if room < _ROWS_A_SPAN:  # There may be more of it.
            _each(connection, dialect, _MARK, [key])
            break
        orphan(connection, dialect, project_id, trace_id)
        _each(connection, dialect, _DELETE_REVIEWS, [key])
        for table in _OF_TRACE:
            delete = f"DELETE FROM {table} WHERE project_id = ? AND trace_id = ?"  # noqa: S608  # Names of our own tables.
            _each(connection, dialect, delete, [key])
        gone += 1
    return Bite(gone, span_count, trace_ids[gone:])


def _delete_spans(
    connection: Connection, dialect: Dialect, project_id: int, found: Sequence[Any]
) -> None:
    ids = [(row[0],) for row in found]
    if not found:
        return
    minutes = MinuteRollups(dialect)
    minutes.subtract(connection, (row[0] for row in found))
    TextIndex(dialect).subtract(connection, [row[0] for row in found])
    minutes.flush(connection)
    remove_texts(connection, dialect, [row[0] for row in found])
    _each(connection, dialect, "DELETE FROM span WHERE id = ?", ids)
    replies = {row[1] for row in found if row[1] is not None}
    for statement, asked in ((_MARK_TWINS, "gone"), (_DELETE_REPLY_LOGS, "log_record")):
        is_of_it = of_reply(
            dialect.name,
            row="span",
            project=f"{asked}.project_id",
            reply=f"{asked}.response_id",
        )
        keys = [(project_id, reply) for reply in replies]
        _each(connection, dialect, statement.format(is_of_it=is_of_it), keys)


def _rows(
    connection: Connection, dialect: Dialect, text: str, values: tuple[Any, ...]
) -> Sequence[Any]:
    return connection.exec_driver_sql(dialect.sql(text), values).all()


def _each(
    connection: Connection, dialect: Dialect, text: str, values: list[tuple[Any, ...]]
) -> None:
    if values:
        connection.exec_driver_sql(dialect.sql(text), values)


class TraceDeleter:
    """Deletes the traces of a project that a condition chooses.

    Args:
        dialect: Of the database.
        readers: Where to look.
        writer: Deletes, and brings up to date the sums of what came before.
    """

    def __init__(self, dialect: Dialect, readers: Engine, writer: "Writer") -> None:
        self._dialect = dialect
        self._readers = readers
        self._writer = writer

    def count(self, project: str, filter_text: str | None) -> Deleted:
        """How much `delete` would delete now.

        Raises:
            NotFound: If there is no such project.
            BadFilter: If the filter is wrong.
        """
        project_id, condition = self._read(project, filter_text)
        self._settle(project_id)
        query = select(func.count(), func.coalesce(func.sum(_TRACE.c.span_count), 0)).where(
            condition
        )
        with self._readers.connect() as connection:
            trace_count, span_count = connection.execute(query).one()
        return Deleted(trace_count, span_count)

    def delete(self, project: str, filter_text: str | None) -> Deleted:
        """Delete all traces of `project` that pass; those that come meanwhile may be spared.

        Args:
            project: Its name.
            filter_text: None: all of them.

        Raises:
            NotFound: If there is no such project.
            BadFilter: If the filter is wrong.
            StoreError: If the server stops or the disk is full; what is gone stays gone.
        """
        project_id, condition = self._read(project, filter_text)
        self._settle(project_id)
        trace_count = span_count = 0
        for trace_ids in self._pages(condition):
            for bite in self.bites(project_id, trace_ids):
                trace_count += bite.trace_count
                span_count += bite.span_count
        return Deleted(trace_count, span_count)

    def bites(self, project_id: int, trace_ids: Sequence[bytes]) -> Iterator[Bite]:
        """Delete `trace_ids`, one transaction a step."""
        while trace_ids:
            work = partial(
                delete_bite, dialect=self._dialect, project_id=project_id, trace_ids=trace_ids
            )
            bite = self._writer.run(work).result()
            trace_ids = bite.rest
            yield bite

    def _read(self, project: str, filter_text: str | None) -> tuple[int, ColumnElement[bool]]:
        # Compiled once: `now()` means the same for each page.
        chosen = compile_filter(filter_text, TRACES)
        with self._readers.connect() as connection:
            project_id = get_project_id(connection, project)
        of_project = _TRACE.c.project_id == project_id
        return project_id, of_project if chosen is None else and_(of_project, chosen)

    def _settle(self, project_id: int) -> None:
        """Wait until the sums of what was acknowledged before are there to be judged.

        Raises:
            Overloaded: If they take too long: what is not summed up would be missed.
        """
        marks = select(_DIRTY.c.trace_id).where(_DIRTY.c.project_id == project_id)
        deadline = time.monotonic() + _SETTLE_S
        with self._readers.connect() as connection:
            waiting = list(connection.scalars(marks.order_by(_DIRTY.c.trace_id)))
        while waiting:
            if time.monotonic() > deadline:
                raise Overloaded(
                    f"sums of {len(waiting)} traces are behind, and a deletion goes by them",
                    "try again when fewer spans come in",
                    retry_after_s=10,
                )
            seen = self._writer.sums_steps
            # The writer works them off in this order: while one of the first is left, so are most.
            first = marks.where(_DIRTY.c.trace_id.in_(waiting[:_TRACES_A_PAGE]))
            with self._readers.connect() as connection:
                left = list(connection.scalars(first.order_by(_DIRTY.c.trace_id)))
            waiting[:_TRACES_A_PAGE] = left
            if left:
                self._writer.hasten(seen, _LOOK_S)

    def _pages(self, condition: ColumnElement[bool]) -> Iterator[list[bytes]]:
        """Trace ids in start order, a range of the index `newest_traces` each."""
        place = tuple_(_TRACE.c.start_ns, _TRACE.c.trace_id)
        query = (
            select(_TRACE.c.start_ns, _TRACE.c.trace_id)
            .where(condition)
            .order_by(_TRACE.c.start_ns, _TRACE.c.trace_id)
            .limit(_TRACES_A_PAGE)
        )
        page = query
        while True:
            with self._readers.connect() as connection:
                rows = connection.execute(page).all()
            if not rows:
                return
            yield [row.trace_id for row in rows]
            page = query.where(place > tuple_(rows[-1].start_ns, rows[-1].trace_id))
