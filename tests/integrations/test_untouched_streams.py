"""Tracing stands beside a user's stream, not in it: chunk for chunk the same as without."""

import re
from collections.abc import Callable
from typing import Any

import anthropic
import openai
import pytest

from weave_core import integrations

TOOLS: Any = [
    {
        "type": "function",
        "function": {
            "name": "lookup_order",
            "parameters": {
                "type": "object",
                "properties": {"order_id": {"type": "string"}},
                "required": ["order_id"],
            },
        },
    }
]
ANTHROPIC_TOOLS: Any = [
    {"name": "lookup_order", "input_schema": TOOLS[0]["function"]["parameters"]}
]
ORDER: Any = [{"role": "user", "content": "Where is order A-1001?"}]
HELLO: Any = [{"role": "user", "content": "Hello, you there"}]
MESSAGE: Any = {"model": "claude-sonnet-4-6", "max_tokens": 2000}
THINKING: Any = {"type": "enabled", "budget_tokens": 1024}

OPENAI_STREAMS: dict[str, Callable[[Any], Any]] = {
    "words": lambda c: c.chat.completions.create(model="gpt-4o", messages=HELLO, stream=True),
    "calls": lambda c: c.chat.completions.create(
        model="gpt-4o",
        messages=ORDER,
        tools=TOOLS,
        stream=True,
        stream_options={"include_usage": True},
    ),
    "response": lambda c: c.responses.create(model="gpt-5", input="Hello", stream=True),
}
ANTHROPIC_STREAMS: dict[str, Callable[[Any], Any]] = {
    "words": lambda c: c.messages.create(**MESSAGE, messages=HELLO, stream=True),
    "calls": lambda c: c.messages.create(
        **MESSAGE, messages=ORDER, tools=ANTHROPIC_TOOLS, thinking=THINKING, stream=True
    ),
}


def _told(chunk: Any) -> tuple[type, str]:
    """A chunk's type and content, without the ids and times that the provider makes anew."""
    text = re.sub(r"(?<=[_-])[0-9a-f]{16,}|\b\d{10}(\.\d+)?\b", "#", chunk.model_dump_json())
    return type(chunk), text


def _shape(stream: Any) -> tuple[type, set[str]]:
    return type(stream), {name for name in dir(stream) if not name.startswith("_")}


@pytest.mark.parametrize("name", OPENAI_STREAMS)
def test_an_openai_stream_is_passed_through_chunk_for_chunk(
    spans: Any, openai_client: openai.OpenAI, name: str
) -> None:
    """Same type, same attributes, same chunks in the same order, by `for` and by `next`."""
    make = OPENAI_STREAMS[name]
    traced = make(openai_client)
    traced_shape, traced_chunks = _shape(traced), [_told(chunk) for chunk in traced]
    by_next = make(openai_client)
    next_chunks = [_told(next(by_next)) for _ in traced_chunks]
    with pytest.raises(StopIteration):
        next(by_next)
    assert len(spans.all()) == 2

    integrations.uninstrument_all()
    plain = make(openai_client)
    assert _shape(plain) == traced_shape
    plain_chunks = [_told(chunk) for chunk in plain]
    assert len(plain_chunks) > 3
    assert plain_chunks == traced_chunks == next_chunks


@pytest.mark.parametrize("name", OPENAI_STREAMS)
async def test_an_async_openai_stream_is_passed_through_chunk_for_chunk(
    spans: Any, async_openai_client: openai.AsyncOpenAI, name: str
) -> None:
    """The same for the async client."""
    make = OPENAI_STREAMS[name]
    traced = await make(async_openai_client)
    traced_shape, traced_chunks = _shape(traced), [_told(chunk) async for chunk in traced]
    assert len(spans.all()) == 1

    integrations.uninstrument_all()
    plain = await make(async_openai_client)
    assert _shape(plain) == traced_shape
    assert [_told(chunk) async for chunk in plain] == traced_chunks


@pytest.mark.parametrize("name", ANTHROPIC_STREAMS)
def test_an_anthropic_stream_is_passed_through_chunk_for_chunk(
    spans: Any, anthropic_client: anthropic.Anthropic, name: str
) -> None:
    """Same type, same attributes, same events in the same order."""
    make = ANTHROPIC_STREAMS[name]
    traced = make(anthropic_client)
    traced_shape, traced_chunks = _shape(traced), [_told(chunk) for chunk in traced]
    assert len(spans.all()) == 1

    integrations.uninstrument_all()
    plain = make(anthropic_client)
    assert _shape(plain) == traced_shape
    plain_chunks = [_told(chunk) for chunk in plain]
    assert len(plain_chunks) > 5
    assert plain_chunks == traced_chunks


@pytest.mark.parametrize("name", ANTHROPIC_STREAMS)
async def test_an_async_anthropic_stream_is_passed_through_chunk_for_chunk(
    spans: Any, async_anthropic_client: anthropic.AsyncAnthropic, name: str
) -> None:
    """The same for the async client."""
    make = ANTHROPIC_STREAMS[name]
    traced = await make(async_anthropic_client)
    traced_shape, traced_chunks = _shape(traced), [_told(chunk) async for chunk in traced]
    assert len(spans.all()) == 1

    integrations.uninstrument_all()
    plain = await make(async_anthropic_client)
    assert _shape(plain) == traced_shape
    assert [_told(chunk) async for chunk in plain] == traced_chunks


def test_what_is_sent_is_what_the_user_wrote(
    spans: Any, openai_client: openai.OpenAI, anthropic_client: anthropic.Anthropic
) -> None:
    """Body and headers of a request are the same traced and not, but for the trace's own id."""
    sent: list[list[tuple[str, bytes]]] = []
    for client in (openai_client, anthropic_client):
        client._client.event_hooks = {"request": [lambda request: sent[-1].append(_sent(request))]}
    for is_traced in (True, False):
        if not is_traced:
            integrations.uninstrument_all()
        sent.append([])
        openai_client.chat.completions.create(model="gpt-4o", messages=HELLO, stream=True).close()
        openai_client.responses.create(model="gpt-5", input="Hello")
        anthropic_client.messages.create(**MESSAGE, messages=HELLO)

    traced, plain = sent
    assert len(plain) == 3
    assert traced == plain
    assert spans.all()


def _sent(request: Any) -> tuple[str, bytes]:
    headers = dict(request.headers)
    if parent := headers.pop("traceparent", None):  # Anthropic's SDK sends one by itself.
        headers["traceparent"] = f"{len(parent)} characters"
    return repr(sorted(headers.items())), request.content
