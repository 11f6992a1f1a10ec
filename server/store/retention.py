"""Delete what is older than its project wants to keep, in the background and in small bites.

The age of a trace is that of its first start.  Log records, metric points and feedback on
sessions go by their own time.  Nothing is remembered between two rounds, so a restart goes on where
the last one stopped.
"""

import logging
import threading
import time
from functools import partial
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.exc import SQLAlchemyError

from weave_core.clocks import steady_ns
from weave_core.errors import StoreError
from weave_core.server.store.blob_links import collect, orphans
from weave_core.server.store.blobs import BlobStore
from weave_core.server.store.deletions import MAX_ROWS_A_BITE, TraceDeleter
from weave_core.server.store.dialects import Engines
from weave_core.server.store.tables import ProjectRow, TraceRow, table_of
from weave_core.server.store.writer import Writer

__all__ = ["Retention"]

_log = logging.getLogger(__name__)

_ROUND_S = 300.0
_TRACES_A_PAGE = 200
_PAUSE_SHARE = 3
"""After a bite the writer is left alone this many times as long as the bite took."""
_NS_PER_DAY = 86_400 * 10**9
_JUMP_NS = 3_600 * 10**9
"""A clock that is this far ahead of where it was is not believed at once."""
_BELIEVED_AFTER_NS = _NS_PER_DAY
_PROJECT, _TRACE = table_of(ProjectRow), table_of(TraceRow)

# Records of a trace that is kept stay with it; a record without a time has no age.
_OLD_LOGS = """
SELECT id FROM log_record AS l WHERE project_id = ? AND time_ns > 0 AND time_ns < ?
AND NOT EXISTS (
  SELECT 1 FROM trace AS t WHERE t.project_id = l.project_id AND t.trace_id = l.trace_id
)
LIMIT ?
"""
_OLD_POINTS = """
SELECT p.series_id, p.time_ns FROM metric_series AS s JOIN metric_point AS p ON p.series_id = s.id
WHERE s.project_id = ? AND p.time_ns < ? LIMIT ?
"""
# That on a run stays with it; that on a trace which never came has an age like a session's.
_OLD_FEEDBACK = """
SELECT id FROM feedback AS f WHERE project_id = ? AND created_ns < ? AND run_id IS NULL
AND NOT EXISTS (
  SELECT 1 FROM trace AS t WHERE t.project_id = f.project_id AND t.trace_id = f.trace_id
)
LIMIT ?
"""
_DELETE_FEEDBACK = "DELETE FROM feedback WHERE id = ?"
_DELETE_LOG = "DELETE FROM log_record WHERE id = ?"
_DELETE_POINT = "DELETE FROM metric_point WHERE series_id = ? AND time_ns = ?"


class _Clock:
    """The wall clock, which is believed a day later where it has jumped ahead.

    A clock that is a year ahead for a minute would make everything too old.
    """

    def __init__(self) -> None:
        self._ahead_ns = time.time_ns() - steady_ns()
        self._jumped_ns: int | None = None
        """When that was seen, by the steady clock."""

    def now_ns(self) -> int:
        """The time that ages are reckoned from."""
        steady = steady_ns()
        ahead_ns = time.time_ns() - steady
        if ahead_ns < self._ahead_ns + _JUMP_NS:
            self._ahead_ns, self._jumped_ns = ahead_ns, None
        elif self._jumped_ns is None:
            self._jumped_ns = steady
            _log.warning(
                "the clock has jumped %d s ahead: what is too old by it is deleted in a day",
                (ahead_ns - self._ahead_ns) // 10**9,
            )
        elif steady - self._jumped_ns > _BELIEVED_AFTER_NS:
            self._ahead_ns, self._jumped_ns = ahead_ns, None
        return steady + self._ahead_ns

    @property
    def has_jumped(self) -> bool:
        """Whether it is not believed at the moment."""
        return self._jumped_ns is not None


