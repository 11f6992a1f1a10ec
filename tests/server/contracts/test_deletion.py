"""Traces deleted over HTTP and by age, asked of a real server."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.sent_spans import hex_id, otlp_span, send_spans, wait_for_traces
from support.servers import ServerProcess, start_server

from weave_core import Client
from weave_core.errors import BadRequest, NotFound

DAY_NS = 86_400 * 10**9
_WAIT_S = 15.0


def count_rows(home: Path, table: str) -> int:
    """Rows of `table` in the database file."""
    with sqlite3.connect(home / "store.db") as connection:
        found: int = connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]  # noqa: S608  # Names of our own tables.
    connection.close()
    return found


def wait_until(is_so: Callable[[], bool]) -> None:
    """Return once `is_so`; fail when that takes long."""
    deadline = time.monotonic() + _WAIT_S
    while not is_so():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def send_log(url: str, project: str, *, trace: int, span: int, event: str) -> None:
    """One log record of a span."""
    attributes = [{"key": "weave_core.project", "value": {"stringValue": project}}]
    record = {
        "traceId": hex_id(trace, 16),
        "spanId": hex_id(span),
        "timeUnixNano": "1000",
        "eventName": event,
        "body": {"stringValue": "said"},
    }
    body = {
        "resourceLogs": [
            {"resource": {"attributes": attributes}, "scopeLogs": [{"logRecords": [record]}]}
        ]
    }
    assert httpx.post(f"{url}/v1/logs", json=body).status_code == 200


@pytest.fixture
def own_client(own_server: ServerProcess) -> Iterator[Client]:
    """A client of this test's own server."""
    with Client(own_server.url) as reader:
        yield reader


def test_a_filter_chooses_what_is_deleted(
    server: ServerProcess, client: Client, project: str
) -> None:
    """Traces that pass are gone with all their spans; the others and their sums stay."""
    failed = [otlp_span(1, 1, status=2, message="no"), otlp_span(1, 2, parent=1)]
    fine = [otlp_span(2, 3, name="kept"), otlp_span(2, 4, parent=3)]
    send_spans(server.url, project, failed + fine)

    counted = client.delete_traces(project, filter="status = 'error'", dry_run=True)
    assert (counted.deleted_traces, counted.deleted_spans) == (1, 2)
    assert len(client.list_spans(project).items) == 4, "a dry run deletes nothing"

    done = client.delete_traces(project, filter="status = 'error'")

    assert (done.deleted_traces, done.deleted_spans) == (1, 2)
    [kept] = client.list_traces(project).items
    assert (kept.name, kept.span_count) == ("kept", 2)
    assert {span.span_id for span in client.list_spans(project).items} == {hex_id(3), hex_id(4)}
    with pytest.raises(NotFound):
        client.get_trace(project, hex_id(1, 16))


def test_nothing_is_left_of_a_deleted_trace(
    own_server: ServerProcess, own_client: Client, project: str
) -> None:
    """Rows of spans, payloads, logs, feedback, sums and marks all go; others lose nothing."""
    for name in (project, "other"):
        send_spans(own_server.url, name, [otlp_span(1, 1), otlp_span(1, 2, parent=1)])
        send_log(own_server.url, name, trace=1, span=1, event="gen_ai.user.message")
        send_log(own_server.url, name, trace=1, span=2, event="something.else")
        for span in (None, hex_id(2)):
            own_client.add_feedback(name, "ok", 1, trace_id=hex_id(1, 16), span_id=span)

    assert own_client.delete_traces(project, all=True).deleted_spans == 2

    wait_until(lambda: count_rows(own_server.home, "trace_dirty") == 0)
    counts = {
        table: count_rows(own_server.home, table)
        for table in ("span", "payload_block", "log_record", "trace", "span_dirty", "feedback")
    }
    left = {"span": 2, "payload_block": 1, "log_record": 2, "trace": 1, "span_dirty": 0}
    assert counts == left | {"feedback": 2}
    assert own_client.list_traces(project).items == []
    assert own_client.get_trace("other", hex_id(1, 16)).spans[0].span_id == hex_id(1)


def test_deleting_everything_has_to_be_said(client: Client, project: str) -> None:
    """A forgotten filter must not empty a project; both at once is a contradiction."""
    for given in ({}, {"filter": "  "}, {"filter": "status = 'ok'", "all": True}):
        with pytest.raises(BadRequest, match="all=true"):
            client.delete_traces(project, **given)
    with pytest.raises(NotFound):
        client.delete_traces(project, all=True)


def test_a_wrong_filter_deletes_nothing(
    server: ServerProcess, client: Client, project: str
) -> None:
    """The position of the fault is told."""
    send_spans(server.url, project, [otlp_span(1, 1)])
    with pytest.raises(BadRequest, match="statsu") as refused:
        client.delete_traces(project, filter="name = 'x' or statsu = 'error'")
    assert refused.value.position == len("name = 'x' or ")
    assert len(client.list_spans(project).items) == 1


def test_a_trace_larger_than_a_bite_goes_whole(
    server: ServerProcess, client: Client, project: str
) -> None:
    """6,000 spans are several transactions and one answer."""
    root = otlp_span(1, 1)
    send_spans(server.url, project, [root, *(otlp_span(1, n, parent=1) for n in range(2, 6_001))])

    done = client.delete_traces(project, filter="span_count > 5000")

    assert (done.deleted_traces, done.deleted_spans) == (1, 6_000)
    assert client.list_spans(project).items == []
    assert client.list_traces(project).items == []


