"""How far a trial was after so many values of its metric."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Report", "reports_of"]


@dataclass(frozen=True, slots=True)
class Report:
    """What a trial had come to at a rung; less is better."""

    best: float
    mean: float


def reports_of(curve: Sequence[float], rungs: Sequence[int]) -> dict[int, Report]:
    """The reports of a trial at the rungs that it has passed.

    As in wandb a rung is a count of values that were logged; those that are NaN or infinite count,
    and are worse than all others.

    Args:
        curve: Values in the order of steps, where less is better.
        rungs: Least first.
    """
    found: dict[int, Report] = {}
    for rung in rungs:
        if rung > len(curve):
            break
        finite = [value for value in curve[:rung] if math.isfinite(value)]
        if finite:
            found[rung] = Report(min(finite), sum(finite) / len(finite))
    return found
