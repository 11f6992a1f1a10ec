"""Rows of a project that have a name there: alerts, monitors."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, Table, select

from weave_core.errors import NotFound
from weave_core.server.store.queries.projects import get_project_id
from weave_core.server.store.tables import ProjectRow, table_of

__all__ = ["NamedRows"]

_PROJECT = table_of(ProjectRow)


class NamedRows:
    """A table of them.

    Args:
        table: With `project_id` and `name`.
        noun: What a row is called, in messages and on the command line.
    """

    def __init__(self, table: Table, noun: str) -> None:
        self._table = table
        self._noun = noun
        self.with_project = select(table, _PROJECT.c.name.label("project")).join(
            _PROJECT, _PROJECT.c.id == table.c.project_id
        )
        """The rows of all projects with the name of theirs, as `project`."""

    def find(self, connection: Connection, project_id: int, name: str) -> Row[Any] | None:
        """The row of that name, or None."""
        its = (self._table.c.project_id == project_id, self._table.c.name == name)
        return connection.execute(select(self._table).where(*its)).one_or_none()

    def get(self, connection: Connection, project: str, name: str) -> Row[Any]:
        """The row of that name.

        Raises:
            NotFound: If there is no such project, or no such row in it.
        """
        row = self.find(connection, get_project_id(connection, project), name)
        if row is None:
            raise NotFound(
                f"project {project!r} has no {self._noun} {name[:60]!r}",
                f"`weave-core {self._noun} list` shows what there is",
            )
        return row

    def list_of(self, connection: Connection, project: str) -> Sequence[Row[Any]]:
        """The rows of a project by name, with `project`.

        Raises:
            NotFound: If there is no such project.
        """
        of_project = self._table.c.project_id == get_project_id(connection, project)
        query = self.with_project.where(of_project).order_by(self._table.c.name)
        return connection.execute(query).all()

    def list_all(self, connection: Connection, *, most: int) -> Sequence[Row[Any]]:
        """The rows of all projects, by project and name, with `project`."""
        query = self.with_project.order_by(_PROJECT.c.name, self._table.c.name)
        return connection.execute(query.limit(most)).all()
