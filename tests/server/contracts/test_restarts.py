"""The worst end of a server, or of its database: what was acknowledged is there, once."""

import threading
from collections import Counter
from pathlib import Path

import httpx
import psycopg
from support.sent_spans import hex_id, otlp_span, send_spans, wait_for_traces
from support.servers import start_server

from weave_core import Client

PROJECT = "restarts"
BATCH = 20


class _Sender(threading.Thread):
    """Sends batches in order until the server is gone or it is told to stop.

    A batch that was refused for now is sent again, as an exporter does.
    """

    def __init__(self, url: str, first: int) -> None:
        super().__init__()
        self._url = url
        self.next = first
        """Number of the first batch that is not acknowledged."""
        self.refusals: list[int] = []
        self.stop = threading.Event()
        self.has_sent = threading.Event()

    def run(self) -> None:
        with httpx.Client(base_url=self._url, timeout=60) as http:
            while not self.stop.is_set():
                try:
                    answer = http.post("/v1/traces", json=batch(self.next))
                except httpx.TransportError:
                    return
                if answer.status_code == 200:
                    self.next += 1
                    self.has_sent.set()
                else:
                    self.refusals.append(answer.status_code)


def batch(number: int) -> dict[str, object]:
    """The spans of one request: one trace each."""
    spans = [
        otlp_span(number * BATCH + n, number * BATCH + n, start_ns=10**18 + number * BATCH + n)
        for n in range(1, BATCH + 1)
    ]
    resource = {
        "attributes": [{"key": "weave_core.project", "value": {"stringValue": PROJECT}}],
    }
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]}


def stored(client: Client) -> Counter[str]:
    """How often each span is stored."""
    ids: Counter[str] = Counter()
    cursor: str | None = None
    while True:
        page = client.list_spans(PROJECT, limit=500, cursor=cursor)
        ids.update(span.span_id for span in page.items)
        cursor = page.next_cursor
        if cursor is None:
            return ids


def sent(batches: int) -> set[str]:
    """Span ids of the first `batches`."""
    return {hex_id(n) for n in range(1, batches * BATCH + 1)}


def test_kill_9_loses_nothing_that_was_acknowledged(home: Path, store_env: dict[str, str]) -> None:
    """Three times in a row on one store; sums are caught up with after the restart."""
    first = 0
    for _ in range(3):
        with start_server(home, env=store_env) as server:
            sender = _Sender(server.url, first)
            sender.start()
            assert sender.has_sent.wait(60)
            server.kill()
            sender.join(60)
            assert not sender.refusals
            first = sender.next
    with start_server(home, env=store_env) as server, Client(server.url) as client:
        found = stored(client)
        assert sent(first) <= found.keys()
        assert set(found.values()) == {1}
        # The last batch of a round may have been stored without its answer coming through.
        assert len(found) <= (first + 1) * BATCH
        wait_for_traces(client, PROJECT, min(len(found), 500))
        [sums] = client.list_stats(PROJECT)
        assert sums.count == len(found)
        assert server.stop() == 0


def test_a_postgresql_that_drops_every_connection_loses_nothing(
    home: Path, database_url: str
) -> None:
    """As when it is restarted: senders are told to come back, readers go on by themselves."""
    admin_url = database_url.replace("+psycopg", "")
    with (
        start_server(home, env={"WEAVE_CORE_DATABASE_URL": database_url}) as server,
        Client(server.url) as client,
        psycopg.connect(admin_url, autocommit=True) as admin,
    ):
        sender = _Sender(server.url, 0)
        sender.start()
        for _ in range(5):
            sender.has_sent.clear()
            assert sender.has_sent.wait(60)
            client.list_spans(PROJECT)
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'weave-core' AND datname = current_database()"
            )
        sender.has_sent.clear()
        assert sender.has_sent.wait(60)
        sender.stop.set()
        sender.join(60)
        assert set(sender.refusals) <= {503}
        found = stored(client)
        assert set(found.values()) == {1}
        assert found.keys() == sent(sender.next)
        send_spans(server.url, PROJECT, [otlp_span(1, 1)])
        assert server.stop() == 0
