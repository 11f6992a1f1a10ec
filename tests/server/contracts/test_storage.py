"""What a store promises, whichever database it is: the same requests, the same answers."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from support.sent_spans import hex_id, otlp_span, send_spans, wait_for_traces
from support.servers import ServerProcess

from weave_core import Client
from weave_core.errors import BadRequest, NotFound
from weave_core.model import Span, TraceSummary

MS = 1_000_000
START_NS = 1_767_225_600_000_000_000
HOUR_NS = 3_600_000 * MS
ASKED = [{"role": "user", "parts": [{"type": "text", "content": "where is my refund?"}]}]


def call(tokens: int = 10, **more: Any) -> dict[str, Any]:
    """Attributes of a model call."""
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o-mini",
        "gen_ai.usage.input_tokens": tokens,
        "gen_ai.usage.output_tokens": 5,
        "gen_ai.input.messages": json.dumps(ASKED),
        **more,
    }


def settled(client: Client, project: str, is_so: Callable[[TraceSummary], bool]) -> TraceSummary:
    """The project's only trace, once its sums are as they should be."""
    for _ in range(500):
        traces = client.list_traces(project).items
        if traces and is_so(traces[0]):
            return traces[0]
    raise AssertionError(f"the sums stayed {traces}")


def _cost(item: Span | TraceSummary) -> float | None:
    if isinstance(item, TraceSummary):
        return item.cost_usd
    return item.cost.total_usd if item.cost else None


def everything(
    read: Callable[..., Any], project: str, *, order_by: str, limit: int = 7
) -> list[Any]:
    """All items, page by page."""
    items: list[Any] = []
    cursor = None
    while True:
        page = read(project, order_by=order_by, limit=limit, cursor=cursor)
        items += page.items
        cursor = page.next_cursor
        if cursor is None:
            return items


