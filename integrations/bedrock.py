"""Trace Amazon Bedrock by boto3: converse, invoke_model, agents and retrieval, streamed or not.

    import weave_core.integrations.bedrock as bedrock_tracing

    bedrock_tracing.instrument()

The spans are OpenInference's, whose instrumentation is switched on.  Clients are covered that are
made afterwards, not those that exist already.
"""

from weave_core.integrations._instrumentors import Instrumentor

__all__ = ["instrument", "uninstrument"]

_instrumentor = Instrumentor(
    "Bedrock",
    extra="bedrock",
    path="openinference.instrumentation.bedrock.BedrockInstrumentor",
)
instrument, uninstrument = _instrumentor.instrument, _instrumentor.uninstrument
