"""What `PATH::NAME` of the command line means: an evaluation or a judge of a user's program."""

import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from weave_core.errors import ConfigError, WeaveError

if TYPE_CHECKING:
    from weave_core.evals.evaluations import Evaluation

__all__ = ["load_evaluation", "load_judge"]


def load_evaluation(target: str) -> "Evaluation":
    """The evaluation that `PATH[::NAME]` names, or that a function of that name makes.

    Raises:
        ConfigError: If there is no such file or name, or it is no evaluation.
    """
    from weave_core.evals.evaluations import Evaluation

    module, name = _loaded(target)
    known = {key: value for key, value in vars(module).items() if isinstance(value, Evaluation)}
    if not name and len(known) == 1:
        return next(iter(known.values()))
    found = getattr(module, name, None) if name else None
    if callable(found) and not isinstance(found, Evaluation):
        _check_parameters(target, found)
        found = _own(target, found)
    if not isinstance(found, Evaluation):
        there = f"there is {', '.join(known)}" if known else "it has none at its top"
        raise ConfigError(f"{target!r} names no Evaluation", f"{there}; write PATH::NAME")
    return found


def load_judge(target: str) -> Any:
    """The scorer that `PATH::NAME` names, or that a function without parameters makes.

    Raises:
        ConfigError: If there is no such file or name, or it is no scorer.
    """
    module, name = _loaded(target)
    found = getattr(module, name, None) if name else None
    if inspect.isfunction(found) and not inspect.signature(found).parameters:
        found = _own(target, found)
    if not callable(found) and not callable(getattr(found, "score", None)):
        raise ConfigError(
            f"{target!r} names no judge", "write PATH::NAME of a scorer, as an Evaluation takes it"
        )
    return found


def _loaded(target: str) -> tuple[ModuleType, str]:
    """The module at the path, and the name in it."""
    path_text, _, name = target.partition("::")
    path = Path(path_text)
    if not path.is_file():
        raise ConfigError(f"there is no file {path_text!r}", "write PATH::NAME, as pytest does")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ConfigError(f"{path_text!r} is no Python file")
    # As Python does for a program: modules beside it, and those of the folder one is in.
    sys.path[:0] = [str(path.parent.absolute()), str(Path.cwd())]
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    _own(target, lambda: spec.loader.exec_module(module))  # type: ignore[union-attr]  # Checked above.
    return module, name


def _check_parameters(target: str, found: Callable[..., Any]) -> None:
    try:
        parameters = inspect.signature(found).parameters.values()
    except (TypeError, ValueError):  # Of a library that does not say.
        return
    fixed = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    wanted = [
        each.name for each in parameters if each.default is each.empty and each.kind not in fixed
    ]
    if wanted:
        raise ConfigError(
            f"{target!r} is a function that takes {', '.join(wanted)}",
            "name an Evaluation, or a function without parameters that makes one",
        )


def _own(target: str, code: Callable[[], Any]) -> Any:
    """What the user's code gives; what it raises is shown with its stack, and is no bug of ours."""
    try:
        return code()
    except WeaveError:
        raise
    except Exception as error:
        traceback.print_exc()
        raise ConfigError(f"{target!r} could not be loaded: {error!r}") from error
