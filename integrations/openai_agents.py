"""Trace the OpenAI Agents SDK: runs, agents, handoffs, guardrails, tools and model calls.

    import weave_core.integrations.openai_agents as openai_agents_tracing

    openai_agents_tracing.instrument()

The spans are OpenInference's, whose instrumentation is switched on.  It takes the place of the
SDK's own processor, which sends every trace to OpenAI.
"""

from weave_core.integrations import _instrumentors

__all__ = ["instrument", "uninstrument"]

_CLASS = "openinference.instrumentation.openai_agents.OpenAIAgentsInstrumentor"


def instrument() -> None:
    """Trace the OpenAI Agents SDK from now on; calling it again changes nothing.

    Raises:
        MissingExtra: If `openai-agents` or its instrumentation is not installed.
    """
    _instrumentors.begin("the OpenAI Agents SDK", "openai_agents", _CLASS)


def uninstrument() -> None:
    """Stop tracing."""
    _instrumentors.end(_CLASS)
