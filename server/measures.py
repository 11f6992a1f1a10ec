"""What the server counts of its own work, for Prometheus; nothing of what senders sent is in it."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from weave_core.errors import Overloaded, StoreError
from weave_core.server.otlp.requests import (
    LogRequest,
    MetricRequest,
    TelemetryRequest,
    TraceRequest,
)

if TYPE_CHECKING:
    from concurrent.futures import Future

__all__ = ["Backlog", "CountAnswers", "Measures"]

_SIGNALS: dict[type[TelemetryRequest], str] = {
    TraceRequest: "traces",
    LogRequest: "logs",
    MetricRequest: "metrics",
}
_COMMIT_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_UNROUTED = "unrouted"
"""Stands for every path that no route has, so that callers can't invent label values."""

Backlog = Callable[[], Iterable[tuple[str, str, float]]]
"""Name, sentence and value of each thing that is measured when somebody asks."""


class Measures:
    """Counters of one store; a registry of their own, so that two in a process keep apart."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._stored = Counter(
            "weave_core_telemetry_stored",
            "Spans, log records and metric points that were committed.",
            ["signal"],
            registry=self.registry,
        )
        self._rejected = Counter(
            "weave_core_telemetry_rejected",
            "Items that a partial success refused.",
            ["signal"],
            registry=self.registry,
        )
        self._failed = Counter(
            "weave_core_telemetry_requests_failed",
            "Export requests that were queued, or refused by the queue, and not stored.",
            ["reason"],
            registry=self.registry,
        )
        self._commit = Histogram(
            "weave_core_commit_seconds",
            "From the queue to the commit, of each export request.",
            buckets=_COMMIT_BUCKETS_S,
            registry=self.registry,
        )
        self._work = Counter(
            "weave_core_writer_seconds",
            "What the one thread that writes has spent its time on.",
            ["work"],
            registry=self.registry,
        )
        self.answers = Counter(
            "weave_core_http_answers",
            "Answers over HTTP.",
            ["method", "route", "status"],
            registry=self.registry,
        )
        ProcessCollector(registry=self.registry)

    def watch(self, backlog: Backlog) -> None:
        """Ask `backlog` at each scrape for what has no event to count."""
        self.registry.register(_Gauges(backlog))

    def follow(self, future: "Future[Any]") -> None:
        """Count what becomes of a request that was just queued."""
        began = time.monotonic()
        future.add_done_callback(lambda done: self._count(done, time.monotonic() - began))

    @contextmanager
    def timed(self, work: str) -> Iterator[None]:
        """Count how long the writer is at `work`."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self._work.labels(work).inc(time.perf_counter() - began)

    def count_refusal(self, error: Exception) -> None:
        """Count a request that was not stored."""
        reason = "overloaded" if isinstance(error, Overloaded) else "store_unavailable"
        if not isinstance(error, Overloaded | StoreError):
            reason = "bad_request"
        self._failed.labels(reason).inc()

    def _count(self, future: "Future[Any]", took_s: float) -> None:
        if future.cancelled():
            return
        error = future.exception()
        if isinstance(error, Exception):
            self.count_refusal(error)
            return
        self._commit.observe(took_s)
        request = future.result()
        signal = _SIGNALS[type(request)]
        self._stored.labels(signal).inc(_size_of(request))
        if request.rejected:
            self._rejected.labels(signal).inc(request.rejected)


class _Gauges(Collector):
    """What is measured at the scrape itself."""

    def __init__(self, backlog: Backlog) -> None:
        self._backlog = backlog

    def describe(self) -> Iterable[Metric]:
        """Nothing beforehand: without this, registering would measure once."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """One gauge for each measured thing."""
        for name, sentence, value in self._backlog():
            yield GaugeMetricFamily(f"weave_core_{name}", sentence, value=value)


class CountAnswers:
    """Middleware that counts answers by route template, never by path: paths hold ids."""

    def __init__(self, app: ASGIApp, *, count: Callable[[str, str, int], None]) -> None:
        self._app = app
        self._count = count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and count the answer that goes out."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def counting(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", _UNROUTED)
                self._count(scope["method"], route, message["status"])
            await send(message)

        await self._app(scope, receive, counting)


def _size_of(request: TelemetryRequest) -> int:
    """Items of `request` that were stored."""
    if isinstance(request, TraceRequest):
        return request.span_count
    if isinstance(request, LogRequest):
        return sum(map(len, request.records.values()))
    if isinstance(request, MetricRequest):
        return sum(map(len, request.points.values()))
    return 0