class TestSpans:
    """What is sent is kept once and read back as it was."""

    def test_what_was_sent_is_read_back(
        self, server: ServerProcess, client: Client, project: str
    ) -> None:
        """List, trace and span, with payload and without; every JSON type is kept."""
        told = {"tier": "pro", "n": 3, "f": 0.5, "yes": True, "list": ["a", "b"], "é": "ünï 🎉"}
        root = otlp_span(1, 1, name="answer", start_ns=START_NS, attributes=told)
        asked = otlp_span(1, 2, parent=1, start_ns=START_NS + MS, attributes=call())
        broken = otlp_span(1, 3, parent=1, start_ns=START_NS + 2 * MS, status=2, message="no order")
        send_spans(server.url, project, [broken, asked, root])
        summary = settled(client, project, lambda trace: trace.is_complete)

        assert (summary.name, summary.span_count, summary.error_count) == ("answer", 3, 1)
        assert (summary.model_call_count, summary.models) == (1, ["gpt-4o-mini"])
        assert summary.cost_usd == pytest.approx(10 * 0.15e-6 + 5 * 0.6e-6)
        trace = client.get_trace(project, summary.trace_id)
        assert trace.trace == summary
        assert [span.span_id for span in trace.spans] == [hex_id(1), hex_id(2), hex_id(3)]
        assert trace.spans[0].attributes == told
        assert trace.spans[1].messages is not None
        assert trace.spans[1].messages.input[0].parts[0].content == "where is my refund?"
        assert trace.spans[2].error is not None
        assert trace.spans[2].error.message == "no order"
        bare = client.get_trace(project, summary.trace_id, payload=False)
        assert [(span.name, span.messages) for span in bare.spans] == [
            (span.name, None) for span in trace.spans
        ]
        assert client.get_span(project, hex_id(2)) == trace.spans[1]
        with pytest.raises(NotFound):
            client.get_span(project, hex_id(9))
        [found] = [each for each in client.list_projects() if each.name == project]
        assert (found.span_count, found.trace_count) == (3, 1)

    def test_a_resend_changes_nothing(
        self, server: ServerProcess, client: Client, project: str
    ) -> None:
        """Whole, in part, and twice in one request."""
        spans = [otlp_span(n, n, start_ns=START_NS + n, attributes=call(n)) for n in range(1, 31)]
        send_spans(server.url, project, [*spans, *spans[:3]])
        wait_for_traces(client, project, 30)
        before = client.list_spans(project).items, client.list_traces(project).items
        for part in (spans, spans[10:20], [spans[4]]):
            send_spans(server.url, project, part)
        [sums] = client.list_stats(project)
        assert sums.tokens is not None
        assert (sums.count, sums.tokens.input_tokens) == (30, sum(range(1, 31)))
        assert (client.list_spans(project).items, client.list_traces(project).items) == before

    @pytest.mark.parametrize("is_late", [False, True])
    def test_an_ended_span_replaces_its_beginning(
        self, server: ServerProcess, client: Client, project: str, *, is_late: bool
    ) -> None:
        """Pending is shown at once, and never wins over the end, in either order."""
        begun = otlp_span(1, 1, start_ns=START_NS) | {"endTimeUnixNano": "0"}
        ended = otlp_span(1, 1, start_ns=START_NS, duration_ns=7 * MS, attributes=call())
        first, second = (ended, begun) if is_late else (begun, ended)
        send_spans(server.url, project, [first])
        wait_for_traces(client, project, 1)
        if not is_late:
            [pending] = client.list_spans(project).items
            assert (pending.status, pending.duration_ms) == ("pending", None)
            assert not client.list_traces(project).items[0].is_complete
        send_spans(server.url, project, [second])
        summary = settled(client, project, lambda trace: trace.is_complete)
        assert (summary.duration_ms, summary.span_count) == (7.0, 1)
        assert client.get_span(project, hex_id(1)).messages is not None

    def test_a_parent_may_come_late(
        self, server: ServerProcess, client: Client, project: str
    ) -> None:
        """Until the root comes, the topmost span stands for the trace."""
        send_spans(server.url, project, [otlp_span(1, 3, parent=2, start_ns=START_NS + 2)])
        orphan = settled(client, project, lambda trace: trace.span_count == 1)
        assert (orphan.root_span_id, orphan.name, orphan.is_complete) == (None, "span 3", False)
        send_spans(server.url, project, [otlp_span(1, 2, parent=1, start_ns=START_NS + 1)])
        send_spans(server.url, project, [otlp_span(1, 1, start_ns=START_NS)])
        whole = settled(client, project, lambda trace: trace.span_count == 3)
        assert (whole.root_span_id, whole.name, whole.is_complete) == (hex_id(1), "span 1", True)

    def test_texts_that_no_database_likes_harm_nobody(
        self, server: ServerProcess, client: Client, project: str
    ) -> None:
        """NUL, huge numbers, quotes; the spans beside them are stored too, and filters work."""
        odd = {
            "tag.tags": ["a\0b"],
            "k\0": "v\0w",
            "k": "x\0y",
            "session.id": "s\0",
            "n": 2**63 - 1,
        }
        spans = [
            otlp_span(1, 1, name="a\0b %s ? %% '\" \\", start_ns=START_NS, attributes=odd),
            otlp_span(
                2, 2, name="plain", start_ns=2**64 - 1, duration_ns=0, attributes={"k": "plain"}
            ),
        ]
        send_spans(server.url, project, spans)
        send_spans(server.url, f"{project}-\0odd", spans)
        wait_for_traces(client, project, 2)
        wait_for_traces(client, f"{project}-odd", 2)
        # A column may hold a mark in its place; the payload is what was sent.
        name = client.get_span(project, hex_id(1)).name.replace("\ufffd", "\0")
        assert name == "a\0b %s ? %% '\" \\"
        assert client.get_span(project, hex_id(1)).attributes["k"] == "x\0y"
        for text in ("attributes['k'] = 'plain'", "attributes['k'] like 'pl%'", "name = 'plain'"):
            assert [s.name for s in client.list_spans(project, filter=text).items] == ["plain"]
        assert len(client.list_facets(project, "tags,session_id,name")["name"]) == 2
        for name in (f"{project}\0", "none"):
            with pytest.raises((NotFound, BadRequest)):
                client.list_traces(name)

    def test_deleted_traces_are_gone(
        self, server: ServerProcess, client: Client, project: str
    ) -> None:
        """By a filter, with all that belongs to them."""
        spans = [otlp_span(n, n, name=f"n{n % 2}", attributes=call()) for n in range(1, 11)]
        send_spans(server.url, project, spans)
        wait_for_traces(client, project, 10)
        gone = client.delete_traces(project, filter="name = 'n1'")
        assert (gone.deleted_traces, gone.deleted_spans) == (5, 5)
        assert {span.name for span in client.list_spans(project).items} == {"n0"}
        with pytest.raises(NotFound):
            client.get_trace(project, hex_id(1, 16))


