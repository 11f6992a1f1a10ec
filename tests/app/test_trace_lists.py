"""What pages ask of the server about a list of traces: sums, values to pick from, what is new."""

import time

import httpx
import pytest
from support.otlp import agent_trace, new_span, new_trace_id, send_spans
from support.programs import wait_for
from support.servers import ServerProcess

from weave_core import Client
from weave_core.errors import BadRequest, NotFound
from weave_core.model import NewView


def settle(client: Client, project: str, count: int) -> None:
    """Until `count` traces are listed, complete or not."""
    wait_for(lambda: client.sum_traces(project).count == count)


def test_sums_are_of_the_whole_list(server: ServerProcess, client: Client, project: str) -> None:
    """More traces than a page: count, failures, exact percentiles, and the filter of the list."""
    now = time.time_ns()
    spans = [
        new_span(
            "job",
            new_trace_id(),
            start_ns=now - number * 10**9,
            duration_ms=number,
            error="no" if number <= 60 else None,
        )
        for number in range(1, 601)
    ]
    send_spans(server.url, project, spans)
    settle(client, project, 600)

    sums = client.sum_traces(project)
    assert (sums.count, sums.error_count, sums.running_count) == (600, 60, 0)
    assert (sums.latency_ms.p50, sums.latency_ms.p95, sums.latency_ms.p99) == (300, 570, 594)
    assert sums.latency_ms.mean == pytest.approx(300.5)
    assert (sums.tokens, sums.cost_usd) == (None, None)
    failed = client.sum_traces(project, filter="status = 'error'")
    assert (failed.count, failed.latency_ms.p50) == (60, 30)
    nothing = client.sum_traces(project, filter="name = 'other'")
    assert (nothing.count, nothing.latency_ms.p50) == (0, None)


def test_tokens_and_cost_are_summed(server: ServerProcess, client: Client, project: str) -> None:
    """Two answers of the agent, and one of a model that has no price."""
    for model in ("gpt-4o-mini", "gpt-4o-mini", "house-model"):
        send_spans(server.url, project, agent_trace(model=model))
    settle(client, project, 3)

    sums = client.sum_traces(project)
    assert sums.tokens is not None
    assert sums.tokens.total_tokens == 3 * 1_052
    assert sums.unpriced_count == 1
    priced = client.list_traces(project, filter="has(models, 'gpt-4o-mini-2024-07-18')").items
    assert sums.cost_usd == pytest.approx(sum(trace.cost_usd or 0 for trace in priced))


def test_facets_count_traces(server: ServerProcess, client: Client, project: str) -> None:
    """A trace with two model calls counts once; values lead back to as many traces."""
    for user in ("ada", "ada", "grace"):
        send_spans(server.url, project, agent_trace(user=user, is_failed=user == "grace"))
    settle(client, project, 3)

    facets = client.list_trace_facets(project, "status,kind,model,user_id,tags,op_name")

    def counts(field: str) -> dict[str, int]:
        return {str(each.value): each.count for each in facets[field]}

    assert counts("status") == {"unset": 2, "error": 1}
    assert counts("model") == {"gpt-4o-mini": 3}
    assert counts("user_id") == {"ada": 2, "grace": 1}
    assert counts("tags") == {"prod": 3, "orders": 3}
    assert counts("kind")["llm"] == 3
    assert counts("op_name") == {}
    for kind, count in counts("kind").items():
        assert client.sum_traces(project, filter=f"kind = '{kind}'").count == count
    only = client.list_trace_facets(project, "user_id", filter="status = 'error'")
    assert [(each.value, each.count) for each in only["user_id"]] == [("grace", 1)]
    with pytest.raises(BadRequest, match="duration_ms"):
        client.list_trace_facets(project, "duration_ms")


def test_changes_are_what_came_and_what_changed(
    server: ServerProcess, client: Client, project: str
) -> None:
    """A new trace is told, a running one again when it ends, and after that nothing."""
    trace_id = new_trace_id()
    now = time.time_ns()
    root = new_span("job", trace_id, start_ns=now, duration_ms=500)
    step = new_span("step", trace_id, parent=root, start_ns=now, duration_ms=100)
    send_spans(server.url, project, agent_trace())
    settle(client, project, 1)
    since = client.list_changes(project).next
    assert client.list_changes(project, since=since).items == []

    send_spans(server.url, project, [step])
    settle(client, project, 2)
    first = client.list_changes(project, since=since)
    assert [trace.trace_id for trace in first.items] == [trace_id.hex()]
    assert first.items[0].is_complete is False
    send_spans(server.url, project, [root])
    wait_for(lambda: client.sum_traces(project).running_count == 0)
    second = client.list_changes(project, since=first.next)

    assert [trace.is_complete for trace in second.items] == [True]
    assert client.list_changes(project, since=second.next).items == []


def test_a_trace_that_leaves_the_list_is_told(
    server: ServerProcess, client: Client, project: str
) -> None:
    """`is_complete = false` is a list that empties by itself."""
    trace_id = new_trace_id()
    root = new_span("job", trace_id, start_ns=time.time_ns(), duration_ms=500)
    step = new_span("step", trace_id, parent=root, start_ns=time.time_ns(), duration_ms=100)
    send_spans(server.url, project, [step])
    settle(client, project, 1)
    running = "is_complete = false"
    since = client.list_changes(project, filter=running).next

    send_spans(server.url, project, [root])
    wait_for(lambda: client.sum_traces(project).running_count == 0)

    changes = client.list_changes(project, filter=running, since=since)
    assert (changes.items, changes.left) == ([], [trace_id.hex()])


def test_a_token_that_no_answer_gave_is_refused(
    server: ServerProcess, client: Client, project: str
) -> None:
    """Mangled text gets a sentence, not a stack trace."""
    send_spans(server.url, project, agent_trace())

    for since in ("nonsense", "AA", "é", "AQAAAAAAAAAAAAAA" * 4):
        with pytest.raises(BadRequest, match="since"):
            client.list_changes(project, since=since)


def test_a_view_is_saved_found_replaced_and_deleted(
    server: ServerProcess, client: Client, project: str
) -> None:
    """Saving under a name that exists replaces it, and links to it stay good."""
    send_spans(server.url, project, agent_trace())
    view = client.add_view(project, NewView(name="Failed", query={"filter": "status = 'error'"}))
    again = client.add_view(project, NewView(name="Failed", query={"range": "24h"}))

    assert again.view_id == view.view_id
    assert client.get_view(project, view.view_id).query == {"range": "24h"}
    assert [each.name for each in client.list_views(project)] == ["Failed"]
    client.delete_view(project, view.view_id)
    with pytest.raises(NotFound, match=view.view_id):
        client.get_view(project, view.view_id)
    with pytest.raises(NotFound):
        client.delete_view(project, view.view_id)


def test_a_view_that_is_too_much_is_refused(
    server: ServerProcess, client: Client, project: str
) -> None:
    """Names, keys and texts have bounds, and a project has to exist."""
    send_spans(server.url, project, agent_trace())
    path = f"{server.url}/api/projects/{project}/views"

    for view in (
        {"name": ""},
        {"name": "x" * 101},
        {"name": "x", "query": {"filter": "y" * 4_001}},
        {"name": "x", "query": {"../up": "y"}},
        {"name": "x", "query": {f"k_{chr(97 + n)}": "" for n in range(21)}},
    ):
        assert httpx.post(path, json=view).status_code == 422
    with pytest.raises(NotFound):
        client.add_view("no-such-project", NewView(name="x"))
