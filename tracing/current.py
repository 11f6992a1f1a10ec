"""The current context, read and set the short way.

OpenTelemetry's `get_current` and `attach` are two Python calls around one context variable; a
stream pays them for every item.  Where its runtime is the usual one, the variable itself is taken.
"""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from opentelemetry import context as otel_context
from opentelemetry.context import Context

__all__ = ["current_context", "give_back", "make_current"]

_variable = getattr(otel_context._RUNTIME_CONTEXT, "_current_context", None)  # noqa: SLF001  # Checked below.
_is_usual = isinstance(_variable, ContextVar)

current_context: Callable[[], Context] = _variable.get if _is_usual else otel_context.get_current  # type: ignore[union-attr]
"""The context that is current."""
make_current: Callable[[Context], Any] = _variable.set if _is_usual else otel_context.attach  # type: ignore[union-attr]
"""Make a context the current one; gives a token for `give_back`."""
give_back: Callable[[Any], None] = _variable.reset if _is_usual else otel_context.detach  # type: ignore[union-attr]
"""Undo one `make_current` by its token: quicker than making the old one current again, and only
possible in the same execution context, so for steps that nothing can interrupt."""
