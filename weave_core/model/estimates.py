"""A number with its interval, and a difference with its test, as `weave_core.statistics` has it."""

from typing import Literal

from weave_core.model.values import Value

__all__ = ["Comparison", "Estimate", "Method"]

Method = Literal[
    "wilson",
    "t",
    "bca",
    "clustered t",
    "order statistics",
    "prediction powered",
    "anytime",
    "poisson",
    "none",
]


class Estimate(Value):
    """A number and where the true one lies, with `confidence`."""

    value: float
    low: float | None = None
    high: float | None = None
    """None: too few values to say."""
    n: int
    """Items, or clusters where they were clustered."""
    method: Method
    confidence: float = 0.95


class Comparison(Value):
    """How a candidate differs from a baseline on the items that both have."""

    candidate: float
    baseline: float
    difference: Estimate
    """Candidate minus baseline, of items (clusters, where they were clustered)."""
    p_value: float | None = None
    """Two-sided; None where nothing can be said."""
    adjusted_p_value: float | None = None
    """The same where it is one of several: Holm's over scorers."""
    test: Literal["mcnemar", "permutation", "none"]
    improved: int
    """Items whose value is higher than in the baseline."""
    worsened: int
    unchanged: int
    detectable: float | None = None
    """The smallest difference that so many items show in 4 of 5 cases."""
    needed: int | None = None
    """Items that would show the difference that was seen in 4 of 5 cases; None: there is none."""
