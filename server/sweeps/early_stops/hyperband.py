"""Hyperband as wandb has it: at each rung the best one of `eta` goes on.

Source:
    Li et al. 2018, "Hyperband"; wandb/sweeps, `src/sweeps/hyperband_stopping.py`.
"""

import math
from collections.abc import Mapping, Sequence

from weave_core.server.sweeps.configs import EarlyStop
from weave_core.server.sweeps.early_stops.reports import Report

__all__ = ["find_worse_rung"]


def find_worse_rung(
    rule: EarlyStop, own: Mapping[int, Report], others: Mapping[int, Sequence[Report]]
) -> int | None:
    """The rung at which a trial is not among the best; None: there is none.

    With `strict` all that it has passed count, else the last one only.
    """
    passed = sorted(own)
    for rung in passed if rule.is_strict else passed[-1:]:
        there = sorted([own[rung].best, *(each.best for each in others.get(rung, ()))])
        if len(there) <= rule.min_trials:
            continue
        if own[rung].best > there[math.ceil(len(there) / rule.eta) - 1]:
            return rung
    return None
