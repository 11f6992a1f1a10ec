"""Outputs that stay the same, to see a judge by: does it agree with people, and has it moved?

A judge is a model behind a server: it may change without a word, and with any change of its prompt.
The anchors are judged again then, as an evaluation like any other, and paired with the last time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from weave_core.errors import ConfigError, NotFound
from weave_core.evals.calibrations import Calibrated, Calibration, calibrate
from weave_core.evals.datasets import Dataset
from weave_core.evals.evaluations import Evaluation
from weave_core.evals.results import Baseline, EvaluationResult, baseline_of
from weave_core.evals.versions import name_of
from weave_core.model import Comparison, Estimate, EvaluatedItem, Subject
from weave_core.statistics.estimates import rate
from weave_core.statistics.paired import compare
from weave_core.statistics.summaries import item_means

__all__ = ["Anchors", "Drift"]

_ALPHA = 0.05
_TAG = "anchors"
_WHY = {
    "moved": ", and chance does not explain it",
    "same": ", within the tolerance",
    "can't tell": " whether it has moved: more anchors would say",
    "first": " time that it judges these outputs; the next time is compared with this one",
}


@dataclass(frozen=True, kw_only=True)
class Drift:
    """Whether a judge says today what it said before, of the same outputs."""

    verdict: Literal["moved", "same", "can't tell", "first"]
    """`moved`: the mean is another one, which chance does not explain; `same`: it is the same
    within the tolerance; `first`: there was nothing to compare with."""
    judge: str
    is_another_version: bool | None = None
    """Whether the judge itself was changed: its prompt, its code, the model that it asks.  False:
    where it has moved, its provider has moved it; None: it is not known."""
    shift: Comparison | None = None
    """The mean verdict now and before, paired by output, with interval and test."""
    changed: Estimate | None = None
    """The share of outputs whose verdict is another one, both ways."""
    agreement: Comparison | None = None
    """The share on which it agrees with people, now and before; None: people said nothing."""
    result: EvaluationResult
    """The verdicts of today, with the version of the judge; a baseline of the next time."""

    def __str__(self) -> str:
        lines = [f"judge {self.judge}: {self.verdict}{_WHY[self.verdict]}"]
        if self.is_another_version is not None and self.verdict != "first":
            lines.append(
                "  it is another version of the judge: its prompt, its code or the model it asks"
                if self.is_another_version
                else "  the judge itself is the same version as then"
            )
        for name, found in (("mean verdict", self.shift), ("agreement", self.agreement)):
            if found is not None:
                diff = found.difference
                between = "" if diff.low is None else f" [{diff.low:+.3f}, {diff.high:+.3f}]"
                test = "" if found.p_value is None else f"  p = {found.p_value:.3g}"
                lines.append(
                    f"  {name:<13} {found.baseline:.3f} -> {found.candidate:.3f}"
                    f"  {diff.value:+.3f}{between}{test}"
                )
        if self.changed is not None:
            count = round(self.changed.value * self.changed.n)
            lines.append(f"  {count} of {self.changed.n} verdicts changed")
        return "\n".join(lines)


@dataclass(frozen=True, kw_only=True)
class Anchors:
    """Outputs that a judge is seen by.

    Example:
        >>> anchors = Anchors(dataset=weave_core.Dataset.read("anchors.jsonl"))
        >>> judge = anchors.calibrated(Rubric(model=model, rubric="Is it polite?"))
        >>> print(anchors.drift(judge))

    Raises:
        ConfigError: If no row has an output.
    """

    dataset: Dataset
    """One row an output, with what the judge needs to see beside it."""
    output: str = "output"
    """The column with the output."""
    people: str = "people"
    """The column with what people said of it: true or false, a number, or a label; rows without it
    tell of drift only."""

    def __post_init__(self) -> None:
        if self.output not in self.dataset.columns:
            raise ConfigError(
                f"no row of {self.dataset.name!r} has a column {self.output!r} to judge",
                f"there are {', '.join(sorted(self.dataset.columns))}",
            )

    def judged(
        self, judge: Any, *, name: str | None = None, tags: Sequence[str] = (), **more: Any
    ) -> EvaluationResult:
        """What a judge says of each output, as an evaluation whose task is to repeat it.

        Args:
            judge: A scorer.
            name: Of the evaluation; default: `anchors of` the judge.
            tags: Names to find it by.
            **more: As `Evaluation` takes it, such as `concurrency`.
        """
        column = self.output

        def kept(row: dict[str, Any]) -> Any:
            return row[column]

        return Evaluation(
            dataset=self.dataset,
            task=kept,
            scorers=[judge],
            name=name or f"anchors of {name_of(judge)}",
            tags=[_TAG, *tags],
            **more,
        ).run(progress=False)

    def calibration(self, judge: Any, **more: Any) -> Calibration:
        """How far a judge agrees with people; raises what `calibrated` raises."""
        people, said, lengths = self._labelled(judge, self.judged(judge, **more))
        return calibrate(people, said, lengths=lengths)

    def calibrated(self, judge: Any, **more: Any) -> Calibrated:
        """The judge with what people said, so that evaluations tell the corrected rate.

        Raises:
            ConfigError: If people said something of fewer than two outputs that the judge judged.
        """
        people, said, _ = self._labelled(judge, self.judged(judge, **more))
        return Calibrated(judge=judge, people=people, said=said)

    def drift(
        self, judge: Any, *, baseline: Any = _TAG, tolerance: float = 0.05, **more: Any
    ) -> Drift:
        """Judge the anchors again, and say whether the judge has moved.

        Args:
            judge: The judge as it is today.
            baseline: What it said before, as an `Evaluation` takes it; default: the last time, as
                the server knows it.
            tolerance: How far its mean may be another one and still be the same.
            **more: As `Evaluation` takes it.

        Raises:
            ConfigError: If there is no server to ask for the last time.
        """
        name = more.pop("name", None) or f"anchors of {name_of(judge)}"
        try:  # Before it is judged again, which would be the last time then.
            before = baseline_of(baseline, name)
        except NotFound:
            if baseline != _TAG:
                raise
            before = None
        result = self.judged(judge, name=name, **more)
        if before is None:
            return Drift(verdict="first", judge=name_of(judge), result=result)
        return self._compared(name_of(judge), result, before, tolerance)

    def _compared(
        self, judge: str, result: EvaluationResult, before: Baseline, tolerance: float
    ) -> Drift:
        scorer = _scorer(judge, result)
        new = item_means(result.report.items, scorer)
        old = item_means(before.items, scorer)
        shift = compare(new, old)
        if shift is None:
            raise ConfigError(
                f"the judge {judge!r} has judged no output now and before",
                "give the anchors that it was seen by the last time",
            )
        low, high = shift.difference.low, shift.difference.high
        verdict: Literal["moved", "same", "can't tell"] = "can't tell"
        if shift.p_value is not None and shift.p_value < _ALPHA:
            verdict = "moved"
        elif low is not None and high is not None and max(-low, high) <= tolerance:
            verdict = "same"
        both = [key for key in new if key in old]
        return Drift(
            verdict=verdict,
            judge=judge,
            is_another_version=_is_another(judge, result.evaluation.scorers, before.scorers),
            shift=shift,
            changed=rate(sum(new[key] != old[key] for key in both), len(both)),
            agreement=self._agreement(result.report.items, before.items, scorer),
            result=result,
        )

    def _agreement(
        self, new: Sequence[EvaluatedItem], old: Sequence[EvaluatedItem], scorer: str
    ) -> Comparison | None:
        people = {
            item.key: item.row[self.people]
            for item in self.dataset.items
            if item.row.get(self.people) is not None
        }

        def agrees(items: Sequence[EvaluatedItem]) -> dict[str, float]:
            return {
                item.item: float(_verdict(item, scorer) == people[item.item])
                for item in items
                if item.item in people and _verdict(item, scorer) is not None
            }

        return compare(agrees(new), agrees(old))

    def _labelled(
        self, judge: Any, result: EvaluationResult
    ) -> tuple[list[Any], list[Any], list[int]]:
        """What people said, what the judge said, and how long the outputs are."""
        scorer = _scorer(name_of(judge), result)
        found = [
            (example.row[self.people], verdict, len(str(example.output)))
            for example in result.examples
            if example.row.get(self.people) is not None
            and (verdict := _verdict(example.item, scorer)) is not None
        ]
        if len(found) < 2:  # noqa: PLR2004  # One says nothing about spread.
            raise ConfigError(
                f"people said something of {len(found)} outputs that {name_of(judge)!r} judged",
                f"give a column {self.people!r} with their verdicts, two at least",
            )
        return [each[0] for each in found], [each[1] for each in found], [each[2] for each in found]


def _is_another(judge: str, new: Sequence[Subject], old: Sequence[Subject]) -> bool | None:
    """Whether the versions of the judge differ, where both are known."""
    now, then = ({each.version for each in all_ if each.name == judge} for all_ in (new, old))
    return now != then if now and then else None


def _scorer(judge: str, result: EvaluationResult) -> str:
    """The score that is meant, of a judge that may give several."""
    scorers = result.summary.scorers
    if judge in scorers:
        return judge
    raise ConfigError(
        f"{judge!r} gives no score of that name",
        f"it gives {', '.join(scorers) or 'none'}: calibrate a judge that gives one",
    )


def _verdict(item: EvaluatedItem, scorer: str) -> Any:
    """What a judge said of one output, in the words that people use."""
    score = item.scores.get(scorer)
    if score is None or score.error is not None:
        return None
    if score.value is None:
        return score.label
    return bool(score.value) if score.is_rate else score.value
