"""How far two or more judges agree, and what a judge's verdicts say about the truth."""

from collections import Counter
from collections.abc import Hashable, Sequence

import numpy as np
from scipy import stats

from weave_core.model.estimates import Estimate
from weave_core.statistics.estimates import CONFIDENCE, Floats, estimated

__all__ = ["cohen_kappa", "krippendorff_alpha", "prediction_powered_mean"]


def cohen_kappa(first: Sequence[Hashable], second: Sequence[Hashable]) -> float | None:
    """Agreement of two raters beyond chance: 1 all, 0 as by chance; None where chance is certain.

    Formula: (p_o - p_e) / (1 - p_e).  Source: Cohen 1960.
    """
    n = len(first)
    if not n or n != len(second):
        raise ValueError(f"two lists of one length are needed, not {n} and {len(second)}")
    observed = sum(a == b for a, b in zip(first, second, strict=True)) / n
    left, right = Counter(first), Counter(second)
    expected = sum(left[label] * right[label] for label in left) / n**2
    return None if expected == 1 else (observed - expected) / (1 - expected)


def krippendorff_alpha(units: Sequence[Sequence[Hashable]]) -> float | None:
    """Agreement of any number of raters on labels, of whom each may have left out items.

    Args:
        units: For each item the labels that it got; items with fewer than two say nothing.

    Formula: 1 - D_o / D_e over the coincidences.  Source: Krippendorff 2011, section C (nominal).
    """
    pairs: Counter[tuple[Hashable, Hashable]] = Counter()
    for labels in units:
        if len(labels) > 1:
            counts = Counter(labels)
            for a, of_a in counts.items():
                for b, of_b in counts.items():
                    pairs[a, b] += of_a * (of_b - (a == b)) / (len(labels) - 1)  # type: ignore[assignment]  # Counters hold shares as well.
    totals: Counter[Hashable] = Counter()
    for (a, _), weight in pairs.items():
        totals[a] += weight
    n = sum(totals.values())
    expected = sum(totals[a] * totals[b] for a in totals for b in totals if a != b)
    if not expected:
        return None
    observed = sum(weight for (a, b), weight in pairs.items() if a != b)
    return float(1 - (n - 1) * observed / expected)


def prediction_powered_mean(
    labels: Floats,
    judged: Floats,
    unlabelled: Floats,
    confidence: float = CONFIDENCE,
) -> Estimate:
    """The true mean, from many verdicts of a judge and the few that people have checked.

    What the judge says on the unlabelled items, corrected by how far it was off on the labelled
    ones, weighted as makes the interval narrowest (a useless judge gets no weight).

    Args:
        labels: What people said of the checked items.
        judged: What the judge said of the same items.
        unlabelled: What the judge said of all others.
        confidence: Of the interval.

    Source: Angelopoulos, Duchi and Zrnic 2023, "PPI++", equations 3 and 6.
    """
    truth, told, rest = (np.asarray(each, dtype=float) for each in (labels, judged, unlabelled))
    n, more = len(truth), len(rest)
    if n < 2 or len(told) != n:  # noqa: PLR2004
        raise ValueError(f"two checked items at least, judged and labelled: {n} and {len(told)}")
    weight = 0.0
    if more > 1:
        spread = float(np.concatenate([told, rest]).var(ddof=1))
        shared = float(np.cov(truth, told, ddof=1)[0, 1])
        weight = float(np.clip(shared / ((1 + n / more) * spread), 0, 1)) if spread else 0.0
    value = float(truth.mean() - weight * told.mean() + (weight * rest.mean() if more else 0.0))
    variance = float((truth - weight * told).var(ddof=1)) / n
    if more > 1:
        variance += weight**2 * float(rest.var(ddof=1)) / more
    half = float(stats.norm.ppf((1 + confidence) / 2)) * variance**0.5
    ends = (value - half, value + half)
    return estimated(value, ends, n + more, "prediction powered", confidence)
