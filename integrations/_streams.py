"""Watch a stream without standing in its way.

The user gets the SDK's own object.  Only two of its parts are replaced: the iterator it reads its
chunks from, and the `close` of its HTTP response, which is where every way of leaving a stream
early ends: `close()`, the context manager, the SDK's helpers.
"""

import inspect
import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Protocol, Self

from weave_core.tracing.failures import warn_once

__all__ = ["Call", "is_stream", "receive_raw", "receive_raw_async", "receive_unread", "tap"]


class Call(Protocol):
    """The part of a model call that a stream tells things to."""

    def begin_stream(self) -> None:
        """Chunks will come."""

    def chunk(self, chunk: Any) -> None:
        """One came."""

    def whole(self, response: Any) -> None:
        """The whole answer came."""

    def fail(self, error: BaseException) -> None:
        """Reading failed."""

    def end(self) -> None:
        """No more will be read."""


def is_stream(result: Any) -> bool:
    """Whether `result` is an SDK's stream of server-sent events."""
    return hasattr(type(result), "__stream__")


def tap(call: Call, stream: Any) -> None:
    """Tell `call` about each chunk of an SDK's `Stream` or `AsyncStream`, and about its end."""
    call.begin_stream()
    source = stream._iterator  # noqa: SLF001  # Where both `__next__` and `__iter__` read from.
    if isinstance(source, AsyncIterator):
        watched: Any = _AsyncTap(call, source)
    else:
        watched = _Tap(call, source)
    stream._iterator = watched  # noqa: SLF001
    _end_on_close(stream.response, watched)


class _Reading:
    """Ends the call when the response is closed or dropped, except by the reading itself."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._is_reading = False

    def __enter__(self) -> None:
        self._is_reading = True

    def __exit__(self, *error: object) -> None:
        self._is_reading = False

    def closed(self) -> None:
        """The HTTP response was closed; while a chunk is read, the reading tells how it ended."""
        if not self._is_reading:
            self._call.end()

    def __del__(self) -> None:
        self._call.end()


class _Tap(_Reading):
    def __init__(self, call: Call, source: Iterator[Any]) -> None:
        super().__init__(call)
        self._source = source

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        try:
            with self:
                chunk = next(self._source)
        except StopIteration:
            self._call.end()
            raise
        except BaseException as error:
            self._call.fail(error)
            raise
        self._call.chunk(chunk)
        return chunk

    def close(self) -> None:
        """As a generator's: some callers close what they iterate over."""
        self._call.end()
        close = getattr(self._source, "close", None)
        if close is not None:
            close()


class _AsyncTap(_Reading):
    def __init__(self, call: Call, source: AsyncIterator[Any]) -> None:
        super().__init__(call)
        self._source = source

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        try:
            with self:
                chunk = await anext(self._source)
        except StopAsyncIteration:
            self._call.end()
            raise
        except BaseException as error:
            self._call.fail(error)
            raise
        self._call.chunk(chunk)
        return chunk

    async def aclose(self) -> None:
        """As an async generator's."""
        self._call.end()
        close = getattr(self._source, "aclose", None)
        if close is not None:
            await close()


class _Unread(_Reading):
    """A response whose body nobody has read yet; parsed as a stream, a tap takes over."""

    is_over = False

    def closed(self) -> None:
        if not self.is_over:
            super().closed()

    def __del__(self) -> None:
        if not self.is_over:
            super().__del__()


def _end_on_close(response: Any, reading: _Reading) -> None:
    # The response must not keep the tap alive: a stream that is dropped half read ends then.
    on_close = _weakly(reading)
    for name in ("close", "aclose"):
        original = getattr(response, name, None)
        if original is not None:
            hook = _async_hook if name == "aclose" else _hook
            setattr(response, name, hook(original, on_close))


def _weakly(reading: _Reading) -> Callable[[], None]:
    reference = weakref.ref(reading)

    def on_close() -> None:
        if (alive := reference()) is not None:
            alive.closed()

    return on_close


def _hook(original: Callable[[], None], on_close: Callable[[], None]) -> Callable[[], None]:
    def close() -> None:
        try:
            original()
        finally:
            on_close()

    return close


def _async_hook(original: Callable[[], Any], on_close: Callable[[], None]) -> Callable[[], Any]:
    async def aclose() -> None:
        try:
            await original()
        finally:
            on_close()

    return aclose


def receive_raw(call: Call, raw: Any) -> None:
    """Record a `with_raw_response` result; the SDK keeps what it parsed for the user."""
    parsed = _parsed(call, raw.parse)
    if parsed is not None:
        _record(call, parsed)


async def receive_raw_async(call: Call, raw: Any) -> None:
    """The same for an async client, some of which parse asynchronously; never raises."""
    try:
        parsed = _parsed(call, raw.parse)
        if inspect.isawaitable(parsed):
            parsed = await parsed
        if parsed is not None:
            _record(call, parsed)
    except Exception as error:  # noqa: BLE001  # The user's own `parse()` will tell the user.
        warn_once("receive raw", "could not record a raw answer", error=error)
        call.end()


def _parsed(call: Call, parse: Callable[[], Any]) -> Any:
    try:
        return parse()
    except Exception:  # noqa: BLE001  # A body that can't be parsed: the user's `parse()` will say so.
        call.end()
        return None


def _record(call: Call, parsed: Any) -> None:
    if is_stream(parsed):
        tap(call, parsed)
    else:
        call.whole(parsed)
        call.end()


def receive_unread(call: Call, raw: Any) -> None:
    """Record a `with_streaming_response` result when the user parses it; its close is the end."""
    reading = _Unread(call)
    _end_on_close(raw.http_response, reading)
    original = raw.parse

    def note(parsed: Any) -> Any:
        if not reading.is_over:
            reading.is_over = True
            _record(call, parsed)
        return parsed

    def parse(*args: Any, **kwargs: Any) -> Any:
        # Parsing reads the body, and a body that was read is closed.
        with reading:
            parsed = original(*args, **kwargs)
        return parse_later(parsed) if inspect.isawaitable(parsed) else note(parsed)

    async def parse_later(pending: Any) -> Any:
        with reading:
            parsed = await pending
        return note(parsed)

    raw.parse = parse
