"""The Model Context Protocol's SDK: its own spans, with what was asked and answered."""

import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from mcp import StdioServerParameters
from mcp.client import Client
from mcp.client.stdio import stdio_client
from mcp.shared import jsonrpc_dispatcher
from support.commands import clean_env
from support.servers import ServerProcess
from support.stored_traces import Stored, of_kind, tracing

import weave_core
from weave_core.integrations import _patching
from weave_core.integrations import mcp as mcp_tracing
from weave_core.model import Span, Trace

Orders = Callable[[], AbstractAsyncContextManager[Client]]

SERVER = """
import sys
import weave_core
from mcp.server.mcpserver import MCPServer

weave_core.init(sys.argv[2], sys.argv[1], autoinstrument=True, service_name="orders")
orders = MCPServer("orders")

@orders.tool()
@weave_core.op
def lookup_order(order_id: str) -> str:
    "Look an order up."
    return f"{order_id} is on its way"

@orders.tool()
def broken() -> str:
    raise ValueError("lost")

@orders.prompt()
def greet(name: str) -> str:
    return f"Say hello to {name}."

@orders.resource("orders://all")
def everything() -> str:
    return "A-1001"

orders.run()
weave_core.flush()
"""


@pytest.fixture
def orders(server: ServerProcess, project: str, tmp_path: Path) -> Orders:
    """Connects to a server, in a process of its own, that is traced by itself."""
    file = tmp_path / "orders.py"
    file.write_text(SERVER, encoding="utf-8")
    command = StdioServerParameters(
        command=sys.executable, args=[str(file), server.url, project], env=clean_env()
    )
    return lambda: Client(stdio_client(command))


def _below(trace: Trace, span: Span) -> Span:
    [found] = [other for other in trace.spans if other.parent_span_id == span.span_id]
    return found


async def test_a_tool_call_is_told_by_both_sides(stored: Stored, orders: Orders) -> None:
    """Client above server above what the tool runs: the trace travels in `_meta`."""
    with tracing("mcp"), weave_core.span("all"):
        async with orders() as client:
            answer = await client.call_tool("lookup_order", {"order_id": "A-1001"})

    assert answer.structured_content == {"result": "A-1001 is on its way"}
    trace = stored()
    [asking] = [
        span for span in of_kind(trace, "tool") if span.parent_span_id == trace.trace.root_span_id
    ]
    serving = _below(trace, asking)
    for span in (asking, serving):
        assert span.tool is not None
        assert (span.tool.name, span.tool.arguments, span.tool.result) == (
            "lookup_order",
            {"order_id": "A-1001"},
            {"result": "A-1001 is on its way"},
        )
        assert span.status != "error"
    assert (asking.service_name == "orders", serving.service_name == "orders") == (False, True)
    assert _below(trace, serving).name == "lookup_order"


async def test_a_tool_that_fails_is_an_error_on_both_sides(stored: Stored, orders: Orders) -> None:
    """An answer that says so is none that is fine, whatever the protocol calls it."""
    with tracing("mcp"), weave_core.span("all"):
        async with orders() as client:
            answer = await client.call_tool("broken", {})

    assert answer.is_error
    failed = [
        span for span in of_kind(stored(), "tool") if span.tool and span.tool.name == "broken"
    ]
    assert [(span.status, span.error and span.error.type) for span in failed] == [
        ("error", "tool_error"),
        ("error", "tool_error"),
    ]


async def test_prompts_and_resources_are_told_too(stored: Stored, orders: Orders) -> None:
    """What was asked for, and what came back."""
    with tracing("mcp"), weave_core.span("all"):
        async with orders() as client:
            await client.get_prompt("greet", {"name": "Ada"})
            await client.read_resource("orders://all")

    trace = stored()
    told = {span.name: span for span in trace.spans}
    assert "Ada" in str(told["MCP send prompts/get greet"].inputs)
    assert "Say hello to Ada." in str(told["prompts/get greet"].outputs)
    assert "A-1001" in str(told["MCP send resources/read"].outputs)
    assert told["resources/read"].kind == "retriever"


async def test_without_us_the_program_and_the_sdk_do_what_they_did(orders: Orders) -> None:
    """Taken off again, nothing of ours is left."""
    with tracing("mcp"):
        assert _patching.is_wrapped(vars(jsonrpc_dispatcher)["otel_span"])
    assert not _patching.is_wrapped(vars(jsonrpc_dispatcher)["otel_span"])
    async with orders() as client:
        answer = await client.call_tool("lookup_order", {"order_id": "A-1001"})
    assert not answer.is_error


async def test_a_failure_of_ours_does_not_reach_the_call(
    orders: Orders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What we can't write down is not told; client and server go on."""

    def broken(*_: object) -> str:
        raise RuntimeError("ours")

    monkeypatch.setattr(mcp_tracing, "content_json", broken)
    with tracing("mcp"):
        async with orders() as client:
            answer = await client.call_tool("lookup_order", {"order_id": "A-1001"})
    assert answer.structured_content == {"result": "A-1001 is on its way"}
