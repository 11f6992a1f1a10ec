"""Agent and retrieval frameworks under their instrumentations; `record_agents.py` recorded them."""

import pytest
from support.meanings import said, spans_of

QUESTION = "What is the weather in Paris?"
SYSTEM = "You are a terse assistant."
ANSWER = "18 degrees in Paris"


@pytest.mark.parametrize(
    ("sender", "model"),
    [
        ("openinference-agno", "gpt-4o-mini"),
        ("openinference-autogen", "gpt-4o-mini-2024-07-18"),
        ("openinference-openai-agents", "gpt-4o-mini-2024-07-18"),
        ("traceloop-openai-agents", None),
        ("openinference-pydantic-ai", "gpt-4o-mini"),
        ("agent-framework", "gpt-4o-mini"),
    ],
)
def test_a_turn_of_an_agent_is_told_alike(sender: str, model: str | None) -> None:
    """Its name, its model calls with the tool there and back, the tool's arguments and result."""
    agents = spans_of(sender, "agent")
    assert "weather" in [agent.agent_name for agent in agents]
    ask = spans_of(sender, "llm")[0]
    assert (ask.provider, ask.model) == ("openai", model)
    assert ask.response_model == ("gpt-4o-mini" if "agno" in sender else "gpt-4o-mini-2024-07-18")
    assert ask.messages
    assert [part.content for part in ask.messages.system] == [SYSTEM]
    assert said(ask) == [("user", QUESTION), ("assistant", {"city": "Paris"})]
    assert ask.usage
    assert ask.usage.input_tokens
    assert ask.usage.output_tokens == 11
    tool = spans_of(sender, "tool")[0].tool
    assert tool
    assert (tool.name, tool.arguments, tool.result) == ("get_weather", {"city": "Paris"}, ANSWER)


def test_a_framework_is_no_provider() -> None:
    """Microsoft's names itself where a provider belongs."""
    [agent] = spans_of("agent-framework", "agent")
    assert agent.provider is None


def test_llama_index_wraps_documents_and_tools() -> None:
    """OpenInference: documents with scores, texts that were embedded, a tool, streams."""
    sender = "openinference-llama-index"
    found = [span.documents for span in spans_of(sender, "retriever") if span.documents]
    [[document]] = found
    assert (document.content, document.metadata) == ("Paris is in France.", {"page": 7})
    assert document.score
    embedded = [span.embedding_inputs for span in spans_of(sender, "embedding")]
    assert embedded[1:] == [["Where is Paris?"], ["Where is Paris?"]]
    assert {span.provider for span in spans_of(sender, "embedding")} == {"openai"}
    [tool] = [span.tool for span in spans_of(sender, "tool")]
    assert tool
    assert (tool.name, tool.arguments, tool.result) == ("get_weather", {"city": "Paris"}, ANSWER)
    streamed = [call for call in spans_of(sender, "llm") if call.time_to_first_token_ms]
    assert len(streamed) == 3
    assert all(call.is_stream for call in streamed)
    assert said(streamed[0]) == [("user", QUESTION), ("assistant", {"city": "Paris"})]
    assert (streamed[0].finish_reasons, streamed[1].finish_reasons) == (["tool_call"], ["stop"])


def test_what_traceloops_llama_index_finds_are_documents() -> None:
    """It calls a retriever a task; what came out says what it is."""
    [documents, again] = [
        span.documents for span in spans_of("traceloop-llama-index") if span.documents
    ]
    assert documents == again
    assert (documents[0].content, documents[0].metadata) == ("Paris is in France.", {"page": 7})
    assert documents[0].score


def test_a_pipeline_of_haystack_has_documents_and_a_call() -> None:
    """As OpenInference tells it."""
    [retriever] = spans_of("openinference-haystack", "retriever")
    assert [d.content for d in retriever.documents] == ["Paris is in France."]
    assert retriever.documents[0].score
    [call] = spans_of("openinference-haystack", "llm")
    assert (call.provider, said(call)[0][0]) == ("openai", "user")
    assert call.usage
    assert (call.usage.input_tokens, call.usage.output_tokens) == (24, 37)


def test_smolagents_wraps_what_a_tool_is_given() -> None:
    """Its arguments are those by name; the sum on the agent is its calls'."""
    tools = [span.tool for span in spans_of("openinference-smolagents", "tool")]
    assert tools[0]
    assert (tools[0].name, tools[0].arguments) == ("get_weather", {"city": "Paris"})
    [agent] = spans_of("openinference-smolagents", "agent")
    assert agent.input_preview == QUESTION
    asked, answered = spans_of("openinference-smolagents", "llm")
    assert [tool.name for tool in asked.tools] == ["get_weather", "final_answer"]
    assert asked.usage
    assert answered.usage
    assert agent.usage
    assert agent.usage.input_tokens == (
        (asked.usage.input_tokens or 0) + (answered.usage.input_tokens or 0)
    )


