"""How good a judge is, measured by what people said of the same outputs."""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from scipy import stats

from weave_core.errors import ConfigError
from weave_core.model import Estimate
from weave_core.statistics.agreement import (
    cohen_kappa,
    krippendorff_alpha,
    prediction_powered_mean,
)
from weave_core.statistics.estimates import rate

__all__ = ["Calibration", "calibrate"]

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
