"""Responses and embeddings of the real `openai` SDK against the local model server, as spans."""

from typing import Any

import openai
import pytest
from pydantic import BaseModel
from support.span_facts import facts, parts_of, read_json

from weave_core import semconv

TOOL: Any = {
    "type": "function",
    "name": "lookup_order",
    "strict": False,
    "parameters": {
        "type": "object",
        "properties": {"order_id": {"type": "string"}},
        "required": ["order_id"],
    },
}


def test_a_response_tells_its_instructions_thoughts_and_usage(
    spans: Any, openai_client: openai.OpenAI
) -> None:
    """Instructions are apart from the messages; thoughts and text are parts of one message."""
    answer = openai_client.responses.create(
        model="gpt-5-mini",
        instructions="Be kind.",
        input="Hello",
        reasoning={"effort": "low"},
        max_output_tokens=60,
        service_tier="auto",
    )

    told = facts(spans.one())
    assert answer.usage is not None
    assert told["openai.api.type"] == "responses"
    assert told["openai.request.service_tier"] == "auto"
    assert told["gen_ai.request.reasoning.level"] == "low"
    assert told["gen_ai.request.max_tokens"] == 60
    assert told["gen_ai.response.id"] == answer.id
    assert told["gen_ai.response.finish_reasons"] == ("stop",)
    assert told["gen_ai.usage.input_tokens"] == answer.usage.input_tokens
    assert told["gen_ai.usage.output_tokens"] == answer.usage.output_tokens
    assert told["gen_ai.usage.reasoning.output_tokens"] > 0
    assert told["gen_ai.system_instructions"] == '[{"type":"text","content":"Be kind."}]'
    assert read_json(spans.one(), semconv.GEN_AI_INPUT_MESSAGES) == [
        {"role": "user", "parts": [{"type": "text", "content": "Hello"}]}
    ]
    assert read_json(spans.one(), semconv.GEN_AI_OUTPUT_MESSAGES) == [
        {
            "role": "assistant",
            "parts": [
                {"type": "reasoning", "content": "I have all I need to answer now."},
                {"type": "text", "content": answer.output_text},
            ],
            "finish_reason": "stop",
        }
    ]


def test_a_whole_tool_round_is_told_in_messages(spans: Any, openai_client: openai.OpenAI) -> None:
    """Items that the user sends back become the assistant's call and the tool's answer."""
    asked: list[Any] = [{"role": "user", "content": "Where is order A-1001?"}]
    first = openai_client.responses.create(model="gpt-5-mini", input=asked, tools=[TOOL])
    call = next(item for item in first.output if item.type == "function_call")
    output = '{"order_id": "A-1001", "status": "lost"}'
    asked += [*first.output]
    asked.append({"type": "function_call_output", "call_id": call.call_id, "output": output})
    second = openai_client.responses.create(model="gpt-5-mini", input=asked, tools=[TOOL])
    assert second.output_text == "Your order A-1001 is lost."

    one, two = spans.all()
    assert facts(one)["gen_ai.response.finish_reasons"] == ("tool_call",)
    messages = read_json(two, semconv.GEN_AI_INPUT_MESSAGES)
    assert [message["role"] for message in messages] == ["user", "assistant", "tool"]
    assert [part["type"] for part in messages[1]["parts"]] == ["reasoning", "tool_call"]
    assert messages[1]["parts"][1]["arguments"] == {"order_id": "A-1001"}
    assert messages[2]["parts"] == [
        {
            "type": "tool_call_response",
            "id": call.call_id,
            "response": {"order_id": "A-1001", "status": "lost"},
        }
    ]


@pytest.mark.parametrize("by_helper", [True, False])
def test_a_streamed_response_tells_what_the_whole_one_would(
    spans: Any, openai_client: openai.OpenAI, *, by_helper: bool
) -> None:
    """Its last event holds all of it."""
    ask: Any = {"model": "gpt-5-mini", "input": "Hello"}
    whole = openai_client.responses.create(**ask)
    if by_helper:
        with openai_client.responses.stream(**ask) as stream:
            assert stream.get_final_response().output_text == whole.output_text
    else:
        assert len(list(openai_client.responses.create(**ask, stream=True))) > 5

    plain, streamed = spans.all()
    names = ("gen_ai.usage.", "gen_ai.output.messages", "gen_ai.response.finish_reasons")
    assert facts(streamed, *names) == facts(plain, *names)
    assert facts(streamed)["gen_ai.response.time_to_first_chunk"] > 0


