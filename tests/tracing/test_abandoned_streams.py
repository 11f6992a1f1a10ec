"""Whatever becomes of a stream, it is one span of its caller's, and nobody else's parent."""

import asyncio
import gc
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.programs import Recorder

import weave_core
from weave_core import current_span, op

ENDS = ("exhausted", "closed", "thrown into", "dropped", "closed elsewhere", "never begun")
BOUND = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@op
def leaf() -> None:
    """A child of the body."""


@op
def numbers(name: str) -> Iterator[int]:  # noqa: ARG001  # Recorded.
    """Four items with a child before each, and one while it is taken down."""
    try:
        for index in range(4):
            leaf()
            yield index
    finally:
        leaf()


@op
async def async_numbers(name: str) -> AsyncIterator[int]:  # noqa: ARG001  # Recorded.
    """The same, async."""
    try:
        for index in range(4):
            leaf()
            await asyncio.sleep(0)
            yield index
    finally:
        leaf()


class CutError(Exception):
    """What a caller throws in."""


plans = st.lists(
    st.tuples(st.integers(1, 4), st.sampled_from(ENDS), st.booleans()), min_size=1, max_size=4
)
"""Items taken, the end, and whether each item is taken in another thread or task."""


def _in_thread(call: Any) -> Any:
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(call()))
    thread.start()
    thread.join()
    return found[0]


def _run(plan: list[tuple[int, str, bool]]) -> None:
    streams: list[Any] = [numbers(str(place)) for place in range(len(plan))]
    mine = current_span().span_id
    # Side by side: each takes its next item in turn, as streams of one answer do.
    for turn in range(4):
        for place, (count, end, moves) in enumerate(plan):
            if end != "never begun" and turn < count:
                stream = streams[place]
                assert (_in_thread(lambda s=stream: next(s)) if moves else next(stream)) == turn
                assert current_span().span_id == mine
    for place, (_, end, _) in enumerate(plan):
        stream, streams[place] = streams[place], None
        if end == "exhausted":
            list(stream)
        elif end == "closed":
            stream.close()
        elif end == "closed elsewhere":
            _in_thread(stream.close)
        elif end == "thrown into":
            with suppress(CutError):
                stream.throw(CutError("enough"))
        del stream
    gc.collect()
    assert current_span().span_id == mine


async def _run_async(plan: list[tuple[int, str, bool]]) -> None:
    streams: list[Any] = [async_numbers(str(place)) for place in range(len(plan))]
    mine = current_span().span_id
    for turn in range(4):
        for place, (count, end, moves) in enumerate(plan):
            if end != "never begun" and turn < count:
                step = streams[place].__anext__()
                assert await (asyncio.create_task(step) if moves else step) == turn
                del step  # It holds the stream.
                assert current_span().span_id == mine
    for place, (_, end, _) in enumerate(plan):
        await _end_async(streams, place, end)
    gc.collect()
    for _ in range(10):  # The loop takes down what was dropped.
        await asyncio.sleep(0)
    assert current_span().span_id == mine


async def _end_async(streams: list[Any], place: int, end: str) -> None:
    stream, streams[place] = streams[place], None
    if end == "exhausted":
        async for _ in stream:
            pass
    elif end == "closed":
        await stream.aclose()
    elif end == "closed elsewhere":
        await asyncio.create_task(stream.aclose())
    elif end == "thrown into":
        with suppress(CutError):
            await stream.athrow(CutError("enough"))


def _check(recorder: Recorder, name: str, plan: list[tuple[int, str, bool]]) -> None:
    outer = recorder.one("outer").context
    found = {
        recorder.read(span, "weave_core.inputs")["name"]: span
        for span in recorder.spans
        if span.name == name
    }
    begun = {str(place): each for place, each in enumerate(plan) if each[1] != "never begun"}
    assert outer is not None
    assert found.keys() == begun.keys() | {
        str(place) for place, (_, end, _) in enumerate(plan) if end == "exhausted"
    }
    for place, span in found.items():
        count, end, _ = plan[int(place)]
        assert span.parent is not None
        assert span.parent.span_id == outer.span_id
        taken = 4 if end == "exhausted" else count
        assert recorder.read(span, "weave_core.outputs") == list(range(taken))
        assert span.status.is_ok == (end != "thrown into")
        own = span.context
        leaves = [
            each
            for each in recorder.spans
            if each.name == "leaf" and each.parent and own and each.parent.span_id == own.span_id
        ]
        assert len(leaves) == min(taken, 4) + 1


@BOUND
@given(plan=plans)
def test_sync_streams_end_as_one_span_each(
    recorder: Recorder, plan: list[tuple[int, str, bool]]
) -> None:
    """Side by side, moved between threads, left in any way."""
    recorder.clear()
    with weave_core.span("outer"):
        _run(plan)
    _check(recorder, "numbers", plan)


@BOUND
@given(plan=plans)
def test_async_streams_end_as_one_span_each(
    recorder: Recorder, plan: list[tuple[int, str, bool]]
) -> None:
    """The same between tasks; what is dropped is taken down by the loop."""

    async def run() -> None:
        with weave_core.span("outer"):
            await _run_async(plan)

    recorder.clear()
    asyncio.run(run())
    _check(recorder, "async_numbers", plan)
