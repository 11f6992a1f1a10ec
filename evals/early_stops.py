"""Stop as soon as the gate is decided: what is clear after 60 items need not cost 600.

The intervals are those of `weave_core.statistics.sequences`, which may be looked at after each item
without crying wolf more often; they are wider than those of a run to the end.
"""

from weave_core.errors import ConfigError
from weave_core.evals.gates import plain_metrics, verdict_of
from weave_core.model import Estimate, EvaluatedItem
from weave_core.statistics.sequences import ConfidenceSequence

__all__ = ["EarlyStop"]


class EarlyStop:
    """Watches the examples of one evaluation.

    Args:
        gate: What is to be decided.

    Raises:
        ConfigError: If it asks for more than the means of scorers: a difference, a percentile, a
            bare number.
    """

    def __init__(self, gate: str) -> None:
        self._gate = gate
        self._seen = {name: ConfidenceSequence(0.0, 1.0) for name in plain_metrics(gate)}
        self._sums = dict.fromkeys(self._seen, 0.0)

    def see(self, item: EvaluatedItem) -> bool:
        """Count an example; whether the gate is decided now.

        Raises:
            ConfigError: If a score is not from 0 to 1.
        """
        for name, sequence in self._seen.items():
            score = item.scores.get(name)
            if score is None or score.value is None:
                continue
            if not 0.0 <= score.value <= 1.0:
                raise ConfigError(
                    f"{name} gave {score.value:g}, and only scores from 0 to 1 can stop early",
                    "leave out stop_when_decided",
                )
            sequence.add([score.value])
            self._sums[name] += score.value
        return verdict_of(self._gate, self.intervals) != "inconclusive"

    @property
    def intervals(self) -> dict[str, Estimate]:
        """What is known of each scorer that the gate names."""
        return {
            name: Estimate(
                value=self._sums[name] / sequence.n,
                low=sequence.interval[0],
                high=sequence.interval[1],
                n=sequence.n,
                method="anytime",
            )
            for name, sequence in self._seen.items()
            if sequence.n
        }
