"""A project: the box that spans, runs and objects lie in."""

from typing import Annotated

from pydantic import Field

from weave_core.model.values import Value

__all__ = ["MAX_RETENTION_DAYS", "Project", "ProjectSettings"]

MAX_RETENTION_DAYS = 36_500
"""Longest time to keep traces that can be set; without a setting they are kept for good."""


class ProjectSettings(Value):
    """What a project may be told."""

    retention_days: Annotated[int, Field(ge=1, le=MAX_RETENTION_DAYS)] | None = None
    """Traces that began longer ago are deleted; None: never."""

    full_text: bool = True
    """Whether the words of spans are indexed for `text_search`: a third more disk."""


class Project(Value):
    """A project with its size."""

    name: str
    created_ns: int
    span_count: int
    trace_count: int
    last_seen_ns: int | None
    """Start of the newest trace; None while there is none."""
    settings: ProjectSettings = ProjectSettings()
