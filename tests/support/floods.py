"""Many senders at once, who keep what was refused and know what was acknowledged."""

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from support.sent_spans import hex_id, otlp_span
from weave_core import Client

__all__ = ["PROJECT", "Flood", "stored_ids"]

PROJECT = "flood"
_BATCH = 20
_START_NS = 1_767_225_600_000_000_000


@dataclass
class Flood:
    """Batches of spans that go to a server, again until they are acknowledged, as exporters do.

    It may be run several times, against one server after another.
    """

    senders: int = 4
    text_bytes: int = 500
    """Text in each span."""
    acknowledged: set[int] = field(default_factory=set)
    """Numbers of batches."""
    refusals: Counter[int] = field(default_factory=Counter)
    """Answers that were no success, by status."""
    waits: set[str | None] = field(default_factory=set)
    """`retry-after` of those."""
    _next: int = 0
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

    def stop(self) -> None:
        """Begin no more batch and wait for the answers."""
        self._stop.set()
        for thread in self._threads:
            thread.join(120)

    def finish(self, url: str) -> None:
        """Send what is left; all of it is acknowledged."""
        self._stop.set()
        while self._lost:
            number = self._lost.pop()
            answer = httpx.post(f"{url}/v1/traces", json=self.batch(number), timeout=120)
            assert answer.status_code == 200, answer.text
            self.acknowledged.add(number)

    @property
    def acknowledged_ids(self) -> set[str]:
        """Span ids of all that was acknowledged."""
        return {hex_id(n) for number in self.acknowledged for n in _numbers(number)}

    def batch(self, number: int) -> dict[str, Any]:
        """The request with this number."""
        told = {"text": "".join(chr(97 + (n * number) % 26) for n in range(self.text_bytes))}
        spans = [
            otlp_span(1 + n // 5, n, start_ns=_START_NS + n, attributes=told)
            for n in _numbers(number)
        ]
        resource = {
            "attributes": [{"key": "weave_core.project", "value": {"stringValue": PROJECT}}]
        }
        return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]}

    def _send(self, url: str) -> None:
        with httpx.Client(base_url=url, timeout=120) as http:
            while not self._stop.is_set():
                with self._lock:
                    if self._lost:
                        number = self._lost.pop()
                    else:
                        number, self._next = self._next, self._next + 1
                try:
                    answer = http.post("/v1/traces", json=self.batch(number))
                except httpx.TransportError:
                    with self._lock:
                        self._lost.append(number)
                    return
                with self._lock:
                    if answer.status_code == 200:
                        assert answer.json() == {}
                        self.acknowledged.add(number)
                        continue
                    self._lost.append(number)
                    self.refusals[answer.status_code] += 1
                    self.waits.add(answer.headers.get("retry-after"))
                self._stop.wait(0.05)


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
