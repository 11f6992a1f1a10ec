"""Several tests at once: with twenty of them one is below 0.05 by chance alone."""

from collections.abc import Mapping

import scipy

__all__ = ["benjamini_hochberg", "holm"]


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """P-values by name, adjusted so that the chance of any false finding stays below the level.

    Source: Holm 1979.
    """
    adjusted: dict[str, float] = {}
    so_far, left = 0.0, len(p_values)
    for name, p_value in sorted(p_values.items(), key=lambda item: item[1]):
        so_far = max(so_far, min(1.0, p_value * left))
        adjusted[name] = so_far
        left -= 1
    return {name: adjusted[name] for name in p_values}


def benjamini_hochberg(p_values: Mapping[str, float]) -> dict[str, float]:
    """P-values by name, adjusted so that of all findings only a share is false, for many slices.

    Source: Benjamini and Hochberg 1995; `scipy.stats.false_discovery_control`.
    """
    if not p_values:
        return {}
    adjusted = scipy.stats.false_discovery_control(list(p_values.values()), method="bh")
    return dict(zip(p_values, map(float, adjusted), strict=True))
