"""One module per library; each imports its library on use and wraps its public extension point.

Each of those that trace calls has `instrument()` and `uninstrument()`; `instrument_all()` does the
first for all that are installed.  Those for libraries that train have a callback or a logger, which
the training is handed.
"""

import sys
from importlib import import_module

from weave_core.integrations._import_hooks import forget, when_imported
from weave_core.integrations._libraries import LIBRARIES, TRAINERS, Library, is_installed
from weave_core.tracing.failures import warn_once

__all__ = ["LIBRARIES", "TRAINERS", "Library", "instrument_all", "uninstrument_all"]


def instrument_all() -> list[str]:
    """Trace every library that is installed and can be traced.

    No library is imported for it: one that the program has not imported yet is traced from its
    import on.

    Example:
        >>> weave_core.integrations.instrument_all()
        ['openai']

    Returns:
        Names of the libraries that are traced now or once they are imported, sorted.
    """
    traced = [name for name, library in LIBRARIES.items() if is_installed(library)]
    return [name for name in traced if _begin(name)]


def uninstrument_all() -> None:
    """Stop tracing the libraries."""
    for name, library in LIBRARIES.items():
        forget(library.module)
        # What was never loaded has traced nothing.
        if f"{__name__}.{name}" in sys.modules:
            import_module(f"{__name__}.{name}").uninstrument()


_failed: set[str] = set()


def _begin(name: str) -> bool:
    when_imported(LIBRARIES[name].module, lambda: _try(name))
    return name not in _failed


def _try(name: str) -> None:
    _failed.discard(name)
    try:
        import_module(f"{__name__}.{name}").instrument()
    except Exception as error:  # noqa: BLE001  # One library that has changed or is broken must not stop the program.
        warn_once(f"instrument {name}", "could not trace %s", name, error=error)
        _failed.add(name)
