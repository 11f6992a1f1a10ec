"""Settings of a project, changed through the one writer."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select, update

from weave_core.server.store.queries.projects import get_project_id
from weave_core.server.store.tables import ProjectRow, table_of

__all__ = ["replace_settings"]

_PROJECT = table_of(ProjectRow)


def replace_settings(connection: Connection, *, project: str, changes: Mapping[str, Any]) -> None:
    """Put `changes` into the settings of `project`; what they do not name stays.

    Raises:
        NotFound: If there is no such project.
    """
    project_id = get_project_id(connection, project)
    of_project = _PROJECT.c.id == project_id
    known = connection.execute(select(_PROJECT.c.settings).where(of_project)).scalar_one() or {}
    kept = {key: value for key, value in {**known, **changes}.items() if value is not None}
    connection.execute(update(_PROJECT).where(of_project).values(settings=kept))
