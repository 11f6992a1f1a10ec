"""Each source of each field of the precedence table, alone and against the one below it."""

import itertools
import json
from typing import Any

import pytest
from support.meanings import meaning, sent_span

from weave_core.server.otlp.records import RawEvent

CHAT = {"gen_ai.operation.name": "chat"}
SESSION = (
    "session.id",
    "gen_ai.conversation.id",
    "langfuse.session.id",
    "langfuse.trace.session_id",
    "traceloop.association.properties.session_id",
    "traceloop.association.properties.thread_id",
    "traceloop.association.properties.conversation_id",
    "traceloop.association.properties.chat_id",
    "ai.telemetry.metadata.sessionId",
    "ai.telemetry.metadata.threadId",
    "langsmith.metadata.session_id",
    "langsmith.metadata.thread_id",
    "langsmith.metadata.conversation_id",
    "gcp.vertex.agent.session_id",
    "genkit:sessionId",
    "wandb.thread_id",
    "mlflow.trace.session",
)
USER = (
    "user.id",
    "enduser.id",
    "langfuse.user.id",
    "traceloop.association.properties.user_id",
    "ai.telemetry.metadata.userId",
    "gen_ai.user",
    "gen_ai.request.user",
    "llm.user",
    "langsmith.metadata.user_id",
)
AGENT = ("gen_ai.agent.name", "agent.name", "agent_name", "graph.node.name")
REQUEST_MODEL = (
    "gen_ai.request.model",
    "llm.request.model_name",
    "ai.model.id",
    "langsmith.metadata.ls_model_name",
    "model_name",
    "llm.model_name",
)
RESPONSE_MODEL = (
    "gen_ai.response.model",
    "llm.response.model_name",
    "ai.response.model",
    "langfuse.observation.model.name",
    "mlflow.llm.model",
    "llm.model_name",
)
ROWS = {
    "session_id": SESSION,
    "user_id": USER,
    "agent_name": AGENT,
    "model": REQUEST_MODEL,
    "response_model": RESPONSE_MODEL,
    "response_id": ("gen_ai.response.id", "ai.response.id"),
}
ALONE = [(field, key) for field, keys in ROWS.items() for key in keys]
RIVALS = [
    (field, better, worse)
    for field, keys in ROWS.items()
    for better, worse in itertools.pairwise(keys)
]


@pytest.mark.parametrize(("field", "key"), ALONE)
def test_a_source_that_stands_alone_is_taken(field: str, key: str) -> None:
    """Whoever says it, it is read; fillers are not."""
    assert getattr(meaning(sent_span({**CHAT, key: "told"})), field) == "told"
    assert getattr(meaning(sent_span({**CHAT, key: "N/A"})), field) is None


@pytest.mark.parametrize(("field", "better", "worse"), RIVALS)
def test_of_two_sources_the_better_is_taken(field: str, better: str, worse: str) -> None:
    """Whichever was sent first."""
    for sent in ({better: "a", worse: "b"}, {worse: "b", better: "a"}):
        assert getattr(meaning(sent_span({**CHAT, **sent})), field) == "a"


