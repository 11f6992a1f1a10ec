"""Single fields of a span, each from the many ways that senders have to say it."""

from typing import Any

import pytest
from support.meanings import meaning, sent_span

from weave_core.model import KINDS
from weave_core.server.normalise import event_of_log, skeleton
from weave_core.server.otlp.records import RawEvent


@pytest.mark.parametrize(
    ("attributes", "kind"),
    [
        ({"weave_core.kind": "step", "gen_ai.operation.name": "chat"}, "step"),
        ({"gen_ai.operation.name": "chat", "openinference.span.kind": "AGENT"}, "agent"),
        ({"gen_ai.operation.name": "embeddings", "langsmith.span.kind": "retriever"}, "retriever"),
        ({"langfuse.observation.type": "span", "gen_ai.operation.name": "chat"}, "llm"),
        ({"langfuse.observation.type": "generation"}, "llm"),
        ({"openinference.span.kind": "UNKNOWN", "llm.request.type": "chat"}, "llm"),
        ({"openinference.span.kind": "reranker"}, "reranker"),
        ({"mlflow.spanType": '"CHAT_MODEL"'}, "llm"),
        ({"traceloop.span.kind": "workflow"}, "workflow"),
        ({"traceloop.span.kind": "task"}, "task"),
        (
            {"traceloop.span.kind": "task", "gen_ai.operation.name": "vector_db_retrieve"},
            "retriever",
        ),
        ({"traceloop.span.kind": "task", "gen_ai.operation.name": "invoke_agent"}, "task"),
        ({"db.system": "qdrant", "db.operation": "search"}, "retriever"),
        ({"db.system": "postgresql", "db.operation": "query"}, "span"),
        ({"all_messages_events": "[]", "gen_ai.usage.input_tokens": 1}, "agent"),
        ({"gen_ai.operation.name": "fetch_response", "gen_ai.usage.input_tokens": 5}, "span"),
        ({"gen_ai.operation.name": "plan"}, "task"),
        ({"gen_ai.operation.name": "ours alone"}, "span"),
        ({"operation.name": "ai.generateText.doGenerate my-function"}, "llm"),
        ({"ai.operationId": "ai.generateText"}, "chain"),
        ({"genkit:metadata:subtype": "flow"}, "workflow"),
        ({"lmnr.span.type": "TOOL"}, "tool"),
        ({"span.type": "claude_code.llm_request"}, "llm"),
        ({"mcp.method.name": "tools/call"}, "tool"),
        ({"mcp.method.name": "ping"}, "span"),
        ({"gen_ai.tool.call.id": "1"}, "tool"),
        ({"db.vector.query.top_k": 3}, "retriever"),
        ({"gen_ai.request.model": "m", "gen_ai.usage.input_tokens": 1}, "llm"),
        ({"gen_ai.request.model": "m"}, "span"),
        ({"gen_ai.agent.name": "a", "session.id": "s", "http.method": "GET"}, "span"),
        ({}, "span"),
    ],
)
def test_the_kind_is_told_by_the_best_source(attributes: dict[str, Any], kind: str) -> None:
    """Explicit words first, in order; what a span has, last; names and agents never."""
    assert skeleton(sent_span(attributes, name="chat gpt-4o")).kind == kind


def test_the_order_of_sending_decides_nothing() -> None:
    """The better source wins whether it comes first or last."""
    attributes = {
        "gen_ai.usage.input_tokens": 5,
        "llm.token_count.prompt": 6,
        "session.id": "best",
        "gen_ai.conversation.id": "next",
        "weave_core.inputs": '"ours"',
        "input.value": "theirs",
    }
    for sent in (attributes, dict(reversed(attributes.items()))):
        row = skeleton(sent_span(sent))
        assert (row.input_tokens, row.session_id, row.input_preview) == (5, "best", "ours")


def test_the_anthropic_sdk_itself_makes_model_calls() -> None:
    """It sets no content, and older versions no operation."""
    raw = sent_span({"gen_ai.request.model": "claude"}, scope="com.anthropic.sdk.python")
    assert skeleton(raw).kind == "llm"


