"""Which traces are kept: decided once, where a trace begins, from its id.

The rule is OpenTelemetry's for ratios of trace ids, so that programs with the same rate keep the
same traces, whoever decides.
"""

from typing import TYPE_CHECKING

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult

from weave_core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.trace import Link, SpanKind, TraceState
    from opentelemetry.util.types import Attributes

__all__ = ["RootSampler", "checked_rate", "is_kept", "rate_in", "with_rate"]

_RATE_KEY = "weave_core-sample-rate"
_LOW_BITS = 2**64 - 1


def checked_rate(rate: float) -> float:
    """`rate` as it is.

    Raises:
        ConfigError: If it is no number from 0 to 1.
    """
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0.0 <= rate <= 1.0:
        raise ConfigError(f"sample_rate is {rate!r}", "give a number from 0 to 1")
    return float(rate)


def is_kept(trace_id: int, rate: float) -> bool:
    """Whether the trace is among the share `rate`; one that a lower rate keeps is always."""
    return (trace_id & _LOW_BITS) < round(rate * (_LOW_BITS + 1))


def with_rate(context: Context, rate: float) -> Context:
    """`context` for a trace that may begin in it, with a rate of its own; within one, itself."""
    if trace.get_current_span(context).get_span_context().is_valid:
        return context
    return otel_context.set_value(_RATE_KEY, rate, context)


def rate_in(context: Context | None, default: float) -> float:
    """The rate of the trace that `context` belongs to."""
    current = context if context is not None else otel_context.get_current()
    rate = current.get(_RATE_KEY)
    return rate if isinstance(rate, float) else default


class RootSampler(Sampler):
    """Decides for traces that begin here; stands in OpenTelemetry's `ParentBased`.

    Args:
        rate: The share to keep, where the operation that begins the trace has none of its own.
    """

    def __init__(self, rate: float) -> None:
        self.rate = rate

    def should_sample(  # noqa: PLR0917  # OpenTelemetry's signature.
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,  # noqa: ARG002
        kind: "SpanKind | None" = None,  # noqa: ARG002
        attributes: "Attributes" = None,
        links: "Sequence[Link] | None" = None,  # noqa: ARG002
        trace_state: "TraceState | None" = None,
    ) -> SamplingResult:
        """Record and send, or neither."""
        if is_kept(trace_id, rate_in(parent_context, self.rate)):
            return SamplingResult(Decision.RECORD_AND_SAMPLE, attributes, trace_state)
        return SamplingResult(Decision.DROP, None, trace_state)

    def get_description(self) -> str:
        """For logs."""
        return f"weave_core.RootSampler({self.rate})"
