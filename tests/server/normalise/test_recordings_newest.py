"""Newest releases, and libraries that trace themselves; `record_newest.py` recorded them."""

from typing import Any

import pytest
from support.meanings import said, spans_of

QUESTION = "What is the weather in Paris?"
SYSTEM = "You are a terse assistant."
ANSWER = "18 degrees in Paris"
HELLO = "Hello! Tell me your order number and what I can do for you."
CLAUDE = "anthropic.claude-3-5-sonnet-20240620-v1:0"
MODEL = "gpt-4o-mini"


@pytest.mark.parametrize(
    ("sender", "name", "session"),
    [
        ("genai-openai-agents", "weather", "chat-1"),
        ("genai-agno", "weather", "chat-1"),
        ("genai-llama-index", "weather", None),
        ("logfire-openai-agents", "weather", None),
        ("ag2", "weather", None),
        ("autogen-own", "weather", None),
    ],
)
def test_an_agent_has_its_name_and_its_tool(sender: str, name: str, session: str | None) -> None:
    """Under the conventions' own instrumentations, Logfire's, and by frameworks themselves."""
    agent = spans_of(sender, "agent")[-1]
    assert (agent.agent_name, agent.session_id, agent.provider) == (
        name,
        session,
        "openai" if sender.startswith("logfire") else None,
    )
    tool = spans_of(sender, "tool")[0].tool
    assert tool
    assert tool.name == "get_weather"
    if sender != "autogen-own":  # It sends no more than the name.
        assert (tool.arguments, tool.result) == ({"city": "Paris"}, ANSWER)


@pytest.mark.parametrize(
    ("sender", "tokens", "tools"),
    [
        ("logfire-openai-agents", (101, 11), ["get_weather"]),
        ("ag2", (91, 11), []),
        ("openlit-new", (73, 11), ["get_weather"]),
        ("traceai-openai", (73, 11), ["get_weather"]),
        ("litellm-new", (73, 11), ["get_weather"]),
        ("genai-bedrock", (68, 11), ["get_weather"]),
        ("node-openinference", (73, 11), ["get_weather"]),
        ("node-otel", (73, 11), []),
        ("node-traceloop", (73, 11), ["get_weather"]),
    ],
)
def test_a_call_that_asks_for_a_tool_is_whole(
    sender: str, tokens: tuple[int, int], tools: list[str]
) -> None:
    """Provider, messages, the tool asked for, its definition, counts and previews."""
    ask = spans_of(sender, "llm")[0]
    assert ask.provider == ("aws.bedrock" if sender == "genai-bedrock" else "openai")
    assert (ask.model or "").startswith(CLAUDE if sender == "genai-bedrock" else MODEL)
    assert said(ask) == [("user", QUESTION), ("assistant", {"city": "Paris"})]
    assert ask.messages
    told = [] if sender == "ag2" else [SYSTEM]
    assert [part.content for part in ask.messages.system] == told
    assert [tool.name for tool in ask.tools] == tools
    assert ask.usage
    assert (ask.usage.input_tokens, ask.usage.output_tokens) == tokens
    assert (ask.input_preview, (ask.output_preview or "").replace(" ", "")) == (
        QUESTION,
        'get_weather({"city":"Paris"})',
    )
    if sender != "traceai-openai":  # It does not say how a call ended.
        assert ask.finish_reasons == ["tool_call"]


def test_the_tool_that_a_model_called_is_no_input_of_the_call() -> None:
    """OpenLIT tells it by the keys of a tool's own span; zero is its price where it knows none."""
    ask, answer, stream, response = spans_of("openlit-new", "llm")
    assert (ask.inputs, ask.cost) == (None, None)
    assert ask.params["max_tokens"] == 64
    assert "max_tokens" not in response.params, "it writes -1 for no limit"
    assert answer.usage
    assert answer.usage.cache_read_tokens == 64
    assert (stream.is_stream, said(stream)[-1]) == (True, ("assistant", HELLO))
    [embedding] = spans_of("openlit-new", "embedding")
    assert embedding.embedding_inputs == ["alpha", "beta"]


