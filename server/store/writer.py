"""The one thread that writes: it drains a bounded queue into one transaction after another.

Group commit is what makes `synchronous=FULL` cost nothing: while one transaction goes to the disk,
the next batches queue up and share the next.  What nobody else has decoded is decoded on this
thread.  A second decoding thread was measured slower, since every row handed to SQLite gives up the
interpreter's lock and a busy neighbour takes 5 ms to give it back; a process of its own helps.
"""

import contextlib
import logging
import math
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple, TypeVar, cast

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from weave_core.errors import StoreError, WeaveError
from weave_core.server.otlp.requests import (
    WHOLE,
    EncodedRequest,
    LogRequest,
    MetricRequest,
    TelemetryRequest,
    TraceRequest,
)
from weave_core.server.store.background import Background
from weave_core.server.store.batches import Batch, Part, batches_of, decode_part
from weave_core.server.store.checkpoints import Checkpoints
from weave_core.server.store.decoder_program import Answer, read_answer
from weave_core.server.store.decoders import DecodeProcess, can_decode
from weave_core.server.store.dialects import Engines, is_unavailable, reason_of
from weave_core.server.store.dictionaries import Dictionaries
from weave_core.server.store.evaluations import EvaluationInserter
from weave_core.server.store.feedback_words import words_of_logs
from weave_core.server.store.identities import Identities
from weave_core.server.store.inline_media import Keep, take_media
from weave_core.server.store.log_records import LogInserter
from weave_core.server.store.metric_points import MetricInserter
from weave_core.server.store.minutes import MinuteRollups
from weave_core.server.store.pacing import MAX_PAUSE_S, Behind, Pace
from weave_core.server.store.queries.lags import count_behind
from weave_core.server.store.queues import Job, JobQueue, Produce, Work
from weave_core.server.store.runs import RunInserter
from weave_core.server.store.span_keys import SpanKeys
from weave_core.server.store.spans import SpanInserter
from weave_core.server.store.text_codes import TextCodes
from weave_core.server.store.texts import TextIndex
from weave_core.server.store.told_feedback import FeedbackInserter
from weave_core.server.store.trainings import Trainings

__all__ = ["Produce", "Work", "Writer"]

R = TypeVar("R", bound=TelemetryRequest)
T = TypeVar("T")

Timed = Callable[[str], AbstractContextManager[None]]
"""Counts the time of what is done within, under its name."""

_log = logging.getLogger(__name__)

_QUIET_S = 1.0
"""With nobody for so long, what lies behind is caught up with."""
CLOSE_S = 3.0
"""A server that ends brings sums up to date for so long; its next start does the rest."""
_LOOK_S = 0.5
"""How far behind the background is, is counted this often."""


class _Decoded(NamedTuple):
    """A job that can be stored."""

    job: Job
    request: TelemetryRequest
    spans: list[Batch]


