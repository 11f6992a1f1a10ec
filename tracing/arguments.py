"""What a function was called with, by parameter name; defaults included, `self` left out.

`inspect.Signature.bind` does the same and takes six times as long, which a traced call would feel.
"""

import inspect
from collections.abc import Callable
from typing import Any

__all__ = ["Parameters"]

_EMPTY = inspect.Parameter.empty
_BY_POSITION = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class Parameters:
    """The parameters of one function.

    Args:
        func: Any callable; one without a signature (some built-ins) is told by position.
        skips_first: Leave the first argument out of the record (`self`, `cls`).
    """

    __slots__ = ("_defaults", "_names", "_rest_name", "_shown", "_skip")

    def __init__(self, func: Callable[..., Any], *, skips_first: bool = False) -> None:
        self._skip = 1 if skips_first else 0
        self._rest_name = "args"
        self._names: tuple[str, ...] = ()
        self._shown: tuple[str, ...] = ()
        self._defaults: dict[str, Any] = {}
        try:
            parameters = list(inspect.signature(func).parameters.values())
        except (TypeError, ValueError):
            return
        self._names = tuple(p.name for p in parameters if p.kind in _BY_POSITION)
        self._shown = self._names[self._skip :]
        for parameter in parameters:
            if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
                self._rest_name = parameter.name
            elif parameter.default is not _EMPTY:
                self._defaults[parameter.name] = parameter.default

    def named(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """Name to value for one call, in the order of the signature as far as it is told.

        A wrong call (too many, missing) is named as far as it goes: the function itself is about
        to say what is wrong with it.
        """
        skip = self._skip
        names = self._names
        inputs = dict(zip(self._shown, args[skip:] if skip else args, strict=False))
        if len(args) > len(names):
            inputs[self._rest_name] = args[max(len(names), skip) :]
        if kwargs:
            inputs.update(kwargs)
        if self._defaults:
            for name, value in self._defaults.items():
                if name not in inputs:
                    inputs[name] = value
        return inputs
