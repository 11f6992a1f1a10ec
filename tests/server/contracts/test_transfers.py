"""Export and import over HTTP: what goes out comes back the same."""

import io
import json
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pyarrow.parquet  # type: ignore[import-untyped]
import pytest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from support.otlp import agent_trace, big_trace, send_spans
from support.sent_spans import wait_for_traces
from support.servers import ServerProcess, start_server

from weave_core import Client
from weave_core.errors import BadRequest, NotFound, ServerError
from weave_core.model import Span

ATTRIBUTES: dict[str, Any] = {
    "text": 'a "b" \n \\ ü 漢 \u2028',
    "empty": "",
    "whole": 7,
    "large": 2**53 + 1,
    "negative": -(2**63),
    "double": 1.0,
    "small": 5e-324,
    "flag": False,
    "list": [1, 2.5, "x", True],
    "map": {"$": {"deep": [1]}, "n": 1},
}


def as_value(value: Any) -> dict[str, Any]:
    """A value as OTLP/JSON has it."""
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, list):
        return {"arrayValue": {"values": [as_value(item) for item in value]}}
    if isinstance(value, dict):
        pairs = [{"key": key, "value": as_value(item)} for key, item in value.items()]
        return {"kvlistValue": {"values": pairs}}
    return {"stringValue": value}


def odd_span(project: str) -> dict[str, Any]:
    """A request with one span that has everything a span can have."""
    span = {
        "traceId": "ab" * 16,
        "spanId": "cd" * 8,
        "parentSpanId": "ef" * 8,
        "traceState": "vendor=1",
        "name": "odd",
        "kind": 3,
        "startTimeUnixNano": str(time.time_ns()),
        "endTimeUnixNano": str(time.time_ns() + 5),
        "attributes": [
            *({"key": key, "value": as_value(value)} for key, value in ATTRIBUTES.items()),
            {"key": "bytes", "value": {"bytesValue": "AAH/"}},
            {"key": "nothing", "value": {}},
        ],
        "droppedAttributesCount": 3,
        "flags": 0x101,
        "events": [{"timeUnixNano": "17", "name": "e", "droppedAttributesCount": 2}],
        "links": [
            {
                "traceId": "11" * 16,
                "spanId": "22" * 8,
                "traceState": "l=1",
                "flags": 0x300,
                "droppedAttributesCount": 5,
            }
        ],
        "status": {"code": 2, "message": "broken"},
    }
    scope = {
        "name": "s",
        "version": "2",
        "attributes": [{"key": "a", "value": as_value(1.0)}],
        "droppedAttributesCount": 4,
    }
    named = {"key": "weave_core.project", "value": {"stringValue": project}}
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": [named]},
                "scopeSpans": [{"scope": scope, "spans": [span], "schemaUrl": "urn:s"}],
                "schemaUrl": "urn:r",
            }
        ]
    }


def odd_logs(project: str) -> dict[str, Any]:
    """Two records of that span: an event that joins it, and a plain line."""
    named = {"key": "weave_core.project", "value": {"stringValue": project}}
    place = {"traceId": "ab" * 16, "spanId": "cd" * 8}
    asked = {"content": as_value("hello"), "role": as_value("user")}
    said = {"kvlistValue": {"values": [{"key": k, "value": v} for k, v in asked.items()]}}
    records = [
        {**place, "timeUnixNano": "5", "eventName": "gen_ai.user.message", "body": said},
        {**place, "timeUnixNano": "6", "severityText": "INFO", "body": {"stringValue": "plain"}},
    ]
    return {
        "resourceLogs": [
            {"resource": {"attributes": [named]}, "scopeLogs": [{"logRecords": records}]}
        ]
    }


@pytest.fixture
def full(server: ServerProcess, project: str) -> str:
    """A project with agents' traces, an odd span, its log records and 1,200 spans of one trace."""
    for is_failed in (False, True):
        send_spans(server.url, project, agent_trace(is_failed=is_failed))
    send_spans(server.url, project, big_trace(1_200))
    for path, body in (("traces", odd_span(project)), ("logs", odd_logs(project))):
        assert httpx.post(f"{server.url}/v1/{path}", json=body).status_code == 200
    return project


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Client]:
    """A client of a server that has nothing yet."""
    with start_server(tmp_path / "fresh") as running, Client(running.url) as client:
        yield client


def spans_of(client: Client, project: str) -> dict[tuple[str, str], Span]:
    """All spans as readers see them, the background's own marks left out."""
    lines = b"".join(client.export(project)).splitlines()
    found = [Span.model_validate_json(line) for line in lines]
    return {
        (span.trace_id, span.span_id): span.model_copy(
            update={"project": "", "is_duplicate": False}
        )
        for span in found
    }


def settled(client: Client, project: str) -> dict[tuple[str, str], Span]:
    """The same, once the odd span has read its events."""
    deadline = time.monotonic() + 15
    while True:
        spans = spans_of(client, project)
        if spans["ab" * 16, "cd" * 8].input_preview:
            return spans
        assert time.monotonic() < deadline, "the events were not read"
        time.sleep(0.05)


def test_otlp_comes_back_to_the_byte(client: Client, full: str, fresh: Client) -> None:
    """Export, import into an empty server, export again: the same lines, types kept."""
    first = b"".join(client.export(full, format="otlp"))
    report = fresh.import_lines("copy", first)
    assert (report.refused, report.log_records) == (0, 2)
    assert report.spans == 2 * 7 + 1_200 + 1

    again = b"".join(fresh.export("copy", format="otlp"))

    assert sorted(again.splitlines()) == sorted(first.splitlines())
    assert b'"bytesValue":"AAH/"' in again
    assert settled(fresh, "copy") == settled(client, full)
    assert len(fresh.list_traces("copy").items) == len(client.list_traces(full).items)


