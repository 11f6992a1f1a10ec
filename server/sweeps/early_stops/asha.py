"""ASHA: as hyperband, but nobody is judged before `eta` have come as far.

Of the variants the one that stops: a trial that goes on needs no checkpoint.

Source:
    Li et al. 2020, "A System for Massively Parallel Hyperparameter Tuning", and its stopping
    variant in Syne Tune.
"""

from collections.abc import Mapping, Sequence

from weave_core.server.sweeps.configs import EarlyStop
from weave_core.server.sweeps.early_stops.reports import Report

__all__ = ["find_worse_rung"]


def find_worse_rung(
    rule: EarlyStop, own: Mapping[int, Report], others: Mapping[int, Sequence[Report]]
) -> int | None:
    """The last rung with enough trials, where this is not of the best one in `eta`; None: it is."""
    for rung in sorted(own, reverse=True):
        there = sorted([own[rung].best, *(each.best for each in others.get(rung, ()))])
        if len(there) >= max(rule.min_trials, rule.eta):
            kept = max(1, int(len(there) / rule.eta))
            return rung if own[rung].best > there[kept - 1] else None
    return None
