"""`@op` on every shape of function: what it records, and what it must not change."""

import asyncio
import functools
import inspect
import pickle
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from pydantic import BaseModel
from support.programs import Recorder

from weave_core import op
from weave_core.errors import ConfigError


@op
def add(a: int, b: int = 2, *rest: int, scale: int = 1, **more: int) -> int:
    """Adds."""
    return (a + b + sum(rest) + sum(more.values())) * scale


@op
def tokens(count: int) -> Iterator[str]:
    """Yields."""
    for index in range(count):
        yield f"t{index}"


class Agent:
    """Methods of all kinds."""

    def __init__(self, name: str) -> None:
        self.name = name

    @op(kind="agent")
    def answer(self, question: str) -> str:
        """Answers."""
        return f"{self.name}: {question}"

    @op
    @classmethod
    def outer_class(cls, value: int) -> str:
        """A class method, decorated outside."""
        return f"{cls.__name__}{value}"

    @classmethod
    @op
    def inner_class(cls, value: int) -> str:
        """A class method, decorated inside."""
        return f"{cls.__name__}{value}"

    @op
    @staticmethod
    def static(value: int) -> int:
        """A static method."""
        return value

    @op
    def stream(self, count: int) -> Iterator[int]:
        """A generator method."""
        yield from range(count)

    @op
    async def think(self, question: str) -> str:
        """A coroutine method."""
        return question.upper()

    def __call__(self, value: int) -> int:
        """What is traced when the object itself is."""
        return value + 1


def test_arguments_are_recorded_by_name_with_defaults(recorder: Recorder) -> None:
    """Whoever reads the trace sees each argument under its name, given or not."""
    assert add(1) == 3
    assert recorder.inputs("add") == {"a": 1, "b": 2, "scale": 1}
    assert recorder.outputs("add") == 3


def test_rest_and_keyword_arguments_are_recorded(recorder: Recorder) -> None:
    """`*rest` is one list under its name, further keywords stand beside the others."""
    assert add(1, 2, 3, 4, scale=2, extra=5) == 30
    assert recorder.inputs("add") == {"a": 1, "b": 2, "rest": [3, 4], "scale": 2, "extra": 5}


def test_methods_are_recorded_without_their_object(recorder: Recorder) -> None:
    """`self` and `cls` say nothing; the operation's name has the class."""
    agent = Agent("bo")
    assert agent.answer("why?") == "bo: why?"
    assert Agent.outer_class(1) == Agent.inner_class(1) == "Agent1"
    assert agent.static(7) == 7  # type: ignore[call-arg]

    assert recorder.inputs("Agent.answer") == {"question": "why?"}
    assert recorder.inputs("Agent.outer_class") == {"value": 1}
    assert recorder.inputs("Agent.inner_class") == {"value": 1}
    assert recorder.inputs("Agent.static") == {"value": 7}


async def test_coroutines_keep_their_parent_across_tasks(recorder: Recorder) -> None:
    """Children that run at the same time in tasks of their own all belong to the call."""

    @op
    async def child(n: int) -> int:
        await asyncio.sleep(0)
        return n

    @op
    async def parent() -> list[int]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(child(n)) for n in range(5)]
        return [task.result() for task in tasks]

    assert await parent() == [0, 1, 2, 3, 4]
    root = recorder.one("parent").context
    children = [span for span in recorder.spans if span.name == "child"]
    assert root is not None
    assert len(children) == 5
    assert {span.parent.span_id for span in children if span.parent} == {root.span_id}


def test_inspect_sees_the_shape_that_was_written() -> None:
    """Frameworks choose by shape how to call a function, so the shape stays."""
    assert inspect.isgeneratorfunction(tokens)
    assert inspect.isgeneratorfunction(Agent("bo").stream)
    assert inspect.iscoroutinefunction(Agent("bo").think)
    assert not inspect.iscoroutinefunction(add)
    assert str(inspect.signature(tokens)) == "(count: int) -> collections.abc.Iterator[str]"
    assert list(inspect.signature(Agent("bo").stream).parameters) == ["count"]
    assert tokens.__doc__ == "Yields."
    assert isinstance(tokens(1), Iterator)
    assert inspect.getfile(tokens) == __file__
    assert inspect.getsource(tokens).startswith("@op")


def test_what_stands_on_functions_works_with_operations(recorder: Recorder) -> None:
    """Models take operations of every shape for methods; a cache below one can still be emptied."""

    class Model(BaseModel):
        factor: int

        @op
        def count(self, upto: int) -> Iterator[int]:
            for value in range(upto):
                yield value * self.factor

        @op
        async def count_slowly(self, upto: int) -> AsyncIterator[int]:
            for value in range(upto):
                yield value

    @op
    @functools.lru_cache
    def square(n: int) -> int:
        return n * n

    assert list(Model(factor=2).count(3)) == [0, 2, 4]
    assert list(Model.model_fields) == ["factor"]
    assert recorder.outputs("Model.count") == [0, 2, 4]
    assert square(3) == square(3) == 9
    cache: Any = square
    assert cache.cache_info().hits == 1
    cache.cache_clear()
    assert cache.cache_info().hits == 0


def test_operations_can_be_pickled() -> None:
    """Worker processes get functions by name."""
    assert pickle.loads(pickle.dumps(add)) is add  # noqa: S301  # Our own bytes.
    assert pickle.loads(pickle.dumps(tokens)) is tokens  # noqa: S301


