"""The example program, run as a newcomer runs it: what it prints, and what is stored."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.servers import ServerProcess

from weave_core import Client
from weave_core.model import Span

EXAMPLE = Path(__file__).parents[2] / "examples" / "support_agent.py"


def _run(server: ServerProcess, project: str, home: Path, *options: str) -> str:
    env = {key: value for key, value in os.environ.items() if not key.startswith("OPENAI_")}
    env |= {
        "WEAVE_CORE_ENDPOINT": server.url,
        "WEAVE_CORE_PROJECT": project,
        "WEAVE_CORE_HOME": str(home),
        "WEAVE_CORE_APP_URL": "http://app.example:1",
    }
    command = [sys.executable, str(EXAMPLE), *options]
    done = subprocess.run(
        command, env=env, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def _tree(spans: list[Span]) -> list[str]:
    """Kinds and names, indented below their parents, in the order in which they began."""
    depth: dict[str, int] = {}
    lines = []
    for span in sorted(spans, key=lambda span: span.started_ns):
        depth[span.span_id] = depth.get(span.parent_span_id or "", -1) + 1
        lines.append("  " * depth[span.span_id] + f"{span.kind} {span.name}")
    return lines


@pytest.fixture
def printed(server: ServerProcess, project: str, tmp_path: Path) -> str:
    """What a run of three questions prints."""
    return _run(server, project, tmp_path)


def test_the_example_s_traces_are_stored_whole(printed: str, project: str, client: Client) -> None:
    """Three turns of one session; each link it prints is a trace of at least six spans."""
    assert printed.startswith("OPENAI_API_KEY is not set: a scripted stand-in for a model answers")
    linked = re.findall(rf"http://app.example:1/trace\?project={project}&trace=(\w+)", printed)
    assert len(linked) == 3

    listed = client.list_traces(project).items
    assert [trace.trace_id for trace in reversed(listed)] == linked
    assert all(trace.span_count >= 6 for trace in listed)
    assert {trace.name for trace in listed} == {"support_agent"}
    assert {trace.user_id for trace in listed} == {"ada"}
    assert len({trace.session_id for trace in listed}) == 1
    assert {tuple(trace.tags) for trace in listed} == {("demo",)}
    assert [(trace.status, trace.error_count) for trace in listed] == [
        ("unset", 1),
        ("unset", 0),
        ("unset", 0),
    ]

    refund = client.get_trace(project, linked[1])
    assert _tree(refund.spans) == [
        "agent support_agent",
        "  llm chat gpt-4o-mini",
        "  tool lookup_order",
        "  retriever search_policy",
        "    embedding embeddings text-embedding-3-small",
        "  llm chat gpt-4o-mini",
        "  tool create_refund",
        "  llm chat gpt-4o-mini",
    ]


def test_its_model_calls_tell_messages_usage_time_and_cost(
    printed: str, project: str, client: Client
) -> None:
    """What the API returns of a streamed call is what the screen shows."""
    linked = re.findall(r"&trace=(\w+)", printed)
    spans = client.get_trace(project, linked[1]).spans
    first, *_, last = (span for span in spans if span.kind == "llm")

    assert (first.provider, first.model) == ("openai", "gpt-4o-mini")
    assert first.response_model == "gpt-4o-mini-2024-07-18"
    assert first.is_stream
    assert first.finish_reasons == ["tool_call"]
    assert first.messages is not None
    assert last.messages is not None
    assert first.messages.system[0].content.startswith("You are the support agent")
    assert first.messages.input[-1].parts[0].content.startswith("The shoes are broken")
    (said,) = first.messages.output
    assert [(part.type, part.name) for part in said.parts] == [
        ("tool_call", "lookup_order"),
        ("tool_call", "search_policy"),
    ]
    assert said.parts[0].arguments == {"order_id": "A-1001"}
    assert {tool.name for tool in first.tools} == {
        "lookup_order",
        "search_policy",
        "create_refund",
    }
    text = last.messages.output[0].parts[0].content
    assert text.startswith("Done: I have refunded 89.0 euros")
    assert text in printed

    assert last.usage is not None
    assert last.usage.input_tokens
    assert last.usage.output_tokens
    assert last.usage.cache_read_tokens
    assert last.cost is not None
    assert last.cost.source == "computed"
    assert last.cost.total_usd
    assert last.time_to_first_token_ms
    assert last.duration_ms
    assert 100 < last.time_to_first_token_ms < last.duration_ms


def test_a_handled_error_fails_its_tool_and_not_the_agent(
    printed: str, project: str, client: Client
) -> None:
    """The order that is not there: the tool's span has the exception, the agent goes on."""
    linked = re.findall(r"&trace=(\w+)", printed)
    spans = client.get_trace(project, linked[2]).spans
    failed = [span for span in spans if span.status == "error"]
    assert [span.name for span in failed] == ["lookup_order"]
    assert failed[0].error is not None
    assert failed[0].error.type == "LookupError"
    assert str(failed[0].error.message).endswith("there is no order A-9999")
    assert "there is no order A-9999" in printed


def test_more_traces_are_made_on_demand(
    server: ServerProcess, project: str, client: Client, tmp_path: Path
) -> None:
    """`--traces 1` makes one; the number is a promise."""
    printed = _run(server, project, tmp_path, "--traces", "1")
    assert printed.count("trace: ") == 1
    assert len(client.list_traces(project).items) == 1
