"""Median: a trial whose best is worse than the middle of what others were on the way.

Source:
    Golovin et al. 2017, "Google Vizier", section 3.2.2.
"""

from collections.abc import Mapping, Sequence
from statistics import median

from weave_core.server.sweeps.configs import EarlyStop
from weave_core.server.sweeps.early_stops.reports import Report

__all__ = ["find_worse_rung"]


def find_worse_rung(
    rule: EarlyStop, own: Mapping[int, Report], others: Mapping[int, Sequence[Report]]
) -> int | None:
    """The last rung that `min_trials` others have passed, where this is worse than the median.

    None: it is not, or there is no such rung.
    """
    for rung in sorted(own, reverse=True):
        there = others.get(rung, ())
        if len(there) >= rule.min_trials:
            return rung if own[rung].best > median(each.mean for each in there) else None
    return None
