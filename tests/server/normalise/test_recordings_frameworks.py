"""Frameworks and platforms that trace themselves; `record_frameworks.py` made the recordings."""

import pytest
from support.meanings import said, spans_of

from weave_core.model import Span

QUESTION = "What is the weather in Paris?"
SYSTEM = "You are a terse assistant."
WEATHER = {"temperature_c": 18, "city": "Paris"}


def calls_of(sender: str) -> list[Span]:
    """Its model calls."""
    return [span for span in spans_of(sender) if span.kind == "llm"]


@pytest.mark.parametrize("sender", ["strands", "strands-details"])
def test_a_turn_of_strands_is_whole_in_both_of_its_forms(sender: str) -> None:
    """One event for each message, or one event of details for each direction."""
    agent = spans_of(sender)[0]
    assert (agent.kind, agent.agent_name) == ("agent", "weather")
    assert (agent.session_id, agent.user_id) == ("chat-1", "ann")
    assert agent.messages
    assert [part.content for part in agent.messages.system] == [SYSTEM]
    assert [tool.name for tool in agent.tools] == ["get_weather"]
    ask, answer = calls_of(sender)
    assert said(ask) == [("user", QUESTION), ("assistant", {"city": "Paris"})]
    assert [role for role, _ in said(answer)] == ["user", "assistant", "tool", "assistant"]
    assert answer.input_preview == QUESTION
    assert ask.usage
    assert ask.usage.output_tokens == 11
    [tool] = [span.tool for span in spans_of(sender) if span.tool]
    assert (tool.name, tool.arguments) == ("get_weather", {"city": "Paris"})
    assert tool.result == WEATHER
    # It counts milliseconds where seconds belong.
    assert ask.time_to_first_token_ms
    assert ask.time_to_first_token_ms < 60_000


def test_google_adk_hides_cached_tokens_in_its_whole_reply() -> None:
    """Request, reply and counts of Gemini, the session of the runner."""
    ask, answer = calls_of("google-adk")
    assert said(ask) == [("user", QUESTION), ("assistant", {"city": "Paris"})]
    assert [role for role, _ in said(answer)] == ["user", "assistant", "tool", "assistant"]
    assert ask.messages
    assert (ask.messages.system[0].content or "").startswith(SYSTEM)
    assert [tool.name for tool in ask.tools] == ["get_weather"]
    assert ask.model == "gemini-2.5-flash"
    assert ask.session_id == "chat-1"
    assert "http_options" not in ask.params
    [tool] = [span.tool for span in spans_of("google-adk") if span.tool]
    assert (tool.arguments, tool.result) == ({"city": "Paris"}, WEATHER)


def test_openlit_tells_a_tool_that_was_called_by_the_keys_of_a_tool() -> None:
    """On a model call these are its answer."""
    [call] = calls_of("openlit")
    assert call.messages
    [answer] = call.messages.output
    assert [(part.name, part.arguments) for part in answer.parts] == [
        ("get_weather", {"city": "Paris"})
    ]
    assert call.is_stream is False
    assert "is_stream" not in call.params
    assert call.finish_reasons == ["tool_call"]
    assert call.time_to_first_token_ms


def test_semantic_kernel_logs_messages_as_json_texts() -> None:
    """The body of a log record is the message, and may be JSON in a text."""
    ask, answer = calls_of("semantic-kernel")
    assert said(ask) == [("user", QUESTION), ("assistant", {"city": "Paris"})]
    assert said(answer)[-1][0] == "assistant"
    assert [role for role, _ in said(answer)] == ["user", "assistant", "tool", "assistant"]
    assert ask.messages
    assert [part.content for part in ask.messages.system] == [SYSTEM]
    assert (ask.finish_reasons, answer.finish_reasons) == (["tool_call"], ["stop"])
    assert ask.input_preview == QUESTION


def test_a_search_of_a_vector_store_is_a_retriever() -> None:
    """Its hits are events; adding documents is no search."""
    add, query = spans_of("chroma")
    assert (add.kind, query.kind) == ("span", "retriever")
    [document] = query.documents
    assert (document.id, document.content) == ("doc-1", "Paris is in France.")
    assert (document.score, document.metadata) == (0.0, {"page": 7})


def test_genkit_wraps_the_providers_reply_into_its_own() -> None:
    """Provider, models and id of a call, the texts of documents, what was embedded."""
    spans = spans_of("genkit")
    assert {span.name: span.kind for span in spans} == {
        "turn": "workflow",
        "atlas": "retriever",
        "generate": "span",
        "openai/gpt-4o-mini": "llm",
        "get_weather": "tool",
        "openai/text-embedding-3-small": "embedding",
    }
    ask, answer = [span for span in spans if span.kind == "llm"]
    assert said(ask) == [("user", QUESTION), ("assistant", {"city": "Paris"})]
    assert said(answer)[2] == ("tool", WEATHER)
    assert (ask.provider, ask.response_model) == ("openai", "gpt-4o-mini-2024-07-18")
    assert (ask.response_id or "").startswith("chatcmpl-")
    assert ask.output_preview == 'get_weather({"city":"Paris"})'
    assert ask.usage
    assert ask.usage.output_tokens == 11
    [retriever] = [span for span in spans if span.kind == "retriever"]
    assert [document.content for document in retriever.documents] == ["Paris is in France."]
    [embedding] = [span for span in spans if span.kind == "embedding"]
    assert embedding.embedding_inputs == ["alpha"]
