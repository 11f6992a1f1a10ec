"""Traces over HTTP: listed, opened, watched, deleted."""

import json
import time
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import quote

from weave_core.client.connection import Connection, root_of
from weave_core.errors import ServerUnreachable
from weave_core.model import (
    DeletedTraces,
    Facets,
    FacetValue,
    Page,
    Trace,
    TraceChanges,
    TraceSummary,
    TraceSums,
    TraceTree,
)

__all__ = ["TraceCalls"]


_LONG_S = 3_600.0
"""For what the server answers only when all is done."""
_TAIL_TRIES = 8
"""A stream of traces is opened again so often, after pauses that grow, before it is given up."""
_TAIL_PAUSE_S = 0.5


class TraceCalls(Connection):
    """Traces over HTTP: listed, opened, watched, deleted."""

    def list_traces(
        self,
        project: str,
        *,
        filter: str | None = None,  # noqa: A002  # The API's own name for it.
        order_by: str = "-started_ns",
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[TraceSummary]:
        """One page of the traces of `project`, newest first.

        Args:
            project: Its name.
            filter: An expression such as `status = 'error' and duration_ms > 2000`.
            order_by: A field; a leading `-` means largest first.
            limit: Most traces wanted, up to 500.
            cursor: `next_cursor` of the page before.

        Raises:
            NotFound: If the project does not exist.
            BadRequest: If filter, order or cursor is wrong.
        """
        query = {"filter": filter, "order_by": order_by, "limit": limit, "cursor": cursor}
        return self._page(TraceSummary, f"{root_of(project)}/traces", query)

    def iter_traces(
        self,
        project: str,
        *,
        filter: str | None = None,  # noqa: A002
        order_by: str = "-started_ns",
    ) -> Iterator[TraceSummary]:
        """All traces of `project` that pass `filter`, page after page."""
        cursor = None
        while True:
            page = self.list_traces(
                project, filter=filter, order_by=order_by, limit=500, cursor=cursor
            )
            yield from page.items
            cursor = page.next_cursor
            if cursor is None:
                return

    def sum_traces(
        self,
        project: str,
        *,
        filter: str | None = None,  # noqa: A002
    ) -> TraceSums:
        """Count, failures, latency, tokens and cost of all traces that pass `filter`."""
        query = {"filter": filter}
        return TraceSums.model_validate(self._get(f"{root_of(project)}/traces/stats", query))

    def list_trace_facets(
        self,
        project: str,
        fields: str,
        *,
        filter: str | None = None,  # noqa: A002
        limit: int = 20,
    ) -> dict[str, list[FacetValue]]:
        """The most frequent values of each of `fields` among the newest traces that pass `filter`.

        Counts are of traces; by a field of spans, of those with such a span.
        """
        query = {"fields": fields, "filter": filter, "limit": limit}
        return Facets.model_validate(self._get(f"{root_of(project)}/traces/facets", query)).root

    def list_changes(
        self,
        project: str,
        *,
        since: str | None = None,
        filter: str | None = None,  # noqa: A002
    ) -> TraceChanges:
        """What is new or changed in the list of traces since the look that gave `since`.

        Raises:
            NotFound: If the project does not exist.
            BadRequest: If the filter is wrong, or no look gave `since`.
        """
        query = {"since": since, "filter": filter}
        return TraceChanges.model_validate(self._get(f"{root_of(project)}/traces/changes", query))

    def tail_traces(
        self,
        project: str,
        *,
        filter: str | None = None,  # noqa: A002
        on_gap: Callable[[int], object] | None = None,
    ) -> Iterator[TraceSummary]:
        """Traces as they come in, each when it is new and when it has changed.

        Ends when the server stops; leave the loop to stop before.  A connection that is lost is
        made again, and misses nothing: a trace may be told twice then.

        Args:
            project: Its name.
            filter: Only traces that pass it.
            on_gap: Called with the number of spans, of all projects, that this reader was too slow
                to be told of.

        Raises:
            NotFound: If the project does not exist.
            BadRequest: If the filter is wrong.
            ServerUnreachable: If the connection is lost and can't be made again.
        """
        # Between two traces may lie hours; the server's heartbeats show that it is there.
        path, query = f"{root_of(project)}/tail", {"filter": filter or None}
        place, tries = "", 0
        is_over = False
        while not is_over:
            headers = {"Last-Event-ID": place} if place else None
            try:
                with self._stream(path, query, timeout_s=30.0, headers=headers) as answer:
                    for name, text in _fields(answer.iter_lines()):
                        if name == "id":
                            place, tries = text, 0
                        elif name == "data":
                            yield TraceSummary.model_validate_json(text)
                        elif on_gap is not None:
                            on_gap(json.loads(text)["skipped_spans"])
            except ServerUnreachable:
                tries += 1
                if not place or tries > _TAIL_TRIES:
                    raise
                time.sleep(_TAIL_PAUSE_S * tries)
            else:
                is_over = True

    def get_trace(self, project: str, trace_id: str, *, payload: bool = True) -> Trace:
        """One trace with all of its spans in start order.

        Args:
            project: Its name.
            trace_id: 32 hex digits.
            payload: False leaves inputs, outputs, messages, attributes and events out, which makes
                a trace of many spans much smaller.

        Raises:
            NotFound: If the project or the trace is not stored.
        """
        path = f"{root_of(project)}/traces/{quote(trace_id, safe='')}"
        query = {"payload": str(payload).lower()}
        first = part = Trace.model_validate(self._get(path, query))
        spans = list(first.spans)
        while part.next_cursor is not None:  # Only of tens of thousands of spans.
            query["cursor"] = part.next_cursor
            part = Trace.model_validate(self._get(path, query))
            spans += part.spans
        return first.model_copy(update={"spans": spans, "next_cursor": None})

    def get_tree(self, project: str, trace_id: str) -> TraceTree:
        """One trace as columns: what a tree needs of its spans, a tenth of the size of `get_trace`.

        Raises:
            NotFound: If the project or the trace is not stored.
        """
        path = f"{root_of(project)}/traces/{quote(trace_id, safe='')}/tree"
        first = part = TraceTree.model_validate_json(self._read(path))
        columns = first.columns
        while part.next_cursor is not None:
            part = TraceTree.model_validate_json(self._read(path, {"cursor": part.next_cursor}))
            columns = columns.followed_by(part.columns)
        return first.model_copy(update={"columns": columns, "next_cursor": None})

    def delete_traces(
        self,
        project: str,
        *,
        filter: str | None = None,  # noqa: A002
        all: bool = False,  # noqa: A002
        dry_run: bool = False,
    ) -> DeletedTraces:
        """Delete the traces of `project` that pass `filter`, with all that belongs to them.

        It answers when they are gone, which takes a second or so per 10,000 spans.

        Args:
            project: Its name.
            filter: Which traces; never empty.
            all: Every trace of the project, instead of a filter.
            dry_run: Only count what would be deleted.

        Raises:
            NotFound: If the project does not exist.
            BadRequest: If the filter is wrong, or there is neither filter nor `all`.
        """
        query = {"filter": filter, "all": str(all).lower(), "dry_run": str(dry_run).lower()}
        answer = self._send("DELETE", f"{root_of(project)}/traces", query, timeout_s=_LONG_S)
        return DeletedTraces.model_validate(answer.json())


def _fields(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Ids, data and gaps of server-sent events, which the server writes a line each."""
    event = ""
    for line in lines:
        name, _, text = line.partition(": ")
        if name == "event":
            event = text
        elif name == "data":
            yield event or name, text
        elif name == "id":
            yield name, text
        elif not line:
            event = ""
