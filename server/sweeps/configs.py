"""The config of a sweep, read and checked: a wandb sweep as it is, with some words of our own.

The config is kept as it was given and read anew for each question, so a newer version reads old
sweeps by its own lights; `when`, `seed`, `budget` and the methods `gp`, `tpe` and `sobol` are ours.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from weave_core.errors import BadRequest, MissingExtra
from weave_core.server.sweeps.distributions import Curve, canonical
from weave_core.server.sweeps.parameters import read_space, refused
from weave_core.server.sweeps.spaces import Space

__all__ = [
    "MAX_CONFIG_BYTES",
    "Budget",
    "EarlyStop",
    "Method",
    "Metric",
    "SweepConfig",
    "parsed",
    "read_config",
]

MAX_CONFIG_BYTES = 1_000_000
"""Of a sweep's config as JSON."""
Method = Literal["bayes", "gp", "grid", "random", "sobol", "tpe"]
Impute = Literal["worst", "best", "latest"]
StopRule = Literal["hyperband", "asha", "median"]

_KEYS = (
    *("method", "metric", "parameters", "early_terminate", "run_cap", "budget", "seed"),
    "name",
    *("description", "program", "command", "project", "entity", "controller", "apiVersion", "kind"),
)
_EXPONENT = re.compile(r"[-+]?[0-9][0-9_]*(?:\.[0-9]*)?[eE][-+]?[0-9]+$")


@dataclass(frozen=True, slots=True)
class Metric:
    """What is searched for."""

    name: str
    is_maximized: bool = False
    target: float | None = None
    """The sweep has ended when a trial is as good."""
    impute: Impute = "worst"
    """What a failed trial counts as."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How long a sweep may go on, from its begin or from when it was resumed last."""

    hours: float | None = None
    trial_hours: float | None = None
    """Of all its trials together."""


@dataclass(frozen=True, slots=True)
class EarlyStop:
    """When a trial is not worth going on with."""

    rule: StopRule
    min_iter: int = 1
    """Values of the metric before it is judged first."""
    eta: float = 3.0
    """One of so many goes on."""
    rungs: tuple[int, ...] = ()
    """After how many values of the metric it is judged, least first."""
    is_strict: bool = True
    """Judged at every rung that it has passed, not at the last one only."""
    min_trials: int = 1
    """Trials that have to have come as far."""


@dataclass(frozen=True, slots=True)
class SweepConfig:
    """A config that can be used."""

    method: Method
    space: Space
    metric: Metric | None
    early_stop: EarlyStop | None
    run_cap: int | None
    budget: Budget | None
    seed: int | None
    name: str | None


def parsed(given: Mapping[str, Any] | str) -> dict[str, Any]:
    """A config that may be YAML or JSON text.

    Raises:
        BadRequest: If it is no mapping, or too large.
        MissingExtra: If it is YAML and PyYAML is not installed.
    """
    config = _loaded(given) if isinstance(given, str) else given
    if not isinstance(config, Mapping):
        raise refused("config", config, "give a mapping with method, metric and parameters")
    try:
        size = len(canonical(dict(config)))
    except TypeError as error:
        raise BadRequest(f"the sweep's config is no JSON: {error}", "dates need quotes") from None
    if size > MAX_CONFIG_BYTES:
        raise refused("config", f"{size:,} bytes of them", f"at most {MAX_CONFIG_BYTES:,}")
    return dict(config)


def _loaded(text: str) -> Any:
    try:
        import yaml  # type: ignore[import-untyped]  # It ships no types.
    except ImportError as error:
        raise MissingExtra(
            "YAML can't be read: PyYAML is not installed", "pip install 'weave-core[server]'"
        ) from error

    class Loader(yaml.SafeLoader):  # type: ignore[misc]  # As above.
        """YAML 1.1 takes 1e-3 for a text; nobody who writes it in a sweep means one."""

    Loader.add_implicit_resolver("tag:yaml.org,2002:float", _EXPONENT, list("-+0123456789"))
    if len(text) > MAX_CONFIG_BYTES:
        raise refused("config", f"{len(text):,} bytes of them", f"at most {MAX_CONFIG_BYTES:,}")
    try:
        return yaml.load(text, Loader)  # noqa: S506  # A SafeLoader.
    except (yaml.YAMLError, RecursionError) as error:
        told = " ".join(str(error).split())[:300]
        raise BadRequest(f"the sweep's config is no YAML: {told}") from None


