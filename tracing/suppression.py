"""Keeps HTTP instrumentations of the traced program from tracing our own requests."""

from opentelemetry import context as otel_context

__all__ = ["silence_instrumentation"]


def silence_instrumentation() -> None:
    """Mark the calling thread's context for good; for threads of ours only."""
    context = otel_context.Context()
    for key in (
        otel_context._SUPPRESS_INSTRUMENTATION_KEY,  # noqa: SLF001  # OTel's one way to say it.
        otel_context._SUPPRESS_HTTP_INSTRUMENTATION_KEY,  # noqa: SLF001
    ):
        context = otel_context.set_value(key, True, context)
    otel_context.attach(context)