class TestLists:
    """Orders, pages and filters."""

    @pytest.fixture
    def filled(self, server: ServerProcess, client: Client, project: str) -> str:
        """Spans with ties, unknown values, and names whose order depends on the locale."""
        names = ("b", "B", "a", "é", "Z", "_", "")
        spans = []
        for n in range(1, 24):
            told = call(n % 4, **{"session.id": f"s{n % 2}"}) if n % 3 else {"n": n}
            place = {"start_ns": START_NS + n % 5 * MS, "duration_ns": n % 2 * MS}
            spans.append(otlp_span(n, n, name=names[n % 7], attributes=told, **place))
        send_spans(server.url, project, spans)
        wait_for_traces(client, project, 23)
        return project

    @pytest.mark.parametrize(
        ("order", "key"),
        [
            ("started_ns", lambda item: item.started_ns),
            ("name", lambda item: item.name),
            ("duration_ms", lambda item: item.duration_ms),
            ("cost_usd", _cost),
            ("session_id", lambda item: item.session_id),
            ("input_tokens", lambda item: item.usage and item.usage.input_tokens),
            ("total_tokens", lambda item: item.usage and item.usage.total_tokens),
        ],
    )
    @pytest.mark.parametrize("sign", ["", "-"])
    def test_pages_of_every_order_hold_everything_once(
        self, client: Client, filled: str, order: str, key: Callable[[Any], Any], sign: str
    ) -> None:
        """By code point, unknown last in both directions, traces as spans."""
        for read, identity in ((client.list_traces, "trace_id"), (client.list_spans, "span_id")):
            items = everything(read, filled, order_by=sign + order)
            assert len({getattr(item, identity) for item in items}) == len(items) == 23
            values = [key(item) for item in items]
            known = [value for value in values if value is not None]
            assert known == sorted(known, reverse=bool(sign))
            assert values == known + [None] * (23 - len(known))

    def test_facets_and_groups_agree(self, client: Client, filled: str) -> None:
        """The most frequent value first."""
        facets = client.list_facets(filled, "model,session_id,kind,name")
        assert [(each.value, each.count) for each in facets["model"]] == [("gpt-4o-mini", 16)]
        assert [(each.value, each.count) for each in facets["kind"]] == [("llm", 16), ("span", 7)]
        by_name = {row.name: row.count for row in client.list_stats(filled, group_by="name")}
        assert {each.value: each.count for each in facets["name"]} == by_name


class TestSums:
    """Stats, sessions and costs."""

    def test_sums_by_group_and_hour(
        self, server: ServerProcess, client: Client, project: str
    ) -> None:
        """Counts, percentiles, tokens, cost; numbers are numbers, not texts or decimals."""
        start_ns = START_NS // HOUR_NS * HOUR_NS
        spans = [
            otlp_span(
                n,
                n,
                start_ns=start_ns + n * MS,
                duration_ns=n * MS,
                attributes=call(n, **{"session.id": f"s{n % 3}", "tag.tags": ["all", f"t{n % 2}"]}),
            )
            for n in range(1, 101)
        ]
        spans.append(otlp_span(200, 201, start_ns=start_ns + HOUR_NS, status=2, name="tool"))
        send_spans(server.url, project, spans)
        wait_for_traces(client, project, 101)

        first, second = client.list_stats(project, bucket="1h")
        assert (first.bucket_ns, first.count, first.error_count) == (start_ns, 100, 0)
        latency = first.latency_ms
        assert (latency.p50, latency.p95, latency.p99) == pytest.approx((50, 95, 99), rel=0.02)
        assert latency.mean == pytest.approx(50.5)
        assert first.tokens is not None
        assert (first.tokens.input_tokens, first.tokens.output_tokens) == (5050, 500)
        assert first.cost_usd == pytest.approx(5050 * 0.15e-6 + 500 * 0.6e-6)
        assert (second.count, second.error_count, second.tokens) == (1, 1, None)
        by_tag = {row.tag: row.count for row in client.list_stats(project, group_by="tag")}
        assert by_tag == {"all": 100, "t0": 50, "t1": 50}
        raw = httpx.get(f"{server.url}/api/projects/{project}/stats?group_by=model").json()
        assert type(raw["items"][0]["tokens"]["input_tokens"]) is int

        sessions = everything(_sessions(client), project, order_by="-last_ns", limit=2)
        assert [(each.session_id, each.trace_count) for each in sessions] == [
            ("s1", 34),
            ("s0", 33),
            ("s2", 33),
        ]
        assert sum(each.tokens.input_tokens for each in sessions) == 5050

    def test_a_call_that_two_spans_report_counts_once(
        self, server: ServerProcess, client: Client, project: str
    ) -> None:
        """In one trace, and in two that name the same reply."""
        twice = call(7, **{"gen_ai.response.id": "resp-1"})
        spans = [
            otlp_span(1, 1, start_ns=START_NS, attributes=twice),
            otlp_span(1, 2, parent=1, start_ns=START_NS, attributes=twice),
        ]
        send_spans(server.url, project, spans)
        send_spans(server.url, project, [otlp_span(2, 3, start_ns=START_NS + 1, attributes=twice)])
        wait_for_traces(client, project, 2)
        for _ in range(500):
            [sums] = client.list_stats(project)
            if sums.count == 1:
                break
        assert sums.tokens is not None
        assert (sums.count, sums.tokens.input_tokens) == (1, 7)
        assert sum(trace.model_call_count for trace in client.list_traces(project).items) == 1


