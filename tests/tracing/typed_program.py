"""A program as pyright and mypy see it; `test_typing.py` checks what they say.  It is never run."""

from collections.abc import AsyncIterator, Iterator
from typing import assert_type

from weave_core import op
from weave_core.tracing import SpanHandle


@op
def plain(a: int, b: str = "x") -> list[str]:
    """Sync."""
    return [b] * a


@op(kind="tool", name="named")
def with_options(a: int, *, b: str) -> float:
    """Sync, with options."""
    return a + float(b)


@op
async def waiting(a: int) -> str:
    """Async."""
    return str(a)


@op
def stream(a: int) -> Iterator[int]:
    """Generator."""
    yield a


@op
async def async_stream(a: int) -> AsyncIterator[int]:
    """Async generator."""
    yield a


class Agent:
    """Methods."""

    @op
    def answer(self, question: str) -> int:
        """Sync method."""
        return len(question)

    @op(kind="agent")
    async def think(self, question: str) -> int:
        """Async method."""
        return len(question)

    @classmethod
    @op
    def make(cls, name: str) -> int:
        """Class method."""
        return len(name)

    @staticmethod
    @op
    def free(name: str) -> int:
        """Static method."""
        return len(name)


async def right() -> None:
    """Everything here must pass."""
    agent = Agent()
    assert_type(plain(1, "y"), list[str])
    assert_type(plain.call(1), tuple[list[str], SpanHandle])
    assert_type(with_options(1, b="2"), float)
    assert_type(await waiting(1), str)
    assert_type((await waiting.call(1))[0], str)
    assert_type(stream(1), Iterator[int])
    assert_type(async_stream(1), AsyncIterator[int])
    assert_type(agent.answer("x"), int)
    assert_type(await agent.think("x"), int)
    # mypy can't tell a method from a class method here, and binds where pyright does not.
    assert_type(Agent.answer.call(agent, "x")[0], int)  # type: ignore[attr-defined,assert-type]
    assert_type(Agent.make("x"), int)
    assert_type(Agent.free("x"), int)  # type: ignore[call-arg]


async def wrong() -> None:
    """Every line here must be refused."""
    plain("1")  # type: ignore[arg-type]  # refused
    plain(c=1)  # type: ignore[call-arg]  # refused
    with_options(1)  # type: ignore[call-arg]  # refused
    await waiting()  # type: ignore[call-arg]  # refused
    Agent().answer(1)  # type: ignore[arg-type]  # refused
    Agent.make(1)  # type: ignore[arg-type]  # refused
