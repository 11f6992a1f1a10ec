"""How the scores of one evaluation are spread, and what they are in each slice of its items."""

from weave_core.model.estimates import Estimate
from weave_core.model.values import Value

__all__ = ["Distribution", "EvaluationBreakdown", "SliceSummary"]


class Distribution(Value):
    """How often which score was given."""

    edges: list[float] = []
    """Borders of the bins, one more than there are bins; empty where no score is a number."""
    counts: list[int] = []
    """Scores in each bin; the last one holds its upper border too."""
    labels: dict[str, int] = {}
    """Of scores that are no numbers, the most frequent first; at most 50."""
    errors: int = 0
    """Scores that failed."""


class SliceSummary(Value):
    """The mean of a scorer over the items of one slice."""

    column: str
    value: str
    scorer: str
    items: int
    estimate: Estimate


class EvaluationBreakdown(Value):
    """One evaluation, seen from the side of its items."""

    distributions: dict[str, Distribution] = {}
    """By scorer."""
    slices: list[SliceSummary] = []
    """Those with the most items first, at most 200."""
