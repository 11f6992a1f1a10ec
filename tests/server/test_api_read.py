"""The reading side of the API, asked over HTTP of a real server."""

import json
from typing import Any

import httpx
import pytest
from support.sent_spans import hex_id, otlp_span, send_spans, wait_for_traces
from support.servers import ServerProcess

from weave_core import Client
from weave_core.errors import BadRequest, NotFound
from weave_core.model import Span, TraceSummary

MS = 1_000_000
ASKED = [{"role": "user", "parts": [{"type": "text", "content": "where is my refund?"}]}]
CALL = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.response.model": "gpt-4o-2024-08-06",
    "gen_ai.usage.input_tokens": 10,
    "gen_ai.usage.output_tokens": 5,
    "gen_ai.input.messages": json.dumps(ASKED),
}


def get(server: ServerProcess, path: str, **query: Any) -> httpx.Response:
    """One GET, whatever the answer is."""
    return httpx.get(f"{server.url}{path}", params=query)


def error_of(answer: httpx.Response, status: int) -> dict[str, Any]:
    """The error that came with `status`."""
    assert answer.status_code == status, answer.text
    error: dict[str, Any] = answer.json()["error"]
    assert error["message"]
    return error


def test_a_trace_is_read_with_the_meaning_of_its_spans(
    server: ServerProcess, client: Client, project: str
) -> None:
    """List, trace, span: the shapes of the API, payload only where it was asked for."""
    root = otlp_span(1, 1, name="answer", start_ns=10**18, attributes={"tier": "pro", "n": 3})
    call = otlp_span(1, 2, parent=1, start_ns=10**18 + MS, attributes=CALL)
    broken = otlp_span(1, 3, parent=1, start_ns=10**18 + 2 * MS, status=2, message="no such order")
    send_spans(server.url, project, [broken, call, root])
    wait_for_traces(client, project, 1)

    [summary] = client.list_traces(project).items
    assert (summary.name, summary.span_count, summary.error_count) == ("answer", 3, 1)
    assert (summary.model_call_count, summary.models) == (1, ["gpt-4o-2024-08-06"])

    trace = client.get_trace(project, summary.trace_id)
    assert trace.trace == summary
    assert [span.span_id for span in trace.spans] == [hex_id(1), hex_id(2), hex_id(3)]
    asked = trace.spans[1]
    assert (asked.kind, asked.model, asked.response_model) == (
        "llm",
        "gpt-4o",
        CALL["gen_ai.response.model"],
    )
    assert asked.messages is not None
    assert asked.messages.input[0].parts[0].content == "where is my refund?"
    assert asked.usage is not None
    assert asked.usage.total_tokens == 15
    assert trace.spans[0].attributes == {"tier": "pro", "n": 3}
    assert trace.spans[0].resource["service.name"] == "tests"
    assert (trace.spans[0].scope.name, trace.spans[0].scope.version) == ("by-hand", "7")
    assert trace.spans[2].error is not None
    assert trace.spans[2].error.message == "no such order"

    skeleton = client.get_trace(project, summary.trace_id, payload=False)
    assert [span.messages for span in skeleton.spans] == [None, None, None]
    assert [span.name for span in skeleton.spans] == [span.name for span in trace.spans]
    assert client.get_span(project, hex_id(2)) == asked


def test_answers_have_every_field_of_the_model_and_no_other(
    server: ServerProcess, client: Client, project: str
) -> None:
    """The hot paths write JSON by hand; the model that clients read it with must not drift away."""
    send_spans(server.url, project, [otlp_span(1, 1, attributes=CALL, status=2)])
    wait_for_traces(client, project, 1)
    root = f"/api/projects/{project}"
    summary = get(server, f"{root}/traces").json()["items"][0]
    assert summary.keys() == TraceSummary.model_fields.keys()
    for payload in (True, False):
        trace = get(server, f"{root}/traces/{hex_id(1, 16)}", payload=payload).json()
        assert trace["trace"] == summary
        [span] = trace["spans"]
        assert span.keys() == Span.model_fields.keys()
        for name in ("usage", "cost", "error", "scope", "dropped"):
            assert span[name] is not None
            kind: Any = Span.model_validate(span)
            assert span[name].keys() == type(getattr(kind, name)).model_fields.keys()


