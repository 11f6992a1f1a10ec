"""What nobody should send: it never raises, never takes long, and is valid when told."""

import time
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.meanings import meaning, sent_span

from weave_core.server.normalise import skeleton
from weave_core.server.normalise.precedence import CONTENT_PREFIXES, METADATA_PREFIXES, TARGETS
from weave_core.server.otlp.records import RawEvent

LIMIT_S = 2.0
"""Of processor time: ten times what linear reading needs, far below what anything worse takes."""

KEYS = [
    *TARGETS,
    *(f"{prefix}{index}.message.content" for prefix in CONTENT_PREFIXES[:2] for index in (0, 7)),
    *(f"{prefix}key" for prefix in METADATA_PREFIXES),
    "weave_core.kind",
    "openinference.span.kind",
    "gen_ai.operation.name",
    "mlflow.spanType",
    "llm.input_messages.0.message.role",
    "llm.input_messages.0.message.contents.0.message_content.type",
    "llm.input_messages.0.message.contents.0.message_content.text",
    "llm.output_messages.1.message.tool_calls.0.tool_call.function.arguments",
    "gen_ai.prompt.0.content",
    "gen_ai.completion.0.tool_calls.0.name",
    "gen_ai.system_instructions",
    "gen_ai.tool.definitions",
    "gen_ai.retrieval.documents",
    "gen_ai.response.finish_reasons",
    "retrieval.documents.0.document.metadata",
    "annotations.0.annotation.score",
    "embedding.embeddings.0.embedding.text",
    "ai.operationId",
    "ai.prompt.tools",
    "llm.tools.0.tool.json_schema",
    "events",
    "model_request_parameters",
]
WORDS = st.sampled_from(
    ["llm", "LLM", "chat", "tool", "TOOL", "RETRIEVER", "embedding", "ai.streamText.doStream", "{}"]
)
LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9)
)
NAMES = st.sampled_from(
    [
        *("role", "content", "parts", "type", "text", "id", "name", "arguments", "tool_calls"),
        *("function", "message", "messages", "choices", "usage", "input", "output", "metadata"),
        *("response", "tool_use", "image_url", "url", "data", "kwargs", "lc", "contents", "model"),
        *("candidates", "generations", "config", "documents", "score", "node", "tools", "source"),
    ]
)
KINDS = st.sampled_from(
    ["text", "tool_use", "tool_result", "thinking", "image", "file", "blob", "function_call", "ai"]
)
JSON = st.recursive(
    LEAVES | KINDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=25,
)


def _fits(value: Any) -> bool:
    try:
        orjson.dumps(value)
    except TypeError:
        return False
    return True


VALUES = (
    LEAVES
    | WORDS
    | JSON
    | st.binary(max_size=5)
    | JSON.filter(_fits).map(lambda value: orjson.dumps(value).decode())
    | st.text(alphabet='{}[]":,\\', max_size=12)
)
EVENTS = st.builds(
    RawEvent,
    st.sampled_from(
        [
            "exception",
            "gen_ai.choice",
            "gen_ai.user.message",
            "gen_ai.tool.message",
            "gen_ai.evaluation.result",
            "gen_ai.client.inference.operation.details",
            "gen_ai.content.prompt",
            "db.query.result",
        ]
    ),
    st.integers(0, 2**63),
    st.dictionaries(NAMES | st.sampled_from(KEYS), VALUES, max_size=4),
)


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=12), st.lists(EVENTS, max_size=3))
def test_any_attributes_give_a_valid_span(
    attributes: dict[str, Any], events: list[RawEvent]
) -> None:
    """Whatever stands under the keys we read, the span is told, and in the shapes of the model."""
    span = meaning(sent_span(attributes, events=events))
    span.model_dump_json()


def _timed(attributes: dict[str, Any], events: list[RawEvent] | None = None) -> Any:
    begun = time.thread_time()
    span = meaning(sent_span(attributes, events=events))
    assert time.thread_time() - begun < LIMIT_S
    return span