def test_our_own_spans_are_read_first() -> None:
    """What `@op` and the integrations write wins over any other convention on the span."""
    raw = sent_span(
        {
            "weave_core.kind": "op",
            "weave_core.op.name": "answer",
            "weave_core.op.version": "sha256:0",
            "weave_core.inputs": '{"question": "why?"}',
            "weave_core.outputs": "42",
            "weave_core.display_name": "Answer",
            "weave_core.tags": ["a", "b"],
            "weave_core.metadata.tier": "pro",
            "weave_core.metadata.limits": '{"rpm": 5}',
            "weave_core.run.id": "run-1",
            "session.id": "s",
            "user.id": 7,
            "input.value": "not this",
            "tag.tags": ["b", "c"],
        },
        resource={"service.name": "shop", "deployment.environment.name": "prod"},
        status=1,
    )
    row, span = skeleton(raw), meaning(raw)
    assert (row.op_name, row.op_version, row.run_id) == ("answer", "sha256:0", "run-1")
    assert (row.service_name, row.environment) == ("shop", "prod")
    assert (row.session_id, row.user_id) == ("s", "7")
    assert (row.input_preview, row.output_preview) == ("why?", "42")
    assert row.attributes == {"tier": "pro"}
    assert (span.kind, span.status, span.display_name) == ("op", "ok", "Answer")
    assert (span.inputs, span.outputs) == ({"question": "why?"}, 42)
    assert span.tags == ["a", "b", "c"]
    assert span.metadata == {"tier": "pro", "limits": {"rpm": 5}}
    assert span.sources["inputs"] == "weave_core.inputs"
    assert set(KINDS) >= {"op", "run", "step"}


@pytest.mark.parametrize(
    ("sent", "provider"),
    [
        ({"gen_ai.system": "OpenAI"}, "openai"),
        ({"gen_ai.provider.name": "azure.ai.openai"}, "azure.ai.openai"),
        ({"gen_ai.system": "az.ai.openai"}, "azure.ai.openai"),
        ({"ai.model.provider": "openai.responses"}, "openai"),
        ({"ai.model.provider": "google.generative-ai"}, "gcp.gemini"),
        ({"ai.model.provider": "amazon-bedrock"}, "aws.bedrock"),
        ({"gen_ai.system": "langchain", "llm.provider": "mistralai"}, "mistral_ai"),
        ({"mlflow.llm.provider": '"Anthropic"'}, "anthropic"),
        ({"gen_ai.operation.name": "chat", "server.address": "api.openai.com"}, "openai"),
        ({"gen_ai.operation.name": "chat", "server.address": "127.0.0.1"}, None),
    ],
)
def test_a_provider_has_one_name(sent: dict[str, Any], provider: str | None) -> None:
    """Frameworks are no providers; well-known hosts are."""
    assert skeleton(sent_span(sent)).provider == provider


CHAT = {"gen_ai.operation.name": "chat"}


