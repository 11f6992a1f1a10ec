"""What a sweep's config means, and what its search tries next."""

import math
import statistics
from typing import Any

import pytest

from weave_core.errors import BadRequest
from weave_core.server.sweeps.configs import parsed, read_config
from weave_core.server.sweeps.distributions import Choices, Curve, Levels
from weave_core.server.sweeps.pasts import Past
from weave_core.server.sweeps.suggesters import MAX_BAYES_GP, suggest, tpe
from weave_core.server.sweeps.suggesters.grid import grid_point, next_place

SHARES = (0.001, 0.25, 0.5, 0.77, 0.999)
MIXED = {
    "lr": {"distribution": "log_uniform_values", "min": 1e-5, "max": 1.0},
    "layers": {"min": 1, "max": 8},
    "optimizer": {"values": ["adam", "sgd", "rmsprop"]},
}


def config_of(method: str = "random", **more: Any) -> dict[str, Any]:
    """A sweep that is right but for what is given."""
    given = {"method": method, "metric": {"name": "y"}, "parameters": {"x": {"min": 0, "max": 3}}}
    return given | more


@pytest.mark.parametrize(
    ("told", "least", "middle", "largest"),
    [
        ({"min": 0.0, "max": 4.0}, 0.0, 2.0, 4.0),
        ({"distribution": "log_uniform_values", "min": 1e-4, "max": 1.0}, 1e-4, 1e-2, 1.0),
        ({"distribution": "log_uniform", "min": -4, "max": 0}, math.exp(-4), math.exp(-2), 1.0),
        ({"distribution": "inv_log_uniform", "min": 0, "max": 4}, math.exp(-4), math.exp(-2), 1.0),
        ({"distribution": "inv_log_uniform_values", "min": 1, "max": 100}, 1.0, 10.0, 100.0),
        ({"distribution": "normal", "mu": 5, "sigma": 2}, -math.inf, 5.0, math.inf),
        ({"distribution": "log_normal"}, 0.0, 1.0, math.inf),
        ({"distribution": "beta", "a": 2, "b": 2}, 0.0, 0.5, 1.0),
        ({"distribution": "q_normal", "mu": 5, "sigma": 2, "q": 5}, -math.inf, 5, math.inf),
        ({"distribution": "q_log_uniform_values", "min": "1e0", "max": 1e4, "q": 10}, 0, 100, 1e4),
    ],
)
def test_a_distribution_draws_what_it_says(
    told: dict[str, Any], least: float, middle: float, largest: float
) -> None:
    """Half of all draws lie below its middle; a value leads back to the place it was drawn at."""
    [parameter] = read_config(config_of(parameters={"x": told})).space.parameters
    curve = parameter.distribution
    assert isinstance(curve, Curve)
    drawn = [curve.value_at(curve.drawn_at(share)) for share in SHARES]
    assert drawn == sorted(drawn)
    assert all(least <= value <= largest for value in drawn)
    assert drawn[2] == pytest.approx(middle)
    if curve.quantum is None:
        assert [curve.place_of(value) for value in drawn] == pytest.approx(SHARES, abs=1e-6)
    else:
        assert all(type(value) is int for value in drawn)


def test_what_has_an_end_is_counted() -> None:
    """Whole numbers and steps are levels, values are choices, and weights decide their shares."""
    told = {
        "n": {"min": 2, "max": 5},
        "q": {"distribution": "q_uniform", "min": 0.0, "max": 1.0, "q": 0.25},
        "c": {"values": [{"a": 1}, None, "x"], "probabilities": [0.1, 0.6, 0.3]},
        "one": {"value": "fixed"},
    }
    space = read_config(config_of("grid", parameters=told)).space
    n, q, c, _ = (each.distribution for each in space.parameters)
    assert isinstance(n, Levels)
    assert isinstance(q, Levels)
    assert isinstance(c, Choices)
    assert [n.value_at(place) for place in range(4)] == [2, 3, 4, 5]
    assert [q.value_at(place) for place in range(5)] == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert [c.drawn_at(share) for share in (0.05, 0.5, 0.9)] == [0.0, 1.0, 2.0]
    assert space.size == 60
    params = space.params_of(grid_point(space, 0))
    assert params == {"n": 2, "q": 0.0, "c": {"a": 1}, "one": "fixed"}
    assert space.point_of(params) == (0.0, 0.0, 0.0)


def test_a_grid_passes_over_what_is_not_there() -> None:
    """Momentum is only tried where the optimizer has it: 3 + 1 points, not 6."""
    told = {
        "momentum": {"values": [0.0, 0.5, 0.9], "when": {"optimizer": "sgd"}},
        "optimizer": {"values": ["adam", "sgd"]},
    }
    space = read_config(config_of("grid", parameters=told)).space
    found, place = [], next_place(space, 0)
    while place is not None:
        found.append(space.params_of(grid_point(space, place)))
        place = next_place(space, place + 1)
    sgd = [{"optimizer": "sgd", "momentum": each} for each in (0.0, 0.5, 0.9)]
    assert found == [{"optimizer": "adam"}, *sgd]