def test_dspy_and_crewai_keep_apart_what_went_in() -> None:
    """CrewAI's agent sends its request as its output."""
    [call] = spans_of("openinference-dspy", "llm")
    assert (call.provider, call.model) == ("openai", "gpt-4o-mini")
    assert [role for role, _ in said(call)] == ["user", "assistant"]
    [agent] = spans_of("openinference-crewai", "agent")
    assert agent.agent_name == "weather"
    assert agent.messages is None
    kinds = [span.kind for span in spans_of("traceloop-crewai")]
    assert kinds == ["agent", "task", "agent"]


def test_a_tool_called_over_mcp_has_its_arguments() -> None:
    """Traceloop's, from both sides of the session."""
    [tool] = [span.tool for span in spans_of("traceloop-mcp", "tool")]
    assert tool
    assert (tool.name, tool.arguments, tool.result) == ("get_weather", {"city": "Paris"}, ANSWER)


def test_decorators_of_traceloop_make_a_tree() -> None:
    """Workflow, agent, task and tool around a call, all with their session and user."""
    spans = spans_of("traceloop-sdk")
    assert [span.kind for span in spans] == ["workflow", "agent", "task", "tool", "llm"]
    for span in spans:
        assert (span.session_id, span.user_id) == ("chat-1", "ann")
        assert span.metadata["tier"] == "pro"
    assert spans[0].input_preview == QUESTION
    assert spans[3].tool
    assert spans[3].tool.arguments == {"args": ["Paris"], "kwargs": {}}
    assert said(spans[4])[0] == ("user", "Say hello.")
    [agent, tool] = spans_of("traceloop-agno")
    assert (agent.kind, tool.kind) == ("agent", "tool")


@pytest.mark.parametrize("sender", ["vercel-ai", "vercel-ai-v5", "vercel-ai-v4"])
def test_three_versions_of_vercels_sdk_are_read_alike(sender: str) -> None:
    """What they renamed is read under either name; a count that is NaN is none."""
    ask, answer, stream = spans_of(sender, "llm")
    assert (ask.provider, ask.model, ask.session_id, ask.user_id) == (
        "openai",
        "gpt-4o-mini",
        "chat-1",
        "ann",
    )
    assert said(ask) == [("user", QUESTION), ("assistant", {"city": "Paris"})]
    assert [role for role, _ in said(answer)] == ["user", "assistant", "tool", "assistant"]
    assert [tool.name for tool in ask.tools] == ["get_weather"]
    assert (ask.finish_reasons, answer.finish_reasons) == (["tool_call"], ["stop"])
    assert ask.usage
    assert (ask.usage.input_tokens, ask.usage.output_tokens) == (106, 11)
    assert stream.usage
    assert stream.usage.input_tokens == (None if sender == "vercel-ai-v4" else 7)
    assert stream.time_to_first_token_ms
    [tool] = [span.tool for span in spans_of(sender, "tool")]
    assert tool
    assert (tool.name, tool.arguments) == ("get_weather", {"city": "Paris"})
    [embedding] = spans_of(sender, "embedding")
    assert embedding.embedding_inputs == ["alpha", "beta"]


@pytest.mark.parametrize(
    "sender",
    [
        "langfuse-langgraph",
        "langsmith-langgraph",
        "openinference-langgraph",
        "traceloop-langgraph",
    ],
)
def test_a_graph_is_told_alike_by_four_instrumentations(sender: str) -> None:
    """One model call below it, with settings, counts, session and user."""
    [call] = spans_of(sender, "llm")
    assert (call.provider, call.response_model) == ("openai", "gpt-4o-mini-2024-07-18")
    assert call.messages
    assert [part.content for part in call.messages.system] == [SYSTEM]
    assert [role for role, _ in said(call)] == ["user", "assistant"]
    assert call.params["temperature"] == 0.2
    assert call.usage
    assert (call.usage.input_tokens, call.usage.output_tokens) == (18, 15)
    assert (call.session_id, call.user_id) == ("chat-1", "ann")
    graph = next(span for span in spans_of(sender) if span.kind in ("chain", "workflow"))
    assert graph.input_preview == "Say hello."


def test_langchain_under_the_conventions_own_instrumentation() -> None:
    """A retriever, a workflow, a call that names its tool, the tool."""
    kinds = [span.kind for span in spans_of("otel-genai-langchain")]
    assert kinds == ["retriever", "workflow", "llm", "tool"]
    [call] = spans_of("otel-genai-langchain", "llm")
    assert said(call) == [("user", QUESTION), ("assistant", {"city": "Paris"})]
    assert (call.session_id, call.finish_reasons) == ("chat-1", ["tool_call"])
