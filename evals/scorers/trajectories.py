"""Scorers of the way an agent took: its steps beside those of a reference."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from weave_core.evals.scorers.contract import Scorer, expected_of
from weave_core.evals.scorers.steps import Step, steps_of, steps_of_spans
from weave_core.evals.scores import Score
from weave_core.model import Span

__all__ = ["Trajectory"]

_MAX_SHOWN = 20


@dataclass(frozen=True, kw_only=True)
class Trajectory(Scorer):
    """Whether an agent took the steps of a reference: which tools it called, in which order.

    Gives:

    - `exact`: true where the steps are those of the reference, no more and no fewer, in its order.
    - `in_order`: true where all steps of the reference were taken in its order, others between.
    - `any_order`: true where all of them were taken, others beside, in whatever order.
    - `precision`: the share of the steps taken that the reference has, 0 to 1.
    - `recall`: the share of the reference's steps that were taken, 0 to 1.

    Steps are counted as often as they occur.  Range: as told.  The steps taken are those that the
    trace of the task shows (its spans of tools), or those that the output tells, as `ToolCalls`
    reads them.  The reference is such a list, or a trace: its JSON, or its spans.

    Source: Google Cloud, "Evaluate agents: trajectory metrics", whose recall and precision are
    counted here with repeats.
    """

    name: str = "trajectory"
    column: str = "expected"
    """Where the row has the reference."""
    arguments: bool = False
    """Whether a step is the same only with the very arguments."""
    source: Literal["auto", "trace", "output"] = "auto"
    """Where the steps taken are read; `auto`: of the trace where it has any, else of the output."""

    def score(
        self, output: Any, row: Mapping[str, Any], spans: Sequence[Span] | None = None
    ) -> dict[str, Any]:
        """Judge one output.

        Raises:
            LookupError: If the trace is asked for, and was not kept.
        """
        taken = self._plain(self._taken(output, spans))
        wanted = self._plain(steps_of(expected_of(row, self.column)))
        shared = sum((Counter(taken) & Counter(wanted)).values())
        rest = iter(taken)
        told = f"took {_shown(taken)}; wanted {_shown(wanted)}"
        return {
            "exact": Score(taken == wanted, reason=told),
            "in_order": all(step in rest for step in wanted),
            "any_order": shared == len(wanted),
            "precision": shared / len(taken) if taken else float(not wanted),
            "recall": shared / len(wanted) if wanted else 1.0,
        }

    def _taken(self, output: Any, spans: Sequence[Span] | None) -> list[Step]:
        if self.source == "output":
            return steps_of(output)
        if spans is None and self.source == "trace":
            raise LookupError("the spans of this output were not kept: run the task again")
        found = steps_of_spans(spans or ())
        if found or self.source == "trace":
            return found
        try:
            return steps_of(output)
        except TypeError:
            if spans is None:
                raise
            return []  # It was watched, and called no tool.

    def _plain(self, steps: Sequence[Step]) -> list[Step]:
        return [(name, arguments if self.arguments else "") for name, arguments in steps]


def _shown(steps: Sequence[Step]) -> str:
    names = [f"{name}{arguments}" for name, arguments in steps[:_MAX_SHOWN]]
    more = f" and {len(steps) - _MAX_SHOWN} more" if len(steps) > _MAX_SHOWN else ""
    return f"{', '.join(names) or 'nothing'}{more}"