def test_pages_of_any_order_hold_every_trace_once(
    server: ServerProcess, client: Client, project: str
) -> None:
    """Keyset pages with ties and unknown values: nothing twice, nothing missing, in order."""
    spans = []
    for number in range(1, 24):
        attributes = CALL | {"gen_ai.usage.input_tokens": number % 4} if number % 3 else {}
        start_ns = 10**18 + (number % 5) * MS
        spans.append(
            otlp_span(
                number,
                number,
                start_ns=start_ns,
                duration_ns=number % 2 * MS,
                name=f"n{number % 6}",
                attributes=attributes,
            )
        )
    send_spans(server.url, project, spans)
    wait_for_traces(client, project, 23)
    everything = {trace.trace_id: trace for trace in client.list_traces(project, limit=500).items}
    assert len(everything) == 23
    for order_by in ("-started_ns", "started_ns", "-cost_usd", "cost_usd", "name", "-duration_ms",
                     "-input_tokens", "total_tokens", "session_id", "-error_count"):  # fmt: skip
        for limit in (1, 4, 23, 24):
            seen: list[str] = []
            cursor = None
            while True:
                page = client.list_traces(project, order_by=order_by, limit=limit, cursor=cursor)
                assert len(page.items) <= limit
                seen += [trace.trace_id for trace in page.items]
                cursor = page.next_cursor
                if cursor is None:
                    break
            assert len(seen) == len(set(seen)) == 23, (order_by, limit)
            if order_by.endswith("cost_usd"):
                costs = [everything[trace_id].cost_usd for trace_id in seen]
                known = [cost for cost in costs if cost is not None]
                assert costs == sorted(known, reverse=order_by[0] == "-") + [None] * (
                    23 - len(known)
                )
    spans_seen = [span.span_id for span in _all_spans(client, project)]
    assert len(spans_seen) == len(set(spans_seen)) == 23


def _all_spans(client: Client, project: str) -> list[Span]:
    found: list[Span] = []
    cursor = None
    while True:
        page = client.list_spans(project, order_by="-duration_ms", limit=5, cursor=cursor)
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            return found


def test_filters_reach_traces_and_spans(
    server: ServerProcess, client: Client, project: str
) -> None:
    """The same language on both lists; on traces span fields speak of one span of the trace."""
    send_spans(
        server.url,
        project,
        [
            otlp_span(1, 1, name="ok", attributes={"tier": "pro", "metadata": '{"x": 1}'}),
            otlp_span(1, 2, parent=1, attributes=CALL),
            otlp_span(2, 3, name="bad", status=2, attributes={"tier": "free"}),
            otlp_span(2, 4, parent=3, name="look up", status=2),
        ],
    )
    wait_for_traces(client, project, 2)

    def traces(text: str) -> list[str]:
        return [trace.name for trace in client.list_traces(project, filter=text).items]

    assert traces("kind = 'llm' and model like 'gpt-%'") == ["ok"]
    assert traces("status = 'error' and attributes['tier'] = 'free'") == ["bad"]
    assert traces("attributes['tier'] = 'pro' and kind = 'llm'") == []
    assert traces("any_span(attributes['tier'] = 'pro') and any_span(kind = 'llm')") == ["ok"]
    assert traces("not any_span(kind = 'llm')") == ["bad"]
    assert traces("text_search('REFUND')") == ["ok"]
    assert traces("error_count > 1") == ["bad"]
    assert traces("has(models, 'gpt-4o-2024-08-06')") == ["ok"]
    names = [span.name for span in client.list_spans(project, filter="status = 'error'").items]
    assert sorted(names) == ["bad", "look up"]
    assert [s.name for s in client.list_spans(project, filter="metadata['x'] = 1").items] == ["ok"]


