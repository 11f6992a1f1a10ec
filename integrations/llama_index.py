"""Trace LlamaIndex: query engines, retrievers, models, embeddings, tools, agents and workflows.

    import weave_core.integrations.llama_index as llama_index_tracing

    llama_index_tracing.instrument()

LlamaIndex tells its own instrumentation module of every call; a handler there makes the spans.
Where a model's own SDK is traced as well, the server sees by the reply's id that two spans are one
call.
"""

from typing import Any

from opentelemetry import trace

from weave_core.errors import MissingExtra
from weave_core.versions import package_version

__all__ = ["instrument", "uninstrument"]


def instrument() -> None:
    """Trace LlamaIndex from now on; calling it again changes nothing.

    Raises:
        MissingExtra: If `llama-index-core` is not installed.
    """
    dispatcher = _dispatcher()
    from weave_core.integrations import _llama_index_spans as ours  # Late: it needs LlamaIndex.

    if any(isinstance(handler, ours.SpanHandler) for handler in dispatcher.span_handlers):
        return
    tracer = trace.get_tracer("weave_core.integrations.llama_index", package_version())
    calls = ours.Calls(tracer)
    dispatcher.add_span_handler(ours.SpanHandler(calls))
    dispatcher.add_event_handler(ours.EventHandler(calls))


def uninstrument() -> None:
    """Stop tracing; the spans of calls that are under way end now."""
    dispatcher = _dispatcher()
    from weave_core.integrations import _llama_index_spans as ours

    for handler in dispatcher.span_handlers:
        if isinstance(handler, ours.SpanHandler):
            handler.close()
    # In place: LlamaIndex shares the lists with nobody, yet others hold them.
    dispatcher.span_handlers[:] = [
        handler for handler in dispatcher.span_handlers if not isinstance(handler, ours.SpanHandler)
    ]
    dispatcher.event_handlers[:] = [
        handler
        for handler in dispatcher.event_handlers
        if not isinstance(handler, ours.EventHandler)
    ]


def _dispatcher() -> Any:
    try:
        import llama_index.core  # noqa: F401  # Late: the library is an extra.
        from llama_index_instrumentation import root_dispatcher
    except ModuleNotFoundError as error:
        if error.name not in {"llama_index", "llama_index.core", "llama_index_instrumentation"}:
            raise
        raise MissingExtra(
            "tracing LlamaIndex needs the package llama-index-core, which is not installed",
            'pip install "weave-core[llama_index]"',
        ) from error
    return root_dispatcher
