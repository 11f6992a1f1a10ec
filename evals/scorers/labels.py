"""Scorers of tasks that choose among classes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from weave_core.evals.scorers.contract import Scorer, expected_of, text_of
from weave_core.evals.scores import Score

__all__ = ["Classification"]


@dataclass(frozen=True, kw_only=True)
class Classification(Scorer):
    """Whether the output is the right class; over the whole evaluation precision, recall and F1.

    Each item's score is true or false, their mean the accuracy.  The summary has `classification`:
    precision tp / (tp + fp), recall tp / (tp + fn) and F1 2 tp / (2 tp + fp + fn) of each class,
    their macro, micro and weighted averages, all with intervals (Wilson's; for averages over
    classes a bootstrap's, BCa), and the confusion.  Gates speak of `NAME.f1_macro`,
    `NAME.recall_weighted` and so on.  Range: 0 to 1.

    Source: van Rijsbergen 1979; Sokolova and Lapalme 2009.
    """

    name: str = "label"
    column: str = "expected"
    key: str | None = None
    """Where the output has the class, if it is a mapping."""
    labels: Sequence[str] | None = None
    """The classes there are: an output that is none is an error.  None: any word is one."""
    ignore_case: bool = True

    def score(self, output: Any, row: Mapping[str, Any]) -> Score:
        """Judge one output.

        Raises:
            LookupError: If the output has no such key.
            ValueError: If it is none of the classes.
        """
        if self.key is not None:
            output = expected_of(output, self.key)
        told, expected = self._label(output), self._label(expected_of(row, self.column))
        return Score(told == expected, label=told, expected=expected)

    def _label(self, value: Any) -> str:
        label = text_of(value).strip()
        if self.ignore_case:
            label = label.casefold()
        if self.labels is None:
            return label
        for known in self.labels:
            if label == (known.casefold() if self.ignore_case else known):
                return known
        raise ValueError(f"{label[:100]!r} is none of the classes {', '.join(self.labels)}")
