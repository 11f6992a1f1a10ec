"""Clients of other providers, each under the instrumentations that people use with it.

`record_clients.py` made the recordings: a question that calls a tool, the tool's answer, a stream.
"""

from typing import Any

import pytest
from support.meanings import meaning, recorded, said, spans_of

from weave_core.model import Span

QUESTION = "What is the weather in Paris?"
SYSTEM = "You are a terse assistant."
WEATHER = {"temperature_c": 18, "sky": "sunny"}
SUNNY = {"sky": "sunny"}
CLAUDE = "anthropic.claude-3-5-sonnet-20240620-v1:0"
GEMINI = "gemini-2.5-flash"
LLAMA = "llama-3.3-70b-versatile"

# Sender, provider, model, tokens of the first call, what the tool answered.
SENDERS: tuple[tuple[str, str, str, tuple[int, int], Any], ...] = (
    ("openinference-bedrock", "aws.bedrock", CLAUDE, (68, 11), WEATHER),
    ("traceloop-bedrock", "aws.bedrock", CLAUDE.removeprefix("anthropic."), (68, 11), WEATHER),
    ("otel-botocore", "aws.bedrock", CLAUDE, (68, 11), WEATHER),
    ("openinference-gemini", "gcp.gemini", GEMINI, (73, 11), SUNNY),
    ("traceloop-gemini", "gcp.gen_ai", GEMINI, (73, 11), SUNNY),
    ("otel-gemini", "gcp.gemini", GEMINI, (73, 11), SUNNY),
    ("openinference-groq", "groq", LLAMA, (73, 11), WEATHER),
    ("traceloop-groq", "groq", LLAMA, (73, 11), WEATHER),
    ("azure-inference", "azure.ai.inference", "gpt-4o-mini", (73, 11), WEATHER),
    ("openinference-mistral", "mistral_ai", "mistral-small-latest", (73, 11), WEATHER),
)
TELLS_TOOLS = frozenset(name for name, *_ in SENDERS) - {"otel-botocore", "azure-inference"}


def calls_of(sender: str) -> list[Span]:
    """The model calls of a recording, by start."""
    return spans_of(sender, "llm")


@pytest.mark.parametrize(("sender", "provider", "model", "tokens", "answer"), SENDERS)
def test_a_conversation_is_whole_whoever_tells_it(
    sender: str, provider: str, model: str, tokens: tuple[int, int], answer: Any
) -> None:
    """Provider, model, instructions, tools, messages, counts and endings of each call."""
    ask, reply, stream = calls_of(sender)[:3]
    for call in (ask, reply, stream):
        assert (call.provider, call.model, call.status) == (provider, model, ask.status)
    assert ask.messages
    assert [part.content for part in ask.messages.system] == [SYSTEM]
    assert said(ask) == [("user", QUESTION), ("assistant", {"city": "Paris"})]
    assert ask.finish_reasons == (["stop"] if "gemini" in sender else ["tool_call"])
    assert ask.usage
    assert (ask.usage.input_tokens, ask.usage.output_tokens) == tokens
    assert ask.output_preview
    assert ask.output_preview.replace(" ", "") == 'get_weather({"city":"Paris"})'
    if sender in TELLS_TOOLS:
        assert [tool.name for tool in ask.tools] == ["get_weather"]
        assert "city" in ask.tools[0].parameters["properties"]
    roles = [role for role, _ in said(reply)]
    if sender != "openinference-mistral":  # It leaves out the call that was answered.
        assert roles == ["user", "assistant", "tool", "assistant"]
    assert said(reply)[roles.index("tool")] == ("tool", answer)
    assert (reply.input_preview, reply.finish_reasons) == (QUESTION, ["stop"])
    assert said(stream)[0] == ("user", "Say hello.")


def test_what_a_model_call_by_litellm_says_of_itself() -> None:
    """Its own callback: cost, counts as Python shows them, a call of a tool in an old key."""
    ask, stream = calls_of("litellm-own")
    assert (ask.provider, ask.model) == ("openai", "gpt-4o-mini")
    assert said(ask) == [("user", QUESTION), ("assistant", {"city": "Paris"})]
    assert (ask.finish_reasons, ask.is_stream, stream.is_stream) == (["tool_call"], False, True)
    assert ask.usage
    assert (ask.usage.cache_read_tokens, ask.usage.reasoning_tokens) == (0, 0)
    assert ask.cost
    assert (ask.cost.total_usd, ask.cost.source) == (1.755e-05, "given")
    assert "user_api_key_alias" not in ask.metadata, "it sends some thirty empty ones"
    [embedding] = spans_of("litellm-own", "embedding")
    assert (embedding.provider, embedding.embedding_inputs) == ("openai", ["alpha", "beta"])


