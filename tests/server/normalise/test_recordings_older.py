"""Older releases and frameworks mean the same as today's; `record_older.py` made the recordings."""

import pytest
from support.meanings import said, spans_of

QUESTION = "What is the weather in Paris?"
HELLO = "Hello! Tell me your order number and what I can do for you."
SYSTEM = "You are a terse assistant."


def test_traceloop_once_wrote_a_key_for_each_word_of_a_call() -> None:
    """Messages, tools, cached tokens and the texts of an embedding from indexed keys."""
    ask, answer, stream, embedding = [
        span for span in spans_of("traceloop-openai-old") if span.name != "openai.response"
    ]
    assert said(ask) == [("user", QUESTION), ("assistant", {"city": "Paris"})]
    assert ask.messages
    assert [part.content for part in ask.messages.system] == [SYSTEM]
    assert [tool.name for tool in ask.tools] == ["get_weather"]
    assert ask.finish_reasons == ["tool_call"]
    assert answer.usage
    assert (answer.usage.input_tokens, answer.usage.cache_read_tokens) == (98, 64)
    assert said(stream)[-1] == ("assistant", HELLO)
    assert embedding.kind == "embedding"
    assert embedding.embedding_inputs == ["alpha", "beta"]


def test_thoughts_told_as_a_message_of_their_own_belong_to_the_answer() -> None:
    """Traceloop's older line has the role `thinking`; it is one reply with two parts."""
    [call] = spans_of("traceloop-anthropic-old")
    assert call.messages
    [answer] = call.messages.output
    assert answer.role == "assistant"
    assert [part.type for part in answer.parts] == ["reasoning", "text"]
    assert answer.finish_reason == "stop"


def test_a_retriever_that_traceloop_calls_a_task_is_a_retriever() -> None:
    """It calls each step of a framework a task; the operation beside it says more."""
    spans = {span.display_name: span for span in spans_of("traceloop-langchain")}
    assert spans["Atlas"].kind == "retriever"
    [document] = spans["Atlas"].documents
    assert (document.content, document.metadata) == ("Paris is in France.", {"page": 7})
    assert spans["ChatPromptTemplate"].kind == "task"
    tool = spans["get_weather"].tool
    assert tool
    assert (tool.name, tool.arguments) == ("get_weather", {"city": "Paris"})
    assert tool.result == "18 degrees in Paris"
    assert (tool.call_id or "").startswith("call_")
    assert {span.session_id for span in spans.values()} == {"chat-1"}


def test_a_run_of_pydantic_ai_is_an_agents_since_its_first_version() -> None:
    """Its first format names no operation and tells the run as a list of events."""
    agent, ask, _, tool, answer = spans_of("pydantic-ai-old")
    assert [agent.kind, ask.kind, tool.kind, answer.kind] == ["agent", "llm", "tool", "llm"]
    assert agent.agent_name == "weather"
    assert agent.messages
    assert [part.content for part in agent.messages.system] == [SYSTEM]
    assert [message.role for message in agent.messages.input] == ["user", "assistant", "tool"]
    assert said(agent)[-1] == ("assistant", "get_weather says: 18 degrees in Paris")
    assert len(agent.messages.output) == 1
    assert said(ask) == [("user", QUESTION), ("assistant", {"city": "Paris"})]
    assert (ask.input_preview, ask.output_preview) == (QUESTION, 'get_weather({"city": "Paris"})')


def test_logfire_once_told_a_call_as_two_whole_bodies() -> None:
    """Kind, provider, model, usage and messages come out of request and response."""
    call, asked, streamed, embedding = spans_of("logfire-old")
    assert [span.kind for span in (call, asked, streamed, embedding)] == [
        *["llm"] * 3,
        "embedding",
    ]
    assert (call.provider, call.model) == ("openai", "gpt-4o-mini")
    assert said(call) == [("user", "Say hello."), ("assistant", HELLO)]
    assert call.params["temperature"] == 0.2
    assert call.usage
    assert (call.usage.input_tokens, call.usage.output_tokens) == (18, 15)
    assert asked.usage
    assert asked.usage.input_tokens is None
    assert streamed.usage
    assert streamed.usage.input_tokens == 7
    assert said(streamed)[-1] == ("assistant", HELLO)
    assert embedding.embedding_inputs == ["alpha", "beta"]
    assert embedding.usage
    assert embedding.usage.input_tokens == 2


def test_logfire_told_anthropics_calls_so_for_longer() -> None:
    """The provider is the client's that it instrumented; options nobody gave are no settings."""
    calls = [span for span in spans_of("logfire-anthropic-old") if span.name.startswith("Message")]
    [call] = calls
    assert (call.kind, call.provider, call.model) == ("llm", "anthropic", "claude-sonnet-4-5")
    assert call.messages
    assert [part.content for part in call.messages.system] == [SYSTEM]
    assert said(call) == [("user", "Say hello."), ("assistant", HELLO)]
    assert call.params == {"max_tokens": 64}
    assert call.usage
    assert (call.usage.input_tokens, call.usage.output_tokens) == (18, 15)


def test_langfuse_tells_plain_texts_and_single_items() -> None:
    """A stream's text, a text that was asked, a lone tool call of the Responses API."""
    stream, ask, hello, embedding = spans_of("langfuse-responses")
    assert said(stream) == [("user", "Say hello."), ("assistant", HELLO)]
    assert stream.finish_reasons == ["stop"]
    assert stream.time_to_first_token_ms
    assert "max_tokens" not in stream.params
    assert said(ask) == [("user", QUESTION), ("assistant", {"city": "Paris"})]
    assert ask.response_id is None  # The item's id is not the reply's.
    assert said(hello) == [("user", "Say hello."), ("assistant", HELLO)]
    assert embedding.embedding_inputs == ["alpha", "beta"]


@pytest.mark.parametrize("sender", ["traceloop-openai-old", "logfire-old", "langfuse-responses"])
def test_every_call_has_previews(sender: str) -> None:
    """What lists show is there whatever the form of the messages."""
    for span in spans_of(sender):
        if span.kind == "llm" and span.messages and span.messages.output:
            assert span.input_preview
            assert span.output_preview
