"""What config values have to do with what came of runs: held against scipy's own numbers."""

import math
import random

import pytest
from scipy import stats

from weave_core.statistics.importances import importances

CHANCE = random.Random(7)
RATES = [CHANCE.choice([0.1, 0.2, 0.4, 0.8]) for _ in range(60)]
KINDS = [CHANCE.choice("abc") for _ in range(60)]
LOSSES = [
    rate + (kind == "a") * 0.3 + CHANCE.gauss(0, 0.2)
    for rate, kind in zip(RATES, KINDS, strict=True)
]
CONFIGS = [
    {"rate": rate, "kind": kind, "same": 1, "few": 3 if number < 4 else None, "text": str(number)}
    for number, (rate, kind) in enumerate(zip(RATES, KINDS, strict=True))
]


def test_numbers_and_texts_are_told_as_scipy_tells_them() -> None:
    """Spearman's correlation; epsilon squared out of Kruskal's H; the rest is left out."""
    rate, kind = importances(CONFIGS, LOSSES)
    of_rate = stats.spearmanr(RATES, LOSSES).statistic
    groups = [[v for v, k in zip(LOSSES, KINDS, strict=True) if k == name] for name in "abc"]
    height = stats.kruskal(*groups).statistic

    assert (rate.name, rate.direction, rate.runs) == ("rate", "up", 60)
    assert rate.strength == pytest.approx(of_rate)
    assert (kind.name, kind.direction) == ("kind", "")
    assert kind.strength == pytest.approx(math.sqrt((height - 3 + 1) / (60 - 3)))


def test_an_interval_holds_the_truth_as_often_as_it_says() -> None:
    """Of 60 sets of runs nearly 95 % have the true correlation in their interval."""
    true, held = 0.5, 0
    slope = 2 * math.sin(math.pi * true / 6)  # Of a normal pair with that rank correlation.
    chance = random.Random(3)
    for _ in range(60):
        xs = [chance.gauss(0, 1) for _ in range(40)]
        ys = [slope * x + math.sqrt(1 - slope**2) * chance.gauss(0, 1) for x in xs]
        [found] = importances([{"x": x} for x in xs], ys)
        held += found.low <= true <= found.high
    assert 0.85 <= held / 60 <= 1


def test_few_runs_and_missing_values_say_nothing() -> None:
    """Five runs with both at least; a value that all have the same is no reason."""
    assert importances(CONFIGS[:4], LOSSES[:4]) == []
    assert [each.name for each in importances([{"a": 1}] * 9 + [{"a": 2}], [None] * 10)] == []
    noise = importances(
        [{"a": CHANCE.random()} for _ in range(40)], [CHANCE.random()] * 20 + [0.5] * 20
    )
    assert [(each.low, each.direction) for each in noise] == [(0, "")]
    flat = importances([{"a": number} for number in range(9)], [1.0] * 9)
    assert [(each.strength, each.low, each.high) for each in flat] == [(0, 0, 0)]
