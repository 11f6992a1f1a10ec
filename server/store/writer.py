"""The one thread that writes: it drains a bounded queue into one transaction after another.

Group commit is what makes `synchronous=FULL` cost nothing: while one transaction goes to the disk,
the next batches queue up and share the next.  Decoding happens on this thread too.  A second
decoding thread was measured slower, since every row handed to SQLite gives up the interpreter's
lock and a busy neighbour takes 5 ms to give it back.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from weave_core.errors import Overloaded, StoreError, WeaveError
from weave_core.server.otlp.requests import (
    LogRequest,
    MetricRequest,
    TelemetryRequest,
    TraceRequest,
)
from weave_core.server.store.background import Background
from weave_core.server.store.dialects import Engines, is_unavailable, reason_of
from weave_core.server.store.dictionaries import Dictionaries
from weave_core.server.store.identities import Identities
from weave_core.server.store.log_records import LogInserter
from weave_core.server.store.metric_points import MetricInserter
from weave_core.server.store.minutes import MinuteRollups
from weave_core.server.store.spans import SpanInserter
from weave_core.server.store.texts import TextIndex

__all__ = ["Produce", "Work", "Writer"]

R = TypeVar("R", bound=TelemetryRequest)
T = TypeVar("T")
Work = Callable[[Connection], T]
"""A change that is no telemetry, small enough that senders may wait for it."""
Produce = Callable[[], R]
"""Makes what is to be stored, on the writer's thread."""

_log = logging.getLogger(__name__)

_GROUP_BYTES = 4 * 1024 * 1024
"""A transaction takes jobs until it has this much: about 2,000 spans with messages."""
_BUSY_ROLLUP_PAUSE_S = 0.2
"""Sums wait this long between two turns while senders wait for the writer."""
_ROLLUP_SHARE = 4
"""After a turn of sums the spans get at least this many times as long."""
_MAX_ROLLUP_PAUSE_S = 2.0
_QUIET_S = 1.0
"""With no sender for so long, what lies behind is caught up with."""
_QUIET_SHARE = 0.5
_MAX_PATIENCE_S = 2.0
"""What can wait gets a small step after this long, however busy the senders are."""


@dataclass(slots=True)
class _Job:
    produce: Produce[TelemetryRequest]
    size_bytes: int
    future: Future[Any] = field(default_factory=Future)


