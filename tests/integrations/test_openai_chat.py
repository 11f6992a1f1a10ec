"""Chat completions of the real `openai` SDK against the local model server, as spans."""

import asyncio
from typing import Any

import openai
import pytest
from opentelemetry.trace import SpanKind, StatusCode
from pydantic import BaseModel
from support.span_facts import facts, parts_of, read_json

import weave_core
from weave_core import semconv

TOOL: Any = {
    "type": "function",
    "function": {
        "name": "lookup_order",
        "description": "Look an order up.",
        "strict": True,
        "parameters": {
            "type": "object",
            "properties": {"order_id": {"type": "string"}},
            "required": ["order_id"],
            "additionalProperties": False,
        },
    },
}
QUESTION: Any = {"role": "user", "content": "Where is order A-1001?"}


def test_a_completion_tells_its_request_its_answer_and_its_usage(
    spans: Any, openai_client: openai.OpenAI
) -> None:
    """The attributes are those of the GenAI conventions, each with the provider's own value."""
    answer = openai_client.chat.completions.create(
        model="gpt-4o-mini",
        messages=[{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello"}],
        temperature=0.2,
        top_p=0.9,
        max_completion_tokens=50,
        stop=["END"],
        seed=7,
    )

    span = spans.one()
    assert (span.name, span.kind) == ("chat gpt-4o-mini", SpanKind.CLIENT)
    assert span.status.status_code is StatusCode.UNSET
    usage = answer.usage
    assert usage is not None
    told = facts(span)
    said = told.pop("gen_ai.output.messages")
    assert told == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o-mini",
        "gen_ai.request.temperature": 0.2,
        "gen_ai.request.top_p": 0.9,
        "gen_ai.request.max_tokens": 50,
        "gen_ai.request.stop_sequences": ("END",),
        "gen_ai.request.seed": 7,
        "gen_ai.input.messages": (
            '[{"role":"system","parts":[{"type":"text","content":"Be kind."}]},'
            '{"role":"user","parts":[{"type":"text","content":"Hello"}]}]'
        ),
        "gen_ai.response.id": answer.id,
        "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": usage.prompt_tokens,
        "gen_ai.usage.output_tokens": usage.completion_tokens,
        "gen_ai.usage.cache_read.input_tokens": 0,
        "gen_ai.usage.reasoning.output_tokens": 0,
        "openai.api.type": "chat_completions",
        "openai.response.service_tier": "default",
        "openai.response.system_fingerprint": "fp_local_script",
        "server.address": "127.0.0.1",
        "server.port": openai_client.base_url.port,
    }
    text = answer.choices[0].message.content
    assert text == "Hello! Tell me your order number and what I can do for you."
    assert said == (
        f'[{{"role":"assistant","parts":[{{"type":"text","content":"{text}"}}],'
        '"finish_reason":"stop"}]'
    )


def test_tool_calls_and_their_results_are_parts_of_messages(
    spans: Any, openai_client: openai.OpenAI
) -> None:
    """Arguments and results are told as values with the call's id, tools with their schema."""
    first = openai_client.chat.completions.create(
        model="gpt-4o-mini", messages=[QUESTION], tools=[TOOL]
    )
    asked = first.choices[0].message
    assert asked.tool_calls
    call_id = asked.tool_calls[0].id
    openai_client.chat.completions.create(
        model="gpt-4o-mini",
        messages=[
            QUESTION,
            asked,  # type: ignore[list-item]  # As users do: the answer's own object.
            {"role": "tool", "tool_call_id": call_id, "content": '{"error": "none"}'},
        ],
        tools=[TOOL],
    )

    one, two = spans.all()
    call = {
        "type": "tool_call",
        "id": call_id,
        "name": "lookup_order",
        "arguments": {"order_id": "A-1001"},
    }
    assert facts(one)["gen_ai.response.finish_reasons"] == ("tool_call",)
    assert parts_of(one, semconv.GEN_AI_OUTPUT_MESSAGES) == [call]
    assert read_json(one, semconv.GEN_AI_TOOL_DEFINITIONS) == [
        {"type": "function", **TOOL["function"]}
    ]
    assert parts_of(two, semconv.GEN_AI_INPUT_MESSAGES)[1:] == [
        call,
        {"type": "tool_call_response", "id": call_id, "response": '{"error": "none"}'},
    ]


@pytest.mark.parametrize("asks_for_usage", [True, False])
def test_a_stream_tells_what_the_whole_answer_would(
    spans: Any, openai_client: openai.OpenAI, *, asks_for_usage: bool
) -> None:
    """Text, calls, reason and ids are put together; usage only where the user asked for it."""
    options: Any = {"stream_options": {"include_usage": True}} if asks_for_usage else {}
    request: Any = {"model": "gpt-5-mini", "messages": [QUESTION], "tools": [TOOL], "n": 2}
    whole = openai_client.chat.completions.create(**request)
    chunks = list(openai_client.chat.completions.create(**request, stream=True, **options))

    plain, streamed = spans.all()
    assert facts(streamed)["gen_ai.request.stream"] is True
    assert 0 < facts(streamed)["gen_ai.response.time_to_first_chunk"] < 10
    assert facts(streamed)["gen_ai.response.id"] == chunks[0].id
    assert facts(streamed)["gen_ai.response.finish_reasons"] == ("tool_call", "tool_call")
    said, again = (parts_of(span, semconv.GEN_AI_OUTPUT_MESSAGES) for span in (plain, streamed))
    assert [part["arguments"] for part in again] == [{"order_id": "A-1001"}] * 2
    assert [part["name"] for part in said] == [part["name"] for part in again]
    assert whole.usage is not None
    expected = facts(plain, "gen_ai.usage.") if asks_for_usage else {}
    assert facts(streamed, "gen_ai.usage.") == expected
    if asks_for_usage:
        assert expected["gen_ai.usage.reasoning.output_tokens"] > 0


def test_parse_and_the_stream_helper_are_calls_like_any_other(
    spans: Any, openai_client: openai.OpenAI
) -> None:
    """The helpers hand out parsed objects, and make one span each."""

    class Verdict(BaseModel):
        score: int
        reason: str

    ask: Any = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Score it: 7"}]}
    parsed = openai_client.chat.completions.parse(**ask, response_format=Verdict)
    with openai_client.chat.completions.stream(**ask, response_format=Verdict) as stream:
        streamed = stream.get_final_completion()

    for completion in (parsed, streamed):
        verdict = completion.choices[0].message.parsed
        assert isinstance(verdict, Verdict)
        assert verdict.score == 7
    assert [span.name for span in spans.all()] == ["chat gpt-4o-mini"] * 2
    for span in spans.all():
        assert facts(span)["gen_ai.output.type"] == "json"
        assert '"score": 7' in parts_of(span, semconv.GEN_AI_OUTPUT_MESSAGES)[0]["content"]


def test_pictures_are_named_and_never_kept_in_the_span(
    spans: Any, openai_client: openai.OpenAI
) -> None:
    """An address stays an address; a picture, however small, is its digest, never its bytes."""
    small, large = "iVBORw0KGgo=", "QUJD" * 100_000
    content: Any = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{small}"}},
        {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{large}"}},
    ]
    openai_client.chat.completions.create(
        model="gpt-4o-mini", messages=[{"role": "user", "content": content}]
    )

    parts = parts_of(spans.one(), semconv.GEN_AI_INPUT_MESSAGES)
    assert [part["type"] for part in parts] == ["text", "uri", "blob", "blob"]
    assert parts[1]["uri"] == "https://example.org/a.png"
    assert [part["mime_type"] for part in parts[2:]] == ["image/png", "image/jpeg"]
    assert all(part["digest"] and "content" not in part for part in parts[2:])
    assert "QUJDQUJD" not in str(parts)


async def test_the_async_client_is_traced_in_the_caller_s_trace(
    spans: Any, async_openai_client: openai.AsyncOpenAI
) -> None:
    """Calls that run side by side are children of the operation that made them."""
    create = async_openai_client.chat.completions.create

    @weave_core.op(kind="agent")
    async def agent() -> None:
        async def streamed() -> None:
            stream = await create(model="gpt-4o", messages=[QUESTION], stream=True)
            async for _ in stream:
                pass

        await asyncio.gather(create(model="gpt-4o-mini", messages=[QUESTION]), streamed())

    with weave_core.span("outer"):
        await agent()

    tree = spans.tree()
    agent_line = next(line for line in tree if "agent" in line)
    assert tree[0] == "outer"
    assert agent_line.startswith("  ")
    assert sorted(tree[2:]) == ["    chat gpt-4o", "    chat gpt-4o-mini"]


def test_raw_and_streaming_responses_work_and_are_recorded(
    spans: Any, openai_client: openai.OpenAI
) -> None:
    """Headers, text, `parse()` and lines are as without tracing; the answer is in the span."""
    completions = openai_client.chat.completions
    ask: Any = {"model": "gpt-4o-mini", "messages": [QUESTION]}
    raw = completions.with_raw_response.create(**ask)
    assert raw.headers["x-request-id"] == "req_local"
    first = raw.parse()
    assert raw.parse() is first
    raw_stream = completions.with_raw_response.create(**ask, stream=True)
    chunks = list(raw_stream.parse())
    with completions.with_streaming_response.create(**ask) as unread:
        second = unread.parse()
    with completions.with_streaming_response.create(**ask) as unread:
        lines = list(unread.iter_lines())

    assert lines
    ids = [facts(span).get("gen_ai.response.id") for span in spans.all()]
    # Lines read by hand are nobody's answer: that span tells the request alone.
    assert ids == [first.id, chunks[0].id, second.id, None]


def test_a_client_of_azure_says_so(spans: Any, llm: str) -> None:
    """The provider is told by the client's class; the model is the deployment."""
    with openai.AzureOpenAI(
        azure_endpoint=llm, api_key="none", api_version="2024-10-21", max_retries=0
    ) as client:
        client.chat.completions.create(model="gpt-4o-mini", messages=[QUESTION])

    assert facts(spans.one(), "gen_ai.provider")["gen_ai.provider.name"] == "azure.ai.openai"
