"""Sessions over HTTP."""

from weave_core.client.connection import Connection, root_of
from weave_core.model import Page, SessionSummary

__all__ = ["SessionCalls"]


class SessionCalls(Connection):
    """Sessions over HTTP."""

    def list_sessions(
        self,
        project: str,
        *,
        filter: str | None = None,  # noqa: A002
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[SessionSummary]:
        """One page of sessions, last used first; `filter` speaks of their traces."""
        query = {"filter": filter, "limit": limit, "cursor": cursor}
        return self._page(SessionSummary, f"{root_of(project)}/sessions", query)
