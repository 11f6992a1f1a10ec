"""Sums, facets, sessions and the live stream, asked over HTTP of a real server."""

import json
import threading
import time
from queue import Queue
from typing import Any

import httpx
import pytest
from support.sent_spans import hex_id, otlp_span, send_spans, wait_for_traces
from support.servers import ServerProcess

from weave_core import Client
from weave_core.errors import BadRequest, NotFound
from weave_core.model import Stats, TraceSummary

MS = 1_000_000
HOUR_NS = 3_600 * 1_000 * MS
START_NS = 1_700_000_000 * 1_000 * MS // HOUR_NS * HOUR_NS


def call(model: str, tokens: int, **more: Any) -> dict[str, Any]:
    """Attributes of a model call."""
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": model,
        "gen_ai.usage.input_tokens": tokens,
        "gen_ai.usage.output_tokens": 1,
        **more,
    }


@pytest.fixture
def filled(server: ServerProcess, client: Client, project: str) -> str:
    """Two hours with 100 calls of 1 to 100 ms in the first, and two failures in the second."""
    spans = [
        otlp_span(
            n,
            n,
            start_ns=START_NS + n * MS,
            duration_ns=n * MS,
            name="call",
            attributes=call(
                "gpt-4o" if n % 2 else "gpt-4o-mini",
                n,
                **{"session.id": f"s{n % 3}", "user.id": "ada", "tag.tags": ["all", f"t{n % 2}"]},
            ),
        )
        for n in range(1, 101)
    ]
    spans += [
        otlp_span(200, 201, start_ns=START_NS + HOUR_NS, status=2, name="agent"),
        otlp_span(200, 202, parent=201, start_ns=START_NS + HOUR_NS, status=2, name="tool"),
    ]
    send_spans(server.url, project, spans)
    wait_for_traces(client, project, 101)
    return project


def test_sums_by_group_and_hour_are_those_of_the_spans(client: Client, filled: str) -> None:
    """Counts, exact percentiles, tokens and cost; sums over groups are the sum of all."""
    [total] = client.list_stats(filled)
    assert (total.count, total.error_count) == (102, 2)
    assert total.tokens is not None
    assert (total.tokens.input_tokens, total.tokens.output_tokens) == (5050, 100)
    assert total.cost_usd is not None

    first, second = client.list_stats(filled, bucket="1h")
    assert (first.bucket_ns, second.bucket_ns) == (START_NS, START_NS + HOUR_NS)
    latency = first.latency_ms
    assert (latency.p50, latency.p95, latency.p99) == (50.0, 95.0, 99.0)
    assert latency.mean == pytest.approx(50.5)
    assert (second.count, second.error_count, second.tokens, second.cost_usd) == (2, 2, None, None)

    by_model = {row.model: row for row in client.list_stats(filled, group_by="model")}
    assert by_model.keys() == {"gpt-4o", "gpt-4o-mini", None}
    assert by_model["gpt-4o"].latency_ms.p50 == 49.0
    assert by_model["gpt-4o-mini"].latency_ms.p50 == 50.0
    costs = [row.cost_usd for row in by_model.values() if row.cost_usd is not None]
    assert sum(costs) == pytest.approx(total.cost_usd)

    both = client.list_stats(filled, group_by="user,model", filter="duration_ms > 98")
    assert sorted((row.user, row.model, row.count) for row in both) == [
        ("ada", "gpt-4o", 1),
        ("ada", "gpt-4o-mini", 1),
    ]
    assert [row.count for row in client.list_stats(filled, from_ns=START_NS + HOUR_NS)] == [2]
    assert [row.count for row in client.list_stats(filled, to_ns=START_NS + 11 * MS)] == [10]


def test_a_span_counts_for_each_of_its_tags(client: Client, filled: str) -> None:
    """By tag the groups overlap; spans without tags are in none."""
    counts = {row.tag: row.count for row in client.list_stats(filled, group_by="tag")}
    assert counts == {"all": 100, "t0": 50, "t1": 50}


def test_a_call_that_two_spans_report_counts_once(
    server: ServerProcess, client: Client, project: str
) -> None:
    """An SDK and an instrumentation may both report one call; its tokens are not doubled."""
    twice = call("gpt-4o", 7, **{"gen_ai.response.id": "resp-1"})
    spans = [otlp_span(1, 1, attributes=twice), otlp_span(1, 2, parent=1, attributes=twice)]
    send_spans(server.url, project, spans)
    wait_for_traces(client, project, 1)
    [total] = client.list_stats(project, group_by="model")
    assert total.count == 1
    assert total.tokens is not None
    assert total.tokens.input_tokens == 7


def test_facets_are_the_most_frequent_values(client: Client, filled: str) -> None:
    """For a filter bar: what there is to choose from, and how much of it."""
    facets = client.list_facets(filled, "kind,model,tags,status", limit=2)
    assert [(each.value, each.count) for each in facets["kind"]] == [("llm", 100), ("span", 2)]
    assert [(each.value, each.count) for each in facets["tags"]] == [("all", 100), ("t0", 50)]
    assert sorted(str(each.value) for each in facets["model"]) == ["gpt-4o", "gpt-4o-mini"]
    failed = client.list_facets(filled, "name", filter="status = 'error'")
    assert [(each.value, each.count) for each in failed["name"]] == [("agent", 1), ("tool", 1)]


