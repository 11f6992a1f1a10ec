"""A trace as the app reads it: its spans as columns."""

import httpx
from support.otlp import agent_trace, send_spans
from support.servers import ServerProcess

from weave_core import Client


def test_the_columns_say_what_the_spans_say(
    server: ServerProcess, client: Client, project: str
) -> None:
    """Same spans, same order, same figures as the trace in full."""
    spans = agent_trace(is_failed=True)
    send_spans(server.url, project, spans)
    trace_id = spans[0].trace_id.hex()
    client.list_traces(project)  # A list waits for the sums, which come between two reads else.

    tree = client.get_tree(project, trace_id)
    full = client.get_trace(project, trace_id)

    columns = tree.columns
    assert tree.trace == full.trace
    assert columns.span_id == [span.span_id for span in full.spans]
    assert columns.parent_span_id == [span.parent_span_id for span in full.spans]
    assert columns.name == [span.display_name for span in full.spans]
    assert columns.kind == [span.kind for span in full.spans]
    assert columns.status == [span.status for span in full.spans]
    assert columns.duration_ms == [span.duration_ms for span in full.spans]
    assert columns.model == [span.model for span in full.spans]
    assert columns.total_tokens == [
        span.usage.total_tokens if span.usage else None for span in full.spans
    ]
    assert columns.cost_usd == [span.cost.total_usd if span.cost else None for span in full.spans]


def test_a_tree_of_several_answers_is_put_together(server: ServerProcess, project: str) -> None:
    """Where a trace has more spans than one answer holds, the client follows the cursor."""
    spans = agent_trace()
    send_spans(server.url, project, spans)
    trace_id = spans[0].trace_id.hex()
    path = f"/api/projects/{project}/traces/{trace_id}/tree"

    with httpx.Client(base_url=server.url, params={"limit": 3}) as http:
        first = http.get(path).json()
        tree = Client(http=http).get_tree(project, trace_id)

    assert len(first["columns"]["span_id"]) == 3
    assert first["next_cursor"]
    assert tree.columns.span_id == [
        span.span_id.hex() for span in sorted(spans, key=lambda each: each.start_time_unix_nano)
    ]
    assert {len(getattr(tree.columns, name)) for name in type(tree.columns).model_fields} == {7}
    assert tree.next_cursor is None
