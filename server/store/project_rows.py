"""The row of a project, for what is stored without telemetry: its first use makes it."""

import time

from sqlalchemy import Connection, insert, select

from weave_core.errors import BadRequest
from weave_core.server.otlp.requests import MAX_PROJECT_NAME
from weave_core.server.store.tables import ProjectRow, table_of

__all__ = ["check_project_name", "ensure_project_id"]

_PROJECT = table_of(ProjectRow)


def check_project_name(name: str) -> None:
    """Refuse what can't name a project.

    Raises:
        BadRequest: If it is empty or too long.
    """
    if not name.strip() or len(name) > MAX_PROJECT_NAME:
        raise BadRequest(
            f"{name[:60]!r} can't name a project", f"1 to {MAX_PROJECT_NAME} characters do"
        )


def ensure_project_id(connection: Connection, name: str) -> int:
    """Row id of the project called `name`, made if there is none; on the writer's thread.

    Raises:
        BadRequest: If it is no name of a project.
    """
    check_project_name(name)
    query = select(_PROJECT.c.id).where(_PROJECT.c.name == name)
    found = connection.scalar(query)
    if found is None:
        row = {"name": name, "created_ns": time.time_ns(), "settings": {}}
        connection.execute(insert(_PROJECT).values(**row))
        found = connection.scalar(query)
    return int(found or 0)
