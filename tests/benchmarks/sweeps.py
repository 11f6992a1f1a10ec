"""How good and how quick the search of sweeps is.

    python tests/benchmarks/sweeps.py regret [SEEDS]    median regret after 25 and 50 evaluations
    python tests/benchmarks/sweeps.py latency [METHOD]  ask + tell over HTTP, by finished trials

Beside our methods stand Optuna's own TPE, and its GP where PyTorch is installed.
"""

import math
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.servers import start_server

from weave_core import Client
from weave_core.model import TrialQuestion, TrialResult
from weave_core.server.sweeps.configs import read_config
from weave_core.server.sweeps.pasts import Past
from weave_core.server.sweeps.suggesters import suggest

EVALUATIONS = 50
HALF = 25
OURS = ("random", "sobol", "tpe", "gp")
WINDOWS = (50, 150, 300, 1_000)
WINDOW = 30
_UNIT = {"min": 0.0, "max": 1.0}


@dataclass(frozen=True)
class Problem:
    """Something to minimise, and the least that it has."""

    name: str
    parameters: dict[str, Any]
    function: Callable[[Mapping[str, Any]], float]
    least: float


def branin(at: Mapping[str, Any]) -> float:
    """Two dimensions, three equal minima."""
    x, y = float(at["x"]), float(at["y"])
    bent = y - 5.1 / (4 * math.pi**2) * x**2 + 5 / math.pi * x - 6
    return bent**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10


_HARTMANN_A = (
    (10, 3, 17, 3.5, 1.7, 8),
    (0.05, 10, 17, 0.1, 8, 14),
    (3, 3.5, 1.7, 10, 17, 8),
    (17, 8, 0.05, 10, 0.1, 14),
)
_HARTMANN_P = (
    (1312, 1696, 5569, 124, 8283, 5886),
    (2329, 4135, 8307, 3736, 1004, 9991),
    (2348, 1451, 3522, 2883, 3047, 6650),
    (4047, 8828, 8732, 5743, 1091, 381),
)


def hartmann(at: Mapping[str, Any]) -> float:
    """Six dimensions, one deep minimum among others."""
    xs = [at[f"x{place}"] for place in range(6)]
    total = 0.0
    for weight, a, p in zip((1.0, 1.2, 3.0, 3.2), _HARTMANN_A, _HARTMANN_P, strict=True):
        far = sum(s * (x - m / 10_000) ** 2 for s, x, m in zip(a, xs, p, strict=True))
        total -= weight * math.exp(-far)
    return total


def ackley(at: Mapping[str, Any]) -> float:
    """Five dimensions, a hole in the middle of waves."""
    xs = [at[f"x{place}"] for place in range(5)]
    root = math.sqrt(sum(x * x for x in xs) / 5)
    waves = sum(math.cos(2 * math.pi * x) for x in xs) / 5
    return -20 * math.exp(-0.2 * root) - math.exp(waves) + 20 + math.e


def mixed(at: Mapping[str, Any]) -> float:
    """What trainings have: rates over magnitudes, whole numbers, names."""
    rate = (math.log10(at["lr"]) + 2.5) ** 2 / 10
    decay = (math.log10(at["decay"]) + 4) ** 2 / 40
    layers = (at["layers"] - 5) ** 2 / 100
    dropout = (at["dropout"] - 0.2) ** 2
    optimizer = {"adam": 0.0, "sgd": 0.1, "rmsprop": 0.05, "adagrad": 0.2}[at["optimizer"]]
    activation = {"gelu": 0.0, "relu": 0.03, "tanh": 0.08, "elu": 0.05}[at["activation"]]
    return float(rate + decay + layers + dropout + optimizer + activation)


PROBLEMS = (
    Problem(
        "Branin",
        {"x": {"min": -5.0, "max": 10.0}, "y": {"min": 0.0, "max": 15.0}},
        branin,
        0.39788735772973816,
    ),
    Problem("Hartmann-6", {f"x{i}": _UNIT for i in range(6)}, hartmann, -3.3223680114155147),
    Problem("Ackley-5", {f"x{i}": {"min": -10.0, "max": 10.0} for i in range(5)}, ackley, 0.0),
    Problem(
        "mixed",
        {
            "lr": {"distribution": "log_uniform_values", "min": 1e-5, "max": 1.0},
            "decay": {"distribution": "log_uniform_values", "min": 1e-7, "max": 1e-1},
            "layers": {"min": 1, "max": 10},
            "dropout": {"min": 0.0, "max": 0.7},
            "optimizer": {"values": ["adam", "sgd", "rmsprop", "adagrad"]},
            "activation": {"values": ["gelu", "relu", "tanh", "elu"]},
        },
        mixed,
        0.0,
    ),
)


