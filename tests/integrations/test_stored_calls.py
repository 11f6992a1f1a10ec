"""Model calls as the server stores them: read right, priced, and counted once."""

from typing import Any

import anthropic
import pytest
from langchain_openai import ChatOpenAI
from support.stored_traces import Stored

import weave_core
from weave_core.integrations.langchain import WeaveCallbackHandler

ASK: Any = {"model": "claude-sonnet-4-6", "max_tokens": 2000}
QUESTION: Any = [{"role": "user", "content": "Where is order A-1001?"}]
pytestmark = pytest.mark.usefixtures("spans")  # All libraries are traced.

TOOL: Any = {
    "name": "lookup_order",
    "input_schema": {"type": "object", "properties": {"order_id": {"type": "string"}}},
}


def test_a_streamed_call_of_anthropic_is_stored_whole(
    stored: Stored, anthropic_client: anthropic.Anthropic
) -> None:
    """Provider, messages, tools, thoughts, usage and cost, from the attributes we write."""
    with anthropic_client.messages.stream(
        **ASK,
        system="Be kind.",
        messages=QUESTION,
        tools=[TOOL],
        thinking={"type": "enabled", "budget_tokens": 1024},
    ) as stream:
        answer = stream.get_final_message()

    trace = stored()
    (span,) = trace.spans
    assert (span.kind, span.provider, span.model) == ("llm", "anthropic", "claude-sonnet-4-6")
    assert (span.response_id, span.finish_reasons) == (answer.id, ["tool_call"])
    assert span.messages is not None
    assert span.messages.system[0].content == "Be kind."
    assert [part.type for part in span.messages.output[0].parts] == ["reasoning", "tool_call"]
    assert [tool.name for tool in span.tools] == ["lookup_order"]
    assert span.usage is not None
    assert span.usage.input_tokens == answer.usage.input_tokens
    assert span.usage.output_tokens == answer.usage.output_tokens
    assert span.cost is not None
    assert span.cost.total_usd
    assert trace.trace.cost_usd == pytest.approx(span.cost.total_usd)
    assert span.params["max_tokens"] == 2000
    assert span.time_to_first_token_ms


def test_a_call_seen_by_langchain_and_by_the_sdk_counts_once(stored: Stored, llm: str) -> None:
    """Both tell the provider's id of the reply: one of them is the other's duplicate."""
    model = ChatOpenAI(
        model="gpt-4o-mini", base_url=f"{llm}/v1", api_key=lambda: "none", max_retries=0
    )
    with weave_core.span("outer"):
        answer = model.invoke("Hello", config={"callbacks": [WeaveCallbackHandler()]})
    assert isinstance(answer.content, str)

    trace = stored()
    calls = [span for span in trace.spans if span.kind == "llm"]
    assert [call.scope.name for call in sorted(calls, key=lambda call: call.started_ns)] == [
        "weave_core.integrations.langchain",
        "weave_core.integrations.openai",
    ]
    assert [call.is_duplicate for call in calls].count(True) == 1
    assert trace.trace.model_call_count == 1
    assert trace.trace.usage is not None
    assert calls[0].usage is not None
    assert trace.trace.usage.total_tokens == calls[0].usage.total_tokens
