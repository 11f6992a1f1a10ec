"""How far two or more judges agree, and what a judge's verdicts say about the truth."""

from collections import Counter
from collections.abc import Hashable, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import scipy

from weave_core.model.calibrations import Rectifier
from weave_core.model.estimates import Estimate
from weave_core.statistics.estimates import CONFIDENCE, Floats, clustered_error, estimated

__all__ = [
    "agreed_share",
    "cohen_kappa",
    "krippendorff_alpha",
    "prediction_powered_mean",
    "rectified_mean",
    "rectifier_of",
]

Array = np.ndarray[Any, np.dtype[np.float64]]


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


def agreed_share(units: Sequence[Sequence[Hashable]]) -> float | None:
    """The share of pairs of raters of one item that say the same; None where there is no pair.

    Args:
        units: For each item the labels that it got.
    """
    pairs = [a == b for labels in units for a, b in combinations(labels, 2)]
    return sum(pairs) / len(pairs) if pairs else None


def krippendorff_alpha(
    units: Sequence[Sequence[Hashable]], *, is_interval: bool = False
) -> float | None:
    """Agreement of any number of raters on labels, of whom each may have left out items.

    Args:
        units: For each item the labels that it got; items with fewer than two say nothing.
        is_interval: Whether they are numbers, which differ by how far they are apart.

    Formula: 1 - D_o / D_e over the coincidences.  Source: Krippendorff 2011, section C (nominal)
    and section D (any metric).
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

    def apart(a: Any, b: Any) -> float:
        return float(a - b) ** 2 if is_interval else float(a != b)

    expected = sum(totals[a] * totals[b] * apart(a, b) for a in totals for b in totals)
    if not expected:
        return None
    observed = sum(weight * apart(a, b) for (a, b), weight in pairs.items())
    return float(1 - (n - 1) * observed / expected)


def prediction_powered_mean(
    labels: Floats,
    judged: Floats,
    unlabelled: Floats,
    confidence: float = CONFIDENCE,
) -> Estimate:
    """The true mean, from many verdicts of a judge and the few that people have checked.

    Args:
        labels: What people said of the checked items.
        judged: What the judge said of the same items.
        unlabelled: What the judge said of all others.
        confidence: Of the interval.

    Source: see `rectified_mean`.
    """
    return rectified_mean(rectifier_of(labels, judged), unlabelled, confidence=confidence)


def rectifier_of(labels: Floats, judged: Floats) -> Rectifier:
    """What has to be known of the items that people have checked.

    Raises:
        ValueError: If there are fewer than two, or not one verdict of each.
    """
    truth, told = (np.asarray(each, dtype=float) for each in (labels, judged))
    n = len(truth)
    if n < 2 or len(told) != n:  # noqa: PLR2004
        raise ValueError(f"two checked items at least, judged and labelled: {n} and {len(told)}")
    spread = np.cov(truth, told, ddof=1)
    return Rectifier(
        n=n,
        people_mean=float(truth.mean()),
        judge_mean=float(told.mean()),
        people_variance=float(spread[0, 0]),
        judge_variance=float(spread[1, 1]),
        covariance=float(spread[0, 1]),
    )


def rectified_mean(
    known: Rectifier,
    unlabelled: Floats,
    *,
    clusters: Sequence[Hashable] | None = None,
    is_rate: bool = False,
    confidence: float = CONFIDENCE,
) -> Estimate:
    """The mean that people would give to items that only a judge has judged.

    What the judge says of them, corrected by how far it was off on the items that people have
    checked, weighted as makes the interval narrowest (a useless judge gets no weight).  The checked
    items are others than these, and of the same kind.

    Args:
        known: Of the checked items.
        unlabelled: What the judge said of these, one value an item.
        clusters: Groups of items that are not independent.
        is_rate: Whether the mean is one of true and false: then it is within 0 and 1.
        confidence: Of the interval.

    Source: Angelopoulos, Duchi and Zrnic 2023, "PPI++", equations 3 and 6; `ppi-python`, which
    divides by n where this divides by n - 1.
    """
    rest = np.asarray(unlabelled, dtype=float)
    n, more = known.n, len(rest)
    weight, error = 0.0, 0.0
    if more > 1:
        centre = float(rest.mean())
        between = n * more / (n + more) * (known.judge_mean - centre) ** 2
        within = (n - 1) * known.judge_variance + (more - 1) * float(rest.var(ddof=1))
        spread = (within + between) / (n + more - 1)
        weight = (
            float(np.clip(known.covariance / ((1 + n / more) * spread), 0, 1)) if spread else 0.0
        )
        error = _squared_error(rest, clusters)
    value = known.people_mean + weight * ((float(rest.mean()) if more else 0.0) - known.judge_mean)
    off = known.people_variance + weight**2 * known.judge_variance - 2 * weight * known.covariance
    variance = max(off, 0.0) / n + weight**2 * error
    half = float(scipy.stats.norm.ppf((1 + confidence) / 2)) * variance**0.5
    low, high = value - half, value + half
    if is_rate:
        value, low, high = (min(max(each, 0.0), 1.0) for each in (value, low, high))
    return estimated(value, (low, high), n + more, "prediction powered", confidence)


def _squared_error(values: Array, clusters: Sequence[Hashable] | None) -> float:
    """The variance of a mean; over groups, where there are fewer of them than values."""
    if clusters is None or len(set(clusters)) == len(values):
        return float(values.var(ddof=1)) / len(values)
    return clustered_error(values, clusters) ** 2