def test_a_model_named_with_its_provider_tells_the_provider() -> None:
    """LiteLLM's embeddings say it nowhere else."""
    spans = spans_of("openinference-litellm")
    assert [(span.kind, span.provider) for span in spans] == [
        ("llm", "openai"),
        ("llm", "openai"),
        ("embedding", "openai"),
    ]


def test_mistrals_own_client_tells_what_it_does_by_its_operation() -> None:
    """Beside Traceloop's spans, which lack the messages that it can't read."""
    kinds = [(raw.name, meaning(raw).kind) for raw in recorded("traceloop-mistral")]
    assert ("embeddings_v1_embeddings_post", "embedding") in kinds
    assert ("mistralai.embeddings", "embedding") in kinds
    assert [kind for name, kind in kinds if name.startswith("chat_")] == ["llm", "llm"]


def test_a_turn_of_laminar_has_its_user_and_the_calls_below_it() -> None:
    """Session, user, tags and metadata of the root; both providers; a tool's result."""
    spans = spans_of("laminar")
    turn = spans[0]
    assert (turn.session_id, turn.user_id, turn.tags) == ("chat-1", "ann", ["demo"])
    assert turn.metadata == {"tier": "pro"}
    calls = [span for span in spans if span.kind == "llm"]
    assert {call.provider for call in calls} == {"openai", "anthropic"}
    assert said(calls[0]) == [("user", QUESTION), ("assistant", {"city": "Paris"})]
    assert calls[2].time_to_first_token_ms
    [tool] = [span.tool for span in spans if span.tool]
    assert (tool.arguments, tool.result) == (
        {"city": "Paris"},
        {"temperature_c": 18, "city": "Paris"},
    )


@pytest.mark.parametrize("sender", ["langfuse-v3", "langfuse-v4"])
def test_older_langfuse_is_read_like_todays(sender: str) -> None:
    """Who, what and how much."""
    turn, call = spans_of(sender)
    for span in (turn, call):
        assert (span.session_id, span.user_id, span.tags) == ("chat-1", "ann", ["demo"])
    assert (turn.kind, call.kind, call.provider) == ("agent", "llm", "openai")
    assert call.usage
    assert (call.usage.input_tokens, call.usage.output_tokens) == (18, 15)
    assert said(call)[0] == ("user", "Say hello.")


def test_older_openinference_is_read_like_todays() -> None:
    """Calls, a stream, the Responses API, embeddings; and LangChain's answer of a tool."""
    spans = spans_of("openinference-openai-old")
    assert [span.kind for span in spans] == ["llm", "llm", "llm", "llm", "embedding"]
    assert [span.finish_reasons for span in spans[:2]] == [["tool_call"], ["stop"]]
    assert (spans[2].is_stream, spans[4].embedding_inputs) == (True, ["alpha", "beta"])
    spans = spans_of("openinference-langchain-old")
    [tool] = [span.tool for span in spans if span.tool]
    assert tool.result == "18 degrees in Paris"
    assert (tool.call_id or "").startswith("call_")
    [retriever] = [span for span in spans if span.kind == "retriever"]
    assert [(d.content, d.metadata) for d in retriever.documents] == [
        ("Paris is in France.", {"page": 7})
    ]
    assert {span.session_id for span in spans} == {"chat-1"}


def test_calls_by_mlflows_autolog_are_whole() -> None:
    """Chat, a stream, the Responses API and embeddings of OpenAI."""
    spans = spans_of("mlflow-autolog")
    assert [span.kind for span in spans] == ["llm", "llm", "llm", "llm", "embedding"]
    assert said(spans[0]) == [("user", QUESTION), ("assistant", {"city": "Paris"})]
    assert spans[1].usage
    assert spans[1].usage.cache_read_tokens == 64
    assert {span.provider for span in spans} == {"openai"}


def test_logfire_reads_anthropic_and_its_streams() -> None:
    """Usage and answer of a stream lie on a second span."""
    ask, reply, asked, answered = calls_of("logfire-rest")
    assert said(ask) == [("user", QUESTION), ("assistant", {"city": "Paris"})]
    assert [role for role, _ in said(reply)] == ["user", "assistant", "tool", "assistant"]
    assert asked.usage
    assert answered.usage
    assert (asked.usage.input_tokens, answered.usage.input_tokens) == (None, 18)
    assert {call.provider for call in (ask, reply, asked, answered)} == {"anthropic"}
