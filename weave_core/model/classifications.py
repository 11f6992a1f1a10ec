"""Labels beside the right ones: how well a task tells classes apart."""

from typing import Literal

from weave_core.model.estimates import Estimate
from weave_core.model.values import Value

__all__ = ["Average", "ClassScores", "Classification", "Confusion", "LabelScores"]

Average = Literal["macro", "micro", "weighted"]


class ClassScores(Value):
    """Precision, recall and F1, each with its interval; None where nothing can be said."""

    precision: Estimate | None = None
    recall: Estimate | None = None
    f1: Estimate | None = None


class LabelScores(ClassScores):
    """Those of one class."""

    label: str
    support: int
    """Examples of which it is the right label."""


class Confusion(Value):
    """How often a label was given where another one, or the same, was right."""

    expected: str
    told: str
    count: int


class Classification(Value):
    """What a scorer's labels say beside the right ones."""

    examples: int
    averages: dict[Average, ClassScores] = {}
    """Over classes: `macro` each the same, `weighted` by its support; `micro` over examples."""
    classes: list[LabelScores] = []
    """Those that occur most first; at most 50."""
    confusion: list[Confusion] = []
    """The most frequent first; at most 400."""