@pytest.mark.parametrize(
    ("sent", "counts"),
    [
        ({"gen_ai.usage.input_tokens": 10, "gen_ai.usage.output_tokens": 0}, (10, 0, None, None)),
        ({"gen_ai.usage.input_tokens": "10"}, (10, None, None, None)),
        ({"gen_ai.usage.input_tokens": 10.0}, (10, None, None, None)),
        ({"gen_ai.usage.input_tokens": 10.5}, (None, None, None, None)),
        ({"gen_ai.usage.input_tokens": -1}, (None, None, None, None)),
        ({"gen_ai.usage.input_tokens": True}, (None, None, None, None)),
        ({"gen_ai.usage.input_tokens": 2**60}, (None, None, None, None)),
        ({"gen_ai.usage.input_tokens": "NaN"}, (None, None, None, None)),
        # Zero and nothing, from a sender that does not count.
        ({"gen_ai.usage.input_tokens": 0, "gen_ai.usage.output_tokens": 0}, (None,) * 4),
        # Inclusive stays; more cached than all can only be beside it.
        (
            {"gen_ai.usage.input_tokens": 10, "gen_ai.usage.cache_read.input_tokens": 8},
            (10, None, 8, None),
        ),
        (
            {
                "gen_ai.usage.input_tokens": 10,
                "gen_ai.usage.cache_read.input_tokens": 80,
                "gen_ai.usage.cache_creation_input_tokens": 5,
            },
            (95, None, 80, 5),
        ),
        (
            {
                "langfuse.observation.usage_details": (
                    '{"input": 10, "cache_read_input_tokens": 4, "input_cache_creation": 1,'
                    ' "output": 3, "output_reasoning_tokens": 2, "total": 20}'
                )
            },
            (15, 5, 4, 1),
        ),
        (
            {"llm.token_count.prompt": 7, "llm.token_count.prompt_details.cache_read": 2},
            (7, None, 2, None),
        ),
        ({"ai.usage.promptTokens": 3, "ai.usage.completionTokens": 4}, (3, 4, None, None)),
        (
            {
                "gen_ai.usage.input_tokens": 9,
                "gen_ai.usage.input_token_details": "{'audio': 0, 'cache_read': 6}",
            },
            (9, None, 6, None),
        ),
        (
            {
                "ai.usage.inputTokens": 9,
                "ai.response.providerMetadata": (
                    '{"anthropic": {"usage": {"cache_read_input_tokens": 6},'
                    ' "cacheCreationInputTokens": 2}}'
                ),
            },
            (9, None, 6, 2),
        ),
        # Whole replies: Anthropic counts cached tokens beside, Gemini thoughts.
        (
            {
                "output.value": (
                    '{"content": [], "usage": {"input_tokens": 5, "output_tokens": 2,'
                    ' "cache_read_input_tokens": 20, "cache_creation_input_tokens": 1}}'
                )
            },
            (26, 2, 20, 1),
        ),
        (
            {
                "gcp.vertex.agent.llm_response": (
                    '{"usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 2,'
                    ' "thoughtsTokenCount": 7, "cachedContentTokenCount": 3}}'
                )
            },
            (5, 9, 3, None),
        ),
        # What Google ADK and Logfire sum up lacks what their whole reply says.
        (
            {
                "gen_ai.usage.input_tokens": 5,
                "gen_ai.usage.output_tokens": 2,
                "gcp.vertex.agent.llm_response": (
                    '{"usage_metadata": {"prompt_token_count": 5, "candidates_token_count": 2,'
                    ' "thoughts_token_count": 7, "cached_content_token_count": 3}}'
                ),
            },
            (5, 9, 3, None),
        ),
        (
            {
                "gen_ai.usage.input_tokens": 5,
                "response_data": (
                    '{"usage": {"input_tokens": 5, "output_tokens": 2,'
                    ' "cache_read_input_tokens": 20, "cache_creation_input_tokens": 1}}'
                ),
            },
            (26, 2, 20, 1),
        ),
        # An agent's sum over its children is nobody's usage.
        ({"gen_ai.aggregated_usage.input_tokens": 99}, (None,) * 4),
    ],
)
def test_tokens_are_counted_whole_or_not_at_all(
    sent: dict[str, Any], counts: tuple[int | None, ...]
) -> None:
    """Input with cached, output with reasoning; what is no count is unknown, never 0."""
    row = skeleton(sent_span({**CHAT, **sent}))
    assert (
        row.input_tokens,
        row.output_tokens,
        row.cache_read_tokens,
        row.cache_write_tokens,
    ) == counts


@pytest.mark.parametrize(
    ("sent", "cost"),
    [
        ({"operation.cost": 0.25}, (None, None, 0.25)),
        ({"llm.cost.prompt": 0.5, "llm.cost.completion": 0.25}, (0.5, 0.25, 0.75)),
        ({"langfuse.observation.cost_details": '{"input": 1, "output": 2}'}, (1, 2, 3)),
        ({"langfuse.observation.cost_details": '{"input": 1, "total": 2.5}'}, (1, None, 2.5)),
        ({"mlflow.llm.cost": '{"input_cost": 1, "total_cost": 4}'}, (1, None, 4)),
        ({"operation.cost": "free"}, (None, None, None)),
    ],
)
def test_a_given_cost_is_taken_and_marked(
    sent: dict[str, Any], cost: tuple[float | None, ...]
) -> None:
    """Computing one is for spans that were given none."""
    row = skeleton(sent_span({**CHAT, **sent}))
    assert (row.input_cost_usd, row.output_cost_usd, row.cost_usd) == cost
    assert row.cost_source == ("given" if cost[2] is not None else None)


def _exception(**attributes: Any) -> RawEvent:
    return RawEvent("exception", 1, {f"exception.{k}": v for k, v in attributes.items()})


