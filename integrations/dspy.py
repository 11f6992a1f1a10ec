"""Trace DSPy: programs, predictors, adapters, retrievers, tools and model calls.

    import weave_core.integrations.dspy as dspy_tracing

    dspy_tracing.instrument()

The spans are OpenInference's, whose instrumentation is switched on; the tokens of a model call,
which it leaves out, are taken from DSPy's own history.  Where DSPy asks through LiteLLM or the
`openai` SDK, and these are traced too, the server counts the call once.
"""

from collections.abc import Callable
from typing import Any

from opentelemetry import trace

from weave_core import semconv
from weave_core.integrations import _patching
from weave_core.integrations._content import get
from weave_core.integrations._genai import openai_usage, set_given
from weave_core.integrations._instrumentors import Instrumentor
from weave_core.tracing.failures import guarded

__all__ = ["instrument", "uninstrument"]

_instrumentor = Instrumentor(
    "DSPy", extra="dspy", path="openinference.instrumentation.dspy.DSPyInstrumentor"
)


def instrument() -> None:
    """Trace DSPy from now on; calling it again changes nothing.

    Raises:
        MissingExtra: If `dspy` or its instrumentation is not installed.
    """
    _instrumentor.instrument()
    _patching.wrap(_models(), "update_history", _noting)


def uninstrument() -> None:
    """Stop tracing: put back what was replaced."""
    _patching.unwrap(_models(), "update_history")
    _instrumentor.uninstrument()


def _models() -> Any:
    from dspy import BaseLM  # Late: the library is an extra.

    return BaseLM


def _noting(original: Callable[..., Any]) -> Callable[..., Any]:
    def update_history(model: Any, entry: Any) -> Any:
        _note(entry)
        return original(model, entry)

    return update_history


@guarded
def _note(entry: Any) -> None:
    """Tell the call's tokens to its span, which is the current one; what was cached used none."""
    usage, span = get(entry, "usage"), trace.get_current_span()
    if not usage or not span.is_recording():
        return
    set_given(
        span,
        {
            semconv.GEN_AI_RESPONSE_MODEL: get(entry, "response_model"),
            semconv.GEN_AI_RESPONSE_ID: get(get(entry, "response"), "id"),
            **openai_usage(usage),
        },
    )
