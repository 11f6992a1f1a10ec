"""Log records over HTTP."""

from weave_core.client.connection import Connection, root_of
from weave_core.model import LogRecord, Page

__all__ = ["LogCalls"]


class LogCalls(Connection):
    """Log records over HTTP."""

    def list_logs(  # What a list of logs can be told.
        self,
        project: str,
        *,
        trace_id: str | None = None,
        span_id: str | None = None,
        min_severity: int = 0,
        text: str | None = None,
        from_ns: int | None = None,
        to_ns: int | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[LogRecord]:
        """One page of the log records of `project`, newest first.

        Args:
            project: Its name.
            trace_id: Only of this trace.
            span_id: Only of this span.
            min_severity: 9 for INFO and worse, 13 for WARN, 17 for ERROR.
            text: Somewhere in severity, event name, body or attributes.  A page may then be short,
                or empty, and still have a `next_cursor`: one answer looks through 20,000 records.
            from_ns: First time.
            to_ns: Time from which on none counts.
            limit: Most records wanted, up to 500.
            cursor: `next_cursor` of the page before.

        Raises:
            NotFound: If the project does not exist.
            BadRequest: If an argument is wrong.
        """
        query = {"trace_id": trace_id, "span_id": span_id, "min_severity": min_severity}
        query |= {"text": text or None, "from_ns": from_ns, "to_ns": to_ns}
        query |= {"limit": limit, "cursor": cursor}
        return self._page(LogRecord, f"{root_of(project)}/logs", query)
