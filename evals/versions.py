"""The version of what is evaluated: its code, and the values that it was made with.

The code, with the helpers and constants that it uses, is what tracing tells of an operation
(`weave_core.tracing.sources`).  A task is often made by a function or a class as well, so the plain
values of its closure, its object and its partial are part of what it is.  What can't be seen (a
model behind a server, a file that is read) needs a version said by hand.
"""

import dis
import functools
import types
from collections.abc import Iterator
from dataclasses import is_dataclass
from typing import Any

from weave_core.digests import digest_json
from weave_core.tracing.sources import CODES

__all__ = ["name_of", "version_of"]

_MARK = "__weave_core_op__"


def name_of(func: Any) -> str:
    """The name of a callable: of the function, or of the object's class."""
    if isinstance(name := getattr(func, "name", None), str) and name:
        return name
    inner = _unwrapped(func)
    named = inner if hasattr(inner, "__name__") else type(inner)
    return str(named.__name__)


def version_of(func: Any) -> str:
    """`sha256:` digest of what `func` is."""
    code = CODES.version_of(func)
    values = dict(_values(func))
    if code is None:
        # Of a library, ours included: its name, and what it was made with.
        named = _unwrapped(func)
        kind = named if hasattr(named, "__qualname__") else type(named)
        return digest_json([f"{kind.__module__}.{kind.__qualname__}", values])
    return digest_json([code, values]) if values else code


def _unwrapped(func: Any) -> Any:
    func = getattr(func, _MARK, func)
    while isinstance(func, functools.partial) or hasattr(func, "__wrapped__"):
        func = func.func if isinstance(func, functools.partial) else func.__wrapped__
    return func


def _values(func: Any) -> Iterator[tuple[str, str]]:
    """Plain values that `func` was made with, by where they are, as digests."""
    func = getattr(func, _MARK, func)
    if isinstance(func, functools.partial):
        yield from _plain("partial", {str(n): value for n, value in enumerate(func.args)})
        yield from _plain("partial", func.keywords)
    inner = _unwrapped(func)
    if isinstance(inner, types.MethodType):
        yield from _plain("object", getattr(inner.__self__, "__dict__", {}))
        inner = inner.__func__
    if not isinstance(inner, types.FunctionType):
        yield from _plain("object", getattr(inner, "__dict__", {}))
        return
    written = _written(inner.__code__)
    cells = zip(inner.__code__.co_freevars, inner.__closure__ or (), strict=False)
    held = {name: _content(cell) for name, cell in cells if name not in written}
    yield from _plain("closure", held)


def _plain(where: str, values: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What of `values` is JSON; a client or a model is none."""
    for name, value in sorted(values.items()):
        if value is None:
            continue
        try:
            digest = _digest(value)
        except (TypeError, ValueError, RecursionError):
            continue
        if digest is not None:
            yield f"{where} {name}", digest


def _digest(value: Any) -> str | None:
    """Of a plain value, a function, an object that is published, or a list of such."""
    if hasattr(value, "to_content"):  # A prompt.
        return digest_json(value.to_content())
    if is_dataclass(value):  # A scorer, or the model of a judge with its name.
        return version_of(value)
    if callable(value):
        return CODES.version_of(value)
    if isinstance(value, list | tuple) and any(map(callable, value)):
        return digest_json([_digest(each) for each in value])
    return digest_json(value)


def _written(code: types.CodeType) -> set[str]:
    """Outer names that the code assigns: counters and the like, which say nothing of what it is."""
    return {str(each.argval) for each in dis.get_instructions(code) if each.opname == "STORE_DEREF"}


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # Nothing is in it yet.
        return None
