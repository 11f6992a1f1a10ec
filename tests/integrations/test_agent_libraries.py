"""Agent libraries whose own OpenTelemetry spans we switch on, as our server stores them."""

import agents
import openai
import pytest
import smolagents
from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider
from smolagents import tool
from support.stored_traces import Stored, check_totals, of_kind, tracing

from weave_core.model import Trace

QUESTION = "Where is order A-1001?"


def _check_run(trace: Trace) -> None:
    """An agent, two model calls with messages and usage, one tool with input and output."""
    assert len(of_kind(trace, "agent")) >= 1
    first, second = of_kind(trace, "llm")
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
    [called] = of_kind(trace, "tool")
    assert "A-1001" in str(called.inputs)
    assert "on its way" in str(called.outputs)
    check_totals(trace, 2)


@pytest.mark.parametrize("names", [["pydantic_ai"], ["openai", "pydantic_ai"]], ids=" ".join)
async def test_pydantic_ai(stored: Stored, llm: str, names: list[str]) -> None:
    """Its own spans, switched on for every agent; what the SDK below tells too counts once."""
    with tracing(*names):
        async with openai.AsyncOpenAI(base_url=f"{llm}/v1", api_key="none") as sdk:
            model = OpenAIChatModel("gpt-4o-mini", provider=OpenAIProvider(openai_client=sdk))
            agent = Agent(model, instructions="Be kind.", name="support")

            @agent.tool_plain
            def lookup_order(order_id: str) -> str:
                """Look an order up."""
                return f"{order_id} is on its way"

            result = await agent.run(QUESTION)
    assert "A-1001 is on its way" in result.output
    _check_run(stored())


@pytest.mark.parametrize("names", [["openai_agents"], ["openai", "openai_agents"]], ids=" ".join)
async def test_openai_agents(stored: Stored, llm: str, names: list[str]) -> None:
    """OpenInference's instrumentation of the Agents SDK, alone and above the `openai` SDK's."""

    @agents.function_tool
    def lookup_order(order_id: str) -> str:
        """Look an order up."""
        return f"{order_id} is on its way"

    with tracing(*names):
        async with openai.AsyncOpenAI(base_url=f"{llm}/v1", api_key="none") as sdk:
            model = agents.OpenAIChatCompletionsModel(model="gpt-4o-mini", openai_client=sdk)
            agent = agents.Agent(
                name="support", instructions="Be kind.", tools=[lookup_order], model=model
            )
            result = await agents.Runner.run(agent, QUESTION)
    assert "A-1001 is on its way" in result.final_output
    _check_run(stored())


@pytest.mark.parametrize("names", [["smolagents"], ["openai", "smolagents"]], ids=" ".join)
def test_smolagents(stored: Stored, llm: str, names: list[str]) -> None:
    """OpenInference's instrumentation of smolagents, alone and above the `openai` SDK's."""

    @tool  # type: ignore[untyped-decorator]  # No types there.
    def lookup_order(order_id: str) -> str:
        """Look an order up.

        Args:
            order_id: The order.
        """
        return f"{order_id} is on its way"

    with tracing(*names):
        model = smolagents.OpenAIModel("gpt-4o-mini", api_base=f"{llm}/v1", api_key="none")
        agent = smolagents.ToolCallingAgent(tools=[lookup_order], model=model, verbosity_level=0)
        answer = agent.run(QUESTION)
    assert "A-1001 is on its way" in str(answer)
    trace = stored()
    [run] = of_kind(trace, "agent")
    steps = of_kind(trace, "chain")
    assert [step.parent_span_id for step in steps] == [run.span_id, run.span_id]
    lookup, final = of_kind(trace, "tool")
    assert lookup.tool is not None
    assert final.tool is not None
    assert (lookup.tool.name, final.tool.name) == ("lookup_order", "final_answer")
    assert "A-1001" in str(lookup.inputs)
    assert lookup.outputs == "A-1001 is on its way"
    check_totals(trace, 2)
