"""Trace the OpenAI Agents SDK: runs, agents, handoffs, guardrails, tools and model calls.

    import weave_core.integrations.openai_agents as openai_agents_tracing

    openai_agents_tracing.instrument()

The spans are OpenInference's, whose instrumentation is switched on.  It takes the place of the
SDK's own processor, which sends every trace to OpenAI.
"""

from weave_core.integrations._instrumentors import Instrumentor

__all__ = ["instrument", "uninstrument"]

_instrumentor = Instrumentor(
    "the OpenAI Agents SDK",
    extra="openai_agents",
    path="openinference.instrumentation.openai_agents.OpenAIAgentsInstrumentor",
)
instrument, uninstrument = _instrumentor.instrument, _instrumentor.uninstrument