@pytest.mark.parametrize(
    ("field", "sent", "told"),
    [
        ("session_id", {"metadata": '{"thread_id": "t"}'}, "t"),
        ("session_id", {"session.id": 5}, "5"),
        ("user_id", {"metadata": '{"user_id": 7}'}, "7"),
        ("model", {"llm.invocation_parameters": '{"model_name": "m"}'}, "m"),
        ("model", {"mlflow.spanInputs": '{"model": "m", "messages": []}'}, "m"),
        ("model", {"gen_ai.request.model": "unknown", "llm.model_name": "m"}, "m"),
        ("response_model", {"output.value": '{"id": "c", "model": "m"}'}, "m"),
        ("response_id", {"output.value": '{"id": "c", "model": "m"}'}, "c"),
        ("display_name", {"wandb.display_name": "w", "logfire.msg": "l"}, "w"),
        ("display_name", {"logfire.msg": "l", "traceloop.entity.name": "e"}, "l"),
        ("display_name", {"traceloop.entity.name": "e"}, "e"),
        ("display_name", {"langsmith.trace.name": "e"}, "e"),
        ("environment", {"langfuse.environment": "e"}, "e"),
        ("environment", {"deployment.environment": "e"}, "e"),
        ("is_stream", {"ai.operationId": "ai.streamText.doStream"}, True),
        ("is_stream", {"gen_ai.response.time_to_first_chunk": 0.1}, True),
        ("is_stream", {"llm.is_streaming": "False"}, False),
        ("time_to_first_token_ms", {"ai.response.msToFirstChunk": 12}, 12),
        ("time_to_first_token_ms", {"gen_ai.response.time_to_first_chunk": 0.5}, 500),
        (
            "time_to_first_token_ms",
            {"langfuse.observation.completion_start_time": '"1970-01-01T00:00:01.250Z"'},
            250,
        ),
        ("finish_reasons", {"gen_ai.response.finish_reasons": '["tool_calls"]'}, ["tool_call"]),
        ("finish_reasons", {"gen_ai.response.finish_reasons": "MAX_TOKENS"}, ["length"]),
        ("finish_reasons", {"ai.response.finishReason": "content-filter"}, ["content_filter"]),
        ("finish_reasons", {"anthropic.message.stop_reason": "end_turn"}, ["stop"]),
        ("finish_reasons", {"llm.response.stop_reason": "COMPLETE"}, ["stop"]),
        ("finish_reasons", {"llm.finish_reason": "our_own"}, ["our_own"]),
    ],
)
def test_other_places_of_a_field_are_read(field: str, sent: dict[str, Any], told: Any) -> None:
    """Inside of JSON, of another type, by another measure."""
    assert getattr(meaning(sent_span({**CHAT, **sent})), field) == told


SAYS_HI = [{"role": "user", "content": "hi"}]
ANSWERS = {"role": "assistant", "content": "yo"}
INPUTS: dict[str, dict[str, Any]] = {
    "gen_ai.input.messages": {
        "gen_ai.input.messages": [{"role": "user", "parts": [{"type": "text", "content": "hi"}]}]
    },
    "llm.input_messages": {
        "llm.input_messages.12.message.role": "user",
        "llm.input_messages.12.message.content": "hi",
    },
    "ai.prompt": {"ai.prompt.messages": json.dumps(SAYS_HI)},
    "events": {"events": json.dumps([{"event.name": "gen_ai.user.message", **SAYS_HI[0]}])},
    "gen_ai.prompt.N": {"gen_ai.prompt.3.role": "user", "gen_ai.prompt.3.content": "hi"},
    "request": {"gen_ai.prompt": json.dumps({"messages": SAYS_HI})},
    "llm.prompts": {"llm.prompts": ["hi"]},
    "input text": {"input.value": "hi"},
}
OUTPUTS: dict[str, dict[str, Any]] = {
    "gen_ai.output.messages": {
        "gen_ai.output.messages": [
            {"role": "assistant", "parts": [{"type": "text", "content": "yo"}]}
        ]
    },
    "llm.output_messages": {
        "llm.output_messages.1.message.role": "assistant",
        "llm.output_messages.1.message.content": "yo",
    },
    "ai.response": {"ai.response.text": "yo"},
    "events": {"events": json.dumps([{"event.name": "gen_ai.choice", "message": ANSWERS}])},
    "gen_ai.completion.N": {
        "gen_ai.completion.2.role": "assistant",
        "gen_ai.completion.2.content": "yo",
    },
    "reply": {"output.value": json.dumps(json.dumps({"choices": [{"message": ANSWERS}]}))},
    "llm.choices": {"llm.choices.0.completion.text": "yo"},
    "output text": {"output.value": "yo"},
}


@pytest.mark.parametrize("source", list(INPUTS))
def test_a_question_is_read_from_each_of_its_places(source: str) -> None:
    """From lists with gaps and JSON in JSON too; `sources` says from where."""
    span = meaning(sent_span({**CHAT, **INPUTS[source]}))
    assert span.messages
    assert [(m.role, m.parts[0].content) for m in span.messages.input] == [("user", "hi")]
    assert span.sources["messages.input"] == source


@pytest.mark.parametrize("source", list(OUTPUTS))
def test_an_answer_is_read_from_each_of_its_places(source: str) -> None:
    """The mirrored list."""
    span = meaning(sent_span({**CHAT, **OUTPUTS[source]}))
    assert span.messages
    assert [(m.role, m.parts[0].content) for m in span.messages.output] == [("assistant", "yo")]
    assert span.sources["messages.output"] == source


