"""Cohere, Ollama and Vertex AI, and senders in other versions; `record_local.py` recorded them."""

import pytest
from support.meanings import said, spans_of

from weave_core.model import Span

QUESTION = "What is the weather in Paris?"
HELLO = "Hello! Tell me your order number and what I can do for you."
SYSTEM = "You are a terse assistant."
WEATHER = {"temperature_c": 18, "sky": "sunny"}


def system_of(span: Span) -> list[object]:
    """The instructions of a model call."""
    assert span.messages
    return [part.content for part in span.messages.system]


def tokens_of(span: Span) -> tuple[int | None, int | None]:
    """What went in and came out."""
    assert span.usage
    return span.usage.input_tokens, span.usage.output_tokens


@pytest.mark.parametrize("sender", ["traceloop-ollama", "traceloop-ollama-old"])
def test_calls_of_ollama_are_whole(sender: str) -> None:
    """Tools there and back, a stream, a prompt alone; the sender leaves a called tool out."""
    ask, answer, stream, prompt = spans_of(sender)
    assert {call.kind for call in (ask, answer, stream, prompt)} == {"llm"}
    assert (ask.provider, ask.model) == ("ollama", "llama3.2:3b")
    assert (system_of(ask), tokens_of(ask)) == ([SYSTEM], (73, 11))
    assert [tool.name for tool in ask.tools] == ["get_weather"]
    assert said(answer)[:3] == [
        ("user", QUESTION),
        ("assistant", {"city": "Paris"}),
        ("tool", WEATHER),
    ]
    assert said(stream) == said(prompt) == [("user", "Say hello."), ("assistant", HELLO)]
    assert (ask.is_stream, stream.is_stream) == (False, True)


def test_calls_of_cohere_are_whole() -> None:
    """A plan and a call of a tool; a stream that its sender can't read says nothing, not `[]`."""
    ask, answer, stream, embedding, ranked = spans_of("traceloop-cohere")
    assert (ask.provider, ask.model, ask.params) == (
        "cohere",
        "command-a-03-2025",
        {"temperature": 0.2},
    )
    assert said(ask) == [
        ("user", QUESTION),
        ("assistant", "I will use get_weather."),
        ("assistant", {"city": "Paris"}),
    ]
    assert (ask.finish_reasons, answer.finish_reasons) == (["tool_call"], ["stop"])
    assert (system_of(ask), tokens_of(ask), tokens_of(answer)) == ([SYSTEM], (73, 11), (98, 21))
    assert (said(stream), stream.output_preview) == ([("user", "Say hello.")], None)
    assert tokens_of(stream) == (7, 15)
    assert (embedding.kind, embedding.embedding_inputs) == ("embedding", ["alpha", "beta"])
    assert ranked.kind == "reranker"
    assert [(each.content, each.score) for each in ranked.documents] == [
        ("Oslo is in Norway.", 0.6667),
        ("Paris is in France.", 0.3333),
    ]


def test_a_model_of_vertex_is_known_by_its_name() -> None:
    """Not by its place in a project, whichever instrumentation tells it."""
    for sender in ("openinference-vertexai", "otel-vertex"):
        ask = spans_of(sender)[0]
        assert (ask.kind, ask.provider, ask.model) == ("llm", "gcp.vertex_ai", "gemini-2.5-flash")
        assert (ask.response_model, system_of(ask)) == ("gemini-2.5-flash", [SYSTEM])
        assert said(ask)[0] == ("user", QUESTION)
        assert ask.params["temperature"] == 0.2
    ask = spans_of("openinference-vertexai")[0]
    assert said(ask)[1] == ("assistant", {"city": "Paris"})
    assert ([tool.name for tool in ask.tools], tokens_of(ask)) == (["get_weather"], (81, 11))
    [hello] = spans_of("traceloop-vertexai")
    assert said(hello) == [("user", "Say hello."), ("assistant", HELLO)]


def test_mlflow_2_is_read_like_todays() -> None:
    """An agent's turn with a retriever, a tool and a call."""
    turn, find, weather, call = spans_of("mlflow-2")
    assert [span.kind for span in (turn, find, weather, call)] == [
        *("agent", "retriever", "tool", "llm")
    ]
    assert (turn.inputs, turn.outputs) == ({"question": QUESTION}, "It is sunny.")
    assert [each.content for each in find.documents] == ["Paris is in France."]
    assert weather.tool
    assert (weather.tool.name, weather.tool.arguments) == ("get_weather", {"city": "Paris"})
    assert said(call) == [("user", QUESTION), ("assistant", "It is sunny.")]
    assert (call.provider, call.response_id, tokens_of(call)) == ("openai", "chatcmpl-1", (12, 4))


@pytest.mark.parametrize("version", [2, 3, 4, 5, 6])
def test_each_format_of_pydantic_ai_means_the_same(version: int) -> None:
    """An agent's run: a call of the model, a tool, another call."""
    spans = [
        span for span in spans_of("pydantic-ai-versions") if span.agent_name == f"weather-{version}"
    ]
    run, ask, tool, answer = spans
    assert [span.kind for span in spans] == ["agent", "llm", "tool", "llm"]
    assert (system_of(run), system_of(ask)) == ([SYSTEM], [SYSTEM])
    assert (
        said(run)[-1] == said(answer)[-1] == ("assistant", "get_weather says: 18 degrees in Paris")
    )
    assert said(ask) == [("user", QUESTION), ("assistant", {"city": "Paris"})]
    assert tool.tool
    assert (tool.tool.arguments, tool.tool.result) == ({"city": "Paris"}, "18 degrees in Paris")
    assert (tokens_of(ask), tokens_of(answer)) == ((83, 11), (96, 9))
    assert answer.usage
    assert answer.usage.cache_read_tokens == 64
    assert run.usage
    assert run.usage.input_tokens is None, "a sum of its children"