def ours(problem: Problem, method: str, seed: int) -> list[float]:
    """What each evaluation gave."""
    config = read_config(
        {"method": method, "metric": {"name": "y"}, "parameters": problem.parameters}
    )
    points: list[Any] = []
    values: list[float] = []
    for number in range(EVALUATIONS):
        past = Past(tuple(points), tuple(values))
        point = suggest(config, past, seed=seed, number=number)
        points.append(point)
        values.append(problem.function(config.space.params_of(point)))
    return values


def _by(method: str, problem: Problem, seed: int) -> list[float]:
    return ours(problem, method, seed)


def optunas(problem: Problem, sampler: Any) -> list[float]:
    """The same by Optuna alone."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=sampler)
    values = []
    for _ in range(EVALUATIONS):
        trial = study.ask()
        at = {name: _suggested(trial, name, told) for name, told in problem.parameters.items()}
        values.append(problem.function(at))
        study.tell(trial, values[-1])
    return values


def _suggested(trial: Any, name: str, told: Mapping[str, Any]) -> Any:
    if "values" in told:
        return trial.suggest_categorical(name, told["values"])
    if isinstance(told["min"], int):
        return trial.suggest_int(name, told["min"], told["max"])
    return trial.suggest_float(name, told["min"], told["max"], log="distribution" in told)


def regrets(seeds: int) -> None:
    """Print the median distance to the least value."""
    import warnings

    warnings.simplefilter("ignore")
    import optuna

    runners: dict[str, Callable[[Problem, int], list[float]]] = {
        method: partial(_by, method) for method in OURS
    }
    runners["Optuna TPE"] = lambda problem, seed: optunas(
        problem, optuna.samplers.TPESampler(seed=seed)
    )
    try:
        import torch  # noqa: F401

        runners["Optuna GP"] = lambda problem, seed: optunas(
            problem, optuna.samplers.GPSampler(seed=seed)
        )
    except ImportError:
        pass
    print(f"median regret after {EVALUATIONS} (after {HALF}), {seeds} seeds; ms a suggestion")
    for problem in PROBLEMS:
        for name, runner in runners.items():
            begun = time.process_time()
            runs = [runner(problem, seed) for seed in range(seeds)]
            cost_ms = (time.process_time() - begun) / seeds / EVALUATIONS * 1e3
            full = statistics.median(min(run) - problem.least for run in runs)
            half = statistics.median(min(run[:HALF]) - problem.least for run in runs)
            print(f"  {problem.name:11} {name:11} {full:8.4f} ({half:.4f})  {cost_ms:6.1f} ms")


def latencies(method: str) -> None:
    """Print how long ask and tell take together as trials add up, in six dimensions."""
    config = {"method": method, "metric": {"name": "y"}, "parameters": PROBLEMS[1].parameters}
    with TemporaryDirectory() as folder, start_server(Path(folder)) as server:
        client = Client(server.url)
        sweep_id = client.add_sweep("bench", config).sweep_id
        took_ms = []
        for _ in range(max(WINDOWS) + WINDOW):
            begun = time.perf_counter()
            _one(client, sweep_id)
            took_ms.append((time.perf_counter() - begun) * 1e3)
    for done in WINDOWS:
        found = sorted(took_ms[done : done + WINDOW])
        print(
            f"  {method:7} {done:5} finished: median {statistics.median(found):6.1f} ms,"
            f" 9 of 10 within {found[int(0.9 * WINDOW)]:6.1f} ms"
        )


def _one(client: Client, sweep_id: str) -> None:
    question = TrialQuestion(ask_key=uuid4().hex, agent="bench")
    trial = client.ask_trial("bench", sweep_id, question).trial
    assert trial is not None
    result = TrialResult(token=trial.token, value=hartmann(trial.params))
    client.tell_trial("bench", sweep_id, trial.number, result)


if __name__ == "__main__":
    if sys.argv[1:2] == ["latency"]:
        latencies(sys.argv[2] if len(sys.argv) > 2 else "bayes")
    else:
        regrets(int(sys.argv[2]) if len(sys.argv) > 2 else 5)
