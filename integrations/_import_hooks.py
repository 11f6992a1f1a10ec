"""Do something once a library has been imported, at once where it has been already.

Tracing a library must not be the reason to import it: some take seconds, and a program that has
one installed may not use it.
"""

import sys
import threading
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

__all__ = ["forget", "when_imported"]


class _Waiting(MetaPathFinder):
    """Stands before the finders that find; adds what is to be done to what they found."""

    def __init__(self) -> None:
        self.actions: dict[str, Callable[[], None]] = {}
        self.lock = threading.RLock()

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """What the others find, if somebody waits for it."""
        if fullname not in self.actions:
            return None
        for finder in sys.meta_path:
            find = getattr(finder, "find_spec", None)
            spec = find(fullname, path, target) if find and finder is not self else None
            if spec is not None:
                if spec.loader is not None:
                    self._add_to(spec.loader, fullname)
                return spec  # type: ignore[no-any-return]  # A finder's own method.
        return None

    def _add_to(self, loader: Loader, name: str) -> None:
        execute = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            execute(module)
            action = self.take(name)
            if action is not None:
                action()

        # Only this loader, and each spec has its own: what reads it sees the same class as before.
        loader.exec_module = exec_module  # type: ignore[method-assign]

    def take(self, name: str) -> Callable[[], None] | None:
        """What waits for `name`, once."""
        with self.lock:
            return self.actions.pop(name, None)


_waiting = _Waiting()


def when_imported(name: str, action: Callable[[], None]) -> None:
    """Call `action` after the module `name` has been imported; now where it has been.

    Args:
        name: A module, with dots.
        action: Must not raise: it would break the import.
    """
    with _waiting.lock:
        ready = name in sys.modules
        if not ready:
            _waiting.actions[name] = action
            if _waiting not in sys.meta_path:
                sys.meta_path.insert(0, _waiting)
    if ready:
        action()


def forget(name: str) -> None:
    """Nobody waits for `name` any more."""
    _waiting.take(name)