@pytest.mark.parametrize(
    ("config", "told"),
    [
        (config_of("best"), r"method is 'best' \(one of bayes, gp, grid"),
        (config_of(parameters={}), "parameters is {}"),
        (config_of(parameters={"x": {"mni": 1, "max": 2}}), r"parameters.x.mni is 1 \(known: "),
        (config_of(parameters={"x": {"min": 3, "max": 2}}), "parameters.x.min is 3"),
        (config_of(parameters={"x": {"min": "low", "max": 2}}), "parameters.x.min is 'low'"),
        (config_of(parameters={"x": {"distribution": "gauss"}}), "x.distribution is 'gauss'"),
        (config_of(parameters={"x": {"values": [1], "when": {"y": 1}}}), "x.when is 'y'"),
        (config_of("grid", parameters={"x": {"min": 0.0, "max": 1}}), "parameters.x is 'without e"),
        (config_of("bayes", metric=None), "metric is None .method bayes needs one"),
        (config_of(early_terminate={"type": "hyperband"}), "hyperband needs min_iter"),
        (config_of(runcap=3), "key 'runcap' is 3"),
    ],
)
def test_what_is_wrong_is_named(config: dict[str, Any], told: str) -> None:
    """The key, what was found there, and what is allowed."""
    with pytest.raises(BadRequest, match=told):
        read_config(config)


def test_yaml_means_what_its_writer_meant() -> None:
    """`1e-3`, which YAML 1.1 takes for a text, is a number."""
    text = "method: grid\nparameters:\n  lr: {values: [1e-3, 1e3, '1e-3']}\n"
    assert parsed(text)["parameters"]["lr"]["values"] == [1e-3, 1e3, "1e-3"]
    with pytest.raises(BadRequest, match="is no YAML"):
        parsed("a: [1")


@pytest.mark.parametrize("method", ["random", "sobol", "gp", "tpe"])
def test_a_suggestion_depends_on_seed_and_past_alone(method: str) -> None:
    """Whoever asks, and whenever: it can be repeated; another number gets another point."""
    config = read_config(config_of(method, parameters=MIXED))
    points = [suggest(config, Past((), ()), seed=3, number=number) for number in range(12)]
    past = Past(tuple(points), tuple(sum(point) for point in points))
    found = [suggest(config, past, seed=3, number=12) for _ in range(2)]
    assert found[0] == found[1]
    assert len(set(points)) == 12
    assert points[0] != suggest(config, Past((), ()), seed=4, number=0)
    params = config.space.params_of(found[0])
    assert 1e-5 <= params["lr"] <= 1.0
    assert params["layers"] in range(1, 9)
    assert params["optimizer"] in {"adam", "sgd", "rmsprop"}


def test_agents_side_by_side_try_different_points() -> None:
    """A point that is being tried counts as known, so nobody gets one beside it."""
    config = read_config(config_of("gp", parameters={"x": {"min": 0.0, "max": 1.0}}))
    points = tuple((place / 9,) for place in range(10))
    past = Past(points, tuple((x - 0.55) ** 2 for (x,) in points))
    first = suggest(config, past, seed=1, number=10)
    again = suggest(config, past, seed=1, number=11)
    second = suggest(config, Past(past.points, past.values, (first,)), seed=1, number=11)
    assert first == pytest.approx(again, abs=1e-6)
    assert abs(first[0] - second[0]) > 1e-3


def test_a_space_with_an_end_is_not_tried_twice() -> None:
    """What was tried is not suggested again while something is left."""
    told = {"a": {"values": [1, 2, 3]}, "b": {"min": 1, "max": 3}}
    config = read_config(config_of("gp", parameters=told))
    begun = [suggest(config, Past((), ()), seed=2, number=number) for number in range(4)]
    points = list(dict.fromkeys(begun))
    while len(points) < 9:
        values = tuple(float(sum(point)) for point in points)
        points.append(suggest(config, Past(tuple(points), values), seed=2, number=len(points)))
    assert len(set(points)) == 9


def test_bayes_learns_and_turns_to_tpe_after_many_trials() -> None:
    """In 14 trials it comes a hundred times nearer than chance; beyond its bound it asks TPE."""
    parameters = {"x": {"min": -5.0, "max": 10.0}, "y": {"min": 0.0, "max": 15.0}}

    def nearest(method: str, seed: int) -> float:
        config = read_config(config_of(method, parameters=parameters))
        points: list[tuple[float, ...]] = []
        values: list[float] = []
        for number in range(14):
            past = Past(tuple(points), tuple(values))
            points.append(suggest(config, past, seed=seed, number=number))
            params = config.space.params_of(points[-1])
            values.append((params["x"] - 2) ** 2 + (params["y"] - 11) ** 2)
        return min(values)

    drawn = statistics.median(nearest("random", seed) for seed in range(20))
    assert nearest("bayes", 0) < drawn / 100

    config = read_config(config_of("bayes", parameters=parameters))
    many = tuple((place / 300, 0.5) for place in range(MAX_BAYES_GP + 1))
    past = Past(many, tuple(x for x, _ in many))
    expected = tpe.suggest(config.space, past, seed=5, number=201)
    assert suggest(config, past, seed=5, number=201) == expected
