"""What a trace uses while it runs: tokens of its model calls, and their cost where it is known."""

from dataclasses import dataclass
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider

from weave_core import semconv
from weave_core.tracing.captures import MAX_CAPTURED

__all__ = ["Usage", "UsageMeter"]

_CALLS = ("chat", "text_completion", "generate_content", "embeddings")


@dataclass(slots=True)
class Usage:
    """Sums of one trace."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None
    spans: list[ReadableSpan] | None = None
    """Those that ended, where they are wanted."""


class UsageMeter(SpanProcessor):
    """Counts model calls by trace, as their spans end.

    A provider keeps its processors for ever, so one meter serves all evaluations of a process; what
    it is not asked to watch it does not look at.
    """

    def __init__(self) -> None:
        self._watched: dict[int, Usage] = {}
        self._provider: Any = None

    def join(self) -> None:
        """Stand in the global provider, once."""
        provider = trace.get_tracer_provider()
        if isinstance(provider, TracerProvider) and provider is not self._provider:
            provider.add_span_processor(self)
            self._provider = provider

    def watch(self, trace_id: str, *, keeps_spans: bool = False) -> Usage:
        """Count what happens in a trace from now on."""
        usage = Usage(spans=[] if keeps_spans and trace_id else None)
        if trace_id:
            self._watched[int(trace_id, 16)] = usage
        return usage

    def forget(self, trace_id: str) -> None:
        """Stop counting."""
        if trace_id:
            self._watched.pop(int(trace_id, 16), None)

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Nothing yet."""

    def on_end(self, span: ReadableSpan) -> None:
        """Add what a model call of a watched trace used."""
        context = span.context
        usage = self._watched.get(context.trace_id) if context is not None else None
        if usage is None:
            return
        if usage.spans is not None and len(usage.spans) < MAX_CAPTURED:
            usage.spans.append(span)
        if not span.attributes:
            return
        attributes = span.attributes
        if attributes.get(semconv.GEN_AI_OPERATION_NAME) not in _CALLS:
            return
        counts = [
            attributes.get(key)
            for key in (semconv.GEN_AI_USAGE_INPUT_TOKENS, semconv.GEN_AI_USAGE_OUTPUT_TOKENS)
        ]
        told, said = (count if isinstance(count, int) else 0 for count in counts)
        if told or said:
            usage.input_tokens = (usage.input_tokens or 0) + told
            usage.output_tokens = (usage.output_tokens or 0) + said
            cost = _cost(attributes, told, said, span.start_time or 0)
            if cost is not None:
                usage.cost_usd = (usage.cost_usd or 0.0) + cost


def _cost(attributes: Any, told: int, said: int, moment_ns: int) -> float | None:
    model = attributes.get(semconv.GEN_AI_RESPONSE_MODEL) or attributes.get(
        semconv.GEN_AI_REQUEST_MODEL
    )
    if not isinstance(model, str):
        return None
    try:
        from weave_core.pricing import TokenCounts, find_price  # Needs genai-prices.
    except ImportError:
        return None
    counts = TokenCounts(
        told,
        said,
        _count(attributes.get(semconv.GEN_AI_USAGE_CACHE_READ)),
        _count(attributes.get(semconv.GEN_AI_USAGE_CACHE_WRITE)),
    )
    provider = attributes.get(semconv.GEN_AI_PROVIDER_NAME)
    price = find_price(provider if isinstance(provider, str) else None, model, counts, moment_ns)
    return None if price is None else price.total_usd


def _count(value: Any) -> int:
    return value if isinstance(value, int) else 0
