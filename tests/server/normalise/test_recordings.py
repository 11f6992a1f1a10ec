"""Real requests of real libraries, one conversation told in a dozen dialects: one meaning.

`record.py` made the recordings and says how.
"""

from typing import Any

import pytest
from support.meanings import meaning, recorded

from weave_core.model import Message, Span
from weave_core.server.normalise.duplicates import Call, duplicate_ids

QUESTION = "What is the weather in Paris?"
HELLO = "Hello! Tell me your order number and what I can do for you."
SAYS = 'get_weather says: {"temperature_c": 18, "sky": "sunny"}'
SYSTEM = "You are a terse assistant."
WEATHER = {"temperature_c": 18, "sky": "sunny"}

OPENAI = [
    "openinference-openai",
    "traceloop-openai",
    "otel-openai-v2",
    "otel-genai-openai",
    "logfire-openai",
]
ANTHROPIC = ["openinference-anthropic", "traceloop-anthropic", "otel-genai-anthropic"]


def spans_of(sender: str) -> list[Span]:
    """What the spans of a recording mean, by start."""
    return [meaning(raw) for raw in recorded(sender)]


def told_calls(sender: str) -> list[Span]:
    """Its model calls that tell what was answered."""
    spans = [span for span in spans_of(sender) if span.kind == "llm"]
    return [span for span in spans if span.messages and span.messages.output]


def said(messages: list[Message]) -> list[tuple[str, Any]]:
    """Messages in short: who, and what."""
    short: list[tuple[str, Any]] = []
    for message in messages:
        for part in message.parts:
            if part.type == "tool_call":
                short.append((message.role, (part.name, part.arguments)))
            elif part.type == "tool_call_response":
                short.append((message.role, part.response))
            else:
                short.append((message.role, part.content))
    return short


@pytest.mark.parametrize("sender", OPENAI + ANTHROPIC)
def test_a_tool_call_means_the_same_whoever_tells_it(sender: str) -> None:
    """Question, call with decoded arguments, tools on offer, tokens and settings."""
    call = told_calls(sender)[0]
    assert call.messages
    assert [part.content for part in call.messages.system] == [SYSTEM]
    assert said(call.messages.input) == [("user", QUESTION)]
    assert said(call.messages.output) == [("assistant", ("get_weather", {"city": "Paris"}))]
    assert call.usage
    assert (call.usage.input_tokens, call.usage.output_tokens) == (73, 11)
    assert call.finish_reasons == ["tool_call"]
    assert call.params["max_tokens"] == 64
    assert call.response_id
    assert call.input_preview == QUESTION
    assert (call.output_preview or "").startswith("get_weather(")
    if sender != "otel-openai-v2":  # It does not send them.
        [tool] = call.tools
        assert (tool.name, tool.description) == ("get_weather", "Current weather of a city")
        assert tool.parameters["required"] == ["city"]


@pytest.mark.parametrize("sender", OPENAI + ANTHROPIC)
def test_a_tool_result_is_a_tool_message_with_the_id_of_its_call(sender: str) -> None:
    """OpenAI's tool messages and Anthropic's result blocks of the user become the same."""
    call = told_calls(sender)[1]
    assert call.messages
    assert said(call.messages.input) == [
        ("user", QUESTION),
        ("assistant", ("get_weather", {"city": "Paris"})),
        ("tool", WEATHER),
    ]
    asked = [p.id for m in call.messages.input for p in m.parts if p.type == "tool_call"]
    answered = [p.id for m in call.messages.input for p in m.parts if p.type.endswith("response")]
    assert asked == answered
    assert asked[0]
    assert said(call.messages.output) == [("assistant", SAYS)]
    assert call.usage
    assert (call.usage.input_tokens, call.usage.output_tokens) == (98, 21)
    assert call.finish_reasons == ["stop"]
    assert call.input_preview == QUESTION


@pytest.mark.parametrize("sender", OPENAI)
def test_openai_calls_name_both_models(sender: str) -> None:
    """The model that was asked for and the dated one that answered."""
    for call in told_calls(sender)[:2]:
        assert call.provider == "openai"
        assert call.model == "gpt-4o-mini"
        assert call.response_model == "gpt-4o-mini-2024-07-18"


@pytest.mark.parametrize("sender", [s for s in OPENAI if s != "otel-openai-v2"])
def test_a_reply_of_the_responses_api_is_a_message(sender: str) -> None:
    """Instructions are the system's, the input text is the user's."""
    call = told_calls(sender)[3]
    assert call.messages
    assert [part.content for part in call.messages.system] == [SYSTEM]
    assert said(call.messages.input) == [("user", "Say hello.")]
    assert said(call.messages.output) == [("assistant", HELLO)]
    assert call.usage
    assert (call.usage.input_tokens, call.usage.output_tokens) == (18, 15)


