"""From the scores of an evaluation to their distribution and to its slices."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from weave_core.model.breakdowns import Distribution, SliceSummary
from weave_core.statistics.estimates import CONFIDENCE, estimate_mean
from weave_core.statistics.summaries import MAX_SLICES

__all__ = ["distribute", "summarize_slices"]

BINS = 20
"""Bars of one histogram."""
_MAX_LABELS = 50


def distribute(
    values: Sequence[float], labels: Iterable[str], *, errors: int, is_rate: bool
) -> Distribution:
    """The distribution of one scorer.

    Args:
        values: Scores that are numbers.
        labels: Those that are words.
        errors: How many failed.
        is_rate: Whether it answers true or false: two bins, whatever was seen.
    """
    words = dict(Counter(labels).most_common(_MAX_LABELS))
    finite = np.asarray(values, dtype=float)
    finite = finite[np.isfinite(finite)]
    if not len(finite):
        return Distribution(labels=words, errors=errors)
    low, high = float(finite.min()), float(finite.max())
    if low >= 0 and high <= 1:
        low, high = 0.0, 1.0  # Most scores have this range, and charts of it can be compared.
    counts, edges = np.histogram(finite, bins=2 if is_rate else BINS, range=(low, high))
    return Distribution(edges=edges.tolist(), counts=counts.tolist(), labels=words, errors=errors)


def summarize_slices(
    members: Mapping[tuple[str, str], set[str]],
    means: Mapping[str, Mapping[str, float]],
    confidence: float = CONFIDENCE,
) -> list[SliceSummary]:
    """The mean of each scorer in each slice, with its interval.

    Args:
        members: Items by column and value.
        means: Mean score by scorer and item.
        confidence: Of the intervals.
    """
    largest = sorted(members.items(), key=lambda pair: (-len(pair[1]), pair[0]))[:MAX_SLICES]
    found: list[SliceSummary] = []
    for (column, value), items in largest:
        for scorer, of_items in means.items():
            scored = [of_items[item] for item in items if item in of_items]
            estimate = estimate_mean(scored, confidence=confidence)
            if estimate is not None:
                found.append(
                    SliceSummary(
                        column=column,
                        value=value,
                        scorer=scorer,
                        items=len(scored),
                        estimate=estimate,
                    )
                )
    return found