class Writer:
    """Stores telemetry; every future it gives out ends after the commit, or with the error."""

    def __init__(self, engines: Engines, *, max_queue_bytes: int) -> None:
        self._engines = engines
        self._max_queue_bytes = max_queue_bytes
        self._identities = Identities(engines.dialect)
        self._dictionaries = Dictionaries(engines.dialect)
        self._minutes = MinuteRollups(engines.dialect)
        self._texts = TextIndex(engines.dialect)
        self._inserter = SpanInserter(
            engines.dialect,
            self._identities,
            dictionaries=self._dictionaries,
            minutes=self._minutes,
            texts=self._texts,
        )
        self._logs = LogInserter(engines.dialect, self._identities)
        self._metrics = MetricInserter(engines.dialect, self._identities)
        self._background = Background(
            engines.dialect,
            minutes=self._minutes,
            dictionaries=self._dictionaries,
            texts=self._texts,
        )
        self._jobs: deque[_Job] = deque()
        self._works: deque[tuple[Work[Any], Future[Any]]] = deque()
        self._queued_bytes = 0
        self._wake = threading.Condition()
        self._is_closing = False
        # Whatever a crash left behind is caught up with first.
        self._has_dirty = True
        self._rollup_due = 0.0
        self._patient_at = self._stored_at = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="weave-core-writer", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def submit(self, produce: Produce[R], size_bytes: int) -> Future[R]:
        """Queue one request.

        Args:
            produce: Makes what is to be stored; its errors go to the future.
            size_bytes: What it weighs against the bound of the queue.

        Raises:
            Overloaded: If the queue is full.
            StoreError: If the store is closed.
        """
        with self._wake:
            if self._is_closing:
                raise StoreError("the store is closed", "the server is stopping: try again later")
            if self._queued_bytes and self._queued_bytes + size_bytes > self._max_queue_bytes:
                raise Overloaded(
                    f"{self._queued_bytes} bytes wait to be stored, and this request's"
                    f" {size_bytes} would go over the limit of {self._max_queue_bytes}",
                    "send it again later; WEAVE_CORE_MAX_QUEUE_BYTES raises the limit",
                )
            job = _Job(produce, size_bytes)
            self._jobs.append(job)
            self._queued_bytes += size_bytes
            self._wake.notify()
            return cast("Future[R]", job.future)

    def run(self, work: Work[T]) -> "Future[T]":
        """Queue `work`, which gets a transaction of its own between two groups of requests.

        Raises:
            StoreError: If the store is closed.
        """
        with self._wake:
            if self._is_closing:
                raise StoreError("the store is closed", "the server is stopping: try again later")
            future: Future[T] = Future()
            self._works.append((work, future))
            self._wake.notify()
            return future

    def hasten(self) -> None:
        """Bring the sums up to date now rather than when it costs least: a reader waits."""
        with self._wake:
            self._rollup_due = 0.0
            self._wake.notify()

    @property
    def load(self) -> tuple[int, int]:
        """Bytes that wait to be stored, and how many may."""
        return self._queued_bytes, self._max_queue_bytes

    def close(self) -> None:
        """Store what is queued, bring the sums up to date, and end the thread."""
        with self._wake:
            self._is_closing = True
            self._wake.notify()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while True:
            jobs = self._take()
            if jobs:
                self._store(jobs)
                self._stored_at = time.monotonic()
                with self._wake:
                    self._queued_bytes -= sum(job.size_bytes for job in jobs)
            self._do_work()
            if self._has_dirty and (self._is_closing or time.monotonic() >= self._rollup_due):
                self._roll_up()
            is_idle = not self._jobs and not self._works and not self._has_dirty
            if self._is_closing and is_idle:
                return

    def _take(self) -> list[_Job]:
        """The next jobs; none when it is time for the sums, or to end."""
        with self._wake:
            while not self._jobs and not self._works and not self._is_closing:
                if not self._has_dirty:
                    self._wake.wait()
                    continue
                pause_s = self._rollup_due - time.monotonic()
                if pause_s <= 0 or not self._wake.wait(pause_s):
                    break
            jobs: list[_Job] = []
            size_bytes = 0
            while self._jobs and (not jobs or size_bytes < _GROUP_BYTES):
                job = self._jobs.popleft()
                jobs.append(job)
                size_bytes += job.size_bytes
            return jobs

    def _store(self, jobs: list[_Job]) -> None:
        """Decode and store `jobs` in one transaction, and resolve their futures."""
        decoded: list[tuple[_Job, TelemetryRequest]] = []
        for job in jobs:
            try:
                decoded.append((job, job.produce()))
            except Exception as error:  # noqa: BLE001  # The sender of this request hears of it; the other senders and the thread go on.
                job.future.set_exception(error)
        if not decoded:
            return
        try:
            self._commit([request for _, request in decoded])
        except WeaveError as error:
            for job, _ in decoded:
                job.future.set_exception(error)
        except Exception:  # noqa: BLE001  # One request that the database can't take must not cost its neighbours theirs.
            for job, request in decoded:
                self._store_alone(job, request)
        else:
            for job, request in decoded:
                job.future.set_result(request)

    def _store_alone(self, job: _Job, request: TelemetryRequest) -> None:
        try:
            self._commit([request], clean=True)
        except Exception as error:  # noqa: BLE001  # As above.
            _log.exception("a request of %d bytes could not be stored", job.size_bytes)
            job.future.set_exception(error)
        else:
            job.future.set_result(request)

    def _commit(self, requests: list[TelemetryRequest], *, clean: bool = False) -> None:
        """Store all of `requests` or nothing.

        Raises:
            StoreError: If the database can't be written now: locked, full, broken.
        """
        try:
            with self._engines.writer.begin() as connection:
                changed = self._write(connection, requests, clean=clean)
        except BaseException as error:
            self._forget()
            if isinstance(error, DBAPIError) and is_unavailable(error):
                raise StoreError(
                    f"the database can't be written: {reason_of(error)}", "try again later"
                ) from error
            raise
        self._has_dirty = self._has_dirty or changed

    def _forget(self) -> None:
        """Drop what is remembered of the database, after a transaction that was rolled back."""
        for memory in (
            *(self._inserter, self._logs, self._metrics, self._identities),
            *(self._dictionaries, self._minutes),
        ):
            memory.forget()

    def _write(
        self, connection: Connection, requests: list[TelemetryRequest], *, clean: bool
    ) -> bool:
        """Whether there is something for the background to do."""
        batches = [request.spans for request in requests if isinstance(request, TraceRequest)]
        traces = self._inserter.write(connection, batches, clean=clean)
        if traces:
            self._logs.mark_spans(connection, traces)
        logs = [request for request in requests if isinstance(request, LogRequest)]
        has_marked = self._logs.write(connection, logs)
        self._metrics.write(
            connection, [request for request in requests if isinstance(request, MetricRequest)]
        )
        return bool(traces) or has_marked

    def _do_work(self) -> None:
        """One piece of work that waits, if there is any."""
        with self._wake:
            if not self._works:
                return
            work, future = self._works.popleft()
        try:
            with self._engines.writer.begin() as connection:
                result = work(connection)
        except DBAPIError as error:
            future.set_exception(
                StoreError(f"the database can't be written: {reason_of(error)}", "try again later")
                if is_unavailable(error)
                else error
            )
        except Exception as error:  # noqa: BLE001  # Whoever asked hears of it; the thread goes on.
            future.set_exception(error)
        else:
            self._has_dirty = True  # What was changed may have made sums stale.
            future.set_result(result)

    def _roll_up(self) -> None:
        began = time.monotonic()
        try:
            with self._engines.writer.begin() as connection:
                self._has_dirty = self._background.urgent_step(connection)
            if self._is_time_for_patience(began):
                with self._engines.writer.begin() as connection:
                    has_more = self._background.patient_step(connection)
                self._has_dirty = self._has_dirty or has_more
                self._patient_at = began
        except (SQLAlchemyError, StoreError):
            self._forget()
            # The marks stay, so nothing is lost; a full disk is no reason to try in a circle.
            _log.warning("sums of traces could not be written; trying again", exc_info=True)
            self._rollup_due = time.monotonic() + _MAX_ROLLUP_PAUSE_S
            if self._is_closing:
                self._has_dirty = False
            return
        ended = time.monotonic()
        is_quiet = ended - self._stored_at > _QUIET_S
        share = _QUIET_SHARE if is_quiet else _ROLLUP_SHARE
        pause_s = min(share * (ended - began), _MAX_ROLLUP_PAUSE_S)
        if self._jobs:
            pause_s = max(pause_s, _BUSY_ROLLUP_PAUSE_S)
        self._rollup_due = ended + pause_s

    def _is_time_for_patience(self, now: float) -> bool:
        """When nothing else is to be done; under constant load now and then all the same."""
        if self._is_closing:
            return False
        is_free = not self._has_dirty and not self._jobs
        return is_free or now - self._patient_at > _MAX_PATIENCE_S