def test_ten_thousand_indexed_keys_are_read_in_order() -> None:
    """Long conversations that were flattened: linear in time, sorted by number, not by text."""
    attributes: dict[str, Any] = {"openinference.span.kind": "LLM"}
    for index in reversed(range(5_000)):
        attributes[f"llm.input_messages.{index}.message.role"] = "user"
        attributes[f"llm.input_messages.{index}.message.content"] = f"message {index}"
    span = _timed(attributes)
    said = [message.parts[0].content for message in span.messages.input]
    assert said == [f"message {index}" for index in range(5_000)]
    assert span.input_preview == "message 4999"


def test_sparse_and_absurd_indexes_are_skipped_over() -> None:
    """No list is made as long as the largest index says."""
    span = _timed(
        {
            "openinference.span.kind": "LLM",
            "llm.input_messages.999999999999.message.content": "last",
            "llm.input_messages.12.message.content": "first",
            "llm.input_messages.-1.message.content": "none",
            "llm.input_messages.9e9.message.content": "none",
            f"llm.input_messages.{'9' * 400}.message.content": "none",
            "llm.input_messages.²": "none",
        }
    )
    assert [message.parts[0].content for message in span.messages.input] == ["first", "last"]


def test_thousands_of_parts_and_calls_are_read_in_linear_time() -> None:
    """Merging what was said twice, and the items of one reply, looks at each part once."""
    attributes: dict[str, Any] = {"openinference.span.kind": "LLM"}
    for index in range(5_000):
        call = f"llm.input_messages.0.message.tool_calls.{index}.tool_call"
        attributes[f"{call}.id"] = f"call-{index}"
        attributes[f"llm.input_messages.0.message.contents.{index}.tool_call.id"] = f"call-{index}"
        attributes[f"llm.output_messages.{index}.message.tool_calls.0.tool_call.id"] = f"{index}"
    span = _timed(attributes)
    assert len(span.messages.input[0].parts) == 5_000
    assert [len(message.parts) for message in span.messages.output] == [5_000]


def test_a_key_that_is_also_a_prefix_keeps_both() -> None:
    """Some senders write `llm.prompts` and `llm.prompts.0.…`."""
    span = _timed(
        {
            "openinference.span.kind": "LLM",
            "llm.output_messages.0.message": "odd",
            "llm.output_messages.0.message.role": "assistant",
            "llm.output_messages.0.message.content": "hello",
        }
    )
    assert span.messages.output[0].parts[0].content == "hello"


@pytest.mark.parametrize("opened", ["[" * 100_000, '{"a":' * 50_000, "[" * 500 + "]" * 500])
def test_deep_nesting_is_kept_as_text_or_cut(opened: str) -> None:
    """Readers' recursion is spared, and so is that of the JSON writers that answer them."""
    span = _timed({"weave_core.kind": "llm", "input.value": opened, "weave_core.outputs": opened})
    span.model_dump_json()


def test_five_megabytes_are_previewed_without_being_parsed() -> None:
    """The preview is short and comes from the last user message."""
    filler = '{"role": "assistant", "content": "' + "x" * 5_000_000 + '"}'
    value = '{"messages": [' + filler + ', {"role": "user", "content": "so \\"what\\"?"}]}'
    span = _timed({"openinference.span.kind": "LLM", "input.value": value})
    assert span.input_preview == 'so "what"?'
    assert span.messages.input[1].parts[0].content == 'so "what"?'


def test_json_that_was_cut_by_a_length_limit_stays_text() -> None:
    """SDKs cut long values in the middle; the rest is shown as it is."""
    cut = '{"messages": [{"role": "user", "content": "Why is the sk'
    span = _timed({"openinference.span.kind": "LLM", "input.value": cut})
    assert span.inputs == cut
    assert span.messages is None


def test_many_attributes_leave_few_for_filters() -> None:
    """The row stays small whatever is sent."""
    attributes = {f"key.{index}": index for index in range(10_000)}
    row = skeleton(sent_span(attributes | {"long": "x" * 257}))
    assert len(row.attributes or {}) == 64


def test_a_thousand_chunk_events_cost_little() -> None:
    """One event per streamed chunk is some senders' habit."""
    events = [
        RawEvent("gen_ai.content.completion.chunk", 1_000_500_000 + index, {})
        for index in range(20_000)
    ]
    span = _timed({"gen_ai.operation.name": "chat"}, events)
    assert span.time_to_first_token_ms == 0.5
