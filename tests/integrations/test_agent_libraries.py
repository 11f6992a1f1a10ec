"""Agent libraries whose own OpenTelemetry spans we switch on, as our server stores them."""

import time
from collections.abc import Callable, Iterator

import agents
import openai
import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider
from support.servers import ServerProcess

import weave_core
from weave_core import Client
from weave_core.integrations import openai_agents as openai_agents_tracing
from weave_core.integrations import pydantic_ai as pydantic_ai_tracing
from weave_core.model import Span, Trace

QUESTION = "Where is order A-1001?"


@pytest.fixture
def stored(
    ended_spans: InMemorySpanExporter, server: ServerProcess, client: Client, project: str
) -> Iterator[Callable[[], Trace]]:
    """Gives the one trace that was stored since the test began."""
    ended_spans.clear()  # Asked for first: it sets the one global provider that `init` joins.
    weave_core.init(project, server.url)

    def read() -> Trace:
        assert weave_core.flush()
        until = time.monotonic() + 10
        while not (found := client.list_traces(project).items) and time.monotonic() < until:
            time.sleep(0.05)  # The list is made of sums that may come a moment later.
        (summary,) = found
        return client.get_trace(project, summary.trace_id)

    yield read
    weave_core.shutdown()


def _of_kind(trace: Trace, kind: str) -> list[Span]:
    return sorted(
        (span for span in trace.spans if span.kind == kind), key=lambda span: span.started_ns
    )


def _check_run(trace: Trace) -> None:
    """An agent, two model calls with messages and usage, one tool with input and output."""
    assert len(_of_kind(trace, "agent")) >= 1
    first, second = _of_kind(trace, "llm")
    assert (first.provider, first.model) == ("openai", "gpt-4o-mini")
    for call in (first, second):
        assert call.usage is not None
        assert call.usage.input_tokens
        assert call.usage.output_tokens
        assert call.messages is not None
    assert first.messages is not None
    (asked,) = first.messages.output
    assert [part.type for part in asked.parts] == ["tool_call"]
    assert QUESTION in str(first.messages.input)
    (tool,) = _of_kind(trace, "tool")
    assert "A-1001" in str(tool.inputs)
    assert "on its way" in str(tool.outputs)
    assert trace.trace.model_call_count == 2
    assert trace.trace.usage is not None
    assert second.usage is not None
    assert first.usage is not None
    expected = (first.usage.total_tokens or 0) + (second.usage.total_tokens or 0)
    assert trace.trace.usage.total_tokens == expected


async def test_pydantic_ai(stored: Callable[[], Trace], llm: str) -> None:
    """Its own spans, switched on for every agent."""
    pydantic_ai_tracing.instrument()
    try:
        async with openai.AsyncOpenAI(base_url=f"{llm}/v1", api_key="none") as sdk:
            model = OpenAIChatModel("gpt-4o-mini", provider=OpenAIProvider(openai_client=sdk))
            agent = Agent(model, instructions="Be kind.", name="support")

            @agent.tool_plain
            def lookup_order(order_id: str) -> str:
                """Look an order up."""
                return f"{order_id} is on its way"

            result = await agent.run(QUESTION)
    finally:
        pydantic_ai_tracing.uninstrument()
    assert "A-1001 is on its way" in result.output
    _check_run(stored())


async def test_openai_agents(stored: Callable[[], Trace], llm: str) -> None:
    """OpenInference's instrumentation of the Agents SDK."""

    @agents.function_tool
    def lookup_order(order_id: str) -> str:
        """Look an order up."""
        return f"{order_id} is on its way"

    openai_agents_tracing.instrument()
    try:
        async with openai.AsyncOpenAI(base_url=f"{llm}/v1", api_key="none") as sdk:
            model = agents.OpenAIChatCompletionsModel(model="gpt-4o-mini", openai_client=sdk)
            agent = agents.Agent(
                name="support", instructions="Be kind.", tools=[lookup_order], model=model
            )
            result = await agents.Runner.run(agent, QUESTION)
    finally:
        openai_agents_tracing.uninstrument()
    assert "A-1001 is on its way" in result.final_output
    _check_run(stored())
