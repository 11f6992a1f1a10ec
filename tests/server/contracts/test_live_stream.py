"""Readers of the live stream that come back, fall behind, or never read."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from queue import Queue
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from support.otlp import new_span, new_trace_id
from support.otlp import send_spans as send_protobuf
from support.ports import free_port
from support.sent_spans import hex_id, otlp_span, send_spans, wait_for_traces
from support.servers import ServerProcess, start_server

from weave_core import Client
from weave_core.server.store.queries.tails import MAX_BEHIND

MIB = 1024 * 1024
_DEAF_READERS = 10


@contextmanager
def following(
    server: ServerProcess, project: str, place: str | None = None
) -> Iterator[Iterator[str]]:
    """Lines of the stream, comments and blank ones left out."""
    headers = {} if place is None else {"Last-Event-ID": place}
    url = f"{server.url}/api/projects/{project}/tail"
    with httpx.stream("GET", url, headers=headers, timeout=30) as answer:
        assert answer.status_code == 200, answer.read()
        yield (line for line in answer.iter_lines() if line and not line.startswith(":"))


def told_until(lines: Iterator[str], name: str) -> list[dict[str, Any]]:
    """The traces that are told, until one has this name."""
    told = []
    for line in lines:
        if line.startswith("data: "):
            told.append(json.loads(line.removeprefix("data: ")))
            if told[-1].get("name") == name:
                break
    return told


def left_place(server: ServerProcess, client: Client, project: str) -> str:
    """Where a reader is who has followed for a moment, and was told nothing."""
    send_spans(server.url, project, [otlp_span(1, 1, name="before")])
    wait_for_traces(client, project, 1)
    with following(server, project) as lines:
        return next(lines).removeprefix("id: ")


def test_a_reader_that_comes_back_is_told_what_came_meanwhile(
    server: ServerProcess, client: Client, project: str
) -> None:
    """By the id that it read last, be that of a stream that told nothing yet."""
    place = left_place(server, client, project)
    send_spans(server.url, project, [otlp_span(2, 2, name="while away")])
    send_spans(server.url, project, [otlp_span(3, 3, name="long", duration_ns=-1_000)])
    with following(server, project, place) as lines:
        told = told_until(lines, "long")
        assert [each["name"] for each in told] == ["while away", "long"]
        assert not told[-1]["is_complete"]
        place = next(line for line in lines if line.startswith("id: ")).removeprefix("id: ")
    # No new span, but the end of one that was told when it had begun.
    send_spans(server.url, project, [otlp_span(3, 3, name="long")])
    with following(server, project, place) as lines:
        assert told_until(lines, "long")[-1]["is_complete"]


def test_an_id_that_no_event_had_is_refused(
    server: ServerProcess, client: Client, project: str
) -> None:
    """400, and what would be right; one from a store that held more is no reason to fail."""
    send_spans(server.url, project, [otlp_span(1, 1)])
    wait_for_traces(client, project, 1)
    url = f"{server.url}/api/projects/{project}/tail"
    answer = httpx.get(url, headers={"Last-Event-ID": "soon"})
    assert answer.status_code == 400
    assert "'soon'" in answer.json()["error"]["message"]
    with following(server, project, "9" * 18) as lines:
        assert next(lines).startswith("id: ")


@pytest.mark.parametrize("server", ["sqlite"], indirect=True)
def test_a_reader_that_was_away_for_too_long_is_told_how_much_it_missed(
    server: ServerProcess, client: Client, project: str
) -> None:
    """A gap, then the newest; never a part of it as if it were all."""
    place = left_place(server, client, project)
    for _ in range(MAX_BEHIND // 1_000 + 1):
        trace_id = new_trace_id()
        spans = [new_span("many", trace_id, start_ns=10**18, duration_ms=1) for _ in range(1_000)]
        send_protobuf(server.url, project, spans)
    with following(server, project, place) as lines:
        told = [next(lines) for _ in range(3)]
        assert "event: gap" in told
        [gap] = [line for line in told if "skipped_spans" in line]
        skipped = json.loads(gap.removeprefix("data: "))["skipped_spans"]
        assert 1_000 <= skipped < 1_100  # Other tests of the same server store a few.
        send_spans(server.url, project, [otlp_span(7, 7, name="after")])
        assert told_until(lines, "after")[-1]["name"] == "after"


@pytest.mark.parametrize("server", ["sqlite"], indirect=True)
def test_readers_that_never_read_keep_nobody_waiting(
    server: ServerProcess, client: Client, project: str
) -> None:
    """Senders are acknowledged, another reader is told all, and memory stays within a bound."""
    send_spans(server.url, project, [otlp_span(1, 1, name="before")])
    wait_for_traces(client, project, 1)
    place = urlsplit(server.url)
    before = server.peak_bytes
    with ExitStack() as stack:
        for _ in range(_DEAF_READERS):
            deaf = stack.enter_context(socket.socket())
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            deaf.connect((place.hostname, place.port))
            deaf.sendall(f"GET /api/projects/{project}/tail HTTP/1.1\r\nhost: x\r\n\r\n".encode())
        lines = stack.enter_context(following(server, project))
        assert next(lines).startswith("id: ")
        text = "x" * 4_000
        numbers = range(1_000, 2_500)
        for start in numbers[::500]:
            spans = [
                otlp_span(n, n, name=f"call {n}", attributes={"input.value": text})
                for n in range(start, start + 500)
            ]
            send_spans(server.url, project, spans)
        told = told_until(lines, f"call {numbers[-1]}")
        assert {each["name"] for each in told} >= {f"call {number}" for number in numbers}
        grown = server.peak_bytes - before
    assert grown < 150 * MIB, f"{grown / MIB:.0f} MiB"
    assert client.get_trace(project, hex_id(numbers[-1], 16)).trace.is_complete


def test_a_client_that_follows_goes_on_after_a_crash_of_the_server(home: Path) -> None:
    """The connection is made again, and what came meanwhile is told."""
    port = free_port()
    told: Queue[str] = Queue()

    def follow() -> None:
        with Client(f"http://127.0.0.1:{port}") as reader:
            for summary in reader.tail_traces("crashed"):
                told.put(summary.name)

    with start_server(home, port=port) as server:
        send_spans(server.url, "crashed", [otlp_span(1, 1, name="before")])
        follower = threading.Thread(target=follow, daemon=True)
        follower.start()
        number = 1
        while told.empty():  # Only what comes from now on is told, so send until it is.
            number += 1
            send_spans(server.url, "crashed", [otlp_span(number, number, name="probe")])
            time.sleep(0.2)
        server.kill()
    with start_server(home, port=port) as server:
        send_spans(server.url, "crashed", [otlp_span(99, 99, name="after")])
        while told.get(timeout=30) != "after":
            pass
        assert server.stop() == 0
    follower.join(timeout=30)
    assert not follower.is_alive()
