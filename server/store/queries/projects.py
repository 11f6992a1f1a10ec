"""Questions about projects."""

from difflib import get_close_matches
from typing import Any

from sqlalchemy import Connection, func, select

from weave_core.errors import NotFound
from weave_core.model import ProjectSettings
from weave_core.server.store.tables import ProjectRow, SpanRow, TraceRow, table_of

__all__ = ["get_project", "get_project_id", "list_projects"]

MAX_PROJECTS = 10_000
_PROJECT, _SPAN, _TRACE = table_of(ProjectRow), table_of(SpanRow), table_of(TraceRow)


def get_project(connection: Connection, name: str) -> dict[str, Any]:
    """One project with its size.

    Raises:
        NotFound: If there is none.
    """
    project_id = get_project_id(connection, name)
    [found] = _projects(connection, project_id)
    return found


def list_projects(connection: Connection) -> dict[str, Any]:
    """All projects with their sizes, last used first.

    Spans and traces are counted in the roll-up, whose newest trace ends the index
    `newest_traces`; so a span counts from the moment its trace is listed.
    """
    return {"items": _projects(connection), "next_cursor": None}


def _projects(connection: Connection, project_id: int | None = None) -> list[dict[str, Any]]:
    counted = select(
        _TRACE.c.project_id,
        func.count().label("trace_count"),
        func.sum(_TRACE.c.span_count).label("span_count"),
        func.max(_TRACE.c.start_ns).label("last_seen_ns"),
    ).group_by(_TRACE.c.project_id)
    if project_id is not None:
        counted = counted.where(_TRACE.c.project_id == project_id)
    sums = counted.subquery()
    query = (
        select(
            _PROJECT.c.name,
            _PROJECT.c.created_ns,
            func.coalesce(sums.c.span_count, 0),
            func.coalesce(sums.c.trace_count, 0),
            sums.c.last_seen_ns,
            _PROJECT.c.settings,
        )
        .select_from(_PROJECT.outerjoin(sums, sums.c.project_id == _PROJECT.c.id))
        .order_by(func.coalesce(sums.c.last_seen_ns, 0).desc(), _PROJECT.c.name)
        .limit(MAX_PROJECTS)
    )
    if project_id is not None:
        query = query.where(_PROJECT.c.id == project_id)
    names = ("name", "created_ns", "span_count", "trace_count", "last_seen_ns")
    return [
        dict(zip(names, row[:-1], strict=True)) | {"settings": _settings(row[-1])}
        for row in connection.execute(query)
    ]


def _settings(stored: dict[str, Any] | None) -> dict[str, Any]:
    """The settings that readers know, each with its value."""
    return ProjectSettings.model_validate(stored or {}).model_dump()


def get_project_id(connection: Connection, name: str) -> int:
    """The row id of the project called `name`.

    Raises:
        NotFound: If there is none; names like it are told.
    """
    found = connection.execute(select(_PROJECT.c.id).where(_PROJECT.c.name == name)).scalar()
    if found is not None:
        return int(found)
    known = list(connection.execute(select(_PROJECT.c.name).limit(MAX_PROJECTS)).scalars())
    near = get_close_matches(name, known, n=3, cutoff=0.6)
    hint = "a project begins with the first span sent to it"
    if near:
        hint = f"did you mean {' or '.join(repr(each) for each in near)}? {hint}"
    raise NotFound(f"there is no project {name[:200]!r}", hint)