def test_senders_are_taken_while_much_is_deleted(
    server: ServerProcess, client: Client, project: str
) -> None:
    """Spans sent during a deletion are acknowledged and stay, unless they belong to what goes."""
    old = [
        otlp_span(trace, trace * 10 + n, name="old") for trace in range(1, 2_001) for n in range(5)
    ]
    send_spans(server.url, project, old)
    done: list[Any] = []
    eraser = threading.Thread(
        target=lambda: done.append(client.delete_traces(project, filter="name = 'old'"))
    )
    eraser.start()
    sent = 0
    while eraser.is_alive() or sent == 0:
        sent += 1
        trace = 10_000 + sent
        send_spans(server.url, project, [otlp_span(trace, trace, name="new")])
    eraser.join()

    assert (done[0].deleted_traces, done[0].deleted_spans) == (2_000, 10_000)
    wait_for_traces(client, project, min(sent, 500))
    spans = list(client.iter_traces(project))
    assert len(spans) == sent
    assert {trace.name for trace in spans} == {"new"}


def test_a_twin_counts_again_when_its_better_half_is_gone(
    server: ServerProcess, client: Client, project: str
) -> None:
    """A call that two traces reported is in the sums of the one that is left."""
    call = {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.response.id": "resp-1",
        "gen_ai.usage.input_tokens": 10,
        "gen_ai.usage.output_tokens": 5,
    }
    poor = {key: value for key, value in call.items() if "usage" not in key}
    send_spans(server.url, project, [otlp_span(1, 1, name="rich", attributes=call)])
    send_spans(server.url, project, [otlp_span(2, 2, name="poor", attributes=poor)])

    def calls() -> dict[str, int]:
        return {t.name: t.model_call_count for t in client.list_traces(project).items}

    wait_until(lambda: calls() == {"rich": 1, "poor": 0})
    client.delete_traces(project, filter="name = 'rich'")
    wait_until(lambda: calls() == {"poor": 1})


def test_old_traces_go_when_a_project_says_so(tmp_path: Path, project: str) -> None:
    """Retention takes hold at once and after a restart; other projects keep what they have."""
    now_ns = time.time_ns()
    old, new = now_ns - 8 * DAY_NS, now_ns - 6 * DAY_NS
    with start_server(tmp_path) as running, Client(running.url) as client:
        for name in (project, "other"):
            send_spans(
                running.url, name, [otlp_span(1, 1, start_ns=old), otlp_span(2, 2, start_ns=new)]
            )
            wait_for_traces(client, name, 2)
        assert client.get_project(project).settings.retention_days is None

        assert client.set_retention(project, 7).settings.retention_days == 7

        wait_until(lambda: len(client.list_traces(project).items) == 1)
        assert client.list_spans(project).items[0].span_id == hex_id(2)
        assert len(client.list_traces("other").items) == 2
        send_spans(running.url, project, [otlp_span(3, 3, start_ns=old)])
        wait_for_traces(client, project, 2)
        client.add_feedback(project, "ok", 1, session_id="s")
        client.add_feedback(project, "ok", 1, run_id="r")
        for trace in (2, 9):
            client.add_feedback(project, "ok", 1, trace_id=hex_id(trace, 16))
    with sqlite3.connect(tmp_path / "store.db") as connection:
        connection.execute("UPDATE feedback SET created_ns = ?", (old,))
    connection.close()
    with start_server(tmp_path) as running, Client(running.url) as client:
        # That on a session and on a trace that never came; a run and a trace keep theirs.
        wait_until(lambda: len(client.list_feedback(project).items) == 2)
        assert client.get_project(project).settings.retention_days == 7
        wait_until(lambda: len(client.list_traces(project).items) == 1)
        assert client.set_retention(project, None).settings.retention_days is None
        assert [p.settings.retention_days for p in client.list_projects()] == [None, None]


def test_a_wrong_setting_is_refused_by_its_name(
    server: ServerProcess, client: Client, project: str
) -> None:
    """A typo must not look like a setting in force."""
    send_spans(server.url, project, [otlp_span(1, 1)])
    path = f"{server.url}/api/projects/{project}"
    for settings in ({"retention_dayz": 3}, {"retention_days": 0}, {"retention_days": "soon"}):
        answer = httpx.patch(path, json={"settings": settings})
        assert answer.status_code == 422, answer.text
        assert next(iter(settings)) in answer.json()["error"]["message"]
    with pytest.raises(NotFound):
        client.set_retention("nobody", 3)


def test_the_room_of_deleted_spans_is_used_again(
    own_server: ServerProcess, own_client: Client, project: str
) -> None:
    """A project that deletes as much as it takes in does not grow."""
    text = "".join(f"{n:06d}" for n in range(500))
    spans = [otlp_span(n, n, attributes={"text": f"{n}{text}"}) for n in range(1, 1_001)]
    sizes = []
    for _ in range(3):
        send_spans(own_server.url, project, spans)
        assert own_client.delete_traces(project, all=True).deleted_spans == 1_000
        wait_until(lambda: count_rows(own_server.home, "trace_dirty") == 0)
        with sqlite3.connect(own_server.home / "store.db") as connection:
            sizes.append(connection.execute("PRAGMA page_count").fetchone()[0])
        connection.close()
    assert sizes[2] <= sizes[0] * 1.2
