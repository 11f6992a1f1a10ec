"""Trace the Model Context Protocol's SDK: what clients ask, and what servers do about it.

    import weave_core.integrations.mcp as mcp_tracing

    mcp_tracing.instrument()

From version 2 on the SDK writes spans of its own, on both sides, and hands the trace on in `_meta`,
so that a server's work lies below the call of its client, in another process too.  What was asked
and answered is added to them here: arguments and results of tools, prompts and resources.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from opentelemetry import trace
from opentelemetry.trace import Span, StatusCode

from weave_core import semconv
from weave_core.errors import MissingExtra
from weave_core.integrations import _patching
from weave_core.integrations._content import get
from weave_core.tracing.content import content_json
from weave_core.tracing.failures import guarded

__all__ = ["instrument", "uninstrument"]

_TOOL_CALL = "tools/call"
_SHOWN = {_TOOL_CALL, "prompts/get", "resources/read", "sampling/createMessage"}
"""Methods whose parameters and results say something to who reads a trace."""


@dataclass
class _Ask:
    """A client's request that is under way."""

    span: Span | None = None


_ask: ContextVar[_Ask | None] = ContextVar("weave_core_mcp_ask", default=None)


def instrument() -> None:
    """Add what was asked and answered to the SDK's spans; calling it again changes nothing.

    Raises:
        MissingExtra: If `mcp` is not installed, or older than version 2.
    """
    dispatcher, server = _modules()
    _patching.wrap(dispatcher.JSONRPCDispatcher, "send_raw_request", _sending)
    _patching.wrap(dispatcher, "otel_span", _held)
    _patching.wrap(server.OpenTelemetryMiddleware, "__call__", _serving)


def uninstrument() -> None:
    """Leave the SDK's spans as they are."""
    dispatcher, server = _modules()
    _patching.unwrap(dispatcher.JSONRPCDispatcher, "send_raw_request")
    _patching.unwrap(dispatcher, "otel_span")
    _patching.unwrap(server.OpenTelemetryMiddleware, "__call__")


def _modules() -> tuple[Any, Any]:
    try:
        from mcp.server import _otel as server  # Late: the library is an extra.
        from mcp.shared import jsonrpc_dispatcher as dispatcher
    except ImportError as error:
        raise MissingExtra(
            "tracing MCP needs the package mcp, from version 2 on, which is not installed",
            'pip install "weave-core[mcp]"',
        ) from error
    return dispatcher, server


def _sending(original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def send_raw_request(
        dispatcher: Any, method: str, params: Any, *args: Any, **kwargs: Any
    ) -> Any:
        ask = _Ask()
        token = _ask.set(ask)
        try:
            result = await original(dispatcher, method, params, *args, **kwargs)
            _tell(ask.span, method, params, result)
        except BaseException:
            _tell(ask.span, method, params, None)
            raise
        else:
            return result
        finally:
            _ask.reset(token)
            if ask.span is not None:
                ask.span.end()

    return send_raw_request


def _held(
    original: Callable[..., AbstractContextManager[Span]],
) -> Callable[..., AbstractContextManager[Span]]:
    """The SDK's span of a request, but left open until the result is known."""
    tracer = trace.get_tracer("mcp-python-sdk")

    @contextmanager
    def otel_span(name: str, **given: Any) -> Iterator[Span]:
        ask = _ask.get()
        if ask is None:
            with original(name, **given) as span:
                yield span
            return
        with tracer.start_as_current_span(name, end_on_exit=False, **given) as span:
            ask.span = span
            yield span

    return otel_span


def _serving(original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def call(middleware: Any, ctx: Any, call_next: Callable[[Any], Awaitable[Any]]) -> Any:
        async def inside(context: Any) -> Any:
            # The SDK's span is current here, and still open when the handler has answered.
            span = trace.get_current_span()
            try:
                result = await call_next(context)
            except BaseException:
                _tell(span, ctx.method, ctx.params, None)
                raise
            _tell(span, ctx.method, ctx.params, result)
            return result

        return await original(middleware, ctx, inside)

    return call


@guarded
def _tell(span: Span | None, method: str, params: Any, result: Any) -> None:
    """Write down what was asked and answered."""
    if span is None or method not in _SHOWN or not span.is_recording():
        return
    given = {key: value for key, value in dict(params or {}).items() if key != "_meta"}
    if method != _TOOL_CALL:
        span.set_attribute(semconv.INPUTS, content_json(given))
        if result is not None:
            span.set_attribute(semconv.OUTPUTS, content_json(_plain(result)))
        return
    span.set_attribute(semconv.GEN_AI_OPERATION_NAME, "execute_tool")
    span.set_attribute(semconv.GEN_AI_TOOL_NAME, str(given.get("name")))
    span.set_attribute(
        semconv.GEN_AI_TOOL_CALL_ARGUMENTS, content_json(given.get("arguments") or {})
    )
    if result is None:
        return
    answer = _plain(result)
    span.set_attribute(semconv.GEN_AI_TOOL_CALL_RESULT, content_json(_answer(answer)))
    if get(answer, "isError") is True:
        # The SDK's server says so on its own side; the client takes it for a fine answer.
        span.set_attribute(semconv.ERROR_TYPE, "tool_error")
        span.set_status(StatusCode.ERROR)


def _plain(result: Any) -> Any:
    dump = getattr(result, "model_dump", None)
    return dump(mode="json", by_alias=True, exclude_none=True) if dump is not None else result


def _answer(result: Any) -> Any:
    """A tool's structured result where it has one, its text where that is all, else its blocks."""
    if not isinstance(result, Mapping):
        return result
    if result.get("structuredContent") is not None:
        return result["structuredContent"]
    blocks = result.get("content") or []
    texts = [block.get("text") for block in blocks if block.get("type") == "text"]
    return "\n".join(texts) if len(texts) == len(blocks) else blocks
