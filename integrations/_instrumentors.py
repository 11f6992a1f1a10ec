"""Switch other projects' instrumentations on and off: a good one is configured, not written twice.

OpenTelemetry's instrumentors are one object a process for each class, so none is kept here.
"""

from importlib import import_module
from typing import Any

from weave_core.errors import MissingExtra

__all__ = ["begin", "end"]


def begin(title: str, extra: str, path: str) -> None:
    """Let the instrumentor that `path` names trace with the global tracer provider.

    Args:
        title: What it traces, as a reader knows it.
        extra: Of this package, that installs it.
        path: Module and class, with dots.

    Raises:
        MissingExtra: If it, or the library that it traces, is not installed.
    """
    try:
        instrumentor = _load(path)
        if not instrumentor.is_instrumented_by_opentelemetry:
            instrumentor.instrument(raise_exception_on_conflict=True)
    except ModuleNotFoundError as error:
        raise MissingExtra(
            f"tracing {title} needs the package {error.name}, which is not installed",
            f'pip install "weave-core[{extra}]"',
        ) from error


def end(path: str) -> None:
    """Put back what the instrumentor that `path` names has replaced."""
    instrumentor = _load(path)
    if instrumentor.is_instrumented_by_opentelemetry:
        instrumentor.uninstrument()


def _load(path: str) -> Any:
    module, _, name = path.rpartition(".")
    return getattr(import_module(module), name)()