def test_partials_and_callable_objects_are_operations(recorder: Recorder) -> None:
    """What can be called can be traced, under the name of what is behind it."""

    def base(a: int, b: int) -> int:
        return a * b

    assert op(functools.partial(base, 3))(4) == 12
    assert op(Agent("bo"))(1) == 2
    assert recorder.names == ["base", "Agent"]
    assert recorder.inputs("Agent") == {"value": 1}


def test_call_hands_out_the_span(recorder: Recorder) -> None:
    """A caller that wants to link to a call gets its ids with the result."""
    result, handle = add.call(1, 1)

    context = recorder.one("add").context
    assert result == 2
    assert context is not None
    assert handle.trace_id == f"{context.trace_id:032x}"
    assert handle.span_id == f"{context.span_id:016x}"
    assert handle.url.endswith(f"trace={handle.trace_id}&span={handle.span_id}")


async def test_call_works_on_coroutines_methods_and_generators(recorder: Recorder) -> None:
    """`call` keeps the shape: awaitable for coroutines, lazy for generators."""
    agent = Agent("bo")
    assert (await Agent.think.call(agent, "hm"))[0] == "HM"  # type: ignore[attr-defined]
    assert Agent.answer.call(agent, "hm")[0] == "bo: hm"  # type: ignore[attr-defined]
    stream, handle = tokens.call(2)
    assert handle.span_id == ""
    assert list(stream) == ["t0", "t1"]
    context = recorder.one("tokens").context
    assert context is not None
    assert handle.span_id == f"{context.span_id:016x}"


def test_nested_and_recursive_calls_form_a_tree(recorder: Recorder) -> None:
    """Each call is one span below the call that made it."""

    @op
    def down(n: int) -> int:
        return 0 if n == 0 else 1 + down(n - 1)

    assert down(3) == 3
    chain = [span.parent.span_id if span.parent else None for span in recorder.spans]
    own = [span.context.span_id for span in recorder.spans if span.context is not None]
    assert chain == [*own[1:], None]


def test_kinds_write_genai_attributes(recorder: Recorder) -> None:
    """Another OpenTelemetry backend knows a tool and an agent by OpenTelemetry's own names."""

    @op(kind="tool")
    def find_order(order_id: str) -> dict[str, str]:
        """Finds an order."""
        return {"id": order_id}

    find_order("A-1")
    Agent("bo").answer("hi")
    attributes = dict(recorder.one("find_order").attributes or {})
    assert attributes["gen_ai.operation.name"] == "execute_tool"
    assert attributes["gen_ai.tool.name"] == "find_order"
    assert attributes["gen_ai.tool.description"] == "Finds an order."
    assert attributes["gen_ai.tool.call.arguments"] == '{"order_id":"A-1"}'
    assert attributes["gen_ai.tool.call.result"] == '{"id":"A-1"}'
    assert recorder.attribute("Agent.answer", "gen_ai.operation.name") == "invoke_agent"
    assert recorder.attribute("Agent.answer", "gen_ai.agent.name") == "Agent.answer"


def test_the_version_follows_the_source(recorder: Recorder) -> None:
    """Two bodies are two versions, the same body is one, wherever it stands."""

    def make(body: int) -> Any:
        if body:
            return op(lambda x: x + 1, name="one")
        return op(lambda x: x + 2, name="two")

    make(1)(1)
    make(0)(1)
    versions = {recorder.attribute(name, "weave_core.op.version") for name in ("one", "two")}
    assert len(versions) == 2
    assert all(str(version).startswith("sha256:") for version in versions)


def test_hooks_decide_what_is_recorded(recorder: Recorder) -> None:
    """Secrets are taken out before anything is kept; the call itself gets them."""

    @op(
        postprocess_inputs=lambda inputs: {**inputs, "key": "***"},
        postprocess_outputs=len,
    )
    def login(user: str, key: str) -> str:
        return f"{user}:{key}"

    @op(postprocess_outputs="".join)
    def speak() -> Iterator[str]:
        yield from ("he", "llo")

    assert login("bo", key="hunter2") == "bo:hunter2"
    assert list(speak()) == ["he", "llo"]
    assert recorder.inputs("login") == {"user": "bo", "key": "***"}
    assert recorder.outputs("login") == 10
    assert recorder.outputs("speak") == "hello"


def test_an_operation_of_an_operation_is_one_span(recorder: Recorder) -> None:
    """Decorating twice renames; it does not count twice."""
    renamed = op(name="sum")(add)
    assert renamed(1) == 3
    assert recorder.names == ["sum"]


@pytest.mark.parametrize("wrong", [int, 3, None.__class__])
def test_what_can_not_be_an_operation_is_refused(wrong: Any) -> None:
    """A class or a number is a mistake that is told at once."""
    with pytest.raises(ConfigError, match="op was given"):
        op(wrong)


def test_an_unknown_kind_is_refused() -> None:
    """The message names the kinds there are."""
    with pytest.raises(ConfigError, match="one of llm, embedding"):
        op(kind="robot")(len)  # type: ignore[call-overload]


async def test_async_generators_record_what_they_yield(recorder: Recorder) -> None:
    """An async stream is one span with the list of its items, and calls in it are its children."""

    @op
    async def child() -> None:
        await asyncio.sleep(0)

    @op
    async def stream(count: int) -> AsyncIterator[int]:
        for index in range(count):
            await child()
            yield index

    assert [item async for item in stream(3)] == [0, 1, 2]
    assert recorder.outputs("stream") == [0, 1, 2]
    assert {s.parent.span_id for s in recorder.spans if s.name == "child" and s.parent} == {
        recorder.one("stream").context.span_id
    }
