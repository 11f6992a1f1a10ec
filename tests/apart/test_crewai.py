"""CrewAI by OpenInference's instrumentation, as our server stores it."""

from crewai import LLM, Agent, Crew, Task
from crewai.tools import tool
from support.stored_traces import Stored, check_totals, of_kind, tracing


@tool("lookup_order")  # type: ignore[untyped-decorator]  # No types here.
def lookup_order(order_id: str) -> str:
    """Look an order up."""
    return f"{order_id} is on its way"


def test_a_crew_s_run_is_one_tree_with_its_agent_tools_and_model_calls(
    stored: Stored, llm: str
) -> None:
    """The model calls are the `openai` SDK's, through which CrewAI asks; each counts once."""
    with tracing("openai", "crewai"):
        model = LLM(model="gpt-4o-mini", base_url=f"{llm}/v1", api_key="none")
        agent = Agent(
            role="Support", goal="Answer", backstory="Kind.", llm=model, tools=[lookup_order]
        )
        task = Task(description="Where is order A-1001?", expected_output="a sentence", agent=agent)
        answer = Crew(agents=[agent], tasks=[task]).kickoff()

    assert "A-1001 is on its way" in answer.raw
    trace = stored()
    [agent_span] = of_kind(trace, "agent")
    assert agent_span.parent_span_id == trace.trace.root_span_id
    [tool_span] = of_kind(trace, "tool")
    assert tool_span.tool is not None
    assert (tool_span.tool.name, tool_span.tool.arguments, tool_span.tool.result) == (
        "lookup_order",
        {"order_id": "A-1001"},
        "A-1001 is on its way",
    )
    calls = of_kind(trace, "llm")
    assert {span.parent_span_id for span in (*calls, tool_span)} == {agent_span.span_id}
    assert [call.provider for call in calls] == ["openai", "openai"]
    check_totals(trace, 2)
