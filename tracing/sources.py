"""The code of an operation: its own source and that of what it uses from the program's own modules.

One text, the same for the same code on every machine; its digest is the operation's version, and
the text is kept as a blob under it, once per process.  Libraries are told by their versions
(`weave_core.tracing.surroundings`), not by their source.
"""

import functools
import inspect
import os
import sys
import sysconfig
import textwrap
import types
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from weave_core.digests import digest_bytes
from weave_core.tracing.failures import warn_once

__all__ = ["CODES", "CodeShelf", "code_of", "is_own"]

_OP_MARK = "__weave_core_op__"
"""On an operation: the function that it traces (`weave_core.tracing.ops`)."""
MAX_CODE_BYTES = 256 * 1024
"""Source of one operation with all that it uses; what is more is left out with a mark."""
MAX_DEFINITIONS = 300
"""Functions, classes and constants of one operation's code."""
MAX_CODES = 1_000
"""Operations of one process whose code is kept."""
_MAX_CONSTANT = 4_000
_PLAIN = (str, int, float, bool, bytes, type(None))


class CodeShelf:
    """Code between the first call of an operation and the exporter that stores it."""

    def __init__(self) -> None:
        self.clean: Callable[[str], str] | None = None
        """Takes secrets out of a text before it is digested."""
        self._known: dict[str, str] = {}
        self._waiting: dict[str, str] | None = None

    def open(self, clean: Callable[[str], str] | None) -> None:
        """An exporter takes codes from now on: all of this process, since its server may be new."""
        self.clean = clean
        self._waiting = dict(self._known)

    def close(self) -> None:
        """None takes them any more; versions are told all the same."""
        self._waiting = None

    def version_of(self, func: Callable[..., Any]) -> str | None:
        """The digest of the code of `func`; the text waits for the exporter.

        None where there is nothing to read (built-ins).  Takes 1 ms or so, once an operation.
        """
        try:
            text = code_of(func)
            if text is not None and self.clean is not None:
                text = self.clean(text)
        except Exception as error:  # noqa: BLE001  # Strange callables and broken properties: the call goes on without a version.
            warn_once("code", "the code of an operation could not be read", error=error)
            return None
        if text is None:
            return None
        version = digest_bytes(text.encode("utf-8", "replace"))
        if len(self._known) < MAX_CODES:
            self._known[version] = text
            if self._waiting is not None:
                self._waiting[version] = text
        return version

    def take(self) -> list[bytes]:
        """The texts that were not taken yet."""
        if not self._waiting:
            return []
        codes, self._waiting = self._waiting, {}
        return [text.encode("utf-8", "replace") for text in codes.values()]


CODES = CodeShelf()
"""The one of this process."""


def code_of(func: Callable[..., Any]) -> str | None:
    """The text of `func` and of what it uses of the program's own modules, in a fixed order.

    None where there is nothing to read.
    """
    walk = _Walk()
    first = _definition(func)
    if first is None:
        return None
    walk.add(first)
    walk.run()
    return walk.text(first)


@dataclass(frozen=True, slots=True)
class _Piece:
    name: str
    text: str


@dataclass(slots=True)
class _Walk:
    """Definitions that were found, and those whose own names are still to be followed."""

    pieces: dict[int, _Piece] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    waiting: deque[Any] = field(default_factory=deque)
    kept: list[Any] = field(default_factory=list)
    """What was met, so that no id is used twice while the walk lasts."""

    def add(self, found: Any) -> None:
        """Take a function or class, once."""
        if id(found) in self.pieces or len(self.pieces) + len(self.constants) >= MAX_DEFINITIONS:
            return
        name = f"{_module_name(found)}.{found.__qualname__}"
        self.kept.append(found)
        self.pieces[id(found)] = _Piece(name, _source(found))
        self.waiting.append(found)

    def run(self) -> None:
        """Follow names until there is nothing new."""
        while self.waiting:
            found = self.waiting.popleft()
            if isinstance(found, type):
                for base in found.__bases__:
                    self._use("", base)
                for member in vars(found).values():
                    self._follow(_definition(member))
            else:
                self._follow(found)

    def _follow(self, func: Any) -> None:
        if not isinstance(func, types.FunctionType):
            return
        cells = zip(func.__code__.co_freevars, func.__closure__ or (), strict=False)
        for name, cell in cells:
            try:
                self._use(name, cell.cell_contents)
            except ValueError:
                continue  # Not filled yet: a function that refers to itself before it exists.
        names = set(_names(func.__code__))
        for name in sorted(names):
            if name in func.__globals__:
                value = func.__globals__[name]
                self._use(f"{_module_name(func)}.{name}", value)
                if isinstance(value, types.ModuleType) and is_own(value.__name__):
                    for inner in sorted(names & vars(value).keys()):
                        self._use(f"{value.__name__}.{inner}", vars(value)[inner])

    def _use(self, name: str, value: Any) -> None:
        """Take what a name stands for, if it is the program's own or a constant."""
        found = _definition(value)
        if found is not None:
            if is_own(found.__module__):
                self.add(found)
        elif name.rpartition(".")[2].isupper() and name not in self.constants:
            # Names in capitals are constants by custom; others change while a program runs, and a
            # version that changes with each start is none.
            told = _constant(value)
            if told is not None and len(self.constants) < MAX_DEFINITIONS:
                self.constants[name] = told

    def text(self, first: Any) -> str:
        """All pieces: the operation, then what it uses by name, then constants."""
        own = self.pieces[id(first)]
        others = sorted(
            (piece for key, piece in self.pieces.items() if key != id(first)),
            key=lambda piece: (piece.name, piece.text),
        )
        # Without its name: the same function in two places is one version.
        parts = [own.text, *(f"# {piece.name}\n{piece.text}" for piece in others)]
        parts += [
            f"# {name.rpartition('.')[0]}\n{name.rpartition('.')[2]} = {told}\n"
            for name, told in sorted(self.constants.items())
        ]
        text = "\n\n".join(part.strip("\n") for part in parts) + "\n"
        if len(text) > MAX_CODE_BYTES:
            text = f"{text[:MAX_CODE_BYTES]}\n# … <cut: {len(text)} characters>\n"
        return text


