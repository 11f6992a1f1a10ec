"""What a program logs at a step, as numbers: mappings flattened, tensors read, the rest told.

The quick way, a flat dictionary of Python numbers, does not come through here.  A program is never
stopped by what it logs: what can't be kept is left out, and said once for each key.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

from weave_core.flat_keys import flattened

__all__ = [
    "MAX_KEY_LENGTH",
    "MAX_STEP",
    "NO_DICTIONARY",
    "PLAIN_NUMBERS",
    "checked_keys",
    "checked_step",
    "read_values",
]

MAX_KEY_LENGTH = 500
"""Characters of a metric's key; what is longer is cut."""
PLAIN_NUMBERS = frozenset({int, float, bool})
MAX_STEP = 2**63 - 2
"""Largest step; the next one has to be a 64-bit number as well."""
_MAX_SHOWN = 60
NO_DICTIONARY = "(no dictionary)"
"""Stands for the key where there is none; a wrong step is told beside it, under `*`."""

Tell = Callable[[str, str], None]
"""Notes why something under a key was left out."""
KeepOther = Callable[[str, Any], bool]
"""Takes what is no number; gives whether it is something that is kept."""


def read_values(data: Any, tell: Tell, keep: KeepOther | None = None) -> dict[str, float]:
    """The numbers in `data` by their whole keys.

    Args:
        data: A mapping, maybe of mappings: `{"val": {"loss": 1}}` is `val.loss`.
        tell: Hears of what is no number.
        keep: Is asked first.
    """
    if not isinstance(data, Mapping):
        told = f"a {type(data).__name__} was logged; give a dictionary of names to numbers"
        tell(NO_DICTIONARY, told)
        return {}
    found: dict[str, float] = {}
    try:
        leaves = list(flattened(data))
    except Exception as error:  # noqa: BLE001  # A mapping of somebody's own that breaks.
        tell(NO_DICTIONARY, f"a {type(data).__name__} could not be read: {error!r}")
        return {}
    for key, value in leaves:
        number = _number(value)
        if number is None:
            if keep is not None and keep(_key(key), value):
                continue
            tell(key, f"a {type(value).__name__} was logged, which is no number: it is left out")
        else:
            found[key] = number
    return found


def _number(value: Any) -> float | None:
    """`value` as a float; None where it is none.  Tensors and arrays of one element are numbers."""
    if type(value) in PLAIN_NUMBERS:
        return _float(value)
    if value is None or isinstance(value, str | bytes):
        return None
    try:
        item = getattr(value, "item", None)
        if callable(item):
            value = item()  # Of numpy, torch, JAX and TensorFlow; raises where there are several.
        return _float(value)
    except Exception:  # noqa: BLE001  # Whatever a foreign type raises, it is no number.
        return None


def _float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:  # An integer beyond what a double holds.
        return math.inf if value > 0 else -math.inf


def checked_step(step: Any, tell: Tell) -> int | None:
    """`step` as a whole number of at least 0; None where it is none."""
    try:
        number = step if type(step) is int else _whole(step)
    except Exception:  # noqa: BLE001  # As above.
        number = None
    if number is None or not 0 <= number <= MAX_STEP:
        shown = repr(step)[:_MAX_SHOWN]
        tell(
            "*", f"step={shown} is no whole number of at least 0: what was logged there is left out"
        )
        return None
    return number


def _whole(step: Any) -> int | None:
    number = _number(step)
    return int(number) if number is not None and number.is_integer() else None


def checked_keys(keys: tuple[Any, ...]) -> tuple[str, ...]:
    """Keys as texts that any system can hold."""
    return tuple(_key(key) for key in keys)


def _key(key: Any) -> str:
    text = key if type(key) is str else str(key)
    text = text.encode("utf-8", "replace").decode().replace("\0", "")
    return text[:MAX_KEY_LENGTH] or "(empty)"
