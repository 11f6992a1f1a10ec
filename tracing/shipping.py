"""The journal of this process: what is kept in it, and the thread that sends what was kept.

Where the disk can't be written (full, read-only) spans wait in memory instead, fewer of them.
"""

import threading
import time
from collections import deque
from pathlib import Path

from weave_core.in_process import EMBEDDED
from weave_core.settings import DEFAULT_ENDPOINT, OFFLINE, Settings
from weave_core.tracing import segments
from weave_core.tracing.couriers import Courier
from weave_core.tracing.destinations import Destination
from weave_core.tracing.failures import warn_once
from weave_core.tracing.journals import MAX_BATCH_SPANS, Journal, folder_of, left_behind
from weave_core.tracing.outboxes import Outbox
from weave_core.tracing.rescues import rescue
from weave_core.tracing.suppression import silence_instrumentation
from weave_core.tracing.transports import Transport

__all__ = ["ALSO_TO", "Shipper", "target_of"]

ALSO_TO = "also-to "
"""Begins the target of files whose spans are for another endpoint beside the server."""
LINGER_S = 0.2
"""How long a small batch waits for company; a trace is on the screen within a second."""
LARGE_BYTES = 128 * 1024
"""A record of so many bytes waits for none: what one costs beside its bytes is little then."""
WORD_RESERVE_BYTES = 4 * 1024 * 1024
"""What the begin, changes and end of runs may take above the bound of the spool: without its end a
run would count as crashed."""
MAX_MEMORY_BYTES = 64 * 1024 * 1024
_ORPHANS_EVERY_S = 60.0
_CHILDREN_EVERY_S = 2.0
"""The same for an embedded store, whose process's children can't send by themselves."""
_SIZE_EVERY_S = 1.0
_BLOBS_AGAIN_S = 1.0