def _definition(value: Any) -> Any:
    """The function or class behind `value`: traced, wrapped, bound, partial or callable."""
    for _ in range(20):
        if isinstance(value, classmethod | staticmethod):
            value = value.__func__
        elif isinstance(value, property):
            value = value.fget
        elif isinstance(value, functools.partial):
            value = value.func
        elif isinstance(value, types.MethodType):
            value = value.__func__
        elif isinstance(value, type):
            return value
        elif (inner := _inner(value)) is not None:
            value = inner
        elif isinstance(value, types.FunctionType):
            return value
        else:
            break
    return type(value) if is_own(type(value).__module__) else None


def _inner(value: Any) -> Any:
    """The function that an operation or another decorator wraps."""
    names = getattr(value, "__dict__", None)
    if not isinstance(names, dict):
        return None
    return names.get(_OP_MARK) or names.get("__wrapped__")


def _source(found: Any) -> str:
    try:
        text = textwrap.dedent(inspect.getsource(found))
        # The source of a lambda is its line, which may hold two of them.
        is_whole = found.__name__ != "<lambda>"
        return text if is_whole else f"{text}# compiled: {_compiled(found.__code__)}\n"
    except (OSError, TypeError, IndentationError, SyntaxError):
        code = getattr(found, "__code__", None)
        return (
            f"# no source; compiled: {_compiled(code)}\n" if code is not None else "# no source\n"
        )


def _compiled(code: types.CodeType) -> str:
    """A digest of what a function does where its text is not there (`exec`, shells)."""
    parts = [code.co_code.hex(), repr(code.co_names), repr(code.co_varnames)]
    for constant in code.co_consts:
        is_code = isinstance(constant, types.CodeType)
        parts.append(_compiled(constant) if is_code else repr(constant))
    return digest_bytes("\n".join(parts).encode("utf-8", "replace"))


def _names(code: types.CodeType) -> Iterator[str]:
    """Every global and attribute name that `code` and the functions inside it use."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)


def _constant(value: Any, depth: int = 0) -> str | None:
    """`value` as an expression; None where it is no constant, or a long one."""
    if isinstance(value, _PLAIN):
        told = repr(value)
        return told if len(told) <= _MAX_CONSTANT else digest_bytes(told.encode())
    if depth > 3 or not isinstance(value, list | tuple | dict | set | frozenset):  # noqa: PLR2004
        return None
    if isinstance(value, set | frozenset):
        if not all(isinstance(item, _PLAIN) for item in value):
            return None
        # The order of a set is another in each process.
        return f"{type(value).__name__}([{', '.join(sorted(map(repr, value)))}])"
    inner = [*value, *value.values()] if isinstance(value, dict) else list(value)
    if len(inner) > _MAX_CONSTANT or any(_constant(item, depth + 1) is None for item in inner):
        return None
    told = repr(value)
    return told if len(told) <= _MAX_CONSTANT else digest_bytes(told.encode())


def _module_name(found: Any) -> str:
    """The module's name; a program that is run has that of its file, as when it is imported."""
    name = str(found.__module__)
    if name != "__main__":
        return name
    main = getattr(sys.modules.get("__main__"), "__file__", None)
    return Path(main).stem if main else name


@functools.cache
def is_own(module: str | None) -> bool:
    """Whether a module is the program's own: neither Python's, nor installed, nor ours."""
    top = (module or "").partition(".")[0]
    if top == "__main__":
        return True
    if not top or top in sys.builtin_module_names or top in sys.stdlib_module_names:
        return False
    if top == "weave_core":
        return False
    file = getattr(sys.modules.get(module or ""), "__file__", None)
    if file is None:
        return False
    parts = set(Path(file).parts) if "-packages" in file else set()
    return parts.isdisjoint(_PACKAGES) and not file.startswith(_installed())


_PACKAGES = ("site-packages", "dist-packages")


@functools.cache
def _installed() -> tuple[str, ...]:
    """How the paths of what is Python's or installed begin; to ask takes as long as to look 100."""
    folders = (sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib"))
    return tuple(f"{Path(folder)}{os.sep}" for folder in folders if folder)
