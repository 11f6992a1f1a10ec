"""Tracing: functions become operations, operations become OpenTelemetry spans, spans get stored.

This file is the layer's door.  Names are imported on first use, so that importing the package
loads neither OpenTelemetry nor threads; with `WEAVE_CORE_DISABLED=1` they lead to stand-ins that
do nothing (`weave_core.tracing.disabled`).
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from weave_core.tracing.contexts import attributes as attributes
    from weave_core.tracing.contexts import session as session
    from weave_core.tracing.feedbacks import feedback as feedback
    from weave_core.tracing.handles import SpanHandle as SpanHandle
    from weave_core.tracing.lifecycle import Tracing as Tracing
    from weave_core.tracing.lifecycle import flush as flush
    from weave_core.tracing.lifecycle import init as init
    from weave_core.tracing.lifecycle import is_active as is_active
    from weave_core.tracing.lifecycle import shutdown as shutdown
    from weave_core.tracing.ops import op as op
    from weave_core.tracing.propagation import attached as attached
    from weave_core.tracing.propagation import carried as carried
    from weave_core.tracing.propagation import carrier as carrier
    from weave_core.tracing.propagation import environment as environment
    from weave_core.tracing.runs import Run as Run
    from weave_core.tracing.runs import run as run
    from weave_core.tracing.spans import current_span as current_span
    from weave_core.tracing.spans import span as span

_HOME = {
    "Run": "runs",
    "SpanHandle": "handles",
    "Tracing": "lifecycle",
    "attached": "propagation",
    "attributes": "contexts",
    "carried": "propagation",
    "carrier": "propagation",
    "current_span": "spans",
    "environment": "propagation",
    "feedback": "feedbacks",
    "flush": "lifecycle",
    "init": "lifecycle",
    "is_active": "lifecycle",
    "op": "ops",
    "run": "runs",
    "session": "contexts",
    "shutdown": "lifecycle",
    "span": "spans",
}
_ALWAYS_REAL = {"Run", "SpanHandle", "Tracing", "op"}

__all__ = [
    "Run",
    "SpanHandle",
    "Tracing",
    "attached",
    "attributes",
    "carried",
    "carrier",
    "current_span",
    "environment",
    "feedback",
    "flush",
    "init",
    "is_active",
    "op",
    "run",
    "session",
    "shutdown",
    "span",
]


def __getattr__(name: str) -> object:
    """Import a public name on first use."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from weave_core.tracing.disabled import is_disabled

    home = "disabled" if name not in _ALWAYS_REAL and is_disabled() else _HOME[name]
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
