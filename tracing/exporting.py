"""From ended spans to the disk, and from there to the server, in the background.

The traced program's threads enqueue, and guard what they enqueue against `kill -9` (`rings`).  A
writer thread appends to the journal some milliseconds later; a shipper thread sends what is on
disk.  Bounds: when the queue or the disk's share is full, the newest spans are left out and
counted, since what was accepted before is worth more with its trace whole.
"""

import queue
import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from opentelemetry.sdk.trace import ReadableSpan, Span

from weave_core import semconv
from weave_core.in_process import EMBEDDED
from weave_core.settings import Settings
from weave_core.tracing.destinations import Destination
from weave_core.tracing.encoding import Encoder
from weave_core.tracing.failures import warn_once
from weave_core.tracing.journals import close_inherited, folder_of
from weave_core.tracing.lean_spans import LeanSpan
from weave_core.tracing.media import SHELF
from weave_core.tracing.outboxes import MediaSorter, Outbox, holds_token
from weave_core.tracing.pending import OpenSpans
from weave_core.tracing.policies import RedactionPolicy
from weave_core.tracing.redaction import Redactor
from weave_core.tracing.rescues import rescue
from weave_core.tracing.rings import Facts, Kept, Ring
from weave_core.tracing.segments import MAX_RECORD_BYTES, MAX_RECORD_SPANS
from weave_core.tracing.shipping import Shipper, target_of
from weave_core.tracing.sources import CODES
from weave_core.tracing.suppression import silence_instrumentation
from weave_core.tracing.surroundings import Value, find_changes, surroundings

__all__ = ["Exporter"]

MAX_QUEUED_SPANS = 50_000
MAX_QUEUED_BYTES = 256 * 1024 * 1024
GATHER_S = 0.005
"""Records are at least so far apart."""
_TELL_DROPPED_S = 5.0
"""A changed resource is a new row at the server, so a count that grows is told now and then."""
_TICK_S = 0.5
SILENCE_S = 5.0
"""A server that has answered nothing for so long is not waited for at the end of a program, a run
or an evaluation: what is left stays on disk, and is sent later."""
_LAST_CHANCE_S = 1.0
_LOOK_S = 0.25


class _Barrier(threading.Event):
    """Goes through the queue behind the spans that a flush waits for; set once it is through."""

    def __init__(self, *, is_last: bool) -> None:
        super().__init__()
        self.is_last = is_last
        self.arrivals: list[tuple[Shipper, threading.Event]] = []
        """One for each destination, set when it has taken everything before the barrier."""

    def wait_for_all(self, timeout_s: float, *, is_patient: bool) -> bool:
        """Wait for every destination; False where time ran out.

        Args:
            timeout_s: Longest wait.
            is_patient: Whether to wait so long for one that answers nothing.
        """
        began = time.monotonic()
        if not self.wait(timeout_s):
            return False
        for shipper, arrival in self.arrivals:
            while not arrival.is_set():
                now = time.monotonic()
                left_s = began + timeout_s - now
                if not is_patient:
                    silent_s = SILENCE_S - shipper.silent_s
                    left_s = min(left_s, max(silent_s, began + _LAST_CHANCE_S - now))
                if left_s <= 0:
                    return False
                arrival.wait(left_s if is_patient else min(left_s, _LOOK_S))
        return True


