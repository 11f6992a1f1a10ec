"""Trace CrewAI: crews, agents, tasks, tools and flows.

    import weave_core.integrations.crewai as crewai_tracing

    crewai_tracing.instrument()

The spans are OpenInference's, whose instrumentation is switched on.
"""

from weave_core.integrations._instrumentors import Instrumentor

__all__ = ["instrument", "uninstrument"]

_instrumentor = Instrumentor(
    "CrewAI",
    extra="crewai",
    path="openinference.instrumentation.crewai.CrewAIInstrumentor",
)
instrument, uninstrument = _instrumentor.instrument, _instrumentor.uninstrument
