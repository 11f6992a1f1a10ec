"""Switch other projects' instrumentations on and off: a good one is configured, not written twice.

OpenTelemetry's instrumentors are one object a process for each class, so none is kept here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from weave_core.errors import MissingExtra

__all__ = ["Instrumentor"]


def _openinference() -> dict[str, Any]:
    """OpenInference's own settings, where the program has not made them by its environment."""
    from openinference.instrumentation import TraceConfig  # Late: it comes with the extras.

    # Thousands of numbers an input, which nobody reads and every span would carry.
    config = TraceConfig(hide_embeddings_vectors=True, hide_embedding_vectors=True)
    return {"config": config, "raise_exception_on_conflict": True}


@dataclass(frozen=True)
class Instrumentor:
    """Another project's instrumentation of one library."""

    title: str
    """What it traces, as a reader knows it."""
    extra: str
    """Of this package, that installs it."""
    path: str
    """Module and class, with dots."""
    options: Callable[[], dict[str, Any]] = _openinference
    """Arguments of its `instrument()`."""

    def instrument(self) -> None:
        """Trace the library with the global tracer provider; calling it again changes nothing.

        Raises:
            MissingExtra: If the library or its instrumentation is not installed.
        """
        try:
            instrumentor = self._load()
            if not instrumentor.is_instrumented_by_opentelemetry:
                instrumentor.instrument(**self.options())
        except ModuleNotFoundError as error:
            raise MissingExtra(
                f"tracing {self.title} needs the package {error.name}, which is not installed",
                f'pip install "weave-core[{self.extra}]"',
            ) from error

    def uninstrument(self) -> None:
        """Stop tracing: put back what the instrumentation has replaced."""
        instrumentor = self._load()
        if instrumentor.is_instrumented_by_opentelemetry:
            instrumentor.uninstrument()

    def _load(self) -> Any:
        module, _, name = self.path.rpartition(".")
        return getattr(import_module(module), name)()
