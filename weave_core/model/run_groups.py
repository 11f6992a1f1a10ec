"""Runs of a project put together by what they share: how many, and what came of them."""

from typing import Any

from weave_core.model.values import Value

__all__ = ["GroupedMetric", "RunGroup", "RunGroups"]


class GroupedMetric(Value):
    """What one metric came to in the runs of a group; those without a finite value are left out."""

    count: int
    mean: float | None = None
    std: float | None = None
    """Of the sample, n - 1 below; None for one run alone."""
    min: float | None = None
    max: float | None = None


class RunGroup(Value):
    """The runs that share one value."""

    value: Any = None
    """None: they have none."""
    count: int
    states: dict[str, int] = {}
    first_ns: int
    last_ns: int
    """When the newest of them began."""
    metrics: dict[str, GroupedMetric] = {}


class RunGroups(Value):
    """All groups, that of the newest run first."""

    by: str
    items: list[RunGroup]
    runs: int
    """That were looked at."""
    total: int
    """That there are; more than were looked at where they are very many."""