async def test_a_streamed_response_left_early_keeps_what_had_come(
    spans: Any, async_openai_client: openai.AsyncOpenAI
) -> None:
    """Thoughts that were finished and words that had come are told; a reason is not."""
    stream = await async_openai_client.responses.create(
        model="gpt-5-mini", input="Hello", stream=True
    )
    async with stream:
        words = 0
        async for event in stream:
            words += event.type == "response.output_text.delta"
            if words == 3:
                break

    span = spans.one()
    assert [part["content"] for part in parts_of(span, semconv.GEN_AI_OUTPUT_MESSAGES)] == [
        "I have all I need to answer now.",
        "Hello! Tell me",
    ]
    assert "gen_ai.response.finish_reasons" not in facts(span)


class _Order(BaseModel):
    order_id: str


async def test_parsed_and_raw_responses_are_calls_like_any_other(
    spans: Any, openai_client: openai.OpenAI, async_openai_client: openai.AsyncOpenAI
) -> None:
    """The program gets its own class, or the HTTP answer; sync, async and streamed alike."""
    ask: Any = {"model": "gpt-4o", "input": "Hello"}
    parsed = openai_client.responses.parse(**ask, text_format=_Order)
    assert isinstance(parsed.output_parsed, _Order)
    again = await async_openai_client.responses.parse(**ask, text_format=_Order)
    assert isinstance(again.output_parsed, _Order)
    raw = await async_openai_client.responses.with_raw_response.create(**ask)
    assert raw.headers["x-request-id"] == "req_local"
    async with async_openai_client.responses.stream(**ask, text_format=_Order) as stream:
        final = await stream.get_final_response()
    assert isinstance(final.output_parsed, _Order)

    told = spans.all()
    assert [span.name for span in told] == ["chat gpt-4o"] * 4
    assert [facts(span).get("gen_ai.output.type") for span in told] == [
        "json",
        "json",
        None,
        "json",
    ]
    ids = [facts(span)["gen_ai.response.id"] for span in told]
    assert ids == [parsed.id, again.id, raw.parse().id, final.id]
    assert all(facts(span)["gen_ai.usage.output_tokens"] for span in told)


async def test_async_embeddings_are_told_alike(
    spans: Any, async_openai_client: openai.AsyncOpenAI
) -> None:
    """A raw answer too."""
    ask: Any = {"model": "text-embedding-3-small", "input": "red shoes"}
    await async_openai_client.embeddings.create(**ask)
    raw = await async_openai_client.embeddings.with_raw_response.create(**ask)
    assert raw.parse().data
    one, two = spans.all()
    assert facts(one, "gen_ai.usage.", "gen_ai.input.") == facts(
        two, "gen_ai.usage.", "gen_ai.input."
    )
    assert facts(one)["gen_ai.usage.input_tokens"] == 2


def test_embeddings_tell_their_texts_and_size(spans: Any, openai_client: openai.OpenAI) -> None:
    """The vectors themselves are not kept."""
    answer = openai_client.embeddings.create(
        model="text-embedding-3-small", input=["red shoes", "blue"], dimensions=64
    )
    assert len(answer.data[1].embedding) == 64

    span = spans.one()
    assert span.name == "embeddings text-embedding-3-small"
    told = facts(span)
    assert told["gen_ai.operation.name"] == "embeddings"
    assert told["gen_ai.embeddings.dimension.count"] == 64
    assert told["gen_ai.usage.input_tokens"] == answer.usage.prompt_tokens
    parts = parts_of(span, semconv.GEN_AI_INPUT_MESSAGES)
    assert [part["content"] for part in parts] == ["red shoes", "blue"]
    assert "gen_ai.output.messages" not in told
