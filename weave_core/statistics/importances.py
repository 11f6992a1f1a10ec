"""How much each config value has to do with what came of runs: rank correlations, one by one.

It says what goes with what, not what causes what, and looks at one value at a time: what matters
only together with another value is not seen.
"""

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["MIN_RUNS", "Importance", "importances"]

MIN_RUNS = 5
"""Runs that it takes to say something of a config value."""
MAX_CATEGORIES = 20
"""Different texts of a config value; of one that has more nothing is said."""
_RESAMPLES = 300
_INTERVAL = (0.025, 0.975)


@dataclass(frozen=True, slots=True)
class Importance:
    """How much one config value goes with a metric."""

    name: str
    strength: float
    """0 to 1: the absolute rank correlation; of texts, the root of the share of the ranks' variance
    that they explain, less what chance would."""
    low: float
    """Its interval: what 95 of 100 such sets of runs would show."""
    high: float
    direction: Literal["up", "down", ""]
    """Whether the metric grows with it; empty for texts, and where it may be either."""
    runs: int
    """That have both."""


def importances(
    configs: Sequence[Mapping[str, Any]], values: Sequence[float | None], *, seed: int = 0
) -> list[Importance]:
    """What each config value has to do with `values`, the strongest first.

    Args:
        configs: One a run, without nesting.
        values: What came of it; None: nothing.
        seed: Of the resampling that gives the intervals.

    Returns:
        Those that differ among the runs and that at least `MIN_RUNS` runs have.

    Source:
        Spearman 1904 for numbers; Kruskal and Wallis 1952, epsilon squared, for texts; Efron 1979,
        percentile bootstrap, for the intervals.
    """
    names = dict.fromkeys(name for config in configs for name in config)
    found = []
    for name in names:
        pairs = [
            (config[name], value)
            for config, value in zip(configs, values, strict=True)
            if value is not None and config.get(name) is not None
        ]
        told = _importance(name, pairs, seed)
        if told is not None:
            found.append(told)
    return sorted(found, key=lambda each: (-each.strength, each.name))


def _importance(name: str, pairs: list[tuple[Any, float]], seed: int) -> Importance | None:
    if len(pairs) < MIN_RUNS:
        return None
    are_numbers = all(isinstance(given, int | float) for given, _ in pairs)
    if not are_numbers:
        pairs = [(str(given), value) for given, value in pairs]
    kinds = len({given for given, _ in pairs})
    if kinds < 2 or (not are_numbers and kinds > MAX_CATEGORIES):  # noqa: PLR2004
        return None
    measure = _spearman if are_numbers else _root_of_epsilon
    whole = measure(pairs)
    chance = random.Random(f"{seed} {name}")  # noqa: S311  # No secret.
    drawn = sorted(measure(chance.choices(pairs, k=len(pairs))) for _ in range(_RESAMPLES))
    ends = [drawn[round(part * (_RESAMPLES - 1))] for part in _INTERVAL]
    # Where it may go either way, it may have nothing to do with it.
    is_either = min(ends) <= 0 <= max(ends)
    low = 0.0 if is_either else min(map(abs, ends))
    high, strength = max(map(abs, ends)), abs(whole)
    return Importance(
        name=name,
        strength=strength,
        low=min(low, strength),
        high=max(high, strength),
        direction="" if is_either or not are_numbers else "up" if whole > 0 else "down",
        runs=len(pairs),
    )


def _spearman(pairs: Sequence[tuple[Any, float]]) -> float:
    """The correlation of ranks; 0 where either side is all the same."""
    xs = _ranks([float(given) for given, _ in pairs])
    ys = _ranks([value for _, value in pairs])
    middle = (len(pairs) + 1) / 2
    both = sum((x - middle) * (y - middle) for x, y in zip(xs, ys, strict=True))
    of_x = sum((x - middle) ** 2 for x in xs)
    of_y = sum((y - middle) ** 2 for y in ys)
    return float(both / (of_x * of_y) ** 0.5) if of_x and of_y else 0.0


def _root_of_epsilon(pairs: Sequence[tuple[Any, float]]) -> float:
    """The root of epsilon squared: (H - k + 1) / (n - k), at least 0."""
    ranks = _ranks([value for _, value in pairs])
    middle, count = (len(pairs) + 1) / 2, len(pairs)
    groups: dict[str, list[float]] = defaultdict(list)
    for (given, _), rank in zip(pairs, ranks, strict=True):
        groups[given].append(rank)
    kinds = len(groups)
    whole = sum((rank - middle) ** 2 for rank in ranks)
    if kinds < 2 or count <= kinds or not whole:  # noqa: PLR2004
        return 0.0
    between = sum(len(each) * (sum(each) / len(each) - middle) ** 2 for each in groups.values())
    height = (count - 1) * between / whole
    return float(max(0.0, (height - kinds + 1) / (count - kinds)) ** 0.5)


def _ranks(values: Sequence[float]) -> list[float]:
    """1 to n; those that are the same share the mean of theirs."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0.0] * len(values)
    at = 0
    while at < len(order):
        end = at
        while end + 1 < len(order) and values[order[end + 1]] == values[order[at]]:
            end += 1
        for place in order[at : end + 1]:
            ranks[place] = (at + end) / 2 + 1
        at = end + 1
    return ranks
