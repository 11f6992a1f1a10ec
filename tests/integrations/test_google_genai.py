"""google-genai by OpenTelemetry's own instrumentation, as our server stores it."""

import types as python_types
from collections.abc import Iterator
from typing import Any

import pytest
from google import genai
from google.genai import errors, types
from support.stored_traces import Stored, check_totals, of_kind, said, tracing

import weave_core

# The SDK's own, of the client below it.
pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class:DeprecationWarning")

MODEL = "gemini-2.5-flash"
ORDER = "Where is order A-1001?"


def lookup_order(order_id: str) -> str:
    """Look an order up."""
    return f"{order_id} is on its way"


@pytest.fixture
def gemini(llm: str) -> Iterator[genai.Client]:
    """A client of the local model server."""
    options = types.HttpOptions(base_url=llm)
    with genai.Client(api_key="none", http_options=options) as client:
        yield client


def test_contents_streams_and_embeddings_are_stored_whole(
    stored: Stored, gemini: genai.Client
) -> None:
    """Provider, instructions, messages, tools, thoughts, usage and the time to the first chunk."""
    config = types.GenerateContentConfig(
        system_instruction="Be kind.",
        temperature=0.5,
        tools=[types.Tool(function_declarations=[_declared()])],
        thinking_config=types.ThinkingConfig(include_thoughts=True),
    )
    image = types.Part.from_bytes(data=b"\x89PNG", mime_type="image/png")
    greeting: Any = ["Hello", image]
    with tracing("google_genai"), weave_core.span("all"):
        gemini.models.generate_content(model=MODEL, contents=ORDER, config=config)
        stream = gemini.models.generate_content_stream(model=MODEL, contents=greeting)
        assert isinstance(stream, python_types.GeneratorType)
        texts = [next(stream).text, *(chunk.text for chunk in stream)]
        gemini.models.embed_content(model="gemini-embedding-001", contents="a b")

    trace = stored()
    asked, streamed = of_kind(trace, "llm")
    assert (asked.provider, asked.model, asked.params["temperature"]) == ("gcp.gemini", MODEL, 0.5)
    assert asked.messages is not None
    assert [part.content for part in asked.messages.system] == ["Be kind."]
    assert asked.messages.input[0].parts[0].content == ORDER
    assert [tool.name for tool in asked.tools] == ["lookup_order"]
    thought, call = asked.messages.output[0].parts
    assert (thought.type, call.type) == ("reasoning", "tool_call")
    assert call.arguments == {"order_id": "A-1001"}
    assert asked.usage is not None
    assert asked.usage.reasoning_tokens

    assert streamed.is_stream
    assert streamed.time_to_first_token_ms
    assert said(streamed) == "".join(text or "" for text in texts)
    assert streamed.messages is not None
    assert [part.type for part in streamed.messages.input[0].parts] == ["text", "blob"]
    [embedding] = of_kind(trace, "embedding")
    assert (embedding.model, embedding.usage and embedding.usage.input_tokens) == (
        "gemini-embedding-001",
        2,
    )
    assert trace.trace.model_call_count == 3


async def test_each_call_of_an_async_chat_is_a_span(stored: Stored, gemini: genai.Client) -> None:
    """The SDK runs the tool and asks again by itself; streamed or not, each call has its tokens."""
    config = types.GenerateContentConfig(tools=[lookup_order])
    chat = gemini.aio.chats.create(model=MODEL, config=config)
    with tracing("google_genai"), weave_core.span("all"):
        answer = await chat.send_message(ORDER)
        parts = [chunk.text async for chunk in await chat.send_message_stream("Thanks")]
    await gemini.aio.aclose()

    assert "A-1001 is on its way" in (answer.text or "")
    trace = stored()
    _, told, _, streamed = of_kind(trace, "llm")
    assert said(told) == answer.text
    assert said(streamed) == "".join(part or "" for part in parts)
    check_totals(trace, 4)


def test_each_request_of_a_call_that_runs_functions_is_a_span(
    stored: Stored, gemini: genai.Client
) -> None:
    """The SDK asks, runs the function and asks again: two calls with their tokens, one function."""
    config = types.GenerateContentConfig(tools=[lookup_order])
    with tracing("google_genai"):
        answer = gemini.models.generate_content(model=MODEL, contents=ORDER, config=config)

    trace = stored()
    [loop] = of_kind(trace, "agent")
    asked, told = of_kind(trace, "llm")
    [tool] = of_kind(trace, "tool")
    assert {each.parent_span_id for each in (asked, tool, told)} == {loop.span_id}
    assert tool.tool is not None
    assert (tool.tool.name, tool.tool.arguments, tool.tool.result) == (
        "lookup_order",
        {"order_id": "A-1001"},
        "A-1001 is on its way",
    )
    assert asked.ended_ns is not None
    assert asked.ended_ns <= tool.started_ns < told.started_ns
    assert (asked.provider, asked.model) == ("gcp.gemini", MODEL)
    assert asked.messages is not None
    assert told.messages is not None
    assert [part.type for part in asked.messages.output[0].parts] == ["tool_call"]
    kinds = [part.type for message in told.messages.input for part in message.parts]
    assert kinds == ["text", "tool_call", "tool_call_response"]
    assert said(told) == answer.text
    assert asked.response_id != told.response_id
    check_totals(trace, 2)


async def test_a_stream_that_runs_functions_tells_each_of_its_requests(
    stored: Stored, gemini: genai.Client
) -> None:
    """Streamed, from a coroutine; one that asks once has no span but its own."""
    config = types.GenerateContentConfig(tools=[lookup_order])
    with tracing("google_genai"), weave_core.span("all"):
        for contents in (ORDER, "Hello"):
            stream = await gemini.aio.models.generate_content_stream(
                model=MODEL, contents=contents, config=config
            )
            texts = [chunk.text or "" async for chunk in stream]
        kept = list(
            gemini.models.generate_content_stream(model=MODEL, contents=ORDER, config=config)
        )
    await gemini.aio.aclose()

    trace = stored()
    assert len(of_kind(trace, "agent")) == 2
    calls = of_kind(trace, "llm")
    assert said(calls[2]) == "".join(texts)
    assert said(calls[4]) == "".join(chunk.text or "" for chunk in kept)
    check_totals(trace, 5)


def test_a_stream_that_is_left_and_a_call_that_fails_end_their_spans(
    stored: Stored, gemini: genai.Client
) -> None:
    """What had come is told; the error is the one that the program gets."""
    with tracing("google_genai"), weave_core.span("all"):
        stream = gemini.models.generate_content_stream(model=MODEL, contents="Hello")
        assert next(stream).text == "Hello!"
        stream.close()  # type: ignore[attr-defined]  # A generator, typed as less.
        with pytest.raises(errors.ClientError):
            gemini.models.generate_content(model="error-429", contents="Hello")

    left, failed = of_kind(stored(), "llm")
    assert (said(left), left.usage) == ("Hello!", None)
    assert failed.status == "error"
    assert "429" in str(failed.error)


def _declared() -> types.FunctionDeclaration:
    return types.FunctionDeclaration(
        name="lookup_order",
        description="Look an order up.",
        parameters_json_schema={
            "type": "object",
            "properties": {"order_id": {"type": "string"}},
            "required": ["order_id"],
        },
    )
