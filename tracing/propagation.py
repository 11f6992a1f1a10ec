"""The current trace in another process: through headers, the environment, or a pickled function.

Over HTTP the instrumentations of clients and servers do it by themselves.  Everywhere else (queues,
subprocesses, pools) the context is a few texts, W3C's `traceparent` among them; session, user and
tags of a block go along.
"""

import json
import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Generic, ParamSpec, Self, TypeVar

from opentelemetry import context as otel_context
from opentelemetry import propagate
from opentelemetry.context import Context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from weave_core.tracing.contexts import STAMPS_KEY, stamps
from weave_core.tracing.failures import warn_once

__all__ = ["Carried", "attached", "carried", "carrier", "environment", "join_environment"]

P = ParamSpec("P")
T = TypeVar("T")

_STAMPS = "weave-core-stamps"
MAX_CARRIED_STAMPS = 4_096
"""Characters of session, user, tags and metadata that go to another process; more stay behind."""
_NAMES = ("traceparent", "tracestate", "baggage", _STAMPS)


def carrier() -> dict[str, str]:
    """The current trace as texts by name, for the headers of a message.

    Example:
        >>> queue.send(body, headers=weave_core.tracing.carrier())
    """
    texts: dict[str, str] = {}
    propagate.inject(texts)
    if "traceparent" not in texts:  # Another propagator was configured; ours must be read anywhere.
        TraceContextTextMapPropagator().inject(texts)
    marks = stamps()
    if marks:
        told = json.dumps(marks, default=str)
        if len(told) <= MAX_CARRIED_STAMPS:
            texts[_STAMPS] = told
    return texts


def environment() -> dict[str, str]:
    """The current trace as environment variables, for a program that is started now.

    `init` in that program goes on in this trace.

    Example:
        >>> subprocess.run(command, env={**os.environ, **weave_core.tracing.environment()})

    Source: https://opentelemetry.io/docs/specs/otel/context/env-carriers/, for the names.
    """
    return {_variable(name): text for name, text in carrier().items()}


def join_environment(env: Mapping[str, str] | None = None) -> None:
    """Go on in the trace that the environment names, if it names one; `init` calls it."""
    given = os.environ if env is None else env
    texts = {name: given[_variable(name)] for name in _NAMES if _variable(name) in given}
    if "traceparent" in texts:
        otel_context.attach(_context(texts))


def _variable(name: str) -> str:
    return name.upper().replace("-", "_")


def _context(texts: Mapping[str, str]) -> Context:
    """The current context with the trace that `texts` name."""
    try:
        context = propagate.extract(texts)
        context = TraceContextTextMapPropagator().extract(texts, context)
        told = json.loads(texts.get(_STAMPS) or "{}")
        if isinstance(told, dict) and told:
            marks = {
                str(key): tuple(value) if isinstance(value, list) else value
                for key, value in told.items()
            }
            context = otel_context.set_value(STAMPS_KEY, marks, context)
    except Exception as error:  # noqa: BLE001  # What comes from outside may be anything; the call goes on in a trace of its own.
        warn_once("carrier", "a trace that was handed over can't be read", error=error)
        return otel_context.get_current()
    return context


class attached(AbstractContextManager["attached"]):  # noqa: N801  # Used like a function.
    """Go on, within the block, in the trace that `carrier` told.

    Example:
        >>> with weave_core.tracing.attached(message.headers):
        ...     handle(message.body)

    Args:
        texts: What `carrier` gave, by any way; other names in it do no harm.
    """

    def __init__(self, texts: Mapping[str, Any]) -> None:
        self._texts = {str(k).lower(): v for k, v in texts.items() if isinstance(v, str)}
        self._previous: list[Context] = []

    def __enter__(self) -> Self:
        self._previous.append(otel_context.get_current())
        otel_context.attach(_context(self._texts))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        otel_context.attach(self._previous.pop())


class Carried(Generic[P, T]):
    """A function that goes on in the trace that it was made in; it can be pickled if `func` can."""

    def __init__(self, func: Callable[P, T], texts: Mapping[str, str]) -> None:
        self._func = func
        self._texts = dict(texts)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call the function in that trace."""
        with attached(self._texts):
            return self._func(*args, **kwargs)


def carried(func: Callable[P, T]) -> Carried[P, T]:
    """`func` for another process or thread, where it goes on in the trace of here and now.

    Example:
        >>> with ProcessPoolExecutor() as pool:
        ...     results = list(pool.map(weave_core.tracing.carried(work), items))
    """
    return Carried(func, carrier())
