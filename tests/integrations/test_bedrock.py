"""Bedrock by boto3 and OpenInference's instrumentation, as our server stores it."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EventStreamError
from support.stored_traces import Stored, check_totals, of_kind, said, tracing

import weave_core

MODEL = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
HELLO: Any = [{"role": "user", "content": [{"text": "Hello"}]}]
ORDER: Any = [{"role": "user", "content": [{"text": "Where is order A-1001?"}]}]
SCHEMA: Any = {
    "type": "object",
    "properties": {"order_id": {"type": "string"}},
    "required": ["order_id"],
}
TOOLS: Any = {"tools": [{"toolSpec": {"name": "lookup_order", "inputSchema": {"json": SCHEMA}}}]}


@contextmanager
def _client(llm: str) -> Iterator[Any]:
    """A client made while it is traced: clients that exist already are not."""
    client = boto3.client(
        "bedrock-runtime",
        region_name="us-east-1",
        endpoint_url=llm,
        aws_access_key_id="none",
        aws_secret_access_key="none",  # noqa: S106  # Anything signs.
        config=Config(retries={"max_attempts": 1}),
    )
    with closing(client):
        yield client


def test_a_conversation_is_stored_whole(stored: Stored, llm: str) -> None:
    """Provider, instructions, tools and their results, usage; streamed or not alike."""
    with tracing("bedrock"), weave_core.span("all"), _client(llm) as client:
        ask = {"modelId": MODEL, "toolConfig": TOOLS, "system": [{"text": "Be kind."}]}
        message = client.converse(
            messages=ORDER, inferenceConfig={"maxTokens": 100, "temperature": 0.5}, **ask
        )["output"]["message"]
        use = message["content"][0]["toolUse"]
        result = {"toolUseId": use["toolUseId"], "content": [{"text": "on its way"}]}
        answered = [*ORDER, message, {"role": "user", "content": [{"toolResult": result}]}]
        events = list(client.converse_stream(messages=answered, **ask)["stream"])

    assert [next(iter(event)) for event in events][:: len(events) - 1] == [
        "messageStart",
        "metadata",
    ]
    trace = stored()
    asked, streamed = of_kind(trace, "llm")
    assert (asked.provider, asked.model) == ("aws.bedrock", MODEL)
    assert [tool.name for tool in asked.tools] == ["lookup_order"]
    assert asked.messages is not None
    assert asked.messages.system[0].content == "Be kind."
    [call] = asked.messages.output[0].parts
    assert (call.name, call.arguments) == ("lookup_order", {"order_id": "A-1001"})
    assert asked.finish_reasons == ["tool_call"]
    assert "on its way" in said(streamed)
    assert streamed.messages is not None
    assert [m.role for m in streamed.messages.input] == ["user", "assistant", "tool"]
    usage = events[-1]["metadata"]["usage"]
    assert streamed.usage is not None
    # Bedrock counts cached tokens apart, the total holds them.
    assert streamed.usage.input_tokens == usage["inputTokens"] + usage["cacheReadInputTokens"]
    assert streamed.usage.cache_read_tokens == usage["cacheReadInputTokens"]
    check_totals(trace, 2)


def test_a_model_s_own_body_is_read(stored: Stored, llm: str) -> None:
    """`invoke_model` takes and gives what the model's maker defines, as bytes, also in a stream."""
    body = json.dumps(
        {
            "anthropic_version": "bedrock-2023-05-31",
            "max_tokens": 100,
            "messages": [{"role": "user", "content": "Hello"}],
        }
    )
    with tracing("bedrock"), weave_core.span("all"), _client(llm) as client:
        whole = json.loads(client.invoke_model(modelId=MODEL, body=body)["body"].read())
        stream = client.invoke_model_with_response_stream(modelId=MODEL, body=body)["body"]
        told = [json.loads(event["chunk"]["bytes"]) for event in stream]

    assert told[0]["type"] == "message_start"
    trace = stored()
    one, two = of_kind(trace, "llm")
    assert said(one) == said(two) == whole["content"][0]["text"]
    check_totals(trace, 2)


def test_a_stream_that_is_left_and_calls_that_fail_end_their_spans(
    stored: Stored, llm: str
) -> None:
    """What had come is told; the errors are the ones that the program gets."""
    with tracing("bedrock"), weave_core.span("all"), _client(llm) as client:
        stream = client.converse_stream(modelId=MODEL, messages=HELLO)["stream"]
        next(event for event in stream if "contentBlockDelta" in event)
        stream.close()
        with pytest.raises(ClientError):
            client.converse(modelId="error-429", messages=HELLO)
        broken_stream = client.converse_stream(modelId="error-midstream", messages=HELLO)["stream"]
        with closing(broken_stream), pytest.raises(EventStreamError):
            list(broken_stream)

    left, refused, broken = of_kind(stored(), "llm")
    assert said(left) == "Hello!"
    assert refused.error is not None
    assert refused.error.type == "botocore.exceptions.ClientError"
    assert broken.error is not None
    assert broken.error.type == "botocore.exceptions.EventStreamError"
