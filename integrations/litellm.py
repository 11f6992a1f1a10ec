"""Trace LiteLLM: completions, responses, embeddings and images of any provider, streamed or not.

    import weave_core.integrations.litellm as litellm_tracing

    litellm_tracing.instrument()

The spans are OpenInference's, whose instrumentation is switched on.  LiteLLM asks OpenAI through
the `openai` SDK: where that is traced too, the server counts the call once.
"""

from weave_core.integrations._instrumentors import Instrumentor

__all__ = ["instrument", "uninstrument"]

_instrumentor = Instrumentor(
    "LiteLLM",
    extra="litellm",
    path="openinference.instrumentation.litellm.LiteLLMInstrumentor",
)
instrument, uninstrument = _instrumentor.instrument, _instrumentor.uninstrument
