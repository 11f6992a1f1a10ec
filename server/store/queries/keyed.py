"""Spans that a filter finds by their keys, and not among all of their project."""

from sqlalchemy import ColumnElement

from weave_core.server.filters.constructs import Unindexed
from weave_core.server.store.tables import SpanRow, table_of

__all__ = ["of_project"]

_PROJECT_ID = table_of(SpanRow).c.project_id


def of_project(project_id: int, *, is_led: bool) -> ColumnElement[bool]:
    """That a span is of the project.

    Args:
        project_id: Which.
        is_led: Whether something else leads to few rows, as `leads_to_rows` tells of a filter.
            Else SQLite would look for them among all of the project, in the wanted order.
    """
    return (Unindexed(_PROJECT_ID) if is_led else _PROJECT_ID) == project_id
