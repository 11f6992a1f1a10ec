"""A log record: something that a program said at one moment, with a span or without."""

from typing import Any

from weave_core.model.spans import Scope
from weave_core.model.values import Value

__all__ = ["LogRecord"]


class LogRecord(Value):
    """One log record as it was sent."""

    time_ns: int
    """When it happened, else when it was seen."""
    observed_ns: int | None = None
    severity: str = ""
    """As its sender names it; where it does not, by its number."""
    severity_number: int = 0
    """1 to 24, more is worse; 0: not given."""
    event_name: str | None = None
    body: Any = None
    attributes: dict[str, Any] = {}
    trace_id: str | None = None
    span_id: str | None = None
    resource: dict[str, Any] = {}
    scope: Scope | None = None
    dropped_attributes: int = 0
    flags: int = 0
    """W3C's trace flags in the low byte."""
