"""Any tree of calls comes out as the same tree of spans, whatever its functions' shapes."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from threading import Thread
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.programs import Recorder

from weave_core import op


@dataclass
class Node:
    """One call: its shape, and the calls it makes."""

    shape: str
    children: "list[Node]" = field(default_factory=list)
    leaves_early: bool = False


SYNC = ("sync", "generator", "method", "thread", "executor")
ASYNC = ("async", "async generator", "task")


def _trees(shapes: tuple[str, ...]) -> st.SearchStrategy[Node]:
    leaf = st.builds(Node, st.sampled_from(shapes), leaves_early=st.booleans())
    return st.recursive(
        leaf,
        lambda below: st.builds(
            Node, st.sampled_from(shapes), st.lists(below, max_size=3), st.booleans()
        ),
        max_leaves=12,
    )


@op(name="call")
def run_sync(number: int, node: Node, count: Any) -> int:
    """A plain call."""
    for child in node.children:
        drive_sync(child, count)
    return number


class Caller:
    """One whose methods are operations."""

    @op(name="call")
    def run(self, number: int, node: Node, count: Any) -> int:
        """A call of a method, which is made over and over within itself."""
        for child in node.children:
            drive_sync(child, count)
        return number


@op(name="call")
def run_generator(number: int, node: Node, count: Any) -> Iterator[int]:
    """A call that makes one child between each two items."""
    for child in node.children:
        yield number
        drive_sync(child, count)
    yield number


def drive_sync(node: Node, count: Any) -> None:
    """Make the call that `node` describes."""
    number = next(count)
    call = partial(Caller().run if node.shape == "method" else run_sync, number, node, count)
    if node.shape == "thread":
        thread = Thread(target=call)
        thread.start()
        thread.join()
        return
    if node.shape == "executor":
        with ThreadPoolExecutor(1) as pool:
            pool.submit(call).result()
        return
    if node.shape in ("sync", "method"):
        call()
        return
    for _ in run_generator(number, node, count):
        if node.leaves_early and not node.children:
            break


@op(name="call")
async def run_async(number: int, node: Node, count: Any) -> int:
    """A coroutine."""
    for child in node.children:
        await asyncio.sleep(0)
        await drive_async(child, count)
    return number


@op(name="call")
async def run_async_generator(number: int, node: Node, count: Any) -> AsyncIterator[int]:
    """An async stream."""
    for child in node.children:
        yield number
        await drive_async(child, count)
    yield number


async def drive_async(node: Node, count: Any) -> None:
    """Make the call that `node` describes."""
    number = next(count)
    if node.shape == "async generator":
        stream = run_async_generator(number, node, count)
        async for _ in stream:
            if node.leaves_early and not node.children:
                break
        await stream.aclose()  # type: ignore[attr-defined]
    elif node.shape == "task":
        await asyncio.create_task(run_async(number, node, count))
    elif node.shape == "async":
        await run_async(number, node, count)
    else:
        drive_sync(node, _Ahead(number, count))


class _Ahead:
    """Gives `first`, then what `rest` gives."""

    def __init__(self, first: int, rest: Any) -> None:
        self._first: int | None = first
        self._rest = rest

    def __next__(self) -> int:
        first, self._first = self._first, None
        return next(self._rest) if first is None else first


def _expected(node: Node, parent: int | None, count: Any, tree: dict[int, int | None]) -> None:
    number = next(count)
    tree[number] = parent
    for child in node.children:
        _expected(child, number, count, tree)


def _recorded(recorder: Recorder) -> dict[int, int | None]:
    numbers = {
        span.context.span_id: json.loads(str((span.attributes or {})["weave_core.inputs"]))[
            "number"
        ]
        for span in recorder.spans
        if span.context is not None
    }
    return {
        numbers[span.context.span_id]: numbers[span.parent.span_id] if span.parent else None
        for span in recorder.spans
        if span.context is not None
    }


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(tree=_trees(SYNC))
def test_sync_trees_keep_every_call_and_parent(recorder: Recorder, tree: Node) -> None:
    """Functions, methods, threads and generators in any order and depth, some left early."""
    recorder.clear()
    expected: dict[int, int | None] = {}
    _expected(tree, None, iter(range(1_000)), expected)
    drive_sync(tree, iter(range(1_000)))
    assert _recorded(recorder) == expected


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(tree=_trees(SYNC + ASYNC))
def test_mixed_trees_keep_every_call_and_parent(recorder: Recorder, tree: Node) -> None:
    """Coroutines, tasks, async streams; a sync shape in an async tree calls sync shapes only."""
    tree = _sync_below_sync(tree)
    recorder.clear()
    expected: dict[int, int | None] = {}
    _expected(tree, None, iter(range(1_000)), expected)
    asyncio.run(drive_async(tree, iter(range(1_000))))
    assert _recorded(recorder) == expected


def _sync_below_sync(node: Node, *, within_sync: bool = False) -> Node:
    shape = "sync" if within_sync and node.shape in ASYNC else node.shape
    below = [_sync_below_sync(c, within_sync=shape in SYNC) for c in node.children]
    return Node(shape, below, node.leaves_early)
