"""One parameter of a sweep's config, read: what wandb's `parameters` may say, in its own words.

Source:
    wandb/sweeps, `src/sweeps/config/schema.json` and `src/sweeps/params.py`: names, defaults, and
    what a parameter without a `distribution` means.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from weave_core.errors import BadRequest
from weave_core.server.sweeps.distributions import Choices, Curve, Distribution, Levels
from weave_core.server.sweeps.spaces import Parameter, Space

__all__ = ["MAX_CHOICES", "MAX_PARAMETERS", "read_space", "refused"]

MAX_PARAMETERS = 200
"""Parameters of a sweep, nested ones counted."""
MAX_CHOICES = 10_000
"""Values of one parameter."""
_MAX_DEPTH = 10

_CURVES = {
    "uniform": ("uniform", "bounds"),
    "log_uniform": ("log", "exponents"),
    "log_uniform_values": ("log", "bounds"),
    "inv_log_uniform": ("log", "inverse exponents"),
    # What draws 1/x from log-uniform bounds of 1/x draws x from the bounds of x.
    "inv_log_uniform_values": ("log", "bounds"),
    "normal": ("normal", "moments"),
    "log_normal": ("log_normal", "moments"),
    "beta": ("beta", "shapes"),
}
_ROUNDED = {f"q_{name}": kind for name, kind in _CURVES.items() if not name.startswith("inv")}
_WORDS = (
    *("constant", "categorical", "categorical_w_probabilities", "int_uniform"),
    *_CURVES,
    *_ROUNDED,
    "param_dict",
)
_KEYS = (
    *("value", "values", "probabilities", "min", "max", "mu", "sigma", "q", "a", "b"),
    *("distribution", "parameters", "when"),
)


def read_space(given: Any) -> Space:
    """The space that `parameters` describes.

    Raises:
        BadRequest: If something in it can't be used; it names the key, what was found, and what
            is allowed.
    """
    found = list(_read_all(given, ()))
    if not found:
        raise refused("parameters", given, "name at least one parameter")
    if len(found) > MAX_PARAMETERS:
        raise refused("parameters", f"{len(found)} of them", f"at most {MAX_PARAMETERS}")
    names = {each.name: each for each in found}
    for each in found:
        for name, _ in each.when:
            if name not in names or name == each.name:
                raise refused(f"parameters.{each.name}.when", name, "name another parameter")
    return Space(tuple(_ordered(found)))


def refused(key: str, found: Any, allowed: str) -> BadRequest:
    """The error for a key of a config that can't be used."""
    shown = found if isinstance(found, str) and " of them" in found else repr(found)[:200]
    return BadRequest(f"the sweep's {key} is {shown}", allowed)


def _read_all(given: Any, path: tuple[str, ...]) -> Iterator[Parameter]:
    where = ".".join(("parameters", *path))
    if not isinstance(given, Mapping):
        raise refused(where, given, "give a mapping from names to what each may be")
    if len(path) > _MAX_DEPTH:
        raise refused(where, given, f"nest at most {_MAX_DEPTH} deep")
    for key, told in given.items():
        inner = (*path, str(key))
        if isinstance(told, Mapping) and "parameters" in told:
            yield from _read_all(told["parameters"], inner)
        else:
            yield _read_one(told, inner)


def _read_one(told: Any, path: tuple[str, ...]) -> Parameter:
    where = ".".join(("parameters", *path))
    if not isinstance(told, Mapping):
        hint = "give value, values, or min and max, such as {min: 0.001, max: 0.1}"
        raise refused(where, told, hint)
    unknown = [key for key in told if key not in _KEYS]
    if unknown:
        raise refused(
            f"{where}.{unknown[0]}", told[unknown[0]], f"known: {', '.join(sorted(_KEYS))}"
        )
    return Parameter(path, _read_distribution(told, where), _read_when(told.get("when"), where))


def _read_when(given: Any, where: str) -> tuple[tuple[str, tuple[Any, ...]], ...]:
    if given is None:
        return ()
    if not isinstance(given, Mapping):
        raise refused(f"{where}.when", given, "give a mapping such as {optimizer: [adam, sgd]}")
    return tuple(
        (str(name), tuple(values) if isinstance(values, list | tuple) else (values,))
        for name, values in given.items()
    )


def _read_distribution(told: Mapping[str, Any], where: str) -> Distribution:
    word = told.get("distribution") or _inferred(told, where)
    if word == "constant":
        return Choices((_of(told, "value", where),))
    if word in {"categorical", "categorical_w_probabilities"}:
        return _read_choices(told, where)
    if word == "int_uniform":
        low, high = _bounds(told, where)
        if low != int(low) or high != int(high):
            raise refused(f"{where}.min and max", (low, high), "int_uniform takes whole numbers")
        return Levels(int(low), 1, int(high) - int(low) + 1)
    if word == "q_uniform":
        return _read_steps(told, where)
    if word in _CURVES:
        return _read_curve(told, where, *_CURVES[word], quantum=None)
    if word in _ROUNDED:
        quantum = _quantum(told, where)
        return _read_curve(told, where, *_ROUNDED[word], quantum=quantum)
    raise refused(f"{where}.distribution", word, f"one of {', '.join(_WORDS)}")


