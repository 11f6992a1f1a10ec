"""Generators that are left early, moved between contexts, or never begun."""

import asyncio
import contextvars
import gc
import logging
from collections.abc import AsyncIterator, Iterator

import pytest
from support.programs import Recorder

from weave_core import current_span, op, span

MARK: contextvars.ContextVar[str] = contextvars.ContextVar("mark", default="none")


@op
def leaf() -> None:
    """A child."""


@op
def numbers(count: int) -> Iterator[int]:
    """Yields with a child per item."""
    for index in range(count):
        leaf()
        yield index


@op
async def async_numbers(count: int) -> AsyncIterator[int]:
    """The same, async."""
    for index in range(count):
        await asyncio.sleep(0)
        leaf()
        yield index


@pytest.fixture(autouse=True)
def _no_complaints(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """OpenTelemetry logs what it can't detach; nothing here may make it."""
    with caplog.at_level(logging.WARNING):
        yield
    assert not caplog.records


def test_the_callers_context_is_its_own_between_items(recorder: Recorder) -> None:
    """What the program does between two items is no child of the stream."""
    with span("outer"):
        for _ in numbers(2):
            leaf_between = current_span().span_id
            with span("between"):
                pass
            assert leaf_between == current_span().span_id

    assert [recorder.parent(n) for n in ("numbers", "outer")] == ["outer", None]
    outer = recorder.one("outer").context
    between = [s for s in recorder.spans if s.name == "between"]
    assert outer is not None
    assert {s.parent.span_id for s in between if s.parent} == {outer.span_id}


def test_the_body_sees_the_callers_context_variables(recorder: Recorder) -> None:
    """A generator reads context variables as they are at each step; tracing keeps that."""

    @op
    def seen() -> Iterator[str]:
        while True:
            yield MARK.get()

    stream = seen()
    values = [next(stream)]
    MARK.set("later")
    values.append(next(stream))
    stream.close()  # type: ignore[attr-defined]
    assert values == ["none", "later"]
    assert recorder.outputs("seen") == ["none", "later"]


def test_a_stream_left_early_is_no_error(recorder: Recorder) -> None:
    """A caller that has enough is normal; what it took is recorded."""
    for item in numbers(10):
        if item == 1:
            break
    gc.collect()
    assert recorder.outputs("numbers") == [0, 1]
    assert recorder.one("numbers").status.is_ok
    assert not recorder.one("numbers").events


def test_a_stream_never_begun_leaves_no_span(recorder: Recorder) -> None:
    """Nothing ran, so nothing is recorded."""
    stream = numbers(3)
    del stream
    gc.collect()
    assert recorder.names == []


def test_wrong_arguments_fail_at_the_call(recorder: Recorder) -> None:
    """As without `@op`: the call fails, not the first item."""
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'count'"):
        numbers()  # type: ignore[call-arg]
    assert recorder.names == []


def test_the_parent_is_where_the_stream_was_made(recorder: Recorder) -> None:
    """A web framework iterates the stream after the handler returned; it is the handler's still."""

    @op
    def handler() -> Iterator[int]:
        return numbers(2)

    stream = handler()
    assert list(stream) == [0, 1]
    assert recorder.parent("numbers") == "handler"


def test_send_throw_and_the_return_value_pass_through(recorder: Recorder) -> None:
    """The whole protocol of generators is the function's own."""

    @op
    def dialogue() -> Iterator[object]:
        got = yield "first"
        try:
            yield got
        except KeyError as error:
            yield f"caught {error}"
        return "done"  # type: ignore[return-value]

    stream = dialogue()
    assert next(stream) == "first"
    assert stream.send("x") == "x"  # type: ignore[attr-defined]
    assert stream.throw(KeyError("k")) == "caught 'k'"  # type: ignore[attr-defined]
    with pytest.raises(StopIteration) as stop:
        next(stream)
    assert stop.value.value == "done"
    assert recorder.outputs("dialogue") == ["first", "x", "caught 'k'"]


def test_a_failing_stream_keeps_what_it_gave(recorder: Recorder) -> None:
    """Half an answer and the reason for its end are both worth reading."""

    @op
    def breaks() -> Iterator[str]:
        yield "half"
        raise OSError("line cut")

    with pytest.raises(OSError, match="line cut"):
        list(breaks())
    assert recorder.outputs("breaks") == ["half"]
    assert recorder.attribute("breaks", "error.type") == "OSError"


def test_yielded_items_are_recorded_as_they_were(recorder: Recorder) -> None:
    """A program may yield the same list again and again, fuller each time."""

    @op
    def growing() -> Iterator[list[int]]:
        items: list[int] = []
        for index in range(3):
            items.append(index)
            yield items

    list(growing())
    assert recorder.outputs("growing") == [[0], [0, 1], [0, 1, 2]]


def test_a_long_stream_is_recorded_up_to_a_bound(recorder: Recorder) -> None:
    """The record says how much it left out; the caller gets everything."""

    @op
    def long() -> Iterator[int]:
        yield from range(10_050)

    assert sum(1 for _ in long()) == 10_050
    outputs = recorder.outputs("long")
    assert outputs[-1] == "__truncated__: 51 more items"
    assert len(outputs) == 10_000


async def test_an_async_stream_can_move_between_tasks(recorder: Recorder) -> None:
    """Each step may run in another task: no context is left in one, none is missed in the other."""
    stream = async_numbers(3)
    for expected in range(3):
        got = await asyncio.create_task(stream.__anext__())  # type: ignore[arg-type,var-annotated]
        assert got == expected
        assert current_span().span_id == ""
    await asyncio.create_task(stream.aclose())  # type: ignore[attr-defined]
    assert recorder.outputs("async_numbers") == [0, 1, 2]
    own = recorder.one("async_numbers").context
    assert own is not None
    leaves = [s for s in recorder.spans if s.name == "leaf"]
    assert {s.parent.span_id for s in leaves if s.parent} == {own.span_id}


async def test_an_async_stream_left_early_is_no_error(recorder: Recorder) -> None:
    """Breaking out closes the stream, in this task or by the loop's own clean-up."""
    async for item in async_numbers(10):
        if item == 1:
            break
    gc.collect()
    for _ in range(5):
        await asyncio.sleep(0)
    assert recorder.outputs("async_numbers") == [0, 1]
    assert recorder.one("async_numbers").status.is_ok
    assert current_span().span_id == ""


async def test_an_async_stream_never_begun_leaves_no_span(recorder: Recorder) -> None:
    """Nothing ran, so nothing is recorded."""
    stream = async_numbers(3)
    del stream
    gc.collect()
    assert recorder.names == []


async def test_a_cancelled_async_stream_is_marked(recorder: Recorder) -> None:
    """Cancellation is told, and the caller's own cancellation goes on."""

    @op
    async def waits() -> AsyncIterator[int]:
        yield 1
        await asyncio.sleep(60)

    async def reads() -> None:
        async for _ in waits():
            pass

    task = asyncio.create_task(reads())
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert recorder.attribute("waits", "error.type") == "asyncio.exceptions.CancelledError"
    assert recorder.outputs("waits") == [1]


async def test_async_clean_up_runs_within_the_stream(recorder: Recorder) -> None:
    """What a body does in `finally` is its own child."""

    @op
    async def cleans() -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            leaf()

    stream = cleans()
    await anext(stream)
    await stream.aclose()  # type: ignore[attr-defined]
    assert recorder.parent("leaf") == "cleans"
