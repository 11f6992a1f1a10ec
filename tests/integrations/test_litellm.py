"""LiteLLM by OpenInference's instrumentation, as our server stores it."""

import asyncio
from typing import Any

import litellm
import openai
import pytest
from support.stored_traces import Stored, check_totals, of_kind, said, tracing

import weave_core

# Pydantic's warnings of LiteLLM's own types, when they are built and when a stream is read.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Items? .*ReadOnly:UserWarning"),
    pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecatedSince211"),
]

ORDER: Any = [{"role": "user", "content": "Where is order A-1001?"}]
HELLO: Any = [{"role": "user", "content": "Hello"}]
TOOLS: Any = [
    {
        "type": "function",
        "function": {
            "name": "lookup_order",
            "description": "Look an order up.",
            "parameters": {
                "type": "object",
                "properties": {"order_id": {"type": "string"}},
                "required": ["order_id"],
            },
        },
    }
]


def test_completions_of_several_providers_are_stored_whole(stored: Stored, llm: str) -> None:
    """Provider, messages, tools, usage and streams, whichever SDK or HTTP client lies below."""
    to_openai: Any = {"api_base": f"{llm}/v1", "api_key": "none"}
    with tracing("litellm"), weave_core.span("all"):
        litellm.completion(model="openai/gpt-4o-mini", messages=ORDER, tools=TOOLS, **to_openai)
        stream = litellm.completion(
            model="openai/gpt-4o-mini",
            messages=HELLO,
            stream=True,
            stream_options={"include_usage": True},
            **to_openai,
        )
        chunks = list(stream)
        litellm.completion(
            model="anthropic/claude-sonnet-4-6", messages=HELLO, api_base=llm, api_key="none"
        )
        litellm.embedding(model="openai/text-embedding-3-small", input=["a b"], **to_openai)

    texts = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices]
    assert "".join(text or "" for text in texts).startswith("Hello!")
    trace = stored()
    asked, streamed, claude = of_kind(trace, "llm")
    assert (asked.provider, asked.model) == ("openai", "openai/gpt-4o-mini")
    assert [tool.name for tool in asked.tools] == ["lookup_order"]
    assert asked.messages is not None
    [call] = asked.messages.output[0].parts
    assert (call.type, call.name, call.arguments) == (
        "tool_call",
        "lookup_order",
        {"order_id": "A-1001"},
    )
    assert said(streamed).startswith("Hello!")
    assert (claude.provider, said(claude)) == ("anthropic", said(streamed))
    [embedding] = of_kind(trace, "embedding")
    assert embedding.usage is not None
    assert embedding.usage.input_tokens == 2
    # The vector itself is left out.
    assert max(len(str(value)) for value in embedding.attributes.values()) < 200
    assert {span.parent_span_id for span in trace.spans} == {None, trace.trace.root_span_id}
    assert trace.trace.model_call_count == 4


def test_a_call_that_the_openai_sdk_tells_as_well_counts_once(stored: Stored, llm: str) -> None:
    """Each of the two spans knows what the other does not; the sums know both as one."""
    ask: Any = {"model": "openai/gpt-4o-mini", "api_base": f"{llm}/v1", "api_key": "none"}

    async def ask_again() -> None:
        await litellm.acompletion(messages=HELLO, **ask)
        stream = await litellm.acompletion(
            messages=HELLO, stream=True, stream_options={"include_usage": True}, **ask
        )
        assert [chunk async for chunk in stream]

    with tracing("openai", "litellm"), weave_core.span("all"):
        litellm.completion(messages=HELLO, **ask)
        assert list(
            litellm.completion(
                messages=HELLO, stream=True, stream_options={"include_usage": True}, **ask
            )
        )
        asyncio.run(ask_again())

    trace = stored()
    assert len([span for span in trace.spans if span.kind == "llm"]) == 8
    check_totals(trace, 4)


def test_a_stream_that_is_left_and_a_call_that_fails_end_their_spans(
    stored: Stored, llm: str
) -> None:
    """What had come is told; the error is the one that the program gets."""
    ask: Any = {"api_base": f"{llm}/v1", "api_key": "none", "messages": HELLO}
    with tracing("litellm"), weave_core.span("all"):
        stream = litellm.completion(model="openai/gpt-4o-mini", stream=True, **ask)
        next(stream)
        next(stream)
        stream.close()
        with pytest.raises(openai.RateLimitError):
            litellm.completion(model="openai/error-429", num_retries=0, max_retries=0, **ask)

    left, failed = of_kind(stored(), "llm")
    assert left.ended_ns
    assert (failed.status, failed.error and failed.error.type) == (
        "error",
        "litellm.exceptions.RateLimitError",
    )