@pytest.mark.parametrize("sender", OPENAI)
def test_a_streamed_reply_is_whole(sender: str) -> None:
    """Text and usage of a stream are there, as of any reply."""
    call = told_calls(sender)[2]
    assert call.messages
    assert said(call.messages.output) == [("assistant", HELLO)]
    if sender != "otel-openai-v2":
        assert call.usage
        assert (call.usage.input_tokens, call.usage.output_tokens) == (7, 15)


@pytest.mark.parametrize(
    "sender", ["openinference-openai", "traceloop-openai", "otel-genai-openai"]
)
def test_a_stream_is_marked_and_timed(sender: str) -> None:
    """Whether it was streamed, and when the first token came where the sender knows."""
    call = told_calls(sender)[2]
    assert call.is_stream is True
    assert call.time_to_first_token_ms is not None
    assert 0 < call.time_to_first_token_ms < 10_000


@pytest.mark.parametrize("sender", ["openinference-openai", "traceloop-openai"])
def test_embeddings_show_their_texts_and_no_messages(sender: str) -> None:
    """The texts that were embedded; vectors are left in the attributes."""
    [span] = [span for span in spans_of(sender) if span.kind == "embedding"]
    assert span.embedding_inputs == ["alpha", "beta"]
    assert span.messages is None
    assert span.usage
    assert span.usage.input_tokens == 2
    assert span.output_preview is None


@pytest.mark.parametrize("sender", ANTHROPIC)
def test_a_call_that_two_layers_report_counts_once(sender: str) -> None:
    """The anthropic SDK traces its calls itself, below or beside the instrumentation's span."""
    spans = recorded(sender)
    meanings = [meaning(raw) for raw in spans]
    calls = [
        Call(
            span_id=raw.span_id,
            parent_id=raw.parent_id,
            kind=span.kind,
            request_model=span.model,
            model=span.response_model,
            input_tokens=span.usage.input_tokens if span.usage else None,
            output_tokens=span.usage.output_tokens if span.usage else None,
            response_id=span.response_id,
            has_content=span.output_preview is not None,
        )
        for raw, span in zip(spans, meanings, strict=True)
    ]
    assert len(calls) == 6
    doubles = duplicate_ids(calls)
    counted = [
        span for raw, span in zip(spans, meanings, strict=True) if raw.span_id not in doubles
    ]
    assert [bool(span.output_preview) for span in counted] == [True, True, True]


def test_langchain_spans_have_their_kinds_documents_and_session() -> None:
    """Retriever, chain, prompt, model and tool; the session is only in the metadata."""
    spans = {span.name: span for span in spans_of("openinference-langchain")}
    assert {name: span.kind for name, span in spans.items()} == {
        "Atlas": "retriever",
        "RunnableSequence": "chain",
        "ChatPromptTemplate": "prompt",
        "ChatOpenAI": "llm",
        "get_weather": "tool",
    }
    assert {span.session_id for span in spans.values()} == {"chat-1"}
    assert {span.metadata["tier"] for span in spans.values()} == {"pro"}
    [document] = spans["Atlas"].documents
    assert (document.content, document.metadata) == ("Paris is in France.", {"page": 7})
    tool = spans["get_weather"].tool
    assert tool
    assert tool.name == "get_weather"


def test_an_agent_of_pydantic_ai_shows_its_run_and_counts_nothing() -> None:
    """What the agent span sums up over its children is not its own usage."""
    agent, ask, tool, answer = spans_of("pydantic-ai")
    assert [agent.kind, ask.kind, tool.kind, answer.kind] == ["agent", "llm", "tool", "llm"]
    assert agent.usage
    assert agent.usage.input_tokens is None
    assert agent.agent_name == "weather"
    assert agent.messages
    assert said(agent.messages.output) == [("assistant", "get_weather says: 18 degrees in Paris")]
    assert tool.tool
    assert (tool.tool.name, tool.tool.arguments) == ("get_weather", {"city": "Paris"})
    assert tool.tool.result == "18 degrees in Paris"
    assert tool.tool.call_id
    assert ask.cost
    assert ask.cost.source == "given"
    assert ask.cost.total_usd == pytest.approx(1.905e-05)