class Shipper:
    """Keeps records, and sends them in order; one thread calls `keep`, its own thread sends.

    Args:
        settings: Home, key and bounds.
        endpoint: The server's URL; None: keep only.
        other: Where to send instead, if it is not the server: another endpoint beside it.
    """

    def __init__(
        self, settings: Settings, endpoint: str | None, other: Destination | None = None
    ) -> None:
        self._settings = settings
        self._endpoint = endpoint if other is None else other.endpoint
        self._other = other
        self.target = target_of(self._endpoint)
        """Written into the files: what another backend still waits for is not the server's."""
        if other is not None:
            self.target = f"{ALSO_TO}{other.endpoint}"
        self._folder = folder_of(settings.home)
        # Other backends have no place for files; what a span says of them stays a digest.
        self._outbox = Outbox(self._folder, self.target) if other is None else None
        self._blobs_due_s = 0.0
        self._journal: Journal | None = None
        self._memory: deque[tuple[bytes, int]] = deque()
        self._memory_bytes = 0
        self._kept = self._sent = 0
        self._waiting_spans = 0
        self._barriers: deque[tuple[int, threading.Event]] = deque()
        self._wake, self._go, self._again = (threading.Event() for _ in range(3))
        self._stopping = threading.Event()
        self._courier: Courier | None = None
        self._thread: threading.Thread | None = None
        self._size_bytes, self._size_looked_s = 0, 0.0

    def start(self) -> None:
        """Open the journal and start sending; called in the writer's thread, as it touches disk."""
        journal = Journal(
            self._folder, endpoint=self.target, max_bytes=self._settings.max_spool_bytes
        )
        try:
            journal.open()
            self._journal = journal
        except OSError as error:
            journal.close()
            warn_once(
                "spool",
                "spans can't be kept on disk (%s: %s) and wait in memory; set WEAVE_CORE_HOME to a "
                "folder that can be written",
                self._folder,
                error,
            )
        if self._endpoint is not None:
            self._thread = threading.Thread(
                target=self._run, args=(self._endpoint,), name="weave-core shipper", daemon=True
            )
            self._thread.start()

    def keep(self, body: bytes, spans: int, *, is_word: bool = False) -> bool:
        """Keep one record; False where a bound does not let it.

        Args:
            body: An `ExportTraceServiceRequest`.
            spans: How many it has.
            is_word: Whether it says how a run ended and the like, for which there is a reserve.
        """
        is_kept = self._write(body, spans, WORD_RESERVE_BYTES if is_word else 0)
        if is_kept:
            self._kept += 1
            self._waiting_spans += spans
            self._wake.set()
            if self._waiting_spans >= MAX_BATCH_SPANS or len(body) >= LARGE_BYTES:
                self._go.set()
        return is_kept

    def promise(self, barrier: threading.Event) -> None:
        """Set `barrier` once all that was kept until now was sent; offline: now."""
        if self._endpoint is None:
            barrier.set()
            return
        self._barriers.append((self._kept, barrier))
        self.hurry()
        self._again.set()  # Not sooner than a server has asked for, but now rather than in 30 s.

    def hurry(self) -> None:
        """Send what is there without waiting for more."""
        self._go.set()
        self._wake.set()

    @property
    def silent_s(self) -> float:
        """For how long the endpoint has answered nothing that it was sent."""
        return 0.0 if self._courier is None else self._courier.silent_s

    def stop(self, timeout_s: float) -> None:
        """End the thread; the files go when a server has all of them, else they stay."""
        self._stopping.set()
        self._again.set()
        self.hurry()
        if self._thread is not None:
            self._thread.join(timeout_s)
        if waiting := sum(spans for _, spans in list(self._memory)):
            told = "%d spans are lost: they were not sent in time, and %s could not be written"
            warn_once("lost", told, waiting, self._folder)
        if self._thread is not None and self._thread.is_alive():
            return  # In the middle of a request; the lock goes with the process.
        if self._journal is not None:
            if self._sent == self._kept:
                self._journal.remove()
            else:
                self._journal.close()

    def _write(self, body: bytes, spans: int, reserve_bytes: int) -> bool:
        if self._journal is not None:
            if self._is_full(reserve_bytes):
                warn_once(
                    "spool full",
                    "%s holds %d bytes, the most that is allowed (WEAVE_CORE_MAX_SPOOL_BYTES): new "
                    "spans are left out until some were sent",
                    self._folder,
                    self._settings.max_spool_bytes,
                )
                return False
            try:
                record = segments.compress(body, spans)
                self._journal.append(record)
            except OSError as error:
                warn_once("disk", "spans can't be written to %s: %s", self._folder, error)
            else:
                self._size_bytes += len(record)
                return True
        if self._memory_bytes + len(body) > MAX_MEMORY_BYTES:
            warn_once("memory", "too many spans wait in memory: new ones are left out")
            return False
        self._memory.append((body, spans))
        self._memory_bytes += len(body)
        return True

    def _is_full(self, reserve_bytes: int) -> bool:
        """Whether all processes together have as much on disk as they may; looks once a second."""
        now_s = time.monotonic()
        if now_s - self._size_looked_s > _SIZE_EVERY_S:
            self._size_looked_s = now_s
            self._size_bytes = _size_of(self._folder)
        return self._size_bytes >= self._settings.max_spool_bytes + reserve_bytes

    # The sending thread.

    def _run(self, endpoint: str) -> None:
        silence_instrumentation()
        if self._other is None:
            transport = Transport(endpoint, self._settings.api_key, settings=self._settings)
        else:
            transport = Transport(endpoint, headers=self._other.headers)
        courier = Courier(transport, self._folder / "dead", self._pause)
        self._courier = courier
        next_look_s = time.monotonic() + LINGER_S
        try:
            while not self._stopping.is_set():
                self._send_blobs(courier)
                if self._send_one(courier):
                    continue
                self._settle()
                if time.monotonic() >= next_look_s:
                    self._send_left_behind(courier, endpoint)
                    is_embedded = endpoint == EMBEDDED
                    pause_s = _CHILDREN_EVERY_S if is_embedded else _ORPHANS_EVERY_S
                    next_look_s = time.monotonic() + pause_s
                due_s = min(next_look_s, self._blobs_due_s or next_look_s)
                self._wake.wait(max(0.01, due_s - time.monotonic()))
                self._wake.clear()
        except Exception as error:  # noqa: BLE001  # The thread's end must not be silent; the disk has the rest.
            warn_once("shipper", "sending spans ended; what is left is sent later", error=error)
        finally:
            transport.close()

    def _pause(self, seconds: float, may_end: bool) -> bool:  # noqa: FBT001  # A courier's words.
        """Wait before the next try; whether it is time to stop."""
        if may_end:
            self._again.wait(seconds)
            self._again.clear()
            return self._stopping.is_set()
        return self._stopping.wait(seconds)

    def _send_one(self, courier: Courier) -> bool:
        """Send one batch; False where there is none, or it is time to stop."""
        if 0 < self._waiting_spans < MAX_BATCH_SPANS and not self._barriers:
            self._go.wait(LINGER_S)
        self._go.clear()
        batch = self._journal.next_batch() if self._journal is not None else None
        if batch is not None and self._journal is not None:
            if courier.deliver(batch.body) == "given_up":
                return False
            self._journal.done(batch)
            self._count(batch.records, batch.spans)
            return True
        if self._memory:
            body, spans = self._memory[0]
            if courier.deliver(body) == "given_up":
                return False
            self._memory.popleft()
            self._memory_bytes -= len(body)
            self._count(1, spans)
            return True
        return False

    def _send_blobs(self, courier: Courier) -> None:
        """Send the blobs that wait, before the spans that name them."""
        if self._outbox is None or time.monotonic() < self._blobs_due_s:
            return
        is_done = courier.deliver_blobs(self._outbox)
        # Spans go on meanwhile: they are worth more than their pictures.
        self._blobs_due_s = 0.0 if is_done else time.monotonic() + _BLOBS_AGAIN_S

    def _count(self, records: int, spans: int) -> None:
        self._sent += records
        self._waiting_spans -= spans
        self._settle()

    def _settle(self) -> None:
        if self._barriers and self._outbox is not None and not self._outbox.is_empty():
            return
        while self._barriers and self._barriers[0][0] <= self._sent:
            self._barriers.popleft()[1].set()

    def _send_left_behind(self, courier: Courier, endpoint: str) -> None:
        """Send what processes that are gone could not, if it was meant for the same server."""
        targets = {self.target}
        if endpoint == DEFAULT_ENDPOINT and self._other is None:
            targets.add(OFFLINE)
        rescue(self._settings.home)
        for journal in left_behind(self._folder):
            is_ours = journal.target() in targets
            if is_ours and self._send_all(courier, journal):
                journal.remove()
            journal.close()
            if self._stopping.is_set():
                return

    def _send_all(self, courier: Courier, journal: Journal) -> bool:
        while (batch := journal.next_batch()) is not None:
            if courier.deliver(batch.body) == "given_up":
                return False
            journal.done(batch)
            while self._send_one(courier):  # What this process does now comes before what was.
                pass
        return True


def target_of(endpoint: str | None) -> str:
    """What files are marked with: whoever sends there, or has this home, may send them.

    What an embedded store has not taken is like what was kept offline.
    """
    return OFFLINE if endpoint in (None, EMBEDDED) else str(endpoint)


def _size_of(folder: Path) -> int:
    size = 0
    for pattern in ("*.spans", "blobs/*/*"):
        for path in folder.glob(pattern):
            size += segments.written(path)
    return size
