"""Many senders at once, who keep what was refused and know what was acknowledged."""

import base64
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc  # type: ignore[import-untyped]  # It ships no types.
import httpx
from google.protobuf.json_format import ParseDict
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from support.sent_spans import hex_id, otlp_span
from weave_core import Client

__all__ = ["PROJECT", "START_NS", "Flood", "stored_ids"]

Answer = tuple[int, str | None]
"""Status, and when to come back."""
Post = Callable[[dict[str, Any]], Answer]
"""Sends one batch; raises ConnectionError where no answer comes."""

PROJECT = "flood"
_BATCH = 20
_PATIENCE_S = 60.0
START_NS = 1_767_225_600_000_000_000


@dataclass
class Flood:
    """Batches of spans that go to a server, again until they are acknowledged, as exporters do.

    It may be run several times, against one server after another.  An address without a scheme is
    that of gRPC, whose refusals count as the statuses that HTTP has for them.
    """

    senders: int = 4
    text_bytes: int = 500
    """Text in each span."""
    first: int = 0
    """Number of the first batch, to tell two floods apart."""
    acknowledged: set[int] = field(default_factory=set)
    """Numbers of batches."""
    refusals: Counter[int] = field(default_factory=Counter)
    """Answers that were no success, by status."""
    waits: set[str | None] = field(default_factory=set)
    """`retry-after` of those."""
    _next: int = 0
    """Batches begun, beyond `first`."""
    _lost: list[int] = field(default_factory=list)
    """Batches without an answer, or with a refusal."""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self, url: str) -> None:
        """Send to the server at `url`, in the background."""
        self._stop.clear()
        self._threads = [
            threading.Thread(target=self._send, args=(url,)) for _ in range(self.senders)
        ]
        for thread in self._threads:
            thread.start()

    def until_acknowledged(self, *, more_than: int) -> None:
        """Return once so many batches are."""
        self.until(lambda: len(self.acknowledged) > more_than)

    def until_refused(self, *, more_than: int) -> None:
        """Return once so many answers asked to come back later."""
        self.until(lambda: self.refusals[503] > more_than)

    def until(self, is_so: Callable[[], bool]) -> None:
        """Return once `is_so` says yes."""
        deadline = time.monotonic() + _PATIENCE_S
        while not is_so():
            assert time.monotonic() < deadline, f"it did not come to that: {self.refusals}"
            time.sleep(0.02)

    def stop(self) -> None:
        """Begin no more batch and wait for the answers."""
        self._stop.set()
        for thread in self._threads:
            thread.join(120)

    def finish(self, url: str) -> None:
        """Send what is left; all of it is acknowledged."""
        self._stop.set()
        with _door(url) as post:
            while self._lost:
                number = self._lost.pop()
                assert post(self.batch(number))[0] == 200
                self.acknowledged.add(number)

    @property
    def acknowledged_ids(self) -> set[str]:
        """Span ids of all that was acknowledged."""
        return {hex_id(n) for number in self.acknowledged for n in _numbers(number)}

    def batch(self, number: int) -> dict[str, Any]:
        """The request with this number."""
        told = {"text": "".join(chr(97 + (n * number) % 26) for n in range(self.text_bytes))}
        spans = [
            otlp_span(1 + n // 5, n, start_ns=START_NS + n, attributes=told)
            for n in _numbers(number)
        ]
        resource = {
            "attributes": [{"key": "weave_core.project", "value": {"stringValue": PROJECT}}]
        }
        return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]}

    def _send(self, url: str) -> None:
        with _door(url) as post:
            while not self._stop.is_set():
                with self._lock:
                    if self._lost:
                        number = self._lost.pop()
                    else:
                        number = self.first + self._next
                        self._next += 1
                try:
                    status, wait = post(self.batch(number))
                except ConnectionError:
                    with self._lock:
                        self._lost.append(number)
                    return
                with self._lock:
                    if status == 200:
                        self.acknowledged.add(number)
                        continue
                    self._lost.append(number)
                    self.refusals[status] += 1
                    self.waits.add(wait)
                self._stop.wait(0.05)


@contextmanager
def _door(url: str) -> Iterator[Post]:
    if url.startswith("http"):
        with httpx.Client(base_url=url, timeout=120) as http:
            yield lambda batch: _over_http(http, batch)
    else:
        with grpc.insecure_channel(url) as channel:
            export = channel.unary_unary(_EXPORT)
            yield lambda batch: _over_grpc(export, batch)


_EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


def _over_http(http: httpx.Client, batch: dict[str, Any]) -> Answer:
    try:
        answer = http.post("/v1/traces", json=batch)
    except httpx.TransportError as error:
        raise ConnectionError(str(error)) from error
    if answer.status_code == 200:
        assert answer.json() == {}
    return answer.status_code, answer.headers.get("retry-after")


def _over_grpc(export: Callable[..., bytes], batch: dict[str, Any]) -> Answer:
    for resource in batch["resourceSpans"]:
        for span in (each for scope in resource["scopeSpans"] for each in scope["spans"]):
            for name in ("traceId", "spanId"):
                span[name] = base64.b64encode(bytes.fromhex(span[name])).decode()
    message = ParseDict(batch, ExportTraceServiceRequest())
    try:
        assert export(message.SerializeToString(), timeout=120) == b""
    except grpc.RpcError as error:
        details = dict(error.trailing_metadata() or ()).get("grpc-status-details-bin", b"")
        for detail in Status.FromString(details).details:
            retry = RetryInfo()
            if detail.Unpack(retry):
                return 503, str(retry.retry_delay.seconds)
        if error.code() in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED}:
            raise ConnectionError(error.details()) from error
        return 500, None
    return 200, None


def _numbers(batch: int) -> Sequence[int]:
    return range(1 + batch * _BATCH, 1 + (batch + 1) * _BATCH)


def stored_ids(client: Client) -> Counter[str]:
    """How often each span is stored."""
    ids: Counter[str] = Counter()
    cursor: str | None = None
    while True:
        page = client.list_spans(PROJECT, limit=500, cursor=cursor)
        ids.update(span.span_id for span in page.items)
        cursor = page.next_cursor
        if cursor is None:
            return ids
