"""What was acknowledged is there after the worst end, once."""

import threading
from collections import Counter
from pathlib import Path

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from support.otlp import new_span, new_trace_id
from support.servers import start_server

from weave_core import Client

SPANS = 2_000
BATCH = 20
KILL_AFTER = 600
PROJECT = "crash"
START_NS = 1_767_225_600_000_000_000


def batches() -> list[ExportTraceServiceRequest]:
    """2,000 spans in 100 requests, ten spans a trace."""
    requests = []
    trace_id = b""
    for number in range(SPANS):
        if number % BATCH == 0:
            requests.append(ExportTraceServiceRequest())
            item = requests[-1].resource_spans.add().resource.attributes.add()
            item.key = "weave_core.project"
            item.value.string_value = PROJECT
            requests[-1].resource_spans[0].scope_spans.add()
        if number % 10 == 0:
            trace_id = new_trace_id()
        span = new_span(f"span {number}", trace_id, start_ns=START_NS + number, duration_ms=1)
        requests[-1].resource_spans[0].scope_spans[0].spans.append(span)
    return requests


def send(url: str, requests: list[ExportTraceServiceRequest], until_killed: threading.Event) -> int:
    """Send in order; how many requests were acknowledged before the server was gone."""
    acknowledged = 0
    with httpx.Client(base_url=url, headers={"content-type": "application/x-protobuf"}) as http:
        for request in requests:
            try:
                answer = http.post("/v1/traces", content=request.SerializeToString())
            except httpx.TransportError:
                break
            assert answer.status_code == 200
            acknowledged += 1
            if acknowledged * BATCH >= KILL_AFTER:
                until_killed.set()
    return acknowledged


def test_every_acknowledged_span_survives_kill_9_and_none_is_doubled(tmp_path: Path) -> None:
    """SIGKILL in the middle of sending; after the restart a resend of everything adds the rest."""
    requests = batches()
    sent_enough = threading.Event()
    acknowledged: list[int] = []
    with start_server(tmp_path) as server:
        sender = threading.Thread(
            target=lambda: acknowledged.append(send(server.url, requests, sent_enough))
        )
        sender.start()
        assert sent_enough.wait(60)
        server.kill()
        sender.join(60)
    assert KILL_AFTER <= acknowledged[0] * BATCH < SPANS

    with start_server(tmp_path) as server, Client(server.url) as client:
        names = stored_names(client)
        safe = {f"span {number}" for number in range(acknowledged[0] * BATCH)}
        assert safe <= set(names)
        assert set(Counter(names).values()) == {1}
        # The client never learned what happened to the rest, so it sends all of it again.
        assert send(server.url, requests, threading.Event()) == len(requests)
        names = stored_names(client)
        assert Counter(names) == Counter(f"span {number}" for number in range(SPANS))
        assert server.stop() == 0


def test_a_server_that_is_told_to_stop_finishes_what_it_accepted(tmp_path: Path) -> None:
    """Nothing acknowledged is lost by SIGTERM, and nothing accepted is answered by silence."""
    requests = batches()
    sent_enough = threading.Event()
    acknowledged: list[int] = []
    with start_server(tmp_path) as server:
        sender = threading.Thread(
            target=lambda: acknowledged.append(send(server.url, requests, sent_enough))
        )
        sender.start()
        assert sent_enough.wait(60)
        assert server.stop() == 0
        sender.join(60)
    with start_server(tmp_path) as server, Client(server.url) as client:
        assert len(stored_names(client)) == acknowledged[0] * BATCH


def stored_names(client: Client) -> list[str]:
    """Names of all spans, page by page."""
    names: list[str] = []
    cursor: str | None = None
    while True:
        page = client.list_spans(PROJECT, limit=500, cursor=cursor)
        names += [span.name for span in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return names