def test_wrong_questions_get_an_answer_that_helps(
    server: ServerProcess, client: Client, project: str
) -> None:
    """Each with its status, a stable code and what to do."""
    send_spans(server.url, project, [otlp_span(1, 1), otlp_span(2, 2, start_ns=2_000)])
    wait_for_traces(client, project, 2)
    root = f"/api/projects/{project}"

    error = error_of(get(server, f"{root}/traces", filter="sttus = 'error'"), 400)
    assert (error["code"], error["position"]) == ("bad_filter", 0)
    assert "did you mean 'status'" in error["hint"]
    assert error_of(get(server, f"{root}/traces", cursor="nonsense"), 400)["code"] == "bad_cursor"
    cursor = client.list_traces(project, limit=1).next_cursor
    other = error_of(get(server, f"{root}/traces", cursor=cursor, order_by="name"), 400)
    assert other["code"] == "bad_cursor"
    assert "order_by" in other["hint"]
    assert error_of(get(server, f"{root}/spans", cursor=cursor), 400)["code"] == "bad_cursor"
    assert "started_ns" in error_of(get(server, f"{root}/spans", order_by="started"), 400)["hint"]
    assert "limit" in error_of(get(server, f"{root}/spans", limit=501), 422)["message"]
    assert "32 hex digits" in error_of(get(server, f"{root}/traces/abc"), 400)["hint"]
    error_of(get(server, f"{root}/traces/{hex_id(9, 16)}"), 404)
    error_of(get(server, f"{root}/spans/{hex_id(9)}"), 404)
    missing = error_of(get(server, f"/api/projects/{project}x/traces"), 404)
    assert f"{project}x" in missing["message"]
    assert f"did you mean '{project}'" in missing["hint"]
    assert "begins with the first span" in missing["hint"]
    with pytest.raises(NotFound, match="begins with the first span"):
        client.list_spans("never heard of")


def test_a_span_id_in_two_traces_asks_which(
    server: ServerProcess, client: Client, project: str
) -> None:
    """OTel's span ids are unique within a trace only."""
    send_spans(server.url, project, [otlp_span(1, 5, name="one"), otlp_span(2, 5, name="two")])
    with pytest.raises(BadRequest, match=f"{hex_id(1, 16)}") as caught:
        client.get_span(project, hex_id(5))
    assert hex_id(2, 16) in str(caught.value)
    assert "trace_id" in caught.value.hint
    assert client.get_span(project, hex_id(5), trace_id=hex_id(2, 16)).name == "two"


def test_odd_trees_can_be_read(server: ServerProcess, client: Client, project: str) -> None:
    """Orphans, a span that is its own parent, and a circle: every span once, and a summary."""
    send_spans(server.url, project, [otlp_span(1, 1, parent=99), otlp_span(1, 2, parent=1)])
    send_spans(server.url, project, [otlp_span(2, 3, parent=3)])
    send_spans(server.url, project, [otlp_span(3, 4, parent=5), otlp_span(3, 5, parent=4)])
    for trace, count in ((1, 2), (2, 1), (3, 2)):
        found = client.get_trace(project, hex_id(trace, 16))
        assert len(found.spans) == found.trace.span_count == count
        assert found.trace.root_span_id is None
        assert not found.trace.is_complete


def test_a_long_trace_comes_in_parts(server: ServerProcess, project: str) -> None:
    """What does not fit one answer is reached by its cursor; the summary counts all."""
    numbers = range(1, 26)
    spans = [otlp_span(1, n, parent=1 if n > 1 else None, start_ns=n // 3) for n in numbers]
    send_spans(server.url, project, spans)
    path = f"/api/projects/{project}/traces/{hex_id(1, 16)}"
    seen: list[str] = []
    cursor = None
    while True:
        query = {"limit": 10} | ({"cursor": cursor} if cursor else {})
        part = get(server, path, **query).json()
        assert part["trace"]["span_count"] == 25
        assert len(part["spans"]) <= 10
        seen += [span["span_id"] for span in part["spans"]]
        cursor = part["next_cursor"]
        if cursor is None:
            break
    assert seen == [hex_id(n) for n in numbers]


def test_projects_are_listed_with_their_sizes(
    server: ServerProcess, client: Client, project: str
) -> None:
    """Counts and the newest trace, from the first span on."""
    send_spans(server.url, project, [otlp_span(1, 1, start_ns=5_000), otlp_span(1, 2, parent=1)])
    wait_for_traces(client, project, 1)
    [found] = [each for each in client.list_projects() if each.name == project]
    assert (found.trace_count, found.span_count, found.last_seen_ns) == (1, 2, 1_000)


def test_the_routes_are_described(server: ServerProcess) -> None:
    """What clients of other languages are generated from."""
    described = get(server, "/openapi.json").json()
    operation = described["paths"]["/api/projects/{project}/traces"]["get"]
    assert {"filter", "order_by", "limit", "cursor"} <= {p["name"] for p in operation["parameters"]}
    schemas = described["components"]["schemas"]
    assert {"TraceSummary", "Span", "Trace", "Project", "Health"} <= schemas.keys()
    assert get(server, "/docs").status_code == 200
    assert client_health(server)["status"] == "ok"


def client_health(server: ServerProcess) -> dict[str, Any]:
    """The answer of /healthz."""
    answer: dict[str, Any] = get(server, "/healthz").json()
    return answer
