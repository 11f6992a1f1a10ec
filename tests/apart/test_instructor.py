"""instructor by OpenInference's instrumentation, as our server stores it."""

import instructor
import openai
import pytest
from pydantic import BaseModel
from support.stored_traces import Stored, check_totals, of_kind, tracing

import weave_core

QUESTION = [{"role": "user", "content": "Where is order A-1001?"}]


class Order(BaseModel):
    """What is wanted of the model."""

    order_id: str
    status: str


def test_what_was_wanted_stands_above_the_call_that_gave_it(stored: Stored, llm: str) -> None:
    """The value that came out; below it the `openai` SDK's call, with its tokens."""
    with (
        tracing("openai", "instructor"),
        openai.OpenAI(base_url=f"{llm}/v1", api_key="none") as sdk,
    ):
        client = instructor.from_openai(sdk)
        order = client.chat.completions.create(
            model="gpt-4o-mini", response_model=Order, messages=QUESTION
        )

    assert order.order_id == "A-1001"
    trace = stored()
    [wanted] = of_kind(trace, "chain")
    assert wanted.outputs == order.model_dump()
    [call] = of_kind(trace, "llm")
    assert call.parent_span_id == wanted.span_id
    assert [tool.name for tool in call.tools] == ["Order"]
    check_totals(trace, 1)


async def test_each_try_is_a_call_and_the_last_error_is_told(stored: Stored, llm: str) -> None:
    """An answer that does not fit is asked for again; the tokens of all tries count."""
    with tracing("openai", "instructor"), weave_core.span("all"):
        async with openai.AsyncOpenAI(base_url=f"{llm}/v1", api_key="none") as sdk:
            client = instructor.from_openai(sdk, mode=instructor.Mode.JSON)
            with pytest.raises(instructor.core.InstructorRetryException):
                await client.chat.completions.create(
                    model="gpt-4o-mini", response_model=Order, messages=QUESTION, max_retries=1
                )

    trace = stored()
    [wanted] = of_kind(trace, "chain")
    assert wanted.status == "error"
    check_totals(trace, 2)