def test_usage_that_is_told_beside_its_call_counts_once() -> None:
    """AG2 has a span of its own for it, with the model and the counts."""
    assert [span.kind for span in spans_of("ag2")] == [
        *("agent", "llm", "span", "tool", "llm", "span"),
    ]


def test_messages_by_their_number_are_read_under_the_conventions_own_keys() -> None:
    """Future AGI's: as OpenInference, but below `gen_ai.input.messages`."""
    ask, answer, stream, response = spans_of("traceai-openai", "llm")
    assert ask.params == {"max_tokens": 64, "temperature": 0.2}
    assert said(answer)[1:3] == [
        ("assistant", {"city": "Paris"}),
        ("tool", {"temperature_c": 18, "sky": "sunny"}),
    ]
    assert (stream.model, stream.is_stream, said(stream)[0]) == (
        MODEL,
        True,
        ("user", "Say hello."),
    )
    assert (response.response_id or "").startswith("resp_")
    [embedding] = spans_of("traceai-openai", "embedding")
    assert embedding.embedding_inputs == ["alpha", "beta"]


def test_what_agentops_calls_its_own_way_is_understood() -> None:
    """Its decorators, what went in under the kind's own name, tags, and a stream's first token."""
    spans = spans_of("agentops")
    kinds = ["workflow", "agent", "task", "tool", "llm", "tool", "llm", "llm", "embedding"]
    assert [span.kind for span in spans[:9]] == kinds
    turn, agent, found, tool, ask, called = spans[:6]
    assert (turn.tags, agent.agent_name) == (["demo"], "weather")
    assert (found.input_preview, found.outputs) == (QUESTION, [QUESTION])
    assert found.sources["inputs"] == "agentops.task.input"
    assert tool.tool
    assert (tool.tool.name, tool.tool.result) == (
        "get_weather",
        {"temperature_c": 18, "city": "Paris"},
    )
    assert ask.params == {"max_tokens": 64, "temperature": 0.2}
    assert ([each.name for each in ask.tools], ask.finish_reasons) == (
        ["get_weather"],
        ["tool_call"],
    )
    assert called.tool
    assert (called.tool.arguments, (called.tool.call_id or "")[:5]) == ({"city": "Paris"}, "call_")
    assert spans[7].time_to_first_token_ms
    assert spans[8].embedding_inputs == ["alpha", "beta"]


def test_what_langwatch_wraps_is_unwrapped() -> None:
    """Values that tell their type, contexts, settings and counts in a map each."""
    turn, found, tool, call = spans_of("langwatch")
    assert (turn.session_id, turn.user_id, turn.metadata["tier"]) == ("chat-1", "ann", "pro")
    assert (turn.inputs, turn.outputs) == ({"question": QUESTION}, HELLO)
    assert [each.content for each in found.documents] == ["Paris is in France."]
    assert (found.kind, found.sources["documents"]) == ("retriever", "langwatch.rag_contexts")
    assert tool.tool
    assert (tool.tool.name, tool.tool.arguments) == ("get_weather", {"city": "Paris"})
    assert (call.kind, call.provider, call.params) == ("llm", "openai", {"temperature": 0.2})
    assert said(call) == [("user", "Say hello."), ("assistant", HELLO)]
    assert call.usage
    assert (call.usage.input_tokens, call.usage.output_tokens, call.usage.reasoning_tokens) == (
        *(18, 15, 0),
    )


def test_logfires_view_of_openais_agents_says_what_each_span_is() -> None:
    """A trace with its group as session, the agent's run, turns, calls, a function."""
    spans = spans_of("logfire-openai-agents")
    kinds = ["workflow", "task", "agent", "task", "llm", "tool", "task", "llm"]
    assert [span.kind for span in spans] == kinds
    assert (spans[0].session_id, spans[0].metadata) == ("chat-1", {"tier": "pro"})
    assert spans[0].sources["session_id"] == "group_id"
    assert spans[7].usage
    assert (spans[7].usage.cache_read_tokens, spans[7].output_preview) == (
        64,
        f"get_weather says: {ANSWER}",
    )


