"""Two samples on the same items: the difference, its interval, and whether chance explains it."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Literal, TypeVar

import numpy as np
import scipy

from weave_core.model.estimates import Comparison, Estimate
from weave_core.statistics.estimates import CONFIDENCE, clustered_mean, estimated, mean
from weave_core.statistics.power import detectable_effect, needed_items

__all__ = ["compare", "mcnemar_exact", "sign_flip"]

PERMUTATIONS = 9_999
_EXACT_ITEMS = 13
"""Up to here all sign flips are counted: 2^13 are fewer than `PERMUTATIONS`."""
_SEED = 20_260_102

K = TypeVar("K", bound=Hashable)
Array = np.ndarray[Any, np.dtype[np.float64]]


def compare(
    candidate: Mapping[K, float],
    baseline: Mapping[K, float],
    *,
    clusters: Mapping[K, Hashable] | None = None,
    confidence: float = CONFIDENCE,
) -> Comparison | None:
    """Compare one value an item, paired by key; None where no item is in both.

    Two-valued items are tested by McNemar's exact test, others by flipping signs of the differences
    at random; with clusters, by flipping those of whole clusters.
    """
    keys = [key for key in candidate if key in baseline]
    if not keys:
        return None
    new = np.array([candidate[key] for key in keys], dtype=float)
    old = np.array([baseline[key] for key in keys], dtype=float)
    diff = new - old
    improved, worsened = int((diff > 0).sum()), int((diff < 0).sum())
    groups: list[Hashable] | None = None
    if clusters is not None:
        groups = [clusters.get(key, key) for key in keys]
    is_clustered = groups is not None and len(set(groups)) < len(keys)
    if is_clustered and groups is not None:
        difference = clustered_mean(diff, groups, confidence)
        units = _sums(diff, groups)
    else:
        difference = _difference(diff, confidence)
        units = diff
    p_value: float | None = None
    test: Literal["mcnemar", "permutation", "none"] = "none"
    if len(units) > 1:
        is_binary = bool(np.isin(new, (0.0, 1.0)).all() and np.isin(old, (0.0, 1.0)).all())
        if is_binary and not is_clustered:
            test, p_value = "mcnemar", mcnemar_exact(improved, worsened)
        else:
            test, p_value = "permutation", sign_flip(units)
    spread = _spread(difference, len(units), confidence)
    return Comparison(
        candidate=float(new.mean()),
        baseline=float(old.mean()),
        difference=difference,
        p_value=p_value,
        test=test,
        improved=improved,
        worsened=worsened,
        unchanged=len(keys) - improved - worsened,
        detectable=detectable_effect(spread, len(units), 1 - confidence) if spread else None,
        needed=needed_items(difference.value, spread, 1 - confidence) if spread else None,
    )


def mcnemar_exact(improved: int, worsened: int) -> float:
    """Two-sided p-value: under no difference each item that changed is a fair coin.

    Source: McNemar 1947; Fay 2010 for the exact form.
    """
    changed = improved + worsened
    return float(scipy.stats.binomtest(improved, changed).pvalue) if changed else 1.0


def sign_flip(differences: Array) -> float:
    """Two-sided p-value of a mean difference of 0, by flipping the sign of each difference.

    All flips for few differences, else a sample of them that counts the one that was seen, so that
    it is never 0.

    Source: Fisher 1935; Phipson and Smyth 2010 for the "+ 1".
    """
    moved = np.sort(differences[differences != 0])  # In one order, as signs are drawn by place.
    n = len(moved)
    if not n:
        return 1.0
    seen = abs(moved.sum()) - 1e-9 * np.abs(moved).sum()  # Equal sums may differ in the last bit.
    if n <= _EXACT_ITEMS:
        bits = np.arange(2**n)[:, None] >> np.arange(n) & 1
        return float((np.abs((2 * bits - 1) @ moved) >= seen).mean())
    random = np.random.default_rng(_SEED)
    beyond = 0
    for start in range(0, PERMUTATIONS, 500):
        count = min(500, PERMUTATIONS - start)
        signs = random.integers(0, 2, size=(count, n), dtype=np.int8) * 2 - 1
        beyond += int((np.abs(signs @ moved) >= seen).sum())
    return (beyond + 1) / (PERMUTATIONS + 1)


def _difference(diff: Array, confidence: float) -> Estimate:
    """BCa of the mean difference; where nothing changed, as wide as so many items allow."""
    if len(diff) > 1 and not diff.any():
        # All items are equal: Wilson's bound for the share that might differ all the same.
        bound = float(
            scipy.stats.binomtest(0, len(diff)).proportion_ci(confidence, method="wilson").high
        )
        return estimated(0.0, (-bound, bound), len(diff), "wilson", confidence)
    return mean(diff, confidence, method="bca")


def _sums(diff: Array, groups: Sequence[Hashable]) -> Array:
    numbers: dict[Hashable, int] = {}
    index = np.array([numbers.setdefault(group, len(numbers)) for group in groups])
    return np.bincount(index, weights=diff, minlength=len(numbers)).astype(float)


def _spread(difference: Estimate, units: int, confidence: float) -> float | None:
    """Standard deviation of one unit, read off the interval, so that clusters count."""
    if difference.low is None or difference.high is None or units < 2:  # noqa: PLR2004
        return None
    half = (difference.high - difference.low) / 2
    factor = float(scipy.stats.t.ppf((1 + confidence) / 2, units - 1))
    return half / factor * float(np.sqrt(units)) or None
