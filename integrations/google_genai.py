"""Trace the `google-genai` SDK: contents, chats, tools and embeddings, streamed or not.

    import weave_core.integrations.google_genai as google_genai_tracing

    google_genai_tracing.instrument()

The spans are those of OpenTelemetry's own instrumentation, which is switched on and asked to record
what was said; Gemini's and Vertex AI's calls are covered alike, sync and async.  Where the SDK runs
functions by itself and asks again, each request is a span of ours below.
"""

import os
from typing import Any

from weave_core.integrations import _google_genai_rounds
from weave_core.integrations._instrumentors import Instrumentor

__all__ = ["instrument", "uninstrument"]

_CONTENT = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
_SHOWN = {"TRUE", "SPAN_ONLY", "SPAN_AND_EVENT"}


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


def instrument() -> None:
    """Trace the library with the global tracer provider; calling it again changes nothing.

    Raises:
        MissingExtra: If the library or its instrumentation is not installed.
    """
    _instrumentor.instrument()
    said = os.environ.get(_CONTENT, "").strip().upper()
    _google_genai_rounds.watch(shows_content=said in _SHOWN)


def uninstrument() -> None:
    """Stop tracing: put back what was replaced."""
    _google_genai_rounds.unwatch()
    _instrumentor.uninstrument()
