"""What a number of items can show, and how many it would take.

For a two-sided paired t-test; for rates it is the same to within a few percent.
Source: Cohen 1988, chapter 2.
"""

import numpy as np
import scipy

__all__ = ["POWER", "detectable_effect", "needed_items"]

POWER = 0.8
MAX_NEEDED = 10_000_000
"""More items than this are told as this many: there is nothing to find."""
_MAX_SCALE = 100.0
_MIDPOINTS = (np.arange(400) + 0.5) / 400


def _power_at(scaled_effect: float, n: int, alpha: float) -> float:
    """The probability to find an effect of so many standard deviations with `n` items.

    The noncentral t as what it is, a normal over the root of a chi-square, since `scipy.stats.nct`
    answers NaN for effects that are large and quite usual here.
    """
    df = n - 1
    limit = float(scipy.stats.t.ppf(1 - alpha / 2, df))
    roots = np.sqrt(scipy.stats.chi2.ppf(_MIDPOINTS, df) / df)
    shift = scaled_effect * n**0.5
    found = scipy.stats.norm.cdf(shift - limit * roots) + scipy.stats.norm.cdf(
        -shift - limit * roots
    )
    return float(found.mean())


def detectable_effect(
    spread: float, n: int, alpha: float = 0.05, power: float = POWER
) -> float | None:
    """The smallest true mean difference that `n` items find with probability `power`.

    Args:
        spread: Standard deviation of the difference of one item.
        n: Items; None is the answer below 2.
        alpha: How often chance may pass for an effect.
        power: How often an effect of that size is to be found.
    """
    if n < 2:  # noqa: PLR2004
        return None
    high = _MAX_SCALE
    if _power_at(high, n, alpha) < power:
        return None
    root = scipy.optimize.brentq(lambda d: _power_at(d, n, alpha) - power, 1e-9, high, xtol=1e-6)
    return float(root) * spread


def needed_items(
    effect: float, spread: float, alpha: float = 0.05, power: float = POWER
) -> int | None:
    """Items that find a true mean difference of `effect` with probability `power`.

    None where the effect is 0; at most `MAX_NEEDED`.
    """
    scaled = abs(effect) / spread if spread else 0.0
    if not scaled:
        return None
    low, high = 2, 4
    while _power_at(scaled, high, alpha) < power:
        low, high = high, high * 2
        if high > MAX_NEEDED:
            return MAX_NEEDED
    while low < high:
        middle = (low + high) // 2
        if _power_at(scaled, middle, alpha) < power:
            low = middle + 1
        else:
            high = middle
    return high
