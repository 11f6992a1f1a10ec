"""Messages of the real `anthropic` SDK against the local model server, as spans."""

from typing import Any

import anthropic
import pytest
from opentelemetry.trace import SpanKind
from support.span_facts import facts, parts_of, read_json

from weave_core import integrations, semconv

ASK: Any = {"model": "claude-sonnet-4-6", "max_tokens": 2000}
HELLO: Any = [{"role": "user", "content": "Hello"}]
TOOL: Any = {
    "name": "lookup_order",
    "description": "Look an order up.",
    "input_schema": {
        "type": "object",
        "properties": {"order_id": {"type": "string"}},
        "required": ["order_id"],
    },
}
THINKING: Any = {"type": "enabled", "budget_tokens": 1024}


def test_a_message_is_one_span_with_all_it_tells(
    spans: Any, anthropic_client: anthropic.Anthropic
) -> None:
    """The SDK's own span of the call is not there beside ours: no token counts twice."""
    answer = anthropic_client.messages.create(
        **ASK,
        system="Be kind.",
        messages=HELLO,
        stop_sequences=["END"],
        extra_body={"temperature": 0.5, "top_k": 5},
    )

    span = spans.one()
    assert (span.name, span.kind) == ("chat claude-sonnet-4-6", SpanKind.CLIENT)
    assert span.instrumentation_scope.name == "weave_core.integrations.anthropic"
    assert facts(span) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "anthropic",
        "gen_ai.request.model": "claude-sonnet-4-6",
        "gen_ai.request.max_tokens": 2000,
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.top_k": 5,
        "gen_ai.request.stop_sequences": ("END",),
        "gen_ai.system_instructions": '[{"type":"text","content":"Be kind."}]',
        "gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text","content":"Hello"}]}]',
        "gen_ai.output.messages": (
            '[{"role":"assistant","parts":[{"type":"text","content":'
            '"Hello! Tell me your order number and what I can do for you."}],'
            '"finish_reason":"stop"}]'
        ),
        "gen_ai.response.id": answer.id,
        "gen_ai.response.model": "claude-sonnet-4-6",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": answer.usage.input_tokens,
        "gen_ai.usage.output_tokens": answer.usage.output_tokens,
        "gen_ai.usage.cache_read.input_tokens": 0,
        "gen_ai.usage.cache_write.input_tokens": 0,
        "server.address": "127.0.0.1",
        "server.port": anthropic_client.base_url.port,
    }


def test_without_our_tracing_the_sdk_writes_its_own_span_again(
    spans: Any, anthropic_client: anthropic.Anthropic
) -> None:
    """Only the calls that we trace are silenced, and only while we do."""
    integrations.uninstrument_all()
    anthropic_client.messages.create(**ASK, messages=HELLO)
    assert spans.one().instrumentation_scope.name == "com.anthropic.sdk.python"


def test_cached_tokens_count_as_input(spans: Any, anthropic_client: anthropic.Anthropic) -> None:
    """Anthropic counts them apart; the conventions' total holds them."""
    text: Any = {"type": "text", "text": "word " * 200, "cache_control": {"type": "ephemeral"}}
    answer = anthropic_client.messages.create(
        **ASK, system=[text], messages=[{"role": "user", "content": "Hello"}]
    )
    written = answer.usage.cache_creation_input_tokens
    assert written
    told = facts(spans.one(), "gen_ai.usage.")
    assert told["gen_ai.usage.cache_write.input_tokens"] == written
    assert told["gen_ai.usage.input_tokens"] == answer.usage.input_tokens + written


def test_a_tool_round_with_thinking_is_told_in_messages(
    spans: Any, anthropic_client: anthropic.Anthropic
) -> None:
    """Thoughts, calls and results are parts; results have the role of a tool."""
    messages: list[Any] = [{"role": "user", "content": "Where is order A-1001?"}]
    first = anthropic_client.messages.create(
        **ASK, messages=messages, tools=[TOOL], thinking=THINKING
    )
    use = next(block for block in first.content if block.type == "tool_use")
    result = {"type": "tool_result", "tool_use_id": use.id, "content": "lost", "is_error": True}
    messages += [{"role": "assistant", "content": first.content}]
    messages += [{"role": "user", "content": [result]}]
    anthropic_client.messages.create(**ASK, messages=messages, tools=[TOOL])

    one, two = spans.all()
    assert facts(one)["gen_ai.response.finish_reasons"] == ("tool_call",)
    thought, call = parts_of(one, semconv.GEN_AI_OUTPUT_MESSAGES)
    assert thought["type"] == "reasoning"
    assert thought["content"].startswith("The user wants")
    assert call == {
        "type": "tool_call",
        "id": use.id,
        "name": "lookup_order",
        "arguments": {"order_id": "A-1001"},
    }
    assert read_json(one, semconv.GEN_AI_TOOL_DEFINITIONS) == [
        {
            "name": "lookup_order",
            "description": "Look an order up.",
            "parameters": TOOL["input_schema"],
            "type": "function",
        }
    ]
    told = read_json(two, semconv.GEN_AI_INPUT_MESSAGES)
    assert [message["role"] for message in told] == ["user", "assistant", "tool"]
    assert told[1]["parts"] == [thought, call]
    assert told[2]["parts"] == [
        {"type": "tool_call_response", "id": use.id, "response": "lost", "is_error": True}
    ]


