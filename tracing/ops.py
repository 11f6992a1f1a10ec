"""Turn a function into a traced operation: one call, one OpenTelemetry span.

`op` never changes what the function returns or raises, nor what `inspect` and type checkers see.
This file decides which shape a function has; `weave_core.tracing.wrappers` runs the shapes.
"""

import contextlib
import functools
import inspect
from collections.abc import Callable, Coroutine
from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    ParamSpec,
    Protocol,
    Self,
    TypeVar,
    overload,
)

from weave_core.errors import ConfigError
from weave_core.tracing.disabled import is_disabled, plain_call
from weave_core.tracing.handles import SpanHandle

if TYPE_CHECKING:
    from weave_core.kinds import Kind
    from weave_core.tracing.calls import OpSpec

__all__ = ["AsyncOp", "Op", "OpDecorator", "op"]

P = ParamSpec("P")
Q = ParamSpec("Q")
R_co = TypeVar("R_co", covariant=True)
T = TypeVar("T")
Hook = Callable[[Any], Any]

_MARK = "__weave_core_op__"
# `weave_core.tracing.sources` reads it too; imported there, it would cost each program 1 ms.
_OF_CACHES = ("cache_clear", "cache_info", "cache_parameters")
# Methods of what `functools.lru_cache` makes, which `update_wrapper` does not see.


class Op(Protocol[P, R_co]):
    """A traced function: called as before, and `call` also hands out its span."""

    __name__: str
    __qualname__: str

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co:
        """Call the function."""

    def call(self, *args: P.args, **kwargs: P.kwargs) -> tuple[R_co, SpanHandle]:
        """Call the function; give back its result and the span of this call.

        A method takes its object first: `Agent.answer.call(agent, "Where is it?")`.
        """

    @overload
    def __get__(
        self: "Op[Concatenate[type[Any], Q], T]", instance: Any, owner: type
    ) -> Callable[Q, T]: ...
    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(
        self: "Op[Concatenate[Any, Q], T]", instance: object, owner: type | None = None
    ) -> Callable[Q, T]: ...


class AsyncOp(Protocol[P, R_co]):
    """A traced coroutine function."""

    __name__: str
    __qualname__: str

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, R_co]:
        """Call the function."""

    def call(
        self, *args: P.args, **kwargs: P.kwargs
    ) -> Coroutine[Any, Any, tuple[R_co, SpanHandle]]:
        """Call the function; give back its result and the span of this call."""

    @overload
    def __get__(
        self: "AsyncOp[Concatenate[type[Any], Q], T]", instance: Any, owner: type
    ) -> Callable[Q, Coroutine[Any, Any, T]]: ...
    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(
        self: "AsyncOp[Concatenate[Any, Q], T]", instance: object, owner: type | None = None
    ) -> Callable[Q, Coroutine[Any, Any, T]]: ...


class OpDecorator(Protocol):
    """What `op(...)` with options gives: it takes the function."""

    @overload
    def __call__(  # type: ignore[overload-overlap]
        self, func: Callable[P, Coroutine[Any, Any, T]], /
    ) -> AsyncOp[P, T]: ...
    @overload
    def __call__(self, func: Callable[P, T], /) -> Op[P, T]: ...


@overload
def op(  # type: ignore[overload-overlap]
    func: Callable[P, Coroutine[Any, Any, T]],
    /,
    *,
    name: str | None = None,
    kind: "Kind" = "op",
    postprocess_inputs: Hook | None = None,
    postprocess_outputs: Hook | None = None,
    sample_rate: float | None = None,
) -> AsyncOp[P, T]: ...
@overload
def op(
    func: Callable[P, T],
    /,
    *,
    name: str | None = None,
    kind: "Kind" = "op",
    postprocess_inputs: Hook | None = None,
    postprocess_outputs: Hook | None = None,
    sample_rate: float | None = None,
) -> Op[P, T]: ...
@overload
def op(
    *,
    name: str | None = None,
    kind: "Kind" = "op",
    postprocess_inputs: Hook | None = None,
    postprocess_outputs: Hook | None = None,
    sample_rate: float | None = None,
) -> OpDecorator: ...
def op(
    func: Any = None,
    /,
    *,
    name: str | None = None,
    kind: "Kind" = "op",
    postprocess_inputs: Hook | None = None,
    postprocess_outputs: Hook | None = None,
    sample_rate: float | None = None,
) -> Any:
    """Record every call of a function as a span.

    For functions, coroutine functions, generators, async generators, methods, class methods, static
    methods, partials and objects that can be called.  Recorded are the arguments by name (defaults
    included, `self` left out), the result (of a generator: the list of what it yielded), what was
    raised, the time, and a digest of the source.  Tracing never makes the function fail.

    Example:
        >>> @weave_core.op(kind="tool")
        ... def find_order(order_id: str) -> dict[str, str]: ...
        >>> order, span = find_order.call("A-17")

    Args:
        func: The function.
        name: The operation's name; default: the function's qualified name without `<locals>`.
        kind: What its spans mean; `tool`, `agent`, `workflow`, `retriever`, ... also write
            OpenTelemetry's GenAI attributes.
        postprocess_inputs: Gets the arguments by name, gives what to record of them.
        postprocess_outputs: Gets the result (of a generator: the list of items, at most 10,000),
            gives what to record of it; `"".join` suits a stream of text.
        sample_rate: Share of the traces that begin with this function to keep, 0 to 1; default: as
            `init` says.  Called within a trace it is kept or left out with it.

    Raises:
        ConfigError: If `func` can't be called, is a class, `kind` is unknown, or `sample_rate` is
            no number from 0 to 1.
    """
    if is_disabled():
        return _untraced if func is None else _untraced(func)
    build = functools.partial(
        _traced,
        name=name,
        kind=kind,
        postprocess_inputs=postprocess_inputs,
        postprocess_outputs=postprocess_outputs,
        sample_rate=sample_rate,
    )
    return build if func is None else build(func)