def test_a_session_says_what_it_began_with(
    server: ServerProcess, client: Client, project: str
) -> None:
    """The question of its first trace; under a filter, of the first that passes."""
    for number, question in enumerate(("Hello?", "A refund?"), start=1):
        asked = {"session.id": "chat", "weave_core.inputs": json.dumps({"question": question})}
        send_spans(server.url, project, [otlp_span(number, 1, start_ns=number, attributes=asked)])
    wait_for_traces(client, project, 2)

    [whole] = client.list_sessions(project).items
    [found] = client.list_sessions(project, filter="contains(input_preview, 'refund')").items

    assert (whole.trace_count, whole.input_preview) == (2, "Hello?")
    assert (found.trace_count, found.input_preview) == (1, "A refund?")


def test_sessions_are_paged_last_used_first(client: Client, filled: str) -> None:
    """Each with its traces, tokens, cost and user."""
    page = client.list_sessions(filled, limit=2)
    rest = client.list_sessions(filled, limit=2, cursor=page.next_cursor)
    sessions = page.items + rest.items
    assert rest.next_cursor is None
    assert [each.session_id for each in sessions] == ["s1", "s0", "s2"]
    assert sum(each.trace_count for each in sessions) == 100
    newest = sessions[0]
    assert (newest.user_id, newest.trace_count) == ("ada", 34)
    assert newest.last_ns == START_NS + 200 * MS
    assert newest.tokens is not None
    assert newest.tokens.input_tokens == sum(n for n in range(1, 101) if n % 3 == 1)


@pytest.mark.parametrize(
    ("path", "query", "words"),
    [
        ("stats", {"group_by": "modle"}, ["modle", "did you mean 'model'"]),
        ("stats", {"group_by": "model,kind,op,user"}, ["at most 3"]),
        ("stats", {"bucket": "hour"}, ["bucket", "1h"]),
        ("stats", {"bucket": "0h"}, ["bucket"]),
        ("stats", {"filter": "knd = 'x'"}, ["did you mean 'kind'"]),
        ("facets", {"fields": "attributes"}, ["can't be counted"]),
        ("facets", {"fields": ","}, ["name 1 to 10"]),
        ("sessions", {"cursor": "x"}, ["no cursor"]),
    ],
)
def test_wrong_questions_about_sums_are_answered_with_help(
    server: ServerProcess, filled: str, path: str, query: dict[str, str], words: list[str]
) -> None:
    """400, and what would be right."""
    answer = httpx.get(f"{server.url}/api/projects/{filled}/{path}", params=query)
    assert answer.status_code == 400, answer.text
    for word in words:
        assert word in str(answer.json()["error"])


def test_too_many_rows_are_refused_rather_than_cut(
    server: ServerProcess, client: Client, project: str
) -> None:
    """A chart that silently lacks groups would be wrong."""
    spans = [otlp_span(1, n, start_ns=n * 1_000 * MS) for n in range(1, 10_002)]
    send_spans(server.url, project, spans)
    with pytest.raises(BadRequest, match="more than 10000 rows"):
        client.list_stats(project, bucket="1s")
    assert isinstance(client.list_stats(project, bucket="1h")[0], Stats)


def test_the_live_stream_tells_each_trace_and_its_changes(
    server: ServerProcess, client: Client, project: str
) -> None:
    """A trace is told within a second of its commit, again when it changes, and nothing else."""
    with pytest.raises(NotFound):
        next(client.tail_traces(project))
    send_spans(server.url, project, [otlp_span(1, 1, name="before")])
    wait_for_traces(client, project, 1)
    told: Queue[TraceSummary] = Queue()

    def follow() -> None:
        with Client(server.url) as reader:
            for summary in reader.tail_traces(project, filter="name != 'hidden'"):
                told.put(summary)
                if summary.name == "last":
                    return

    follower = threading.Thread(target=follow, daemon=True)
    follower.start()
    # A look only tells what came after the stream began, so send until it has.
    number = 100
    while told.empty():
        number += 1
        assert number < 150
        send_spans(server.url, project, [otlp_span(number, number, name="probe")])
        time.sleep(0.2)
    send_spans(server.url, project, [otlp_span(2, 2, parent=99, name="child")])
    first = _next_named(told, "child")
    assert not first.is_complete
    send_spans(server.url, project, [otlp_span(2, 99, name="root"), otlp_span(3, 3, name="hidden")])
    second = _next_named(told, "root")
    assert (second.trace_id, second.span_count) == (hex_id(2, 16), 2)
    send_spans(server.url, project, [otlp_span(4, 4, name="last")])
    _next_named(told, "last")
    follower.join(timeout=5)
    assert not follower.is_alive()


def _next_named(told: "Queue[TraceSummary]", name: str) -> TraceSummary:
    while True:
        summary = told.get(timeout=5)
        assert summary.name not in {"hidden", "before"}
        if summary.name == name:
            return summary


def test_a_reader_of_the_live_stream_does_not_keep_the_server_from_stopping(
    own_server: ServerProcess,
) -> None:
    """SIGTERM ends the stream, and with it the process, at once."""
    send_spans(own_server.url, "p", [otlp_span(1, 1)])
    with httpx.stream("GET", f"{own_server.url}/api/projects/p/tail", timeout=10) as answer:
        lines = answer.iter_lines()
        assert next(lines) == ": following"
        began = time.monotonic()
        own_server.process.terminate()
        assert [line for line in lines if line and not line.startswith("id: ")] == []
    assert own_server.process.wait(timeout=10) == 0
    assert time.monotonic() - began < 5
