"""Trace the `google-genai` SDK: contents, chats, tools and embeddings, streamed or not.

    import weave_core.integrations.google_genai as google_genai_tracing

    google_genai_tracing.instrument()

The spans are those of OpenTelemetry's own instrumentation, which is switched on and asked to record
what was said; Gemini's and Vertex AI's calls are covered alike, sync and async.
"""

import os
from typing import Any

from weave_core.integrations._instrumentors import Instrumentor

__all__ = ["instrument", "uninstrument"]

_CONTENT = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"


def _options() -> dict[str, Any]:
    # The only way to ask for messages; what the program or its operator has set stands.
    os.environ.setdefault(_CONTENT, "SPAN_ONLY")
    # It declares google-genai 2; what it wraps is the same in 3, with which it is tested here.
    return {"skip_dep_check": True}


_instrumentor = Instrumentor(
    "google-genai",
    extra="google_genai",
    path="opentelemetry.instrumentation.google_genai.GoogleGenAiSdkInstrumentor",
    options=_options,
)
instrument, uninstrument = _instrumentor.instrument, _instrumentor.uninstrument
