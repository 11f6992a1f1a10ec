"""Scorers by their name: a monitor names them, and a worker makes them.

Whoever can write to the server can make a monitor, so what it names is not simply imported: the
built-in scorers are, but for one that runs programs, and modules that the worker was told.
"""

import dataclasses
import inspect
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from typing import Any

from weave_core.errors import ConfigError, WeaveError
from weave_core.evals import scorers
from weave_core.evals.calls import Call, call_of
from weave_core.evals.scorers.contract import Scorer
from weave_core.model import ScorerSpec

__all__ = ["ScorerShelf", "asks_model"]

_NOT_HERE = {
    "RunsPython": "it runs what a span says as a program",
    "Pairwise": "it compares with another answer, and a live span has one",
}
_MODELS = ("model", "models")


def asks_model(call: Call) -> bool:
    """Whether a scorer is made with a model that it asks."""
    made = getattr(call.func, "__self__", None)
    return any(getattr(made, name, None) is not None for name in _MODELS)


class ScorerShelf:
    """Makes scorers.

    Args:
        modules: Modules, and with them what lies below, that monitors may name scorers of; None:
            any, for somebody who tries their own.
        model: What answers for a judge's `model`, such as `openai:gpt-4o-mini`.
    """

    def __init__(self, *, modules: Sequence[str] | None, model: Callable[[str], Any]) -> None:
        self._modules = modules
        self._model = model

    def calls(self, specs: Sequence[ScorerSpec], columns: set[str]) -> list[Call]:
        """How to call each scorer.

        Raises:
            ConfigError: If one is not to be had, can't be made so, or wants what there is not.
        """
        found: list[Call] = []
        for spec in specs:
            call = call_of(self._made(spec), role="scorer", columns=columns)
            if any(each.name == call.name for each in found):
                raise ConfigError(
                    f"two scorers are called {call.name!r}", "give one of them another `name`"
                )
            found.append(call)
        return found

    def _made(self, spec: ScorerSpec) -> Any:
        module, _, name = spec.scorer.partition(":")
        target = self._imported(module, name) if name else _built_in(spec.scorer)
        if not isinstance(target, type):
            if spec.params and not name:
                raise ConfigError(f"{spec.scorer!r} takes no params")
            return _with_params(spec, target)
        params = dict(spec.params)
        for key in _MODELS:
            given = params.get(key)
            if isinstance(given, str):
                params[key] = self._model(given)
            elif key == "models" and isinstance(given, list):
                params[key] = [self._model(str(each)) for each in given]
        try:
            return target(**params)
        except WeaveError:
            raise
        except Exception as error:
            raise ConfigError(
                f"{spec.scorer} can't be made of {spec.params!r:.300}: {error}",
                _fields_of(target),
            ) from error

    def _imported(self, module: str, name: str) -> Any:
        allowed = self._modules
        if allowed is not None and not any(
            module == each or module.startswith(f"{each}.") for each in allowed
        ):
            raise ConfigError(
                f"scorer {module + ':' + name!r} is of a module that this worker may not import",
                "start it with WEAVE_CORE_SCORER_MODULES=" + (module.partition(".")[0] or "MODULE"),
            )
        try:
            return getattr(import_module(module), name)
        except Exception as error:
            raise ConfigError(
                f"scorer {module + ':' + name!r} can't be imported: {error!r}",
                "its folder has to be on PYTHONPATH of the worker",
            ) from error


def _built_in(name: str) -> Any:
    if name in _NOT_HERE:
        raise ConfigError(f"{name} is not for monitors: {_NOT_HERE[name]}")
    found = getattr(scorers, name, None) if name in scorers.__all__ else None
    if not (isinstance(found, type) and issubclass(found, Scorer)) or inspect.isabstract(found):
        raise ConfigError(
            f"there is no built-in scorer {name!r}",
            "docs/reference/scorers.md lists them; one of your own is `module:name`",
        )
    return found


def _with_params(spec: ScorerSpec, target: Any) -> Any:
    """A function with its params put in; its name and its version are still its own."""
    if not spec.params:
        return target
    if dataclasses.is_dataclass(target) or not callable(target):
        raise ConfigError(
            f"{spec.scorer!r} is an object, which takes no params", "name its class instead"
        )
    return partial(target, **spec.params)


def _fields_of(target: type) -> str:
    if not dataclasses.is_dataclass(target):
        return ""
    return f"it takes {', '.join(each.name for each in dataclasses.fields(target))}"