def _inferred(told: Mapping[str, Any], where: str) -> str:
    """What a parameter is that does not say its distribution."""
    if "value" in told:
        return "constant"
    if "values" in told:
        return "categorical"
    if "min" in told and "max" in told:
        are_whole = all(type(told[key]) is int for key in ("min", "max"))
        return "int_uniform" if are_whole else "uniform"
    hint = "give value, values, min and max, or a distribution"
    raise refused(where, dict(told), hint)


def _read_choices(told: Mapping[str, Any], where: str) -> Choices:
    values = _of(told, "values", where)
    if not isinstance(values, list | tuple) or not values:
        raise refused(f"{where}.values", values, "give a list of at least one value")
    if len(values) > MAX_CHOICES:
        raise refused(f"{where}.values", f"{len(values)} of them", f"at most {MAX_CHOICES:,}")
    weights = told.get("probabilities")
    if weights is None:
        return Choices(tuple(values))
    if not isinstance(weights, list | tuple) or len(weights) != len(values):
        raise refused(f"{where}.probabilities", weights, f"give {len(values)}, one for each value")
    numbers = [_number(each, f"{where}.probabilities") for each in weights]
    if min(numbers) < 0 or not math.isclose(sum(numbers), 1, rel_tol=1e-3):
        raise refused(f"{where}.probabilities", weights, "give shares that sum up to 1")
    return Choices(tuple(values), tuple(each / sum(numbers) for each in numbers))


def _read_steps(told: Mapping[str, Any], where: str) -> Levels:
    low, high = _bounds(told, where)
    quantum = _quantum(told, where)
    first, last = math.ceil(low / quantum - 1e-9), math.floor(high / quantum + 1e-9)
    if last < first:
        raise refused(f"{where}.q", quantum, f"a step that fits between {low} and {high}")
    return Levels(first * quantum, quantum, last - first + 1)


def _read_curve(
    told: Mapping[str, Any], where: str, family: Any, kind: str, *, quantum: float | None
) -> Distribution:
    if kind == "moments":
        mu, sigma = _part(told, "mu", where, 0.0), _part(told, "sigma", where, 1.0)
        if sigma <= 0:
            raise refused(f"{where}.sigma", sigma, "give a number above 0")
        return Curve(family, mu, sigma, quantum)
    if kind == "shapes":
        a, b = _part(told, "a", where, 1.0), _part(told, "b", where, 1.0)
        if a <= 0 or b <= 0:
            raise refused(f"{where}.a and b", (a, b), "give numbers above 0")
        return Curve(family, a, b, quantum)
    low, high = _bounds(told, where)
    if kind == "exponents":
        low, high = _exp(low, where), _exp(high, where)
    elif kind == "inverse exponents":
        low, high = _exp(-high, where), _exp(-low, where)
    if family == "log" and low <= 0:
        raise refused(f"{where}.min", low, "a log distribution needs values above 0")
    if low == high:
        return Choices((low,))
    return Curve(family, low, high, quantum)


def _exp(exponent: float, where: str) -> float:
    try:
        return math.exp(exponent)
    except OverflowError:
        hint = "min and max are exponents here; log_uniform_values takes values"
        raise refused(where, exponent, hint) from None


def _bounds(told: Mapping[str, Any], where: str) -> tuple[float, float]:
    low = _number(_of(told, "min", where), f"{where}.min")
    high = _number(_of(told, "max", where), f"{where}.max")
    if low > high:
        raise refused(f"{where}.min", low, f"give at most max, which is {high}")
    return low, high


def _quantum(told: Mapping[str, Any], where: str) -> float:
    quantum = _part(told, "q", where, 1)
    if quantum <= 0:
        raise refused(f"{where}.q", quantum, "give a number above 0")
    return quantum


def _part(told: Mapping[str, Any], key: str, where: str, default: float) -> float:
    return _number(told.get(key, default), f"{where}.{key}")


def _of(told: Mapping[str, Any], key: str, where: str) -> Any:
    if key not in told:
        raise refused(where, dict(told), f"it needs {key!r}")
    return told[key]


def _number(given: Any, where: str) -> float:
    """A finite number; texts such as `1e-3`, which YAML takes for a text, are read."""
    if isinstance(given, str):
        try:
            given = float(given)
        except ValueError:
            raise refused(where, given, "give a number") from None
    if isinstance(given, bool) or not isinstance(given, int | float) or not math.isfinite(given):
        raise refused(where, given, "give a number")
    return given


def _ordered(found: list[Parameter]) -> Iterator[Parameter]:
    """Each behind those that it depends on, else as they were given."""
    left, known = list(found), set[str]()
    while left:
        ready = next((each for each in left if all(name in known for name, _ in each.when)), None)
        if ready is None:
            names = ", ".join(each.name for each in left)
            raise refused("parameters", names, "their `when` must not go round in a circle")
        left.remove(ready)
        known.add(ready.name)
        yield ready
