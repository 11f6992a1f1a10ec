"""Spans without a function: a block of code as a span, and the span one is in."""

from contextlib import AbstractAsyncContextManager, AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Any

from opentelemetry import context as otel_context
from opentelemetry import trace

from weave_core.tracing.calls import active_tracer
from weave_core.tracing.content import content_json
from weave_core.tracing.conventions import checked_kind, otel_kind, static_attributes
from weave_core.tracing.failures import warn_once
from weave_core.tracing.handles import SpanHandle
from weave_core.tracing.outcomes import record_error

if TYPE_CHECKING:
    from weave_core.kinds import Kind

__all__ = ["content_json", "current_span", "span"]


def current_span() -> SpanHandle:
    """The span that the program is in, whoever started it; outside of any, an inert handle.

    It is OpenTelemetry's current span; `otel_span` of the handle is a span as its SDK has them.

    Example:
        >>> weave_core.current_span().set_attribute("tier", "pro")
    """
    current = trace.get_current_span()
    return SpanHandle(current if current.get_span_context().is_valid else None)


class span(AbstractContextManager[SpanHandle], AbstractAsyncContextManager[SpanHandle]):  # noqa: N801  # Used like a function: `with span(...)`.
    """Record a block of code as a span; works with `with` and `async with`.

    Example:
        >>> with weave_core.span("search", kind="retriever", index="faq") as found:
        ...     found.set_inputs({"query": query})
        ...     found.set_outputs(search(query))

    Args:
        name: What the span is called.
        kind: What it means.
        **attributes: Attributes of the span.

    Raises:
        ConfigError: If `kind` is unknown.
    """

    def __init__(self, name: str, *, kind: "Kind" = "span", **attributes: Any) -> None:
        self._name = str(name)
        self._kind = checked_kind(kind)
        self._attributes = attributes
        self._entered: list[tuple[otel_context.Context, SpanHandle]] = []

    def __enter__(self) -> SpanHandle:
        previous = otel_context.get_current()
        handle = SpanHandle(None)
        try:
            if (tracer := active_tracer()) is not None:
                started = tracer.start_span(
                    self._name,
                    kind=otel_kind(self._kind),
                    attributes=static_attributes(self._kind, self._name),
                )
                handle = SpanHandle(started)
                handle.set_attributes(self._attributes)
                otel_context.attach(trace.set_span_in_context(started, previous))
        except Exception as error:  # noqa: BLE001  # Our failure must not become the traced program's.
            warn_once("span", "tracing failed at the start of a span", error=error)
        self._entered.append((previous, handle))
        return handle

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        previous, handle = self._entered.pop()
        if handle.otel_span is None:
            return
        otel_context.attach(previous)
        try:
            if error is not None and not isinstance(error, GeneratorExit):
                record_error(handle.otel_span, error)
            handle.otel_span.end()
        except Exception as broken:  # noqa: BLE001  # As above.
            warn_once("span end", "tracing failed at the end of a span", error=broken)

    async def __aenter__(self) -> SpanHandle:
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.__exit__(kind, error, traceback)
