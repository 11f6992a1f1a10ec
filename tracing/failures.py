"""Where our failures end: they are logged, once each kind, and never reach the traced program."""

import logging
import threading
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

__all__ = ["guarded", "logger", "reset_lock", "warn_once"]

P = ParamSpec("P")

logger = logging.getLogger("weave_core")

_MAX_KINDS = 200
_warned: set[str] = set()
_lock = threading.Lock()


def reset_lock() -> None:
    """In a forked child: another thread of the parent may have held the lock."""
    global _lock  # noqa: PLW0603  # The lock is this module's one state.
    _lock = threading.Lock()


def warn_once(kind: str, message: str, *args: object, error: BaseException | None = None) -> None:
    """Log one warning per `kind` and process; the kinds are bounded, so the log is too."""
    with _lock:
        if kind in _warned or len(_warned) >= _MAX_KINDS:
            return
        _warned.add(kind)
    logger.warning(message, *args, exc_info=error)


def guarded(func: Callable[P, None]) -> Callable[P, None]:
    """Make `func` a call that never raises."""

    @wraps(func)
    def safe(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            func(*args, **kwargs)
        except Exception as error:  # noqa: BLE001  # Our failure must not become the traced program's.
            warn_once(func.__qualname__, "tracing failed in %s", func.__qualname__, error=error)

    return safe
