"""What waits for the writer: requests within a bound of bytes, and changes that are no telemetry.

The writer takes from it.  A request may also be lent, which is how another process decodes it; it
keeps its place and its weight until the writer has stored it.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Connection

from weave_core.errors import Overloaded, StoreError
from weave_core.server.otlp.requests import WHOLE, EncodedRequest, Share, TelemetryRequest
from weave_core.server.store.batches import Part
from weave_core.server.store.pacing import TURN_S

__all__ = ["Job", "JobQueue", "Produce", "Work"]

R = TypeVar("R", bound=TelemetryRequest)
T = TypeVar("T")
Work = Callable[[Connection], T]
"""A change that is no telemetry, small enough that senders may wait for it."""
Produce = Callable[[], R]
"""Makes what is to be stored, on the writer's thread."""

_GROUP_BYTES = 4 * 1024 * 1024
"""A transaction takes jobs until it has this much: about 2,000 spans with messages."""
_LENT_BYTES = 32 * 1024
"""Smaller requests, of some ten spans, are decoded where they are: the way would cost more."""
_SHARED_BYTES = 128 * 1024
"""A request of so many that comes when no other waits is decoded in two parts at the same time, so
that its sender waits half as long; under a load whole ones side by side cost less."""
_OWN, _LENT = Share(0.0, 0.5), Share(0.5, 1.0)
_MAX_LENT = 2
"""Requests lent at a time: one in work, one on its way."""
_LENT_CHECK_S = 5.0
_BEFORE_S = 1.5 * TURN_S
"""A request that comes back within this is waited for: a step does not always keep to its time."""
_LATE = 2
"""So many times as long as usual; then a request is no longer waited for."""
_WEIGHT, _WEIGHT_OF_SHORTER = 0.1, 0.5
"""Of the last request that came back, in how long the next is expected to be away at least: one
that had to wait for others was away longer than one that comes alone."""


@dataclass(slots=True, eq=False)
class Job:
    """A request that waits."""

    produce: Produce[TelemetryRequest]
    size_bytes: int
    future: Future[Any] = field(default_factory=Future)
    is_lendable: bool = False
    lent_at: float | None = None
    """Since when it is away."""
    answer: bytes | None = None
    """What came back for it."""
    own: Share | None = None
    """What of it the writer decodes while the rest is away."""
    own_part: Part | None = None

    @property
    def lent(self) -> Share:
        """What of it is away, or may be."""
        return WHOLE if self.own is None else _LENT

    @property
    def lent_bytes(self) -> float:
        """What that weighs."""
        return self.size_bytes * (self.lent.end - self.lent.first)


