"""What goes wrong in a call of the `openai` SDK: the user sees it as ever, and the span tells."""

import asyncio
import gc
import socket
from typing import Any

import openai
import pytest
from opentelemetry.trace import StatusCode
from support.span_facts import facts, parts_of

from weave_core import integrations, semconv

ASK: Any = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello, you there"}]}


@pytest.mark.parametrize(
    ("model", "error"),
    [
        ("error-429", openai.RateLimitError),
        ("error-500", openai.InternalServerError),
        ("error-401", openai.AuthenticationError),
    ],
)
def test_an_error_answer_is_raised_and_told(
    spans: Any, openai_client: openai.OpenAI, model: str, error: type[Exception]
) -> None:
    """The SDK's own exception reaches the user; the span has its type, message and stack."""
    with pytest.raises(error, match="always fails"):
        openai_client.chat.completions.create(**{**ASK, "model": model})

    span = spans.one()
    name = f"openai.{error.__name__}"
    assert span.status.status_code is StatusCode.ERROR
    assert facts(span)["error.type"] == name
    (event,) = span.events
    assert event.name == "exception"
    assert event.attributes["exception.type"] == name
    assert "always fails" in event.attributes["exception.message"]
    assert "openai/_base_client.py" in event.attributes["exception.stacktrace"]


def test_a_server_that_is_not_there_is_told(spans: Any) -> None:
    """A refused connection, after the SDK's own retries, is one failed span."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with (
        openai.OpenAI(base_url=f"http://127.0.0.1:{port}", api_key="none", max_retries=1) as client,
        pytest.raises(openai.APIConnectionError),
    ):
        client.chat.completions.create(**ASK)
    assert facts(spans.one())["error.type"] == "openai.APIConnectionError"


def test_a_timeout_is_told(spans: Any, openai_client: openai.OpenAI) -> None:
    """The timeout is the user's; the span ends with it."""
    with pytest.raises(openai.APITimeoutError):
        openai_client.chat.completions.create(**{**ASK, "model": "slow-3"}, timeout=0.1)
    assert facts(spans.one())["error.type"] == "openai.APITimeoutError"


@pytest.mark.parametrize(
    ("model", "error"),
    [("error-midstream", openai.APIError), ("drop-midstream", openai.APIConnectionError)],
)
def test_a_stream_that_breaks_keeps_what_had_come(
    spans: Any, openai_client: openai.OpenAI, model: str, error: type[Exception]
) -> None:
    """The user gets the exception at the same chunk; the span has the words until then."""
    got = []
    stream = openai_client.chat.completions.create(**{**ASK, "model": model}, stream=True)
    with pytest.raises(error):
        got.extend(stream)

    assert not got or len(got) == 6
    span = spans.one()
    assert facts(span)["error.type"] == f"openai.{error.__name__}"
    assert (
        parts_of(span, semconv.GEN_AI_OUTPUT_MESSAGES)[0]["content"] == "Hello! Tell me your order"
    )


def _break(stream: Any) -> None:
    next(iter(stream))
    stream.close()


def _leave_block(stream: Any) -> None:
    with stream:
        next(iter(stream))


def _close_response(stream: Any) -> None:
    next(stream)
    stream.response.close()


@pytest.mark.parametrize("leave", [_break, _leave_block, _close_response])
def test_a_stream_left_early_ends_its_span_without_an_error(
    spans: Any, openai_client: openai.OpenAI, leave: Any
) -> None:
    """Every way of leaving ends the span at once."""
    leave(openai_client.chat.completions.create(**ASK, stream=True))

    span = spans.one()
    assert span.status.status_code is StatusCode.UNSET
    assert "gen_ai.response.id" in facts(span)
    assert "gen_ai.response.finish_reasons" not in facts(span)


def test_a_stream_that_is_dropped_ends_its_span(spans: Any, openai_client: openai.OpenAI) -> None:
    """A stream nobody reads to its end, nor closes, ends when it is collected."""

    def look_at_one() -> None:
        for _ in openai_client.chat.completions.create(**ASK, stream=True):
            break

    look_at_one()
    gc.collect()
    assert spans.one().name == "chat gpt-4o-mini"


async def test_a_cancelled_call_ends_its_span(
    spans: Any, async_openai_client: openai.AsyncOpenAI
) -> None:
    """A cancelled task gets its `CancelledError`, and the span says that it was that."""
    task = asyncio.create_task(
        async_openai_client.chat.completions.create(**{**ASK, "model": "slow-3"})
    )
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert facts(spans.one())["error.type"] == "asyncio.exceptions.CancelledError"


def test_a_failure_of_ours_does_not_reach_the_call(
    spans: Any, openai_client: openai.OpenAI, caplog: pytest.LogCaptureFixture
) -> None:
    """A request that we can't read is sent all the same, and warned of once."""

    class Odd(dict[str, Any]):
        def get(self, key: str, default: Any = None) -> Any:
            if key == "role":
                raise RuntimeError("no role for you")
            return super().get(key, default)

    for _ in range(2):
        answer = openai_client.chat.completions.create(
            model="gpt-4o-mini",
            messages=[],
            extra_body={"messages": [Odd(role="user", content="Hello")]},
        )
        assert answer.choices[0].message.content

    assert len(spans.all()) == 2
    assert sum("could not record" in record.message for record in caplog.records) == 1


def test_a_request_unlike_any_we_know_is_the_sdk_s_business(
    spans: Any, openai_client: openai.OpenAI
) -> None:
    """Options of another shape, as an SDK of tomorrow may have: untraced, and handed on."""
    with pytest.raises(AttributeError):
        openai_client.request(object, {"path": "/chat"})  # type: ignore[call-overload]
    assert spans.all() == []


def test_uninstrument_puts_the_sdk_back(spans: Any, openai_client: openai.OpenAI) -> None:
    """Traced twice is traced once; and after `uninstrument` nothing is left of it."""
    owner = next(cls for cls in openai.OpenAI.__mro__ if "request" in vars(cls))
    traced = vars(owner)["request"]
    assert {"anthropic", "openai"} <= set(integrations.instrument_all())
    assert vars(owner)["request"] is traced

    integrations.uninstrument_all()
    assert vars(owner)["request"] is traced.__wrapped__
    openai_client.chat.completions.create(**ASK)
    assert spans.all() == []