def test_logfire_shows_its_message_instead_of_the_template() -> None:
    """The span's name is a template there; people look for the text."""
    first, *calls, _, embedding = spans_of("logfire-openai")
    assert (first.name, first.display_name) == ("turn of {user}", "turn of ann")
    assert first.tags == ["demo"]
    assert embedding.cost
    assert embedding.cost.total_usd == pytest.approx(4e-08)
    assert all(call.kind == "llm" for call in calls)


def test_vercel_outer_spans_are_chains_and_inner_ones_calls() -> None:
    """Both carry usage; only the inner ones are model calls."""
    spans = spans_of("vercel-ai")
    kinds = {span.name: span.kind for span in spans}
    assert kinds == {
        "ai.generateText": "chain",
        "ai.generateText.doGenerate": "llm",
        "ai.toolCall": "tool",
        "ai.streamText": "chain",
        "ai.streamText.doStream": "llm",
        "ai.embedMany": "chain",
        "ai.embedMany.doEmbed": "embedding",
    }
    assert {(span.session_id, span.user_id) for span in spans} == {("chat-1", "ann")}
    ask, answer, stream = [span for span in spans if span.kind == "llm"]
    assert ask.messages
    assert said(ask.messages.output) == [("assistant", ("get_weather", {"city": "Paris"}))]
    assert answer.messages
    assert said(answer.messages.input)[2] == ("tool", {"temperature_c": 18, "city": "Paris"})
    assert answer.usage
    assert (answer.usage.input_tokens, answer.usage.cache_read_tokens) == (131, 64)
    assert stream.is_stream is True
    assert stream.time_to_first_token_ms
    assert (ask.provider, ask.response_model) == ("openai", "gpt-4o-mini-2024-07-18")
    [tool] = [span.tool for span in spans if span.tool]
    assert (tool.name, tool.arguments) == ("get_weather", {"city": "Paris"})
    [embedding] = [span for span in spans if span.kind == "embedding"]
    assert embedding.embedding_inputs == ["alpha", "beta"]


def test_langsmith_requests_and_replies_are_read_whole() -> None:
    """Messages, model, usage and ids come out of two JSON texts; the session of the metadata."""
    answer, find, call = spans_of("langsmith-openai")
    assert [answer.kind, find.kind, call.kind] == ["chain", "retriever", "llm"]
    assert answer.session_id == "chat-1"
    assert answer.tags == ["demo"]
    assert answer.outputs == HELLO
    assert [document.content for document in find.documents] == ["Paris is in France."]
    assert call.messages
    assert [part.content for part in call.messages.system] == [SYSTEM]
    assert said(call.messages.output) == [("assistant", HELLO)]
    assert (call.model, call.response_model) == ("gpt-4o-mini", "gpt-4o-mini-2024-07-18")
    assert (call.provider, call.params) == ("openai", {"temperature": 0.2})
    assert call.response_id
    assert call.finish_reasons == ["stop"]
    assert not [key for key in call.metadata if key.startswith("LANGSMITH")]


def test_langfuse_observations_have_user_session_tags_and_usage() -> None:
    """What was propagated sits on each span; usage is told with the cached tokens inside."""
    turn, call = spans_of("langfuse-openai")
    assert (turn.kind, turn.inputs, turn.outputs) == ("agent", QUESTION, HELLO)
    assert (call.kind, call.response_model) == ("llm", "gpt-4o-mini-2024-07-18")
    for span in (turn, call):
        assert (span.user_id, span.session_id, span.tags) == ("ann", "chat-1", ["demo"])
        assert span.metadata == {"tier": "pro"}
    assert call.usage
    assert (call.usage.input_tokens, call.usage.output_tokens) == (18, 15)
    assert call.messages
    assert said(call.messages.output) == [("assistant", HELLO)]
    assert call.params["temperature"] == 0.2


def test_mlflow_values_are_decoded_from_their_json_texts() -> None:
    """Kinds, inputs, outputs and usage are JSON texts there, even plain words."""
    spans = {span.name: span for span in spans_of("mlflow-traces")}
    assert {name: span.kind for name, span in spans.items()} == {
        "turn": "agent",
        "find": "retriever",
        "get_weather": "tool",
        "call": "llm",
    }
    assert spans["turn"].outputs == "It is sunny."
    [document] = spans["find"].documents
    assert (document.id, document.content) == ("doc-1", "Paris is in France.")
    call = spans["call"]
    assert (call.model, call.response_model) == ("gpt-4o-mini", "gpt-4o-mini-2024-07-18")
    assert call.usage
    assert (call.usage.input_tokens, call.usage.output_tokens) == (12, 4)
    assert call.messages
    assert said(call.messages.output) == [("assistant", "It is sunny.")]
