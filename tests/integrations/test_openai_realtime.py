"""Realtime connections of the real `openai` SDK to a local WebSocket, as our server stores them."""

from collections.abc import Iterator
from typing import Any

import local_llm_realtime
import openai
import pytest
from support.stored_traces import Stored, check_totals, of_kind, said, tracing

import weave_core
from weave_core.integrations import _openai_realtime

TOOL: Any = {
    "type": "function",
    "name": "lookup_order",
    "description": "Look an order up.",
    "parameters": {
        "type": "object",
        "properties": {"order_id": {"type": "string"}},
        "required": ["order_id"],
    },
}


@pytest.fixture(scope="module")
def websocket_url() -> Iterator[str]:
    """URL of a local realtime server."""
    with local_llm_realtime.serve() as url:
        yield url


def _says(text: str) -> Any:
    content = [{"type": "input_text", "text": text}]
    return {"type": "message", "role": "user", "content": content}


def _read_response(connection: Any) -> list[Any]:
    """All events until the response is done."""
    events: list[Any] = []
    while not events or events[-1].type != "response.done":
        events.append(connection.recv())
    return events


def test_each_response_is_a_call_with_what_was_said_before_it(
    stored: Stored, websocket_url: str
) -> None:
    """Instructions, tools, the conversation, tokens, and the time to the first piece."""
    with tracing("openai"), weave_core.span("all"):
        client = openai.OpenAI(websocket_base_url=websocket_url, api_key="none")
        with client, client.realtime.connect(model="gpt-realtime") as connection:
            connection.session.update(
                session={"type": "realtime", "instructions": "Be kind.", "tools": [TOOL]}
            )
            connection.input_audio_buffer.append(audio="AAAA")
            connection.input_audio_buffer.commit()
            connection.response.create()
            call = _read_response(connection)[-1].response.output[0]
            result: Any = {"type": "function_call_output", "call_id": call.call_id}
            result["output"] = "on its way"
            connection.conversation.item.create(item=result)
            connection.response.create()
            events = _read_response(connection)

    deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
    trace = stored()
    first, second = of_kind(trace, "llm")
    assert {first.parent_span_id, second.parent_span_id} == {trace.trace.root_span_id}
    assert (first.name, first.provider, first.is_stream) == ("chat gpt-realtime", "openai", True)
    assert first.messages is not None
    assert first.messages.system[0].content == "Be kind."
    assert first.messages.input[0].parts[0].content == local_llm_realtime.HEARD
    assert [tool.name for tool in first.tools] == ["lookup_order"]
    [asked] = first.messages.output[0].parts
    assert (asked.name, asked.arguments) == ("lookup_order", {"order_id": "A-1001"})
    assert second.messages is not None
    assert [m.role for m in second.messages.input] == ["user", "assistant", "tool"]
    assert said(second) == "".join(deltas)
    assert second.time_to_first_token_ms
    check_totals(trace, 2)


async def test_an_async_connection_is_told_alike(stored: Stored, websocket_url: str) -> None:
    """Read by `async for`; a response that fails is an error, one that is left ends."""
    client = openai.AsyncOpenAI(websocket_base_url=websocket_url, api_key="none")
    with tracing("openai"), weave_core.span("all"):
        async with client, client.realtime.connect(model="gpt-realtime") as connection:
            await connection.conversation.item.create(item=_says("Hello"))
            await connection.response.create()
            async for event in connection:
                if event.type == "response.done":
                    break
            await connection.conversation.item.create(item=_says("fail"))
            await connection.response.create()
            async for event in connection:
                if event.type == "response.done":
                    break
            await connection.response.create()
            async for event in connection:
                if event.type == "response.created":
                    break

    whole, failed, left = of_kind(stored(), "llm")
    assert said(whole).startswith("Hello!")
    assert (failed.status, failed.error and failed.error.type) == ("error", "server_error")
    assert left.ended_ns
    assert left.status == "unset"


def test_a_failure_of_ours_does_not_reach_the_connection(
    websocket_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events are the program's, whatever we make of them."""

    def broken(*_: object) -> str:
        raise RuntimeError("ours")

    monkeypatch.setattr(_openai_realtime, "messages_of", broken)
    monkeypatch.setattr(_openai_realtime, "told", broken)
    client = openai.OpenAI(websocket_base_url=websocket_url, api_key="none")
    with (
        tracing("openai"),
        client,
        client.realtime.connect(model="gpt-realtime") as connection,
    ):
        connection.conversation.item.create(item=_says("Hello"))
        connection.response.create()
        events = _read_response(connection)
    assert events[-1].response.status == "completed"