class Writer:
    """Stores telemetry; every future it gives out ends after the commit, or with the error."""

    def __init__(
        self,
        engines: Engines,
        *,
        max_queue_bytes: int,
        keep: Keep,
        timed: Timed,
        has_decode_process: bool = False,
    ) -> None:
        self._engines = engines
        self._timed = timed
        self._keep = keep
        has_decode_process = has_decode_process and (os.cpu_count() or 1) > 1
        self._queue = JobQueue(
            max_bytes=max_queue_bytes,
            can_lend=can_decode if has_decode_process else lambda _: False,
        )
        self._decoder = DecodeProcess(self._queue) if has_decode_process else None
        self._checkpoints: Checkpoints | None = None
        if engines.dialect.name == "sqlite":
            self._checkpoints = Checkpoints(Path(str(engines.writer.url.database)))
        self._identities = Identities(engines.dialect)
        self._dictionaries = Dictionaries(
            Trainings(engines.dialect, engines.readers, self._queue.wake)
        )
        self._codes = TextCodes(engines.dialect)
        self._keys = SpanKeys(engines.dialect)
        self._minutes = MinuteRollups(engines.dialect)
        self._texts = TextIndex(engines.dialect)
        self._inserter = SpanInserter(
            engines.dialect,
            self._identities,
            codes=self._codes,
            dictionaries=self._dictionaries,
            keys=self._keys,
            minutes=self._minutes,
            texts=self._texts,
        )
        self._logs = LogInserter(engines.dialect, self._identities)
        self._evaluations = EvaluationInserter(engines.dialect, self._identities)
        self._feedback = FeedbackInserter(engines.dialect, self._identities)
        self._metrics = MetricInserter(engines.dialect, self._identities)
        self._runs = RunInserter(engines.dialect, self._identities)
        self._background = Background(
            engines.dialect,
            codes=self._codes,
            minutes=self._minutes,
            dictionaries=self._dictionaries,
            keys=self._keys,
            texts=self._texts,
        )
        # Whatever a crash left behind is caught up with first.
        self._has_dirty = self._has_texts = True
        self._sums_due = 0.0
        self._sums_steps = 0
        self._for_sums = threading.Condition()
        self._texts_ended = self._stored_at = self._read_at = time.monotonic()
        self._texts_took_s = 0.0
        self._behind = Behind(0, 0)
        self._counted_at = -_LOOK_S
        self._sums_until = math.inf
        self._thread = threading.Thread(target=self._run, name="weave-core-writer", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        if self._decoder:
            self._decoder.start()
        if self._checkpoints:
            self._checkpoints.start()
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
        return self._queue.put(produce, size_bytes)

    def run(self, work: Work[T]) -> "Future[T]":
        """Queue `work`, which gets a transaction of its own between two groups of requests.

        Raises:
            StoreError: If the store is closed.
        """
        return self._queue.put_work(work)

    def note_reader(self) -> None:
        """Hear that somebody reads: what can wait takes less for a while."""
        self._read_at = time.monotonic()

    @property
    def sums_steps(self) -> int:
        """How many steps of sums were committed."""
        return self._sums_steps

    def hasten(self, seen: int, timeout_s: float) -> None:
        """Bring the sums up to date now rather than when it costs least: a reader waits.

        Returns after the next step, which may have been done already; at the latest in time.

        Args:
            seen: `sums_steps` from before the reader looked.
            timeout_s: Longest wait.
        """
        with self._for_sums:
            self._sums_due = 0.0
            self._queue.wake()
            self._for_sums.wait_for(lambda: self._sums_steps != seen, timeout_s)

    @property
    def load(self) -> tuple[int, int]:
        """Bytes that wait to be stored, and how many may."""
        return self._queue.held_bytes, self._queue.max_bytes

    def close(self) -> None:
        """Store what is queued, bring the sums up to date in bounded time, and end the thread."""
        self._sums_until = time.monotonic() + CLOSE_S
        self._queue.close()
        if self._thread.is_alive():
            self._thread.join()
        self._dictionaries.close()
        if self._decoder:
            self._decoder.close()
        if self._checkpoints:
            self._checkpoints.close()

    def release(self) -> None:
        """Let go what had to stay until the last connection was closed."""
        if self._checkpoints:
            self._checkpoints.release()

    def _run(self) -> None:
        queue = self._queue
        while True:
            jobs = queue.take(self._pause_s)
            if jobs:
                self._store(jobs)
                self._stored_at = time.monotonic()
                queue.release(jobs)
            elif (shared := queue.take_shared()) is not None:
                self._decode_own(shared)
                continue  # The rest of it comes back at once.
            if self._decoder:
                self._decoder.check()
            self._do_work()
            self._take_turn()
            if self._checkpoints:
                with self._timed("log"):
                    self._checkpoints.look(is_free=not (queue.has_ready() or queue.is_one_near()))
            has_summed = not self._has_dirty or time.monotonic() > self._sums_until
            if queue.is_closing and queue.is_empty and has_summed:
                return

    def _pause_s(self) -> float | None:
        """How long the thread may wait for jobs; None: until one comes."""
        due = self._next_due(is_free=True)
        return None if due is None else due - time.monotonic()

    def _store(self, jobs: list[Job]) -> None:
        """Decode and store `jobs` in one transaction, and resolve their futures."""
        decoded: list[_Decoded] = []
        with self._timed("decode"):
            for job in jobs:
                try:
                    decoded.append(self._decode(job))
                except Exception as error:  # noqa: BLE001  # The sender of this request hears of it; the other senders and the thread go on.
                    job.future.set_exception(error)
        if not decoded:
            return
        try:
            self._commit(decoded)
        except WeaveError as error:
            for each in decoded:
                each.job.future.set_exception(error)
        except Exception:  # noqa: BLE001  # One request that the database can't take must not cost its neighbours theirs.
            for each in decoded:
                self._store_alone(each)
        else:
            for each in decoded:
                each.job.future.set_result(each.request)

    def _decode_own(self, job: Job) -> None:
        """Decode the writer's own part of a job whose rest is away."""
        with self._timed("decode"), contextlib.suppress(Exception):  # As above: `_decode` meets it.
            job.own_part = self._own_part(job)

    def _own_part(self, job: Job) -> Part:
        encoded = cast("EncodedRequest[TraceRequest]", job.produce)
        dictionary_of = self._decoder.dictionary_of if self._decoder else lambda _: None
        return decode_part(encoded, job.own or WHOLE, keep=self._keep, dictionary_of=dictionary_of)

    def _decode(self, job: Job) -> _Decoded:
        """What a job brings, its media kept; what has come back with it is not decoded again."""
        if job.answer is not None:
            return self._joined(job, read_answer(job.answer))
        produced = job.produce()
        take_media(produced, self._keep)
        if not isinstance(produced, TraceRequest):
            return _Decoded(job, produced, [])
        produced.span_count = sum(map(len, produced.spans.values()))
        return _Decoded(job, produced, batches_of(produced.spans))

    def _joined(self, job: Job, answer: Answer) -> _Decoded:
        """What has come back, behind what the writer has decoded itself."""
        for content in answer.media:
            self._keep(content)
        request, batches = answer.part
        if job.own is not None:
            own, own_batches = job.own_part or self._own_part(job)
            batches = own_batches + batches
            request = TraceRequest(
                rejected=own.rejected + request.rejected,
                first_reason=own.first_reason or request.first_reason,
                span_count=own.span_count + request.span_count,
            )
        return _Decoded(job, request, batches)

    def _store_alone(self, decoded: _Decoded) -> None:
        job = decoded.job
        try:
            self._commit([decoded], clean=True)
        except Exception as error:  # noqa: BLE001  # As above.
            _log.exception("a request of %d bytes could not be stored", job.size_bytes)
            job.future.set_exception(error)
        else:
            job.future.set_result(decoded.request)

    def _commit(self, decoded: list[_Decoded], *, clean: bool = False) -> None:
        """Store all of `decoded` or nothing.

        Raises:
            StoreError: If the database can't be written now: locked, full, broken.
        """
        requests = [each.request for each in decoded]
        refused = [(request.rejected, request.first_reason) for request in requests]
        try:
            with self._timed("store"), self._engines.writer.begin() as connection:
                changed = self._write(connection, decoded, clean=clean)
        except BaseException as error:
            self._forget()
            # What was over a bound is told by the try that succeeds.
            for request, (rejected, reason) in zip(requests, refused, strict=True):
                request.rejected, request.first_reason = rejected, reason
            if isinstance(error, DBAPIError) and is_unavailable(error):
                raise StoreError(
                    f"the database can't be written: {reason_of(error)}", "try again later"
                ) from error
            raise
        if changed:
            self._has_dirty = self._has_texts = True
        if self._decoder:
            for project, dictionary in self._inserter.used_dictionaries():
                self._decoder.learn(project, dictionary)

    def _forget(self) -> None:
        """Drop what is remembered of the database, after a transaction that was rolled back."""
        for memory in (
            *(self._inserter, self._logs, self._metrics, self._identities),
            *(self._dictionaries, self._minutes, self._evaluations, self._background),
            *(self._codes, self._keys),
        ):
            memory.forget()

    def _write(self, connection: Connection, decoded: list[_Decoded], *, clean: bool) -> bool:
        """Whether there is something for the background to do."""
        requests = [each.request for each in decoded]
        batches = [batch for each in decoded for batch in each.spans]
        traces = self._inserter.write(connection, batches, clean=clean)
        self._background.note(traces)
        self._evaluations.write(connection, batches)
        has_points = self._runs.write(connection, batches)
        if traces:
            self._logs.mark_spans(connection, traces)
        logs = [request for request in requests if isinstance(request, LogRequest)]
        has_marked = self._logs.write(connection, logs)
        words = ((batch.project, word) for batch in batches for word in batch.feedback_words)
        self._feedback.write(connection, words, words_of_logs(logs))
        self._metrics.write(
            connection, [request for request in requests if isinstance(request, MetricRequest)]
        )
        return bool(traces) or has_marked or has_points

    def _do_work(self) -> None:
        """One piece of work that waits, if there is any."""
        waiting = self._queue.take_work()
        if waiting is None:
            return
        work, future = waiting
        try:
            with self._timed("change"), self._engines.writer.begin() as connection:
                result = work(connection)
                self._background.note(None)
        except DBAPIError as error:
            future.set_exception(
                StoreError(f"the database can't be written: {reason_of(error)}", "try again later")
                if is_unavailable(error)
                else error
            )
        except Exception as error:  # noqa: BLE001  # Whoever asked hears of it; the thread goes on.
            future.set_exception(error)
        else:
            self._has_dirty = self._has_texts = True  # What was changed may have made sums stale.
            future.set_result(result)

    def _next_due(self, *, is_free: bool) -> float | None:
        """When the background may take its next turn; None: there is nothing for it to do.

        Args:
            is_free: Whether no job can be taken now.
        """
        dues = [self._sums_due] if self._has_dirty else []
        if self._background.due_s is not None and not self._queue.is_closing:
            dues.append(max(self._background.due_s, self._sums_due))
        has_texts = self._has_texts or self._background.has_come
        if has_texts and not self._queue.is_closing:
            pause_s = self._pace.texts_pause_s(self._texts_took_s, is_free=is_free)
            dues.append(self._texts_ended + pause_s)
        return min(dues, default=None)

    @property
    def _pace(self) -> Pace:
        now = time.monotonic()
        is_read = now - self._read_at <= _QUIET_S
        is_quiet = not is_read and now - self._stored_at > _QUIET_S
        return Pace(self._behind, is_quiet=is_quiet, is_read=is_read)

    def _take_turn(self) -> None:
        """A step of the background, if it is time for one."""
        is_closing = self._queue.is_closing
        if self._queue.is_one_near() and not is_closing:
            return
        now, due_s = time.monotonic(), self._background.due_s
        has_sums = self._has_dirty or (due_s is not None and now >= due_s)
        if (self._has_dirty and is_closing) or (has_sums and now >= self._sums_due):
            self._step("sums", self._sum_up)
            return
        due = self._next_due(is_free=not self._queue.has_ready())
        if due is not None and now >= due:
            self._step("full_text", self._be_patient)

    def _sum_up(self, connection: Connection) -> Callable[[float], None]:
        has_more = self._background.urgent_step(connection, self._pace.turn_s)

        def end(took_s: float) -> None:
            self._has_dirty = has_more
            self._sums_due = time.monotonic() + self._pace.sums_pause_s(took_s)
            with self._for_sums:
                self._sums_steps += 1
                self._for_sums.notify_all()

        return end

    def _be_patient(self, connection: Connection) -> Callable[[float], None]:
        has_more = self._background.patient_step(connection, self._pace.turn_s)

        def end(took_s: float) -> None:
            self._has_texts = has_more
            self._texts_took_s = took_s
            self._background.learn(took_s)
            self._texts_ended = time.monotonic()

        return end

    def _step(self, work: str, do: Callable[[Connection], Callable[[float], None]]) -> None:
        """One transaction of the background; what `do` gives is done once it is committed."""
        began = time.monotonic()
        try:
            with self._timed(work), self._engines.lazy_writer.begin() as connection:
                if began - self._counted_at > _LOOK_S:
                    self._behind = Behind(*count_behind(connection))
                    self._counted_at = began
                end = do(connection)
        except (SQLAlchemyError, StoreError) as error:
            self._forget()
            # The marks stay, so nothing is lost; a full disk is no reason to try in a circle.
            if isinstance(error, DBAPIError) and is_unavailable(error):
                _log.warning("sums of traces can't be written now: %s", reason_of(error))
            else:
                _log.warning("sums of traces could not be written; trying again", exc_info=True)
            self._sums_due = self._texts_ended = time.monotonic() + MAX_PAUSE_S
            if self._queue.is_closing:
                self._has_dirty = False
            return
        end(time.monotonic() - began)
