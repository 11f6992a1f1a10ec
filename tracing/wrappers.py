"""The four shapes of a traced function, and `call`, which also hands out the span.

Each wrapper keeps the shape that `inspect` sees: a coroutine function stays one, a generator
function stays one.  Nothing is caught but to be raised on.
"""

import types
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from dataclasses import dataclass
from typing import Any

from opentelemetry import context as otel_context

from weave_core.tracing.calls import Call, OpSpec, begin
from weave_core.tracing.current import current_context, give_back, make_current
from weave_core.tracing.handles import SpanHandle
from weave_core.tracing.streams import IMMUTABLE, MAX_RECORDED_ITEMS, Recording

__all__ = ["traced_async", "traced_async_generator", "traced_generator", "traced_sync"]

Traced = Callable[..., Any]


def traced_sync(spec: OpSpec) -> tuple[Traced, Traced]:
    """The wrapper and the `call` of a plain function."""
    func = spec.func

    def traced(*args: Any, **kwargs: Any) -> Any:
        # As `_run` below, which would be one more call.
        call = begin(spec, args, kwargs)
        if call is None:
            return func(*args, **kwargs)
        try:
            output = func(*args, **kwargs)
        except BaseException as error:
            call.leave()
            call.fail(error)
            raise
        call.leave()
        call.succeed(output)
        return output

    def traced_call(*args: Any, **kwargs: Any) -> tuple[Any, SpanHandle]:
        call = begin(spec, args, kwargs)
        if call is None:
            return func(*args, **kwargs), SpanHandle(None)
        return _run(func, call, args, kwargs), SpanHandle(call.span)

    return traced, traced_call


