"""From ended spans to the server, in the background.

The traced program's threads only enqueue.  When the queue is full the newest span is left out and
counted: what was accepted stays accepted.
"""

import queue
import random
import threading
import time

from opentelemetry import context as otel_context
from opentelemetry.sdk.trace import ReadableSpan

from weave_core.settings import Settings
from weave_core.tracing.encoding import encode
from weave_core.tracing.failures import warn_once
from weave_core.tracing.transports import Transport

__all__ = ["Exporter"]

MAX_QUEUED_SPANS = 50_000
MAX_BATCH_SPANS = 512
LINGER_S = 0.2


class Exporter:
    """One queue, one daemon thread."""

    def __init__(self, settings: Settings, endpoint: str | None) -> None:
        self._settings = settings
        self._endpoint = endpoint
        self.start_anew()

    def start_anew(self) -> None:
        """Fresh queue and lock, no thread: at the start, and in a forked child."""
        self._queue: queue.SimpleQueue[ReadableSpan | threading.Event] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self.dropped = 0

    def put(self, span: ReadableSpan) -> None:
        """Take an ended span; never waits."""
        if self._queue.qsize() >= MAX_QUEUED_SPANS:
            self.dropped += 1
            warn_once("queue", "more than %d spans wait: newer ones are left out", MAX_QUEUED_SPANS)
            return
        self._queue.put(span)
        if self._thread is None:
            self._start()

    def flush(self, timeout_s: float) -> bool:
        """Wait until what was taken was sent; False where time ran out."""
        if self._thread is None:
            return True
        done = threading.Event()
        self._queue.put(done)
        return done.wait(timeout_s)

    def shutdown(self, timeout_s: float) -> bool:
        """Send what waits for at most `timeout_s` seconds, and stop."""
        is_done = self.flush(timeout_s)
        self._stopping.set()
        return is_done

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="weave-core", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        otel_context.attach(otel_context.Context())
        for key in (
            otel_context._SUPPRESS_INSTRUMENTATION_KEY,  # noqa: SLF001  # OTel's one way to say: do not trace this.
            otel_context._SUPPRESS_HTTP_INSTRUMENTATION_KEY,  # noqa: SLF001
        ):
            otel_context.attach(otel_context.set_value(key, True))
        if self._endpoint is None:
            return
        transport = Transport(self._endpoint, self._settings.api_key)
        while not self._stopping.is_set():
            spans, waiters = self._take()
            if spans:
                self._send(transport, encode(spans, self._settings.project))
            for waiter in waiters:
                waiter.set()
        transport.close()

    def _take(self) -> tuple[list[ReadableSpan], list[threading.Event]]:
        spans: list[ReadableSpan] = []
        deadline = time.monotonic() + LINGER_S
        while len(spans) < MAX_BATCH_SPANS:
            try:
                item = self._queue.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                break
            if isinstance(item, threading.Event):
                return spans, [item]
            spans.append(item)
        return spans, []

    def _send(self, transport: Transport, body: bytes) -> None:
        attempt = 0
        while not self._stopping.is_set():
            delivery = transport.send(body)
            if delivery.outcome == "taken":
                return
            warn_once(delivery.outcome, "spans could not be sent: %s", delivery.reason)
            if delivery.outcome == "refused":
                return
            wait_s = min(30.0, 0.25 * 2**attempt) * random.uniform(0.5, 1.0)  # noqa: S311
            attempt += 1
            self._stopping.wait(max(wait_s, delivery.retry_after_s or 0.0))
