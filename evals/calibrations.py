"""How good a judge is, measured by what people said of the same outputs."""

import inspect
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from scipy import stats

from weave_core.digests import digest_json
from weave_core.errors import ConfigError
from weave_core.evals.scorers.contract import Scorer
from weave_core.evals.scorers.models import in_turn
from weave_core.evals.versions import name_of, version_of
from weave_core.model import Estimate, Rectifier, Span
from weave_core.statistics.agreement import (
    cohen_kappa,
    krippendorff_alpha,
    prediction_powered_mean,
    rectifier_of,
)
from weave_core.statistics.estimates import rate

__all__ = ["Calibrated", "Calibration", "calibrate"]

_MIN_LABELS = 2


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """How a judge compares with people."""

    labelled: int
    """Outputs that people have judged."""
    agreement: Estimate
    """The share on which both say the same."""
    kappa: float | None
    """Cohen's, the agreement beyond chance: above 0.6 is usually called good."""
    alpha: float | None
    """Krippendorff's, for nominal labels."""
    confusion: dict[tuple[str, str], int]
    """(people, judge) to how often."""
    length_bias: float | None = None
    """Spearman's correlation of an output's length with how much too kind the judge was: above 0 it
    likes long ones."""
    corrected: Estimate | None = None
    """The rate that people would give to all outputs, labelled or not (true and false only)."""


def calibrate(
    people: Sequence[Hashable],
    judge: Sequence[Hashable],
    *,
    unlabelled: Sequence[bool] = (),
    lengths: Sequence[int] | None = None,
) -> Calibration:
    """Measure a judge.

    Example:
        >>> found = calibrate([True, False, True], [True, True, True], unlabelled=[True, False])
        >>> found.kappa, found.corrected

    Args:
        people: What people said of some outputs: truths, or labels.
        judge: What the judge said of the same, in the same order.
        unlabelled: What it said of all others, for the corrected rate.
        lengths: Of the labelled outputs, for the bias.

    Raises:
        ConfigError: If there are fewer than two labels, or the lists differ in length.
    """
    n = len(people)
    if n < _MIN_LABELS or len(judge) != n or (lengths is not None and len(lengths) != n):
        raise ConfigError(
            f"there are {n} labels of people and {len(judge)} of the judge",
            "give one of each for the same outputs, two at least",
        )
    same = sum(a == b for a, b in zip(people, judge, strict=True))
    is_binary = all(isinstance(each, bool) for each in (*people, *judge))
    truth = [float(each) for each in people if isinstance(each, bool)]
    told = [float(each) for each in judge if isinstance(each, bool)]
    bias = None
    if lengths is not None and is_binary and len(set(lengths)) > 1:
        kindness = [b - a for a, b in zip(truth, told, strict=True)]
        if len(set(kindness)) > 1:
            bias = float(stats.spearmanr(lengths, kindness).statistic)
    corrected = None
    if is_binary:
        corrected = prediction_powered_mean(truth, told, [float(each) for each in unlabelled])
    return Calibration(
        labelled=n,
        agreement=rate(same, n),
        kappa=cohen_kappa(people, judge),
        alpha=krippendorff_alpha(list(zip(people, judge, strict=True))),
        confusion=dict(
            Counter((str(a), str(b)) for a, b in zip(people, judge, strict=True)).most_common()
        ),
        length_bias=bias,
        corrected=corrected,
    )


@dataclass(frozen=True, kw_only=True)
class Calibrated(Scorer):
    """A judge, with what people said of some outputs that it judged.

    It gives the same scores as the judge; an evaluation with it also tells the corrected rate: the
    one that people would give, with its interval (`NAME.corrected` in a gate).  The outputs that
    people judged are others than those of the evaluation, and of the same kind.  Range: that of the
    judge.

    Example:
        >>> polite = Calibrated(
        ...     judge=Rubric(model=model, rubric="Is it polite?"),
        ...     people=[True, False, True],
        ...     said=[True, True, True],
        ... )

    Raises:
        ConfigError: If there are fewer than two of them, or they are no truths or numbers.

    Source: Angelopoulos, Duchi and Zrnic 2023, "PPI++".
    """

    name: str = ""
    """Default: the judge's."""
    judge: Any
    """A scorer that gives one truth or number."""
    people: Sequence[bool | float]
    """What people said of some outputs."""
    said: Sequence[bool | float]
    """What the judge said of the same, in the same order."""

    def __post_init__(self) -> None:
        if not self.name:
            object.__setattr__(self, "name", name_of(self.judge))
        given = (*self.people, *self.said)
        if len(self.people) != len(self.said) or len(self.people) < _MIN_LABELS:
            raise ConfigError(
                f"there are {len(self.people)} labels of people and {len(self.said)} of the judge",
                "give one of each for the same outputs, two at least",
            )
        if not all(isinstance(each, bool | int | float) for each in given):
            raise ConfigError(
                "a rate is corrected by truths or numbers, and there are others",
                "say true or false for each output",
            )

    @cached_property
    def rectifier(self) -> Rectifier:
        """What of it corrects a mean."""
        people, said = ([float(each) for each in given] for given in (self.people, self.said))
        return rectifier_of(people, said)

    @cached_property
    def version(self) -> str:
        """`sha256:` digest of the judge and of the labels."""
        own = getattr(self.judge, "version", None)
        judge = own if isinstance(own, str) and own else version_of(self._ask)
        return digest_json([judge, [*self.people], [*self.said]])

    @property
    def _ask(self) -> Any:
        return getattr(self.judge, "score", self.judge)

    async def score(
        self, output: Any, row: Mapping[str, Any], spans: Sequence[Span] | None = None
    ) -> Any:
        """What the judge says."""
        takes_spans = "spans" in inspect.signature(self._ask).parameters
        more = {"spans": spans} if takes_spans else {}
        return await in_turn(self._ask, output, row, **more)