def test_decorators_of_phoenix_make_a_tree() -> None:
    """Agent, chain and tool around a call, all with session, user, tags and metadata."""
    spans = spans_of("phoenix-otel")
    assert [span.kind for span in spans] == ["agent", "chain", "tool", "llm"]
    for span in spans:
        assert (span.session_id, span.user_id, span.tags) == ("chat-1", "ann", ["demo"])
        assert span.metadata == {"tier": "pro"}
    assert spans[2].tool
    assert (spans[2].tool.name, spans[2].tool.arguments) == ("get_weather", {"city": "Paris"})


def test_both_sides_of_a_session_of_mcp_say_the_tool() -> None:
    """By FastMCP, and by the protocol's own library from its version 2 on."""
    kinds: dict[str, set[Any]] = {}
    for span in spans_of("fastmcp"):
        kinds.setdefault(span.name.removeprefix("MCP send "), set()).add(
            (span.kind, span.tool.name if span.tool else None)
        )
    assert kinds["tools/call get_weather"] == {("tool", "get_weather")}
    assert kinds["resources/read"] == {("retriever", None)}
    assert kinds["tools/list"] == {("span", None)}


def test_llama_index_says_all_in_events() -> None:
    """Documents, embedded texts, whole calls, tools; of a stream only how it began."""
    sender = "llama-index-own"
    [found] = spans_of(sender, "retriever")
    assert (found.input_preview, found.documents[0].content) == (
        "Where is Paris?",
        "Paris is in France.",
    )
    assert (found.documents[0].metadata, found.sources["documents"]) == (
        {"page": 7},
        "event RetrievalEndEvent",
    )
    assert spans_of(sender, "embedding")[-1].embedding_inputs == ["Where is Paris?"]
    call, ask, answer, stream = spans_of(sender, "llm")
    assert (call.provider, call.model, call.finish_reasons) == ("openai", MODEL, ["stop"])
    assert call.usage
    assert (call.usage.input_tokens, call.usage.output_tokens) == (179, 98)
    assert [role for role, _ in said(call)] == ["user", "assistant"]
    assert (said(ask), [tool.name for tool in ask.tools]) == ([("user", QUESTION)], ["get_weather"])
    assert said(answer)[1:] == [("assistant", {"city": "Paris"}), ("tool", ANSWER)]
    assert said(stream) == [("user", "Say hello.")]
    [turn] = spans_of(sender, "chain")
    assert (turn.inputs, (turn.output_preview or "")[:9]) == ("Where is Paris?", "You asked")


def test_calls_by_langfuse_for_node_have_their_turns_session() -> None:
    """Session, user, tags and metadata of the turn; settings, counts and a stream's first token."""
    turn, ask, answer, stream = spans_of("node-langfuse")[:4]
    for span in (turn, ask, answer, stream):
        assert (span.session_id, span.user_id, span.tags) == ("chat-1", "ann", ["demo"])
        assert span.metadata == {"tier": "pro"}
    assert (turn.kind, ask.provider, ask.params) == (
        *("agent", "openai"),
        {"max_tokens": 64, "temperature": 0.2},
    )
    assert said(ask) == [("user", QUESTION), ("assistant", {"city": "Paris"})]
    assert answer.usage
    assert (answer.usage.input_tokens, answer.usage.cache_read_tokens) == (98, 64)
    assert (stream.is_stream, said(stream)[-1]) == (True, ("assistant", HELLO))
    assert stream.time_to_first_token_ms


def test_instrumentations_that_tell_little_tell_it_right() -> None:
    """Of smolagents no tool's run, of a retriever ids and scores and no text, of DSPy no counts."""
    [agent] = spans_of("genai-smolagents", "agent")
    assert (agent.agent_name, said(agent)) == (
        "ToolCallingAgent",
        [("user", QUESTION), ("assistant", f"The tool says: {ANSWER}")],
    )
    assert agent.tools[0].name == "get_weather"
    [found] = spans_of("genai-llama-index", "retriever")
    assert found.input_preview == "Where is Paris?"
    assert found.documents[0].score
    [call] = spans_of("genai-dspy", "llm")
    assert ([role for role, _ in said(call)], call.finish_reasons) == (
        ["user", "assistant"],
        ["stop"],
    )