@pytest.mark.parametrize(
    ("sent", "status", "error"),
    [
        ({"status": 2, "message": "boom"}, "error", (None, "boom", None)),
        (
            {"events": [_exception(type="ValueError", message="bad", stacktrace="at 1")]},
            "error",
            ("ValueError", "bad", "at 1"),
        ),
        ({"events": [_exception(type="Retried")], "status": 1}, "ok", None),
        (
            {"attributes": {"error.type": "<class 'openai.RateLimitError'>"}},
            "error",
            ("openai.RateLimitError", None, None),
        ),
        ({"attributes": {"error.type": "handled"}, "status": 1}, "ok", None),
        (
            {
                "attributes": {
                    "langfuse.observation.level": "ERROR",
                    "langfuse.observation.status_message": "no answer",
                }
            },
            "error",
            (None, "no answer", None),
        ),
        # The stack in the message, and every type called `Exception`.
        (
            {
                "status": 2,
                "message": "ValueError('boom')\n\nTraceback (most recent call last):\n at 1",
                "events": [_exception(type="Exception")],
            },
            "error",
            ("ValueError", "boom", "Traceback (most recent call last):\n at 1"),
        ),
        ({"attributes": {"weave_core.pending": True}}, "pending", None),
        ({"attributes": {"logfire.span_type": "pending_span"}}, "pending", None),
        ({"end_ns": 0}, "pending", None),
        ({}, "unset", None),
    ],
)
def test_a_span_failed_when_its_sender_says_so(
    sent: dict[str, Any], status: str, error: tuple[str | None, ...] | None
) -> None:
    """Handled exceptions are events, not errors."""
    span = meaning(sent_span(**sent))
    assert span.status == status
    got = (span.error.type, span.error.message, span.error.stack) if span.error else None
    assert got == error


def test_messages_told_as_log_records_are_those_of_the_span() -> None:
    """The deprecated form: one record per message, its name in an attribute."""
    records = [
        ("gen_ai.user.message", {"content": "Weather?"}),
        (
            "gen_ai.assistant.message",
            {"tool_calls": [{"id": "1", "function": {"name": "look", "arguments": '{"x": 1}'}}]},
        ),
        ("gen_ai.tool.message", {"id": "1", "content": "sunny"}),
        ("gen_ai.choice", {"index": 1, "finish_reason": "stop", "message": {"content": "B"}}),
        ("gen_ai.choice", {"index": 0, "finish_reason": "length", "message": {"content": "A"}}),
    ]
    events = [
        event
        for time_ns, (name, body) in enumerate(records)
        if (event := event_of_log("", time_ns, {"event.name": name}, body))
    ]
    span = meaning(sent_span(CHAT, events=events))
    assert span.messages
    assert [message.role for message in span.messages.input] == ["user", "assistant", "tool"]
    assert span.messages.input[1].parts[0].arguments == {"x": 1}
    assert span.messages.input[2].parts[0].id == "1"
    assert [m.parts[0].content for m in span.messages.output] == ["A", "B"]
    assert span.finish_reasons == ["length", "stop"]
    assert (span.input_preview, span.output_preview) == ("Weather?", "B")
    assert event_of_log("app.started", 0, {}, "x") is None


def test_a_details_event_fills_what_the_attributes_lack() -> None:
    """Content and usage may come in one event beside the span; attributes win where both speak."""
    details = {
        "gen_ai.usage.input_tokens": 5,
        "gen_ai.request.model": "event",
        "gen_ai.input.messages": [
            {"role": "user", "parts": [{"type": "text", "content": "hi"}]},
        ],
    }
    events = [RawEvent("gen_ai.client.inference.operation.details", 1, details)]
    span = meaning(sent_span({**CHAT, "gen_ai.request.model": "span"}, events=events))
    assert (span.model, span.usage and span.usage.input_tokens) == ("span", 5)
    assert span.messages
    assert span.messages.input[0].parts[0].content == "hi"


def test_judgements_that_came_with_the_span_are_scores() -> None:
    """As an event of the conventions, or as indexed annotations."""
    event = RawEvent(
        "gen_ai.evaluation.result",
        1,
        {"gen_ai.evaluation.name": "polite", "gen_ai.evaluation.score.value": 0.5},
    )
    annotation = {
        "annotations.0.annotation.name": "right",
        "annotations.0.annotation.label": "yes",
        "annotations.0.annotation.score": 1,
    }
    span = meaning(sent_span({**CHAT, **annotation}, events=[event]))
    assert [(s.name, s.value, s.label) for s in span.scores] == [
        ("polite", 0.5, None),
        ("right", 1.0, "yes"),
    ]