class Exporter:
    """One queue, one journal, one thread that writes and one that sends.

    Args:
        settings: Home, project, key and bounds.
        endpoint: The server's URL; None: nothing is sent, only written.
        also_to: Other endpoints that get every span; each has a journal and a thread of its own,
            so that one that is away keeps none of the others waiting.
        policy: What to take out of spans; None: nothing.
    """

    def __init__(
        self,
        settings: Settings,
        endpoint: str | None,
        *,
        also_to: Sequence[Destination] = (),
        policy: RedactionPolicy | None = None,
    ) -> None:
        self._settings = settings
        self._endpoint = endpoint
        self._also_to = also_to
        self._redactor = Redactor(policy) if policy is not None else None
        self._policy = policy
        self._outbox = Outbox(
            folder_of(settings.home), target_of(endpoint), max_bytes=settings.max_spool_bytes
        )
        self._sorter = MediaSorter(self._outbox)
        self._reset()

    def _reset(self) -> None:
        self._queue: queue.SimpleQueue[Kept | _Barrier] = queue.SimpleQueue()
        # Re-entrant: a signal's handler may end a span while the first one starts the threads.
        self._lock = threading.RLock()
        self._thread: threading.Thread | None = None
        self._shippers: list[Shipper] = []
        self._encoder = Encoder(self._settings.project)
        self._queued_bytes = 0
        self.dropped = 0
        """Spans left out since a bound was reached."""
        self._told_dropped, self._dropped_told_s = 0, 0.0
        self._appended_s = 0.0
        self.open_spans = OpenSpans()
        self._ring: Ring | None = None

    def start_anew(self) -> None:
        """In a forked child: the queue and the files are the parent's, threads there are none."""
        close_inherited()
        if self._ring is not None:
            self._ring.close_inherited()
        if self._endpoint == EMBEDDED:
            self._endpoint = None  # The store is the parent's, which takes in what is kept here.
        SHELF.clear()
        self._reset()

    def begun(self, span_id: int, span: Span) -> None:
        """Watch a span that has begun, so that a long one is announced."""
        self.open_spans.begun(span_id, span)
        if self._ring is None:
            self._start()

    def put(self, span: ReadableSpan) -> None:
        """Take an ended span; never waits."""
        if not self._has_room():
            return
        ring = self._ring if self._ring is not None else self._start()
        # Not exact under threads, and needs not be: an empty queue sets it back to 0.
        self._queued_bytes += ring.keep(span, self._queue.put)

    def hurry(self) -> None:
        """Send what is there without waiting for more: somebody will wait for it soon."""
        for shipper in self._shippers:
            shipper.hurry()

    def begun_lean(self, span: LeanSpan) -> None:
        """As `begun`, for a span of ours."""
        self.open_spans.begun_lean(span)
        if self._ring is None:
            self._start()

    def put_lean(self, span: LeanSpan) -> None:
        """As `put`, for a span of ours, whose bytes are made here."""
        self.open_spans.ended_lean(span)
        body, ring = span.encode(), self._ring
        if body is None or ring is None:
            self.put(span)
        elif self._has_room():
            self._queued_bytes += ring.keep_encoded(span, body, self._queue.put)

    def flush(self, timeout_s: float, *, is_patient: bool = True) -> bool:
        """Wait until what was taken is stored by the server (offline: on disk).

        Args:
            timeout_s: Longest wait.
            is_patient: Whether to wait so long for a server that answers nothing; see `SILENCE_S`.
        """
        return self._pass_barrier(timeout_s, is_last=False, is_patient=is_patient)

    def shutdown(self, timeout_s: float, *, is_patient: bool = True) -> bool:
        """As `flush`, and stop; what was not sent in time stays on disk."""
        started = time.monotonic()
        is_done = self._pass_barrier(timeout_s, is_last=True, is_patient=is_patient)
        if not is_done and not is_patient:
            timeout_s = 0.0
        if self._thread is not None:
            self._thread.join(max(0.1, timeout_s - (time.monotonic() - started)))
        for shipper in self._shippers:
            shipper.stop(max(0.1, timeout_s - (time.monotonic() - started)))
        return is_done

    def _pass_barrier(self, timeout_s: float, *, is_last: bool, is_patient: bool) -> bool:
        if self._thread is None:
            return True
        barrier = _Barrier(is_last=is_last)
        self._queue.put(barrier)
        self.hurry()
        return barrier.wait_for_all(timeout_s, is_patient=is_patient)

    def _has_room(self) -> bool:
        if self._queue.qsize() < MAX_QUEUED_SPANS and self._queued_bytes <= MAX_QUEUED_BYTES:
            return True
        self._drop("the queue of spans is full: the newest are left out")
        return False

    def _drop(self, message: str) -> None:
        self.dropped += 1
        warn_once(message, message)

    def _start(self) -> Ring:
        with self._lock:
            if self._ring is None:
                others = [Shipper(self._settings, None, other) for other in self._also_to]
                self._shippers = [Shipper(self._settings, self._endpoint), *others]
                facts = Facts(
                    home=str(self._settings.home),
                    project=self._settings.project,
                    targets=tuple(shipper.target for shipper in self._shippers),
                    policy=self._policy,
                )
                ring = Ring(self._settings.home, facts)
                ring.open()
                if self._ring is not None:  # That handler was quicker.
                    ring.close()
                    return self._ring
                self._ring = ring
                self._thread = threading.Thread(
                    target=self._write, args=(ring,), name="weave-core writer", daemon=True
                )
                self._thread.start()
            return self._ring

    def _write(self, ring: Ring) -> None:
        silence_instrumentation()
        for shipper in self._shippers:
            shipper.start()
        rescue(self._settings.home)
        self._describe_process(ring)
        while True:
            kept, barrier = self._take()
            spans = [item[0] for item in kept]
            spans += self.open_spans.announced()
            if spans:
                self._append(spans)
            if kept:
                ring.note(kept)
            if barrier is not None:
                for shipper in self._shippers:
                    arrival = threading.Event()
                    barrier.arrivals.append((shipper, arrival))
                    shipper.promise(arrival)
                barrier.set()
                if barrier.is_last:
                    ring.close()
                    return

    def _describe_process(self, ring: Ring) -> None:
        """Commit and libraries now; whether files were changed takes longer and follows."""
        if not self._settings.record_environment:
            return
        try:
            known = surroundings()
            self._encoder.describe(known)
            ring.describe(known)
            threading.Thread(
                target=self._look_for_changes, args=(self._encoder, ring, known), daemon=True
            ).start()
        except Exception as error:  # noqa: BLE001  # What the spans ran with is worth less than the spans.
            warn_once("surroundings", "the environment could not be recorded", error=error)

    def clean(self, text: str) -> str:
        """`text` without what the redaction policy takes out of code."""
        # A redactor of its own: the other one is the writer's.
        return text if self._policy is None else Redactor.of_code(self._policy).text(text)

    def keep_text(self, text: str) -> str:
        """Store a text as a blob, cleaned; gives its digest.

        Raises:
            OSError: If the disk does not take it, or too many blobs wait.
        """
        return self._outbox.add(self.clean(text).encode("utf-8", "replace"))

    def keep_file(self, path: Path) -> tuple[str, int]:
        """Store a copy of a file as a blob, as it is; gives its digest and size.

        Raises:
            OSError: As for `keep_text`, or if the file can't be read.
        """
        return self._outbox.add_file(path)

    def _look_for_changes(self, encoder: Encoder, ring: Ring, known: dict[str, Value]) -> None:
        try:
            patch = find_changes()
            if patch is None:
                return
            known = {**known, semconv.VCS_DIRTY: bool(patch)}
            if patch and self._settings.record_code:
                known[semconv.VCS_DIFF] = self.keep_text(patch)
            encoder.describe(known)
            ring.describe(known)
        except Exception as error:  # noqa: BLE001  # As above.
            warn_once("changes", "what differs from the commit could not be recorded", error=error)

    def _take(self) -> tuple[list[Kept], _Barrier | None]:
        """Spans for one record: what gathers in some milliseconds, or what a barrier finds."""
        try:
            item = self._queue.get(timeout=_TICK_S)
        except queue.Empty:
            return [], None
        if isinstance(item, _Barrier):
            return [], item
        kept, size = [item], item[1]
        # A span that comes alone is on disk at once; in a burst many share one record.
        if (pause_s := self._appended_s + GATHER_S - time.monotonic()) > 0:
            time.sleep(pause_s)
        while len(kept) < MAX_RECORD_SPANS and size < MAX_RECORD_BYTES:
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                self._queued_bytes = 0
                break
            if isinstance(item, _Barrier):
                return kept, item
            kept.append(item)
            size += item[1]
        self._queued_bytes = max(0, self._queued_bytes - size)
        return kept, None

    def _append(self, spans: list[ReadableSpan]) -> None:
        try:
            spans = self._cleaned(spans)
            self._keep_code()
            self._tell_dropped()
            body = self._encoder.encode(spans)
            ways = {"is_word": any(map(_is_word, spans))}
            kept = [shipper.keep(body, len(spans), **ways) for shipper in self._shippers]
            self._appended_s = time.monotonic()
            if not kept[0]:
                self.dropped += len(spans)
        except Exception as error:  # noqa: BLE001  # One bad batch must not end the thread.
            self.dropped += len(spans)
            warn_once("append", "%d spans could not be written", len(spans), error=error)

    def _cleaned(self, spans: list[ReadableSpan]) -> list[ReadableSpan]:
        """The spans without what redaction takes out, and with their media set aside."""
        redactor = self._redactor
        ours = [span for span in spans if type(span) is LeanSpan and span.encoded]
        # Nearly every span has nothing of either kind, which one search in all of them tells.
        if (redactor is None or redactor.passes(ours)) and not _names_media(ours):
            if len(ours) == len(spans):
                return spans
            passed = set(map(id, ours))
            return [span if id(span) in passed else self._cleaned_one(span) for span in spans]
        return [self._cleaned_one(span) for span in spans]

    def _cleaned_one(self, span: ReadableSpan) -> ReadableSpan:
        redactor = self._redactor
        if redactor is not None and not (
            type(span) is LeanSpan and span.encoded and redactor.passes((span,))
        ):
            span = redactor.clean(span)
        # After redaction: what that took out is never written.
        return self._sorter.settled(span)

    def _tell_dropped(self) -> None:
        """Mark what follows with how much is missing, so that a gap is not taken for silence."""
        now_s = time.monotonic()
        if self.dropped > self._told_dropped and now_s - self._dropped_told_s > _TELL_DROPPED_S:
            self._told_dropped, self._dropped_told_s = self.dropped, now_s
            self._encoder.describe({semconv.DROPPED_SPANS: self.dropped})

    def _keep_code(self) -> None:
        """The code of operations that were called for the first time."""
        for text in CODES.take():
            try:
                self._outbox.add(text)
            except OSError as error:
                warn_once("code", "the code of operations can't be kept: %s", error)


def _names_media(spans: Iterable[LeanSpan]) -> bool:
    return SHELF.has_tokens and any(holds_token(span.encoded or b"") for span in spans)


def _is_word(span: ReadableSpan) -> bool:
    """Whether a span says of a run that it began, changed or ended: little, and never again."""
    return type(span) is ReadableSpan and semconv.RUN_RECORD in (span.attributes or ())
