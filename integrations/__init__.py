"""One module per library; each imports its library on use and wraps its public extension point.

Each has `instrument()` and `uninstrument()`; `instrument_all()` does the first for all that are
installed.
"""

from importlib import import_module
from importlib.util import find_spec

from weave_core.tracing.failures import warn_once

__all__ = ["LIBRARIES", "instrument_all", "uninstrument_all"]

LIBRARIES = ("anthropic", "openai")
"""Libraries that can be traced: module of the library, and of this package."""


def instrument_all() -> list[str]:
    """Trace every library that is installed and can be traced.

    Example:
        >>> weave_core.integrations.instrument_all()
        ['openai']

    Returns:
        Names of the libraries that are traced now, sorted.
    """
    return [library for library in LIBRARIES if _is_installed(library) and _try(library)]


def uninstrument_all() -> None:
    """Stop tracing the libraries."""
    for library in LIBRARIES:
        if _is_installed(library):
            import_module(f"{__name__}.{library}").uninstrument()


def _is_installed(library: str) -> bool:
    return find_spec(library) is not None


def _try(library: str) -> bool:
    try:
        import_module(f"{__name__}.{library}").instrument()
    except Exception as error:  # noqa: BLE001  # One library that has changed or is broken must not stop the program.
        warn_once(f"instrument {library}", "could not trace %s", library, error=error)
        return False
    return True
