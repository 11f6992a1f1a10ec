"""Trace smolagents: agent runs, their steps, tools and model calls.

    import weave_core.integrations.smolagents as smolagents_tracing

    smolagents_tracing.instrument()

The spans are OpenInference's, whose instrumentation is switched on.
"""

from weave_core.integrations._instrumentors import Instrumentor

__all__ = ["instrument", "uninstrument"]

_instrumentor = Instrumentor(
    "smolagents",
    extra="smolagents",
    path="openinference.instrumentation.smolagents.SmolagentsInstrumentor",
)
instrument, uninstrument = _instrumentor.instrument, _instrumentor.uninstrument