class JobQueue:
    """Filled by any thread, emptied by the writer's.

    Args:
        max_bytes: Bound of all requests in it.
        can_lend: Whether a job may be lent at all.
    """

    def __init__(self, *, max_bytes: int, can_lend: Callable[[EncodedRequest[Any]], bool]) -> None:
        self.max_bytes = max_bytes
        self.held_bytes = 0
        self.has_helper = False
        """Whether who borrows is known to be there: then the writer leaves to it what it can."""
        self._can_lend = can_lend
        self._jobs: deque[Job] = deque()
        self._works: deque[tuple[Work[Any], Future[Any]]] = deque()
        self._is_closing = False
        self._is_busy = False
        self._lendable_count = self._lent_count = 0
        self._lent_byte_s = 0.0
        self._shared: Job | None = None
        """Whose own part nobody has decoded."""
        lock = threading.Lock()
        self._for_writer = threading.Condition(lock)
        self._for_borrower = threading.Condition(lock)

    @property
    def is_closing(self) -> bool:
        """Whether nothing more is taken in."""
        return self._is_closing

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return not self._jobs and not self._works

    def has_ready(self) -> bool:
        """Whether there is a job that the writer can take now."""
        with self._for_writer:
            return any(map(self._is_for_writer, self._jobs))

    def is_one_near(self) -> bool:
        """Whether none is ready, but one that is away comes back, as far as is known, at once."""
        with self._for_writer:
            return not any(map(self._is_for_writer, self._jobs)) and self._is_one_near()

    def _is_one_near(self) -> bool:
        now = time.monotonic()
        for job in self._jobs:
            if job.lent_at is not None and job.answer is None:
                usual_s = job.lent_bytes * self._lent_byte_s
                if usual_s - _BEFORE_S < now - job.lent_at < usual_s * _LATE:
                    return True
        return False

    def put(self, produce: Produce[Any], size_bytes: int) -> Future[Any]:
        """Add a request.

        Raises:
            Overloaded: If the queue is full.
            StoreError: If it is closed.
        """
        job = Job(produce, size_bytes)
        if isinstance(produce, EncodedRequest) and size_bytes >= _LENT_BYTES:
            job.is_lendable = self._can_lend(produce)
        with self._for_writer:
            self._check_open()
            if self.held_bytes and self.held_bytes + size_bytes > self.max_bytes:
                raise Overloaded(
                    f"{self.held_bytes} bytes wait to be stored, and this request's"
                    f" {size_bytes} would go over the limit of {self.max_bytes}",
                    "send it again later; WEAVE_CORE_MAX_QUEUE_BYTES raises the limit",
                )
            is_alone = self.has_helper and not self._jobs
            if job.is_lendable and is_alone and size_bytes >= _SHARED_BYTES:
                job.own = _OWN
            self._jobs.append(job)
            self.held_bytes += size_bytes
            if job.is_lendable:
                self._lendable_count += 1
                if self._is_busy or self.has_helper:
                    self._for_borrower.notify()
            self._for_writer.notify()
        return job.future

    def put_work(self, work: Work[T]) -> "Future[T]":
        """Add a change.

        Raises:
            StoreError: If the queue is closed.
        """
        future: Future[T] = Future()
        with self._for_writer:
            self._check_open()
            self._works.append((work, future))
            self._for_writer.notify()
        return future

    def take(self, pause_s: Callable[[], float | None]) -> list[Job]:
        """The next jobs for one transaction; none when there is something else to do.

        Args:
            pause_s: How long to wait for jobs at most; None: as long as it takes.
        """
        with self._for_writer:
            self._is_busy = False
            while not (jobs := self._pick()) and not self._works and self._shared is None:
                if self._is_closing and not self._jobs:
                    break
                left_s = pause_s()
                if left_s is not None and left_s <= 0:
                    if not self._is_one_near():
                        break
                    left_s = TURN_S
                if self._jobs:  # All are lent, or about to be.
                    left_s = _LENT_CHECK_S if left_s is None else min(left_s, _LENT_CHECK_S)
                if not self._for_writer.wait(left_s):
                    break
            self._is_busy = True
            if self._lendable_count:
                self._for_borrower.notify()
            return jobs

    def _pick(self) -> list[Job]:
        """What is decoded or soon is; of those that another could decode one at most."""
        picked: list[Job] = []
        size_bytes = 0
        has_own = False
        for job in self._jobs:
            if size_bytes >= _GROUP_BYTES:
                break
            if not self._is_for_writer(job):
                continue
            if job.is_lendable:
                if has_own and not self._is_closing:
                    continue
                has_own = True
            picked.append(job)
            size_bytes += job.size_bytes
        for job in picked:
            self._jobs.remove(job)
            if job is self._shared:
                self._shared = None
            if job.is_lendable:
                job.is_lendable = False
                self._lendable_count -= 1
        return picked

    def _is_for_writer(self, job: Job) -> bool:
        """Whether it is neither away nor better decoded by the helper, which has room for it."""
        if job.is_lendable:
            is_left = self.has_helper and self._lent_count < _MAX_LENT and not self._is_closing
            return not is_left
        return job.lent_at is None or job.answer is not None

    def note_sent(self, job: Job) -> None:
        """Hear that a job has reached who decodes it: now the writer may do its own part.

        Not before, since sending takes Python's lock again and again, and would wait for it.
        """
        with self._for_writer:
            if job.own is not None and job in self._jobs:
                self._shared = job
                self._for_writer.notify()

    def take_shared(self) -> Job | None:
        """A job of which the writer has to decode its own part, while the rest is away."""
        with self._for_writer:
            job, self._shared = self._shared, None
            return job

    def take_work(self) -> tuple[Work[Any], Future[Any]] | None:
        """One change that waits, if there is any."""
        with self._for_writer:
            return self._works.popleft() if self._works else None

    def release(self, jobs: list[Job]) -> None:
        """Give back the room of `jobs`, which are done."""
        with self._for_writer:
            self.held_bytes -= sum(job.size_bytes for job in jobs)

    def lend(self, timeout_s: float) -> Job | None:
        """A job to decode elsewhere.

        Any, where a helper is known to be there; else one when the writer is busy with others.
        None after `timeout_s` without one, and at the end.
        """
        with self._for_borrower:
            until = time.monotonic() + timeout_s
            while not self._is_closing:
                is_wanted = self._is_busy or self.has_helper
                if is_wanted and self._lendable_count and self._lent_count < _MAX_LENT:
                    job = next(job for job in self._jobs if job.is_lendable)
                    job.is_lendable = False
                    job.lent_at = time.monotonic()
                    self._lendable_count -= 1
                    self._lent_count += 1
                    return job
                if not self._for_borrower.wait(until - time.monotonic()):
                    return None
        return None

    def give_back(self, job: Job, answer: bytes | None) -> None:
        """Return a job; without an answer it is decoded by the writer."""
        with self._for_writer:
            self._lent_count -= 1
            job.answer = answer
            if answer is None or job.lent_at is None:
                job.lent_at = job.own = None
            else:
                byte_s = (time.monotonic() - job.lent_at) / job.lent_bytes
                is_shorter = byte_s < self._lent_byte_s
                weight = _WEIGHT_OF_SHORTER if is_shorter else _WEIGHT
                self._lent_byte_s += weight * (byte_s - self._lent_byte_s)
            self._for_writer.notify()
            self._for_borrower.notify()

    def lose_helper(self) -> None:
        """Who borrowed is gone: the writer takes everything itself."""
        with self._for_writer:
            self.has_helper = False
            self._for_writer.notify()

    def longest_lent_s(self) -> float:
        """How long the job is away that is away longest."""
        with self._for_writer:
            now = time.monotonic()
            return max(
                (now - job.lent_at for job in self._jobs if job.lent_at and job.answer is None),
                default=0.0,
            )

    def wake(self) -> None:
        """Let the writer ask for its pause again."""
        with self._for_writer:
            self._for_writer.notify()

    def close(self) -> None:
        """Take in and lend nothing more."""
        with self._for_writer:
            self._is_closing = True
            self._for_writer.notify()
            self._for_borrower.notify_all()

    def _check_open(self) -> None:
        if self._is_closing:
            raise StoreError("the store is closed", "the server is stopping: try again later")