def read_config(config: Mapping[str, Any]) -> SweepConfig:
    """The config that can be used.

    Raises:
        BadRequest: If it can't; it names the key, what was found, and what is allowed.
    """
    for key in config:
        if key not in _KEYS:
            raise refused(f"key {key!r}", config[key], f"known keys: {', '.join(sorted(_KEYS))}")
    method = _one_of("method", config.get("method"), Method)
    space = read_space(config.get("parameters"))
    metric = _read_metric(config.get("metric"))
    early_stop = _read_early_stop(config.get("early_terminate"))
    if metric is None and (method in {"bayes", "gp", "tpe"} or early_stop is not None):
        what = f"method {method}" if early_stop is None else "early_terminate"
        raise refused("metric", None, f"{what} needs one, such as {{name: loss, goal: minimize}}")
    if method == "grid":
        for each in space.varied:
            if isinstance(each.distribution, Curve):
                hint = "a grid takes value, values, int_uniform or q_uniform: an end must be"
                raise refused(f"parameters.{each.name}", "without end", hint)
    seed = config.get("seed")
    return SweepConfig(
        method=method,
        space=space,
        metric=metric,
        early_stop=early_stop,
        run_cap=_whole("run_cap", config.get("run_cap"), 1),
        budget=_read_budget(config.get("budget")),
        seed=None if seed is None else _whole("seed", seed, 0),
        name=None if config.get("name") is None else str(config["name"])[:200],
    )


def _read_metric(given: Any) -> Metric | None:
    if given is None:
        return None
    if isinstance(given, str):
        return Metric(given)
    keys = ("name", "goal", "target", "impute", "impute_while_running")
    _check_keys("metric", given, keys)
    name = given.get("name")
    if not isinstance(name, str) or not name:
        raise refused("metric.name", name, "give the key that is logged, such as val/loss")
    goal = _one_of("metric.goal", given.get("goal", "minimize"), Literal["minimize", "maximize"])
    target = given.get("target")
    if target is not None and (isinstance(target, bool) or not isinstance(target, int | float)):
        raise refused("metric.target", target, "give a number")
    impute = _one_of("metric.impute", given.get("impute", "worst"), Impute)
    return Metric(name, goal == "maximize", target, impute)


def _read_budget(given: Any) -> Budget | None:
    if given is None:
        return None
    keys = ("hours", "trial_hours")
    _check_keys("budget", given, keys)
    for key in keys:
        hours = given.get(key)
        if hours is None:
            continue
        if isinstance(hours, bool) or not isinstance(hours, int | float) or not hours > 0:
            raise refused(f"budget.{key}", hours, "give a number of hours above 0")
    return Budget(given.get("hours"), given.get("trial_hours"))


def _read_early_stop(given: Any) -> EarlyStop | None:
    if given is None:
        return None
    keys = ("type", "min_iter", "max_iter", "s", "eta", "strict", "min_trials")
    _check_keys("early_terminate", given, keys)
    rule = _one_of("early_terminate.type", given.get("type", "hyperband"), StopRule)
    eta = given.get("eta", 3)
    if isinstance(eta, bool) or not isinstance(eta, int | float) or eta <= 1:
        raise refused("early_terminate.eta", eta, "give a number above 1")
    min_iter = _whole("early_terminate.min_iter", given.get("min_iter"), 1)
    max_iter = _whole("early_terminate.max_iter", given.get("max_iter"), 1)
    brackets = _whole("early_terminate.s", given.get("s"), 1)
    if rule == "hyperband" and min_iter is None and (max_iter is None or brackets is None):
        raise refused("early_terminate", dict(given), "hyperband needs min_iter, or max_iter and s")
    min_trials = _whole("early_terminate.min_trials", given.get("min_trials"), 1)
    default = {"hyperband": 1, "asha": round(eta), "median": 5}[rule]
    return EarlyStop(
        rule=rule,
        min_iter=min_iter or 1,
        eta=float(eta),
        rungs=_rungs(rule, min_iter, max_iter, brackets, eta),
        is_strict=bool(given.get("strict", rule == "hyperband")),
        min_trials=min_trials or default,
    )


_MAX_RUNGS = 40


def _rungs(
    rule: str, min_iter: int | None, max_iter: int | None, brackets: int | None, eta: float
) -> tuple[int, ...]:
    """After how many values trials are judged."""
    if rule == "hyperband" and min_iter is None and max_iter is not None and brackets is not None:
        found = [int(max_iter / eta**each) for each in range(brackets, 0, -1)]
    else:
        factor = 1.5 if rule == "median" else eta
        found = [int((min_iter or 1) * factor**each) for each in range(_MAX_RUNGS)]
    top = max_iter if max_iter is not None else 10**9
    return tuple(sorted({each for each in found if 1 <= each <= top}))


def _check_keys(where: str, given: Any, keys: tuple[str, ...]) -> None:
    if not isinstance(given, Mapping):
        raise refused(where, given, f"give a mapping with some of {', '.join(keys)}")
    for key in given:
        if key not in keys:
            raise refused(f"{where}.{key}", given[key], f"known: {', '.join(keys)}")


def _one_of(where: str, given: Any, words: Any) -> Any:
    if given not in get_args(words):
        raise refused(where, given, f"one of {', '.join(get_args(words))}")
    return given


def _whole(where: str, given: Any, least: int) -> int | None:
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, int) or given < least:
        raise refused(where, given, f"give a whole number of at least {least}")
    return given
