"""Projects and the server itself, over HTTP."""

from weave_core.client.connection import Connection, root_of
from weave_core.model import Health, Project

__all__ = ["ProjectCalls"]


class ProjectCalls(Connection):
    """Projects and the server itself, over HTTP."""

    def health(self) -> Health:
        """The server's version and kind of store."""
        return Health.model_validate(self._get("/healthz"))

    def list_projects(self) -> list[Project]:
        """All projects, last used first."""
        return self._page(Project, "/api/projects", {}).items

    def get_project(self, project: str) -> Project:
        """One project with its size and settings.

        Raises:
            NotFound: If it does not exist.
        """
        return Project.model_validate(self._get(root_of(project)))

    def set_retention(self, project: str, days: int | None) -> Project:
        """Keep the traces of `project` for `days`; older ones are deleted in the background.

        Args:
            project: Its name.
            days: Counted from a trace's first start; None: keep them for good.

        Raises:
            NotFound: If the project does not exist.
            BadRequest: If `days` is less than 1.
        """
        body = {"settings": {"retention_days": days}}
        return Project.model_validate(self._send("PATCH", root_of(project), json=body).json())
