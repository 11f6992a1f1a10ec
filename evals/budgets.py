"""How much an evaluation may take; what is over it is not begun."""

import time
from dataclasses import dataclass

__all__ = ["Budget", "Spending"]


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Bounds of one evaluation; None: no bound.

    Calls under way when a bound is met come to their end, so it may be passed by as much as they
    take.
    """

    time_s: float | None = None
    tokens: int | None = None
    """Input and output of all model calls, the judges' included."""
    cost_usd: float | None = None


class Spending:
    """What has been spent of a budget."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._began_s = time.monotonic()
        self._tokens = 0
        self._cost_usd = 0.0

    def add(self, tokens: int, cost_usd: float) -> None:
        """Count what an example took."""
        self._tokens += tokens
        self._cost_usd += cost_usd

    @property
    def exhausted(self) -> str | None:
        """Which bound was met; None: none."""
        budget = self._budget
        if budget.time_s is not None and time.monotonic() - self._began_s >= budget.time_s:
            return f"its time of {budget.time_s:g} s"
        if budget.tokens is not None and self._tokens >= budget.tokens:
            return f"its {budget.tokens} tokens"
        if budget.cost_usd is not None and self._cost_usd >= budget.cost_usd:
            return f"its {budget.cost_usd:g} USD"
        return None
