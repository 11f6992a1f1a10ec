"""The figures above a list of traces, in words; pure."""

from dataclasses import dataclass

from weave_core.app import formats
from weave_core.model import TraceSums

__all__ = ["Figure", "figures_of"]


@dataclass(frozen=True)
class Figure:
    """One figure of the line."""

    name: str
    value: str
    note: str | None = None


def figures_of(sums: TraceSums) -> list[Figure]:
    """What the line says of all traces of the list."""
    latency = sums.latency_ms
    share = sums.error_count / sums.count if sums.count else 0.0
    running = f"{sums.running_count:,} of them still run." if sums.running_count else None
    unpriced = f"Without {sums.unpriced_count:,} traces whose cost is not known."
    total = sums.tokens.total_tokens if sums.tokens else None
    return [
        Figure("Traces", f"{sums.count:,}", running),
        Figure("Failed", formats.percent(share), f"{sums.error_count:,} traces."),
        Figure("Median", formats.duration(latency.p50) or "-"),
        Figure("p95", formats.duration(latency.p95) or "-"),
        Figure("Tokens", formats.count(total) or "-", formats.usage_words(sums.tokens) or None),
        Figure(
            "Cost", formats.money(sums.cost_usd) or "-", unpriced if sums.unpriced_count else None
        ),
    ]
