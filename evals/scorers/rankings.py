"""Scorers of lists in an order: what a search or a retriever found."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from weave_core.evals.scorers.contract import Scorer, expected_of

__all__ = ["Ranking"]


@dataclass(frozen=True, kw_only=True)
class Ranking(Scorer):
    """How well a list puts first what is relevant.

    Gives, each 0 to 1, of the first k:

    - `precision`: relevant ones / k.
    - `recall`: relevant ones / all relevant.
    - `mrr`: 1 / place of the first relevant one, 0 without.
    - `ndcg`: sum of (2^gain - 1) / log2(place + 1), divided by that of the best order.

    Source: Manning, Raghavan and Schütze 2008, chapter 8; Järvelin and Kekäläinen 2002 for nDCG in
    the form of Burges et al. 2005.
    """

    name: str = "ranking"
    column: str = "expected"
    """A list of the relevant ones, or a mapping of each to its gain."""
    k: int = 10
    key: str | None = None
    """What of an item that is a mapping is compared, such as `id`."""

    def score(self, output: Any, row: Mapping[str, Any]) -> dict[str, float]:
        """Judge one output."""
        expected = expected_of(row, self.column)
        gains = (
            {str(item): float(gain) for item, gain in expected.items()}
            if isinstance(expected, Mapping)
            else {str(item): 1.0 for item in expected}
        )
        relevant = {item for item, gain in gains.items() if gain > 0}
        found = self._keys(output)[: self.k]
        hits = [place for place, item in enumerate(found, start=1) if item in relevant]
        ideal = _gain(sorted(gains.values(), reverse=True)[: self.k])
        return {
            "precision": len(hits) / self.k,
            "recall": len(hits) / len(relevant) if relevant else 1.0,
            "mrr": 1 / hits[0] if hits else 0.0,
            "ndcg": _gain([gains.get(item, 0.0) for item in found]) / ideal if ideal else 1.0,
        }

    def _keys(self, output: Any) -> list[str]:
        if isinstance(output, str) or not isinstance(output, Sequence):
            raise TypeError(f"the output is a {type(output).__qualname__}, not a list in order")
        items = [item[self.key] if self.key is not None else item for item in output]
        return list(dict.fromkeys(str(item) for item in items))  # One item counts once.


def _gain(gains: Sequence[float]) -> float:
    return sum((2**gain - 1) / math.log2(place + 1) for place, gain in enumerate(gains, start=1))