def test_lines_of_spans_come_back_as_readers_see_them(
    client: Client, full: str, fresh: Client
) -> None:
    """JSON lines are spans with their payload, and an import gives the same spans."""
    before = settled(client, full)
    lines = b"".join(client.export(full))
    report = fresh.import_lines("copy", lines)
    assert (report.lines, report.spans, report.refused) == (1_215, 1_215, 0)

    after = spans_of(fresh, "copy")

    assert after.keys() == before.keys()
    assert after == before
    odd = after["ab" * 16, "cd" * 8]
    assert odd.otel
    assert (odd.otel.kind, odd.otel.flags, odd.otel.trace_state) == ("client", 0x101, "vendor=1")
    assert (odd.otel.scope_attributes, odd.otel.dropped_of_scope) == ({"a": 1.0}, 4)
    assert (odd.links[0].flags, odd.links[0].dropped_attributes) == (0x300, 5)
    assert odd.events[0].dropped_attributes == 2
    agent = next(span for span in after.values() if span.kind == "agent")
    assert agent.inputs == {"question": "Where is my order 8812?"}


def test_an_import_sent_twice_adds_nothing(client: Client, full: str) -> None:
    """Into the very project it came from: nothing doubles, log records neither."""
    before = settled(client, full)
    for form in ("otlp", "jsonl"):
        client.import_lines(full, b"".join(client.export(full, format=form)))
        assert spans_of(client, full) == before
    odd = before["ab" * 16, "cd" * 8]
    assert [event.name for event in odd.events] == ["e", "gen_ai.user.message"]


def test_parquet_is_a_table(client: Client, full: str) -> None:
    """One row a span; what has parts is JSON text."""
    table = pyarrow.parquet.read_table(io.BytesIO(b"".join(client.export(full, format="parquet"))))
    rows = table.to_pylist()
    assert len(rows) == 1_215
    spans = spans_of(client, full)
    for row in rows:
        span = spans[row["trace_id"], row["span_id"]]
        assert row["name"] == span.name
        assert row["started_at"].value == span.started_ns
        assert row["input_tokens"] == (span.usage.input_tokens if span.usage else None)
        assert json.loads(row["attributes"]).keys() == span.attributes.keys()


def test_a_filter_chooses_spans_or_whole_traces(client: Client, full: str) -> None:
    """Of spans by default; `of=traces` takes every span of the traces that pass."""
    tools = b"".join(client.export(full, filter="name = 'execute_tool look_up_order'"))
    assert len(tools.splitlines()) == 2
    wait_for_traces(client, full, 4)  # A filter of traces speaks of their sums.
    failed = "any_span(error_type = 'shop.OrderNotFound')"
    whole = b"".join(client.export(full, filter=failed, of="traces"))
    assert len(whole.splitlines()) == 7
    with pytest.raises(BadRequest, match="nmae"):
        list(client.export(full, filter="nmae = 'x'"))
    with pytest.raises(NotFound):
        list(client.export("nobody"))
    assert list(client.export(full, filter="name = 'nothing'")) == []


def test_wrong_lines_are_told_by_number_and_the_others_are_taken(
    client: Client, project: str
) -> None:
    """One bad line costs that line."""
    good = json.dumps(odd_span("elsewhere")).encode()
    bare = json.loads(good)
    bare["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["traceId"] = "00"
    lines = [
        b"{broken",
        good,
        b"",
        b'{"hello": 1}',
        json.dumps(bare).encode(),
        b'{"span_id": "zz", "trace_id": "1"}',
        b"[1]",
        b"\xff\xfe",
    ]
    report = client.import_lines(project, b"\n".join(lines))
    assert (report.lines, report.spans, report.refused) == (7, 1, 6)
    assert [wrong.line for wrong in report.errors] == [1, 4, 5, 6, 7, 8]
    assert "JSON" in report.errors[0].message
    assert "trace_id" in report.errors[2].message
    [span] = client.list_spans(project).items
    assert span.name == "odd", "it goes where the address says, not where its resource says"


def test_a_server_without_pyarrow_says_what_to_install(tmp_path: Path) -> None:
    """Before the first byte, with the command."""
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text("import sys; sys.modules['pyarrow'] = None\n")
    env = {"PYTHONPATH": str(hidden)}
    with start_server(tmp_path / "home", env=env) as running, Client(running.url) as client:
        send_spans(running.url, "p", agent_trace())
        with pytest.raises(ServerError, match=r"weave-core\[data\]"):
            list(client.export("p", format="parquet"))
        assert len(b"".join(client.export("p")).splitlines()) == 7


def test_few_exports_run_at_a_time(server: ServerProcess, client: Client, project: str) -> None:
    """A fifth reader is told to come back, and a place is free again when the others leave."""
    trace = big_trace(1_000)
    for span in trace:
        span.attributes.add(key="text", value=AnyValue(string_value=os.urandom(15_000).hex()))
    send_spans(server.url, project, trace)
    path = f"{server.url}/api/projects/{project}/export"
    streams: list[Iterator[bytes]] = []
    with ExitStack() as readers:
        for _ in range(4):  # They read the first bytes; 30 MB fit into no buffer on the way.
            answer = readers.enter_context(httpx.stream("GET", path))
            streams.append(answer.iter_raw(1))  # Dropped, it would close.
            next(streams[-1])
        refused = httpx.get(path)
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "overloaded")
        assert "retry-after" in refused.headers
    deadline = time.monotonic() + 10
    while httpx.get(path, params={"filter": "page < 3"}).status_code == 503:
        assert time.monotonic() < deadline, "no place got free"
        time.sleep(0.05)
    assert len(b"".join(client.export(project)).splitlines()) == 1_000