@pytest.mark.parametrize("by_helper", [True, False])
def test_a_stream_tells_what_the_whole_message_would(
    spans: Any, anthropic_client: anthropic.Anthropic, *, by_helper: bool
) -> None:
    """Text, thoughts, calls, reason and usage are put together from the events."""
    ask: Any = {
        **ASK,
        "messages": [{"role": "user", "content": "Where is order A-1001?"}],
        "tools": [TOOL],
        "thinking": THINKING,
    }
    anthropic_client.messages.create(**ask)
    if by_helper:
        with anthropic_client.messages.stream(**ask) as stream:
            assert stream.get_final_message().stop_reason == "tool_use"
    else:
        list(anthropic_client.messages.create(**ask, stream=True))

    plain, streamed = spans.all()
    names = ("gen_ai.usage.", "gen_ai.response.finish_reasons", "gen_ai.response.model")
    assert facts(streamed, *names) == facts(plain, *names)
    said, again = (parts_of(span, semconv.GEN_AI_OUTPUT_MESSAGES) for span in (plain, streamed))
    assert [{**part, "id": 0} for part in again] == [{**part, "id": 0} for part in said]
    assert facts(streamed)["gen_ai.response.time_to_first_chunk"] > 0


async def test_the_async_client_s_stream_helper_left_early_is_one_span(
    spans: Any, async_anthropic_client: anthropic.AsyncAnthropic
) -> None:
    """What had come when the user left is told."""
    async with async_anthropic_client.messages.stream(**ASK, messages=HELLO) as stream:
        async for text in stream.text_stream:
            if text.strip() == "me":
                break

    span = spans.one()
    said = parts_of(span, semconv.GEN_AI_OUTPUT_MESSAGES)[0]["content"]
    assert said.startswith("Hello! Tell me")
    assert not said.endswith("you.")
    assert "gen_ai.response.finish_reasons" not in facts(span)


def test_beta_and_raw_messages_are_traced(
    spans: Any, anthropic_client: anthropic.Anthropic
) -> None:
    """Both end in the same request."""
    first = anthropic_client.beta.messages.create(**ASK, messages=HELLO)
    raw = anthropic_client.messages.with_raw_response.create(**ASK, messages=HELLO)
    assert raw.headers["request-id"] == "req_local"
    second = raw.parse()
    streamed = anthropic_client.messages.with_raw_response.create(
        **ASK, messages=HELLO, stream=True
    )
    list(streamed.parse())

    ids = [facts(span)["gen_ai.response.id"] for span in spans.all()]
    assert ids[:2] == [first.id, second.id]
    assert len(ids) == 3


@pytest.mark.parametrize("namespace", ["messages", "beta"])
async def test_an_async_stream_tells_thoughts_calls_and_cached_tokens(
    spans: Any, async_anthropic_client: anthropic.AsyncAnthropic, namespace: str
) -> None:
    """Of `stream=True`, the beta namespace's too: what a whole message would tell."""
    client: Any = async_anthropic_client
    messages = client.beta.messages if namespace == "beta" else client.messages
    cached: Any = {"type": "text", "text": "word " * 200, "cache_control": {"type": "ephemeral"}}
    stream = await messages.create(
        **ASK,
        system=[cached],
        messages=[{"role": "user", "content": "Where is order A-1001?"}],
        tools=[TOOL],
        thinking=THINKING,
        stream=True,
    )
    events = [event async for event in stream]

    span = spans.one()
    usage = events[0].message.usage
    thought, call = parts_of(span, semconv.GEN_AI_OUTPUT_MESSAGES)
    assert thought["type"] == "reasoning"
    assert (call["name"], call["arguments"]) == ("lookup_order", {"order_id": "A-1001"})
    told = facts(span)
    written = usage.cache_creation_input_tokens
    assert written
    assert told["gen_ai.usage.cache_write.input_tokens"] == written
    assert told["gen_ai.usage.input_tokens"] == usage.input_tokens + written
    assert told["gen_ai.response.finish_reasons"] == ("tool_call",)


def test_what_is_no_message_is_the_sdk_s_business(
    spans: Any, anthropic_client: anthropic.Anthropic
) -> None:
    """Counting tokens and handing in a batch make no span of ours, and no tokens are counted."""
    counted = anthropic_client.messages.count_tokens(model=ASK["model"], messages=HELLO)
    params: Any = {**ASK, "messages": HELLO}
    batch = anthropic_client.messages.batches.create(
        requests=[{"custom_id": "a", "params": params}]
    )
    assert counted.input_tokens
    assert batch.processing_status == "in_progress"
    assert {span.instrumentation_scope.name for span in spans.all()} <= {"com.anthropic.sdk.python"}
    assert not any(facts(span, "gen_ai.usage.") for span in spans.all())


@pytest.mark.parametrize(
    ("model", "error"),
    [("error-429", anthropic.RateLimitError), ("error-529", anthropic.APIStatusError)],
)
def test_an_error_is_raised_and_told(
    spans: Any, anthropic_client: anthropic.Anthropic, model: str, error: type[Exception]
) -> None:
    """The SDK's own exception reaches the user; the one span has its type."""
    with pytest.raises(error, match="always fails") as raised:
        anthropic_client.messages.create(**{**ASK, "model": model}, messages=HELLO)
    kind = type(raised.value)
    assert facts(spans.one())["error.type"] == f"{kind.__module__}.{kind.__name__}"


async def test_the_async_client_is_traced(
    spans: Any, async_anthropic_client: anthropic.AsyncAnthropic
) -> None:
    """Whole, streamed and raw."""
    messages = async_anthropic_client.messages
    await messages.create(**ASK, messages=HELLO)
    async for _ in await messages.create(**ASK, messages=HELLO, stream=True):
        pass
    await (await messages.with_raw_response.create(**ASK, messages=HELLO)).parse()
    async with messages.with_streaming_response.create(**ASK, messages=HELLO) as unread:
        await unread.parse()

    outputs = [facts(span)["gen_ai.output.messages"] for span in spans.all()]
    assert len(outputs) == 4
    assert len(set(outputs)) == 1
