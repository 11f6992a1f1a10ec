"""Wrap a method of somebody else's class, and put the old one back.

A wrapper keeps the name, the signature and `__wrapped__` of what it wraps; wrapping twice wraps
once, and unwrapping leaves alone what others have wrapped since.
"""

import functools
import threading
from collections.abc import Callable
from typing import Any

__all__ = ["defining_class", "is_wrapped", "unwrap", "wrap"]

_MARK = "__weave_core_wrapped__"
_lock = threading.Lock()


def defining_class(cls: type, name: str) -> type:
    """The class in whose body `cls` gets its `name` from: wrapped there, all siblings are covered.

    Raises:
        AttributeError: If `cls` has no such attribute.
    """
    for owner in cls.__mro__:
        if name in vars(owner):
            return owner
    raise AttributeError(f"{cls.__module__}.{cls.__qualname__} has no {name!r}")


def wrap(owner: Any, name: str, make: Callable[[Callable[..., Any]], Callable[..., Any]]) -> bool:
    """Replace `owner.name` by `make(original)`; False where it is ours already.

    Args:
        owner: A class or module.
        name: Attribute of `owner` itself, not inherited.
        make: Gets the original function, gives the one that replaces it.
    """
    with _lock:
        original = vars(owner)[name]
        if getattr(original, _MARK, False):
            return False
        wrapper = functools.wraps(original)(make(original))
        setattr(wrapper, _MARK, True)
        setattr(owner, name, wrapper)
        return True


def unwrap(owner: Any, name: str) -> bool:
    """Put the original back; False where `owner.name` is not ours (any more)."""
    with _lock:
        current = vars(owner).get(name)
        if not is_wrapped(current):
            return False
        setattr(owner, name, current.__wrapped__)
        return True


def is_wrapped(func: object) -> bool:
    """Whether `func` is a wrapper that `wrap` made, and not a wrapper around one."""
    return bool(vars(func).get(_MARK)) if hasattr(func, "__dict__") and not _hides(func) else False


def _hides(func: object) -> bool:
    """Whether somebody's wrapper copied our mark: `functools.wraps` copies `__dict__` too."""
    wrapped = getattr(func, "__wrapped__", None)
    return bool(getattr(wrapped, _MARK, False))