def test_pydantic_ai_told_its_first_format_in_log_records_too() -> None:
    """Messages come by `/v1/logs` alone."""
    spans = spans_of("pydantic-ai-logs")
    assert [span.kind for span in spans] == ["agent", "llm", "span", "tool", "llm"]
    assert said(spans[1]) == [("user", QUESTION), ("assistant", {"city": "Paris"})]
    assert said(spans[4])[-1] == ("assistant", "get_weather says: 18 degrees in Paris")
    assert system_of(spans[4]) == [SYSTEM]


def test_the_first_releases_of_traceloop_are_read() -> None:
    """Before it took over `gen_ai.*`: model, messages, settings and tokens below `llm.*`."""
    ask, answer, stream, embedding = spans_of("traceloop-openai-oldest")
    assert (ask.provider, ask.model) == ("openai", "gpt-4o-mini")
    assert ask.response_model == "gpt-4o-mini-2024-07-18"
    assert (system_of(ask), tokens_of(ask)) == ([SYSTEM], (73, 11))
    assert said(ask) == [("user", QUESTION), ("assistant", {"city": "Paris"})]
    assert (ask.finish_reasons, ask.params) == (
        ["tool_call"],
        {"max_tokens": 64, "temperature": 0.2},
    )
    assert ask.output_preview == 'get_weather({"city": "Paris"})'
    assert ("tool", WEATHER) in said(answer)
    assert said(stream) == [("user", "Say hello."), ("assistant", HELLO)]
    assert stream.time_to_first_token_ms
    assert (embedding.kind, embedding.embedding_inputs) == ("embedding", ["alpha", "beta"])


def test_the_first_releases_of_openinference_are_read() -> None:
    """A call with a tool, its answer, a stream, embeddings."""
    ask, answer, stream, embedding = spans_of("openinference-openai-oldest")
    assert (ask.provider, tokens_of(ask), system_of(ask)) == ("openai", (73, 11), [SYSTEM])
    assert said(ask) == [("user", QUESTION), ("assistant", {"city": "Paris"})]
    assert ("tool", WEATHER) in said(answer)
    assert said(stream)[-1] == ("assistant", HELLO)
    assert (stream.is_stream, tokens_of(stream)) == (True, (7, 15))
    assert embedding.embedding_inputs == ["alpha", "beta"]


@pytest.mark.parametrize("sender", ["logfire-v3", "logfire-v4"])
def test_logfire_of_a_year_ago_is_read_like_todays(sender: str) -> None:
    """Chat, a stream whose answer is a span of its own, the Responses API, embeddings."""
    turn, ask, answer, asked, streamed, response, embedding = spans_of(sender)
    assert (turn.kind, turn.tags) == ("span", ["demo"])
    assert said(ask) == [("user", QUESTION), ("assistant", {"city": "Paris"})]
    assert ([tool.name for tool in ask.tools], ask.model) == (["get_weather"], "gpt-4o-mini")
    assert answer.usage
    assert (tokens_of(answer), answer.usage.cache_read_tokens) == ((98, 21), 64)
    assert (tokens_of(asked), tokens_of(streamed)) == ((None, None), (7, 15))
    assert said(response) == [("user", "Say hello."), ("assistant", HELLO)]
    assert (embedding.kind, embedding.embedding_inputs) == ("embedding", ["alpha", "beta"])


def test_langsmith_wrote_its_texts_as_bytes() -> None:
    """Until its version 0.5: they are the same JSON texts."""
    turn, find, call = spans_of("langsmith-old")
    assert (turn.inputs, turn.outputs) == ({"question": "Say hello."}, HELLO)
    assert (turn.input_preview, turn.session_id) == ("Say hello.", "chat-1")
    assert [each.content for each in find.documents] == ["Paris is in France."]
    assert (call.kind, system_of(call), tokens_of(call)) == ("llm", [SYSTEM], (18, 15))
    assert said(call) == [("user", "Say hello."), ("assistant", HELLO)]


def test_the_newest_google_adk_follows_the_conventions() -> None:
    """Workflow, agent, calls with what they were told in events, a tool."""
    workflow, agent, ask, tool, answer = spans_of("google-adk-new")
    assert [span.kind for span in (workflow, agent, ask, tool, answer)] == [
        *("workflow", "agent", "llm", "tool", "llm")
    ]
    assert (agent.agent_name, ask.provider, ask.session_id) == ("weather", "gcp.gemini", "chat-1")
    assert said(ask) == [("user", QUESTION), ("assistant", {"city": "Paris"})]
    assert tool.tool
    assert tool.tool.result == {"temperature_c": 18, "city": "Paris"}
    assert answer.usage
    assert (tokens_of(answer), answer.usage.cache_read_tokens) == ((132, 21), 64)


def test_langtrace_tells_what_was_said_in_events() -> None:
    """Tools and embedded texts in lists of one JSON text, an operation of its own word."""
    ask, answer, stream, response, embedding = spans_of("langtrace")
    assert said(ask) == [("user", QUESTION), ("assistant", {"city": "Paris"})]
    assert ([tool.name for tool in ask.tools], system_of(ask)) == (["get_weather"], [SYSTEM])
    assert ask.params == {"temperature": 0.2, "max_tokens": 64}
    assert answer.usage
    assert (tokens_of(answer), answer.usage.cache_read_tokens) == ((98, 21), 64)
    assert (stream.is_stream, said(stream)[-1]) == (True, ("assistant", HELLO))
    assert (response.response_id or "").startswith("resp_")
    assert (embedding.kind, embedding.embedding_inputs) == ("embedding", ["alpha", "beta"])
