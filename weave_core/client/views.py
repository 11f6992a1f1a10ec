"""Saved views over HTTP."""

from urllib.parse import quote

from weave_core.client.connection import Connection, root_of
from weave_core.model import NewView, SavedView

__all__ = ["ViewCalls"]


class ViewCalls(Connection):
    """Saved views over HTTP."""

    def list_views(self, project: str) -> list[SavedView]:
        """All saved views of a project, by page and name."""
        return self._page(SavedView, f"{root_of(project)}/views", {}).items

    def get_view(self, project: str, view_id: str) -> SavedView:
        """One saved view.

        Raises:
            NotFound: If the project or the view does not exist.
        """
        return SavedView.model_validate(
            self._get(f"{root_of(project)}/views/{quote(view_id, safe='')}")
        )

    def add_view(self, project: str, view: NewView) -> SavedView:
        """Save a view; one of the same page and name is replaced and keeps its id.

        Raises:
            NotFound: If the project does not exist.
            BadRequest: If the view is too large, or the project has too many.
        """
        answer = self._send("POST", f"{root_of(project)}/views", json=view.model_dump())
        return SavedView.model_validate(answer.json())

    def delete_view(self, project: str, view_id: str) -> None:
        """Delete a saved view.

        Raises:
            NotFound: If the project or the view does not exist.
        """
        self._send("DELETE", f"{root_of(project)}/views/{quote(view_id, safe='')}")