def test_claude_code_counts_under_bare_names() -> None:
    """Its own kinds; hidden content stays what it is."""
    sent = {
        "span.type": "claude_code.llm_request",
        "model": "claude-sonnet-4-5",
        "input_tokens": 10,
        "output_tokens": 5,
        "cache_read_tokens": 100,
        "cache_creation_tokens": 7,
    }
    span = meaning(sent_span(sent))
    assert (span.kind, span.model) == ("llm", "claude-sonnet-4-5")
    assert span.usage
    assert (span.usage.input_tokens, span.usage.output_tokens) == (117, 5)
    assert (span.usage.cache_read_tokens, span.usage.cache_write_tokens) == (100, 7)


def test_hidden_values_are_shown_as_their_sender_hid_them() -> None:
    """Redaction is no missing message."""
    sent = {
        "openinference.span.kind": "LLM",
        "llm.input_messages.0.message.role": "user",
        "llm.input_messages.0.message.content": "__REDACTED__",
        "output.value": "__REDACTED__",
    }
    span = meaning(sent_span(sent))
    assert span.messages
    assert span.messages.input[0].parts[0].content == "__REDACTED__"
    assert span.outputs == "__REDACTED__"


def test_old_content_events_are_a_question_and_an_answer() -> None:
    """Spring AI's and OpenLIT's."""
    events = [
        RawEvent("gen_ai.content.prompt", 1, {"gen_ai.prompt": "hi"}),
        RawEvent("gen_ai.content.completion", 2, {"gen_ai.completion": "yo"}),
    ]
    span = meaning(sent_span(CHAT, events=events))
    assert span.messages
    assert span.messages.input[0].parts[0].content == "hi"
    assert span.messages.output[0].parts[0].content == "yo"
    assert (span.input_preview, span.output_preview) == ("hi", "yo")


@pytest.mark.parametrize(
    "sent",
    [
        {"retrieval.documents.4.document.id": 7, "retrieval.documents.4.document.content": "x"},
        {"gen_ai.retrieval.documents": '[{"id": "7", "content": "x"}]'},
        {"output.value": '{"documents": [{"page_content": "x", "id": "7"}]}'},
        {"mlflow.spanOutputs": '"[{\\"page_content\\": \\"x\\", \\"id\\": \\"7\\"}]"'},
    ],
)
def test_documents_are_read_from_each_of_their_places(sent: dict[str, Any]) -> None:
    """Ids may be numbers, lists may have gaps, JSON may be encoded twice."""
    [document] = meaning(sent_span({"openinference.span.kind": "RETRIEVER", **sent})).documents
    assert (document.id, document.content) == ("7", "x")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("execute_tool look", "look"),
        ("look.tool", "look"),
        ("tools/call look", "look"),
        ("MCP send tools/call look", "look"),
    ],
)
def test_a_tool_that_only_the_spans_name_tells_is_named(name: str, told: str) -> None:
    """The last resort, for tools alone."""
    span = meaning(sent_span({"mcp.method.name": "tools/call"}, name=name))
    assert span.tool
    assert span.tool.name == told


def test_settings_read_from_a_reply_leave_out_what_only_a_reply_has() -> None:
    """OpenAI's agents send the whole reply as the settings of the request."""
    reply = {"id": "resp_1", "object": "response", "status": "completed", "temperature": 0.5}
    sent = {"openinference.span.kind": "LLM", "llm.invocation_parameters": json.dumps(reply)}
    assert meaning(sent_span(sent)).params == {"temperature": 0.5}


def test_langchain_in_javascript_keeps_the_id_of_a_reply_beside_its_record() -> None:
    """And in Python inside of it."""
    message = {"kwargs": {"id": "chatcmpl-1", "content": "yo", "response_metadata": {"a": 1}}}
    reply = {"generations": [[{"text": "yo", "message": message}]]}
    sent = {
        "openinference.span.kind": "LLM",
        "output.value": json.dumps(reply, separators=(",", ":")),
    }
    assert meaning(sent_span(sent)).response_id == "chatcmpl-1"
