"""A project: the box that spans, runs and objects lie in."""

from weave_core.model.values import Value

__all__ = ["Project"]


class Project(Value):
    """A project with its size."""

    name: str
    created_ns: int
    span_count: int
    trace_count: int
    last_seen_ns: int | None
    """Start of the newest trace; None while there is none."""