def test_filters_get_short_scalars_and_bare_metadata() -> None:
    """No content, no long text, no structures; metadata under its own name."""
    row = skeleton(
        sent_span(
            {
                "http.route": "/pay",
                "retry": True,
                "tier": "sent",
                "weave_core.metadata.tier": "metadata",
                "weave_core.metadata.plan": "pro",
                "metadata": '{"region": "eu", "nested": {"a": 1}}',
                "langsmith.metadata.LANGSMITH_API_KEY": "secret",
                "gen_ai.request.model": "in a column",
                "long": "x" * 300,
                "list": [1],
                "json": '{"a": 1}',
            }
        )
    )
    assert row.attributes == {
        "http.route": "/pay",
        "retry": True,
        "tier": "sent",
        "plan": "pro",
        "region": "eu",
    }


def test_a_reader_can_see_which_key_a_field_came_from() -> None:
    """For support: the key that won, also where several were sent."""
    sent = {
        **CHAT,
        "gen_ai.system": "openai",
        "gen_ai.request.model": "m",
        "llm.token_count.prompt": 5,
        "session.id": "s",
        "gen_ai.conversation.id": "c",
        "output.value": '{"done": true}',
    }
    assert meaning(sent_span(sent)).sources == {
        "provider": "gen_ai.system",
        "model": "gen_ai.request.model",
        "usage.input_tokens": "llm.token_count.prompt",
        "session_id": "session.id",
        "outputs": "output.value",
    }


def test_strands_blocks_inside_of_events_are_parts() -> None:
    """Bedrock's blocks, as JSON text in the fields of a choice event."""
    block = '[{"toolUse": {"toolUseId": "t", "name": "look", "input": {"x": 1}}}]'
    events = [RawEvent("gen_ai.choice", 1, {"message": block, "finish_reason": "tool_use"})]
    span = meaning(sent_span(CHAT, events=events))
    assert span.messages
    [part] = span.messages.output[0].parts
    assert (part.type, part.id, part.name, part.arguments) == ("tool_call", "t", "look", {"x": 1})
    assert span.finish_reasons == ["tool_call"]


def test_laminar_names_session_user_tags_and_metadata() -> None:
    """Under its own prefix, as Traceloop does."""
    prefix = "lmnr.association.properties"
    sent = {
        f"{prefix}.session_id": "chat-1",
        f"{prefix}.user_id": "ann",
        f"{prefix}.tags": ["demo"],
        f"{prefix}.metadata.tier": "pro",
        "traceloop.association.properties.tags": ["more"],
    }
    span = meaning(sent_span(sent))
    assert (span.session_id, span.user_id) == ("chat-1", "ann")
    assert sorted(span.tags) == ["demo", "more"]
    assert span.metadata["tier"] == "pro"


def test_details_that_came_in_two_events_are_told_together() -> None:
    """One for what went in, one for what came out; an attribute says more than either."""
    name = "gen_ai.client.inference.operation.details"
    parts = [{"type": "text", "content": "hi"}]
    events = [
        RawEvent(name, 1, {"gen_ai.input.messages": [{"role": "user", "parts": parts}]}),
        RawEvent(name, 2, {"gen_ai.output.messages": [{"role": "assistant", "parts": parts}]}),
        RawEvent(name, 3, {"gen_ai.request.model": "other"}),
    ]
    span = meaning(sent_span({**CHAT, "gen_ai.request.model": "m"}, events=events))
    assert span.model == "m"
    assert span.messages
    assert [m.role for m in (*span.messages.input, *span.messages.output)] == ["user", "assistant"]


@pytest.mark.parametrize(("sent", "expected"), [(0.25, 250), (250, 250)])
def test_seconds_longer_than_the_span_are_milliseconds(sent: float, expected: float) -> None:
    """Some sender writes milliseconds where the conventions want seconds."""
    span = sent_span({**CHAT, "gen_ai.server.time_to_first_token": sent})
    assert skeleton(span).time_to_first_token_ms == expected


@pytest.mark.parametrize(
    ("scope", "provider"),
    [
        ("openinference.instrumentation.openai", "openai"),
        ("openinference.instrumentation.google_genai", "gcp.gemini"),
        ("logfire.anthropic", "anthropic"),
        ("openinference.instrumentation.langchain", None),
        ("ours.openai", None),
    ],
)
def test_the_instrumented_client_is_the_last_word_on_the_provider(
    scope: str, provider: str | None
) -> None:
    """Releases of OpenInference before `llm.provider`; frameworks are none."""
    sent = {"openinference.span.kind": "LLM", "llm.model_name": "m"}
    assert skeleton(sent_span(sent, scope=scope)).provider == provider
    told = {**sent, "llm.provider": "groq"}
    assert skeleton(sent_span(told, scope=scope)).provider == "groq"
