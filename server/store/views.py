"""Saved views: a page of the app with what it was asked, under a name.

Reading is a question like others and stands here beside the changes, since it is one small table.
"""

import secrets
import time
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from weave_core.errors import BadRequest, NotFound
from weave_core.server.store.queries.projects import get_project_id
from weave_core.server.store.tables import SavedViewRow, table_of

__all__ = ["MAX_VIEWS", "add_view", "delete_view", "get_view", "list_views"]

MAX_VIEWS = 200
"""Most saved views of a project."""
_VIEW = table_of(SavedViewRow)
_SHOWN = (_VIEW.c.view_id, _VIEW.c.name, _VIEW.c.page, _VIEW.c.query)
_COLUMNS = (*_SHOWN, _VIEW.c.created_ns, _VIEW.c.updated_ns)


def list_views(connection: Connection, project: str) -> dict[str, Any]:
    """All views of a project by page and name.

    Raises:
        NotFound: If there is no such project.
    """
    project_id = get_project_id(connection, project)
    query = select(*_COLUMNS).where(_VIEW.c.project_id == project_id)
    rows = connection.execute(query.order_by(_VIEW.c.page, _VIEW.c.name).limit(MAX_VIEWS))
    return {"items": [dict(row) for row in rows.mappings()], "next_cursor": None}


def get_view(connection: Connection, project: str, view_id: str) -> dict[str, Any]:
    """One view.

    Raises:
        NotFound: If there is no such project, or no such view in it.
    """
    project_id = get_project_id(connection, project)
    of_view = (_VIEW.c.project_id == project_id, _VIEW.c.view_id == view_id)
    row = connection.execute(select(*_COLUMNS).where(*of_view)).mappings().one_or_none()
    if row is None:
        raise _missing(project, view_id)
    return dict(row)


def add_view(connection: Connection, *, project: str, view: Mapping[str, Any]) -> dict[str, Any]:
    """Save a view; one of the same page and name is replaced and keeps its id.

    Raises:
        NotFound: If there is no such project.
        BadRequest: If the project has `MAX_VIEWS` already.
    """
    project_id = get_project_id(connection, project)
    of_project = _VIEW.c.project_id == project_id
    same = (of_project, _VIEW.c.page == view["page"], _VIEW.c.name == view["name"])
    view_id = connection.scalar(select(_VIEW.c.view_id).where(*same))
    now = time.time_ns()
    if view_id is not None:
        changed = {"query": view["query"], "updated_ns": now}
        connection.execute(update(_VIEW).where(*same).values(**changed))
        return get_view(connection, project, view_id)
    count = connection.scalar(select(func.count()).select_from(_VIEW).where(of_project)) or 0
    if count >= MAX_VIEWS:
        raise BadRequest(
            f"project {project!r} has {count} saved views, the most there can be",
            "delete one that nobody needs",
        )
    view_id = secrets.token_hex(6)
    row = {**view, "project_id": project_id, "view_id": view_id}
    connection.execute(insert(_VIEW).values(**row, created_ns=now, updated_ns=now))
    return get_view(connection, project, view_id)


def delete_view(connection: Connection, *, project: str, view_id: str) -> None:
    """Delete a view.

    Raises:
        NotFound: If there is no such project, or no such view in it.
    """
    project_id = get_project_id(connection, project)
    of_view = (_VIEW.c.project_id == project_id, _VIEW.c.view_id == view_id)
    if connection.execute(delete(_VIEW).where(*of_view)).rowcount == 0:
        raise _missing(project, view_id)


def _missing(project: str, view_id: str) -> NotFound:
    return NotFound(
        f"there is no saved view {view_id[:40]!r} in project {project!r}",
        "it may have been deleted",
    )