class Retention:
    """The thread that deletes what is too old; it hands its work to the writer."""

    def __init__(self, engines: Engines, writer: Writer, blobs: BlobStore) -> None:
        self._engines = engines
        self._blobs = blobs
        self._writer = writer
        self._deleter = TraceDeleter(engines.dialect, engines.readers, writer)
        self._wake = threading.Event()
        self._is_closing = False
        self._clock = _Clock()
        self._thread = threading.Thread(target=self._run, name="weave-core-retention", daemon=True)

    def start(self) -> None:
        """Begin, with a first round at once."""
        self._thread.start()

    def wake(self) -> None:
        """Look again now: a project's settings have changed."""
        self._wake.set()

    def close(self) -> None:
        """End after the bite at hand."""
        self._is_closing = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._is_closing:
            self._wake.clear()
            try:
                self._round()
            except (SQLAlchemyError, StoreError):
                # A full disk or a closing store: the next round finds the same rows again.
                if not self._is_closing:
                    _log.warning("what is too old could not be deleted", exc_info=True)
            if not self._is_closing:
                self._wake.wait(_ROUND_S)

    def _round(self) -> None:
        now_ns = self._clock.now_ns()
        with self._engines.readers.connect() as connection:
            projects = connection.execute(select(_PROJECT.c.id, _PROJECT.c.settings)).all()
        for project_id, settings in projects:
            days = (settings or {}).get("retention_days")
            if days:
                before_ns = now_ns - days * _NS_PER_DAY
                self._delete_traces(project_id, before_ns)
                self._delete_rows(_OLD_LOGS, _DELETE_LOG, project_id, before_ns)
                self._delete_rows(_OLD_FEEDBACK, _DELETE_FEEDBACK, project_id, before_ns)
                self._delete_rows(_OLD_POINTS, _DELETE_POINT, project_id, before_ns)
        if not self._clock.has_jumped:  # Marks and files have ages too.
            self._delete_blobs()

    def _delete_blobs(self) -> None:
        """Those that only deleted traces named."""
        while not self._is_closing and (digests := orphans(self._engines.readers)):
            began = time.monotonic()
            work = partial(
                collect, dialect=self._engines.dialect, blobs=self._blobs, digests=digests
            )
            if not self._writer.run(work).result():
                return
            self._pause(began)

    def _delete_traces(self, project_id: int, before_ns: int) -> None:
        old = (
            select(_TRACE.c.trace_id)
            .where(_TRACE.c.project_id == project_id, _TRACE.c.start_ns < before_ns)
            .order_by(_TRACE.c.start_ns, _TRACE.c.trace_id)
            .limit(_TRACES_A_PAGE)
        )
        while not self._is_closing:
            with self._engines.readers.connect() as connection:
                trace_ids = list(connection.scalars(old))
            if not trace_ids:
                return
            began = time.monotonic()
            for _ in self._deleter.bites(project_id, trace_ids):
                self._pause(began)
                if self._is_closing:
                    return
                began = time.monotonic()

    def _delete_rows(self, find: str, delete: str, project_id: int, before_ns: int) -> None:
        work = partial(
            _delete_bite,
            find=self._engines.dialect.sql(find),
            delete=self._engines.dialect.sql(delete),
            values=(project_id, before_ns, MAX_ROWS_A_BITE),
        )
        while not self._is_closing:
            began = time.monotonic()
            if self._writer.run(work).result() < MAX_ROWS_A_BITE:
                return
            self._pause(began)

    def _pause(self, began: float) -> None:
        """Leave the writer to the senders for a while; ends early when the store closes."""
        deadline = time.monotonic() + _PAUSE_SHARE * (time.monotonic() - began)
        while not self._is_closing and (left_s := deadline - time.monotonic()) > 0:
            time.sleep(min(left_s, 0.05))


def _delete_bite(connection: Connection, *, find: str, delete: str, values: tuple[Any, ...]) -> int:
    """Delete the rows that `find` finds; how many there were."""
    keys = [tuple(row) for row in connection.exec_driver_sql(find, values)]
    if keys:
        connection.exec_driver_sql(delete, keys)
    return len(keys)