def _run(func: Traced, call: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    try:
        output = func(*args, **kwargs)
    except BaseException as error:
        call.leave()
        call.fail(error)
        raise
    call.leave()
    call.succeed(output)
    return output


def traced_async(spec: OpSpec) -> tuple[Traced, Traced]:
    """The wrapper and the `call` of a coroutine function."""
    func = spec.func

    async def traced(*args: Any, **kwargs: Any) -> Any:
        # As `_run_async` below, which would be one more coroutine.
        call = begin(spec, args, kwargs)
        if call is None:
            return await func(*args, **kwargs)
        try:
            output = await func(*args, **kwargs)
        except GeneratorExit as error:
            call.abandon()
            call.fail(error)
            raise
        except BaseException as error:
            call.leave()
            call.fail(error)
            raise
        call.leave()
        call.succeed(output)
        return output

    async def traced_call(*args: Any, **kwargs: Any) -> tuple[Any, SpanHandle]:
        call = begin(spec, args, kwargs)
        if call is None:
            return await func(*args, **kwargs), SpanHandle(None)
        return await _run_async(func, call, args, kwargs), SpanHandle(call.span)

    return traced, traced_call


async def _run_async(
    func: Callable[..., Coroutine[Any, Any, Any]],
    call: Call,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    try:
        output = await func(*args, **kwargs)
    except GeneratorExit as error:  # Closed while it waited, maybe by the garbage collector.
        call.abandon()
        call.fail(error)
        raise
    except BaseException as error:
        call.leave()
        call.fail(error)
        raise
    call.leave()
    call.succeed(output)
    return output


class GeneratorOp:
    """A traced generator function, sync or async: callable, and a method where it is one.

    A class, because the parent has to be taken when the function is *called*: a web framework
    iterates a stream long after the handler that made it has returned.  A generator function can't
    see its own call; `inspect` takes this object for one, since it has a function's attributes.
    It says that it is a function, as mocks with a spec do: pydantic takes what stands in a model's
    body for a field, unless that is a function.
    """

    __class__ = property(lambda _: types.FunctionType)

    def __init__(self, spec: OpSpec, run: Callable[..., Any]) -> None:
        self._spec = spec
        self._run = run

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The generator; its span begins with its first item."""
        return self._run(self._spec.func(*args, **kwargs), self._invocation(args, kwargs))

    def call(self, *args: Any, **kwargs: Any) -> tuple[Any, SpanHandle]:
        """The generator and a handle that leads to the span once the first item was taken."""
        invocation = self._invocation(args, kwargs)
        return self._run(self._spec.func(*args, **kwargs), invocation), invocation.handle

    def _invocation(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> "_Invocation":
        return _Invocation(self._spec, args, kwargs, otel_context.get_current(), SpanHandle(None))

    def look_like(self, function: Any) -> None:
        """Take over what `inspect` looks at to tell a function and its shape."""
        self.__code__ = function.__code__
        self.__defaults__ = function.__defaults__
        self.__globals__ = function.__globals__
        self.__closure__ = function.__closure__
        self.__kwdefaults__ = function.__kwdefaults__

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        return self if instance is None else types.MethodType(self, instance)

    def __reduce__(self) -> str:
        return self._spec.func.__qualname__

    def __repr__(self) -> str:
        return f"<op {self._spec.name}>"


@dataclass(slots=True)
class _Invocation:
    """A generator function that was called: what its span needs once the first item is taken."""

    spec: OpSpec
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    base: otel_context.Context
    handle: SpanHandle

    def begin(self) -> Call | None:
        call = begin(self.spec, self.args, self.kwargs, self.base)
        if call is not None:
            self.handle._span = call.span  # noqa: SLF001  # It was made for this span, before the span was.
        return call

    def recording(self) -> Recording:
        return Recording(keeps_values=self.spec.postprocess_outputs is not None)


def traced_generator(spec: OpSpec) -> GeneratorOp:
    """The wrapper of a generator function."""
    return GeneratorOp(spec, _stream)


def traced_async_generator(spec: OpSpec) -> GeneratorOp:
    """The wrapper of an async generator function."""
    return GeneratorOp(spec, _stream_async)


def _stream(inner: Generator[Any, Any, Any], invocation: "_Invocation") -> Generator[Any, Any, Any]:
    call = invocation.begin()
    if call is None:
        return (yield from inner)
    call.leave()
    recording = invocation.recording()
    items, add, keep = recording.items, recording.add, recording.items.append
    current, enter, leave, plain = current_context, make_current, give_back, IMMUTABLE
    send: Callable[..., Any] = inner.send
    step = send
    sent: Any = None
    inside = call.context
    # Each step is paid for by every item of a stream: local names, no call of our own for an
    # ordinary item, and the caller's context given back by its token.
    token = enter(inside)
    try:
        while True:
            try:
                item = step(sent)
            finally:
                # What the body has made current is its own: a span that it holds open over a
                # `yield` is the parent of what comes after.
                inside = current()
                leave(token)
            kind = type(item)
            if (kind is str or kind in plain) and len(items) < MAX_RECORDED_ITEMS:
                keep(item)
            else:
                add(item)
            try:
                sent = yield item
            except GeneratorExit:
                token = enter(inside)
                try:
                    inner.close()
                finally:
                    leave(token)
                raise
            except BaseException as error:  # noqa: BLE001  # Thrown in by the caller: the body decides.
                sent, step = error, inner.throw
            else:
                step = send
            token = enter(inside)
    except StopIteration as stop:
        call.succeed(recording.output())
        return stop.value
    except GeneratorExit:
        call.succeed(recording.output())
        raise
    except BaseException as error:
        call.fail(error, recording.output())
        raise


async def _stream_async(
    inner: AsyncGenerator[Any, Any], invocation: "_Invocation"
) -> AsyncGenerator[Any, Any]:
    call = invocation.begin()
    if call is None:
        async for item in inner:  # Nothing is traced, and `yield from` does not exist here.
            yield item
        return
    recording = invocation.recording()
    step: Callable[..., Any] = inner.asend
    sent: Any = None
    try:
        while True:
            item = await _step(call, step, sent)
            recording.add(item)
            try:
                sent = yield item
                step = inner.asend
            except GeneratorExit:
                call.enter()
                await _step(call, lambda _: inner.aclose(), None)
                raise
            except BaseException as error:  # noqa: BLE001  # As above.
                sent, step = error, inner.athrow
            call.enter()
    except StopAsyncIteration:
        call.succeed(recording.output())
    except GeneratorExit:
        call.succeed(recording.output())
        raise
    except BaseException as error:
        call.fail(error, recording.output())
        raise


async def _step(call: Call, step: Callable[..., Any], sent: Any) -> Any:
    """One step of an async generator's body, with its span current and given back after it."""
    try:
        item = await step(sent)
    except GeneratorExit:  # Collected while it waited: this may be anybody's context.
        call.abandon()
        raise
    except BaseException:
        call.leave()
        raise
    call.leave()
    return item