def _untraced(func: Any) -> Any:
    """`func` itself; only `call` is added where it takes attributes."""
    target: Any = func.__func__ if isinstance(func, classmethod | staticmethod) else func
    with contextlib.suppress(AttributeError):
        target.call = plain_call(target)
    return func


def _traced(func: Any, **options: Any) -> Any:
    if isinstance(func, classmethod | staticmethod):
        return type(func)(_traced(func.__func__, **options))
    if isinstance(func, type) or not callable(func):
        raise ConfigError(f"op was given {func!r}", "give a function or another callable")
    if hasattr(func, _MARK):
        # Already an operation: what was said last counts, and one call stays one span.
        func = getattr(func, _MARK)
    return _wrap(func, _spec(func, **options))


def _spec(
    func: Any,
    *,
    name: str | None,
    kind: str,
    postprocess_inputs: Hook | None,
    postprocess_outputs: Hook | None,
    sample_rate: float | None,
) -> "OpSpec":
    from weave_core.tracing.arguments import Parameters
    from weave_core.tracing.calls import OpSpec
    from weave_core.tracing.conventions import checked_kind
    from weave_core.tracing.sampling import checked_rate

    return OpSpec(
        func=func,
        name=name or _name_of(func),
        kind=checked_kind(kind),
        parameters=Parameters(func, skips_first=_is_method(func)),
        postprocess_inputs=postprocess_inputs,
        postprocess_outputs=postprocess_outputs,
        sample_rate=None if sample_rate is None else checked_rate(sample_rate),
    )


def _wrap(func: Any, spec: "OpSpec") -> Any:
    from weave_core.tracing import wrappers

    shape = _shape_of(func)
    traced: Any
    if inspect.isgeneratorfunction(shape):
        traced = wrappers.traced_generator(spec)
    elif inspect.isasyncgenfunction(shape):
        traced = wrappers.traced_async_generator(spec)
    else:
        make = wrappers.traced_sync
        if inspect.iscoroutinefunction(shape):
            make = wrappers.traced_async
        traced, traced.call = make(spec)
    functools.update_wrapper(traced, func)
    if isinstance(traced, wrappers.GeneratorOp):
        traced.look_like(shape)
    for name in _OF_CACHES:
        if hasattr(func, name):
            setattr(traced, name, getattr(func, name))
    setattr(traced, _MARK, func)
    return traced


def _shape_of(func: Any) -> Any:
    """The function whose flags tell the shape: that of a partial, or of an object's `__call__`."""
    while isinstance(func, functools.partial):
        func = func.func
    return func if inspect.isroutine(func) or hasattr(func, "__code__") else type(func).__call__


def _name_of(func: Any) -> str:
    while isinstance(func, functools.partial):
        func = func.func
    named = func if hasattr(func, "__qualname__") else type(func)
    return str(named.__qualname__).rpartition("<locals>.")[2]


def _is_method(func: Any) -> bool:
    """Whether the first argument is the object or class that a method belongs to."""
    code = getattr(func, "__code__", None)
    if code is None or not code.co_argcount:
        return False
    first = code.co_varnames[0]
    within, _, _ = str(func.__qualname__).rpartition(".")
    return first in ("self", "cls") and bool(within) and not within.endswith("<locals>")