def _sessions(client: Client) -> Callable[..., Any]:
    def read(project: str, *, order_by: str, limit: int, cursor: str | None) -> Any:
        assert order_by == "-last_ns"
        return client.list_sessions(project, limit=limit, cursor=cursor)

    return read


class TestOtherSignals:
    """Log records and metric points."""

    @pytest.mark.parametrize("is_first", [True, False])
    def test_events_in_logs_join_their_span(
        self, server: ServerProcess, client: Client, project: str, *, is_first: bool
    ) -> None:
        """Whichever came first, the span's row and payload say what the event says."""
        told = {"gen_ai.input.messages": json.dumps(ASKED)}
        record = {
            "timeUnixNano": str(START_NS),
            "traceId": hex_id(1, 16),
            "spanId": hex_id(1),
            "eventName": "gen_ai.client.inference.operation.details",
            "attributes": [{"key": k, "value": {"stringValue": v}} for k, v in told.items()],
        }
        body = {"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}

        def send_log() -> None:
            headers = {"x-weave-project": project}
            answer = httpx.post(f"{server.url}/v1/logs", json=body, headers=headers)
            assert (answer.status_code, answer.json()) == (200, {})

        bare = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o-mini"}
        if is_first:
            send_log()
        send_spans(server.url, project, [otlp_span(1, 1, attributes=bare, start_ns=START_NS)])
        if not is_first:
            send_log()
        send_log()
        for _ in range(500):
            [span] = client.list_spans(project).items
            if span.input_preview:
                break
        assert span.input_preview == "where is my refund?"
        full: Span = client.get_span(project, hex_id(1))
        assert full.messages is not None
        assert len(full.events) == 1
        listed = httpx.get(f"{server.url}/api/projects/{project}/logs").json()["items"]
        assert [each["event_name"] for each in listed] == [record["eventName"]]

    def test_metric_points_are_kept_once_and_summed(
        self, server: ServerProcess, project: str
    ) -> None:
        """Totals become differences; a resend adds nothing."""
        points = [
            {
                "startTimeUnixNano": str(START_NS),
                "timeUnixNano": str(START_NS + n * 60_000 * MS),
                "asInt": str(n * 10),
            }
            for n in (1, 2, 3)
        ]
        metric = {
            "name": "calls 100%",
            "sum": {"isMonotonic": True, "aggregationTemporality": 2, "dataPoints": points},
        }
        body = {"resourceMetrics": [{"scopeMetrics": [{"metrics": [metric]}]}]}
        headers = {"x-weave-project": project}
        for _ in range(2):
            answer = httpx.post(f"{server.url}/v1/metrics", json=body, headers=headers)
            assert (answer.status_code, answer.json()) == (200, {})
        root = f"{server.url}/api/projects/{project}/metrics"
        [listed] = httpx.get(root).json()["items"]
        assert (listed["name"], listed["point_count"]) == ("calls 100%", 3)
        buckets = httpx.get(f"{root}/calls 100%25", params={"bucket": "1h"}).json()["items"]
        assert [bucket["sum"] for bucket in buckets] == [30.0]
