"""One number of a sample with its interval: rates, means, percentiles.

An item that was run several times counts once, by its mean: its repeats are no new items, and an
interval over them would be too narrow.
"""

from collections.abc import Hashable, Sequence
from typing import Any, Literal

import numpy as np
import scipy

from weave_core.model.estimates import Estimate, Method
from weave_core.statistics.bootstraps import bca_mean

__all__ = [
    "CONFIDENCE",
    "Floats",
    "clustered_error",
    "clustered_mean",
    "estimate_mean",
    "estimated",
    "mean",
    "mean_of_sums",
    "of_count",
    "percentile",
    "rate",
]

CONFIDENCE = 0.95
MAX_BOOTSTRAPPED = 20_000
"""Values whose mean may get a bootstrap's interval; of more it is Student's, the same by then."""
_MIN_BOOTSTRAP = 10

Floats = Sequence[float] | np.ndarray[Any, np.dtype[np.float64]]


def estimated(
    value: float, ends: tuple[float | None, float | None], n: int, method: Method, confidence: float
) -> Estimate:
    """An estimate, of plain numbers."""
    low, high = ends
    return Estimate(
        value=float(value), low=low, high=high, n=n, method=method, confidence=confidence
    )


def rate(successes: int, n: int, confidence: float = CONFIDENCE) -> Estimate:
    """A share of independent items, with Wilson's interval.

    Source: Wilson 1927; `scipy.stats.binomtest(...).proportion_ci(method="wilson")`.
    """
    interval = scipy.stats.binomtest(successes, n).proportion_ci(confidence, method="wilson")
    ends = (float(interval.low), float(interval.high))
    return estimated(successes / n, ends, n, "wilson", confidence)


def mean(
    values: Floats, confidence: float = CONFIDENCE, *, method: Literal["t", "bca"] = "t"
) -> Estimate:
    """A mean of independent items, with Student's interval or a bootstrap's (BCa).

    BCa suits what has a long tail, such as latency and cost.

    Source: Efron 1987, "Better Bootstrap Confidence Intervals".
    """
    # In one order: resamples are drawn by place, and the same scores must give the same interval.
    sample = np.sort(np.asarray(values, dtype=float))
    n = len(sample)
    value = float(sample.mean())
    if n < 2:  # noqa: PLR2004  # One value says nothing about spread.
        return estimated(value, (None, None), n, "none", confidence)
    if sample.min() == sample.max():
        # No spread was seen: of a handful that says nothing, of more that there is little.
        if n < _MIN_BOOTSTRAP:
            return estimated(value, (None, None), n, "none", confidence)
        return estimated(value, (value, value), n, "t", confidence)
    if method == "bca" and _MIN_BOOTSTRAP <= n <= MAX_BOOTSTRAPPED:
        ends = bca_mean(sample, confidence)
        if ends is not None:
            return estimated(value, ends, n, "bca", confidence)
    half = float(scipy.stats.t.ppf((1 + confidence) / 2, n - 1) * scipy.stats.sem(sample))
    return estimated(value, (value - half, value + half), n, "t", confidence)


def mean_of_sums(n: int, total: float, squares: float, confidence: float = CONFIDENCE) -> Estimate:
    """The same as `mean` by Student, of values of which only the sums are at hand."""
    value = total / n
    spread = max(squares / n - value * value, 0.0)
    # Below what the sums can tell it is no spread that was seen, but rounding.
    if n < 2 or spread <= 1e-12 * max(squares / n, 1e-300):  # noqa: PLR2004
        is_steady = n >= _MIN_BOOTSTRAP
        ends = (value, value) if is_steady else (None, None)
        return estimated(value, ends, n, "t" if is_steady else "none", confidence)
    error = (spread / (n - 1)) ** 0.5
    half = float(scipy.stats.t.ppf((1 + confidence) / 2, n - 1)) * error
    return estimated(value, (value - half, value + half), n, "t", confidence)


def of_count(count: int, confidence: float = CONFIDENCE) -> Estimate:
    """How often something happened that happens independently, with the exact Poisson interval.

    Source: Garwood 1936, "Fiducial Limits for the Poisson Distribution".
    """
    tail = (1 - confidence) / 2
    low = float(scipy.stats.chi2.ppf(tail, 2 * count)) / 2 if count else 0.0
    high = float(scipy.stats.chi2.ppf(1 - tail, 2 * count + 2)) / 2
    return estimated(float(count), (low, high), count, "poisson", confidence)


def clustered_mean(
    values: Floats, clusters: Sequence[Hashable], confidence: float = CONFIDENCE
) -> Estimate:
    """A mean of items that come in groups (questions on one document, turns of one user).

    The items of a group are not independent: the interval is made of the groups' sums, with
    G / (G - 1) for few groups and Student's t with G - 1 degrees of freedom.

    Source: Liang and Zeger 1986; Miller 2024, "Adding Error Bars to Evals", equation 4.
    """
    sample = np.asarray(values, dtype=float)
    value = float(sample.mean())
    groups = len(set(clusters))
    if groups < 2:  # noqa: PLR2004
        return estimated(value, (None, None), groups, "none", confidence)
    half = float(scipy.stats.t.ppf((1 + confidence) / 2, groups - 1)) * clustered_error(
        sample, clusters
    )
    return estimated(value, (value - half, value + half), groups, "clustered t", confidence)


def clustered_error(values: Floats, clusters: Sequence[Hashable]) -> float:
    """Standard error of a mean of items that come in two groups or more; as `clustered_mean`."""
    sample = np.asarray(values, dtype=float)
    numbers: dict[Hashable, int] = {}
    index = np.array([numbers.setdefault(cluster, len(numbers)) for cluster in clusters])
    groups = len(numbers)
    sums = np.bincount(index, weights=sample - sample.mean(), minlength=groups)
    return float(np.sqrt(groups / max(groups - 1, 1) * np.square(sums).sum()) / len(sample))


def estimate_mean(
    values: Floats,
    *,
    clusters: Sequence[Hashable] | None = None,
    confidence: float = CONFIDENCE,
    method: Literal["t", "bca"] = "t",
) -> Estimate | None:
    """The mean of one value an item by what fits: clusters, else a rate, else a mean.

    None where there is no value.
    """
    sample = np.asarray(values, dtype=float)
    if not len(sample):
        return None
    if clusters is not None and len(set(clusters)) < len(sample):
        return clustered_mean(sample, clusters, confidence)
    if np.isin(sample, (0.0, 1.0)).all():
        return rate(int(sample.sum()), len(sample), confidence)
    return mean(sample, confidence, method=method)


def percentile(values: Floats, percent: float, confidence: float = CONFIDENCE) -> Estimate | None:
    """A percentile, with the interval between order statistics (exact, whatever the shape).

    None where there is no value; an end is None where the sample is too small to hold it.

    Source: the number of values below the true percentile is binomial; Conover 1999, section 3.2.
    """
    sample = np.sort(np.asarray(values, dtype=float))
    n = len(sample)
    if not n:
        return None
    share, tail = percent / 100, (1 - confidence) / 2
    low = int(scipy.stats.binom.ppf(tail, n, share))
    high = int(scipy.stats.binom.ppf(1 - tail, n, share)) + 1
    ends = (
        float(sample[low - 1]) if low >= 1 else None,
        float(sample[high - 1]) if high <= n else None,
    )
    return estimated(float(np.percentile(sample, percent)), ends, n, "order statistics", confidence)
