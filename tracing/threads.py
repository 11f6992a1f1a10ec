"""Threads and pools of threads go on in the trace that they were started in.

By OpenTelemetry's own instrumentation, which `init` switches on: Python's context variables follow
tasks, and no thread.
"""

import os

__all__ = ["follow_threads"]

_DISABLED = "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS"
"""OpenTelemetry's own list of what is not to be switched on; `threading` leaves threads alone."""


def follow_threads() -> None:
    """Switch it on, unless somebody has, or the environment says not to."""
    disabled = {name.strip() for name in os.environ.get(_DISABLED, "").split(",")}
    if disabled & {"threading", "*"}:
        return
    # A tenth of what `init` imports, which a program without tracing need not have.
    from opentelemetry.instrumentation.threading import ThreadingInstrumentor

    instrumentor = ThreadingInstrumentor()
    if not instrumentor.is_instrumented_by_opentelemetry:
        instrumentor.instrument()
