"""The one piece of code that speaks our HTTP API from the reading side.

The app, the command line, notebooks and tests all read through `Client`, so whatever a page can
show, a program can get.  Sending spans is `weave_core.tracing`'s business.
"""

import json
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import quote

import httpx

from weave_core.errors import (
    BadRequest,
    MissingExtra,
    NotFound,
    Overloaded,
    ServerError,
    ServerUnreachable,
    TooLarge,
)
from weave_core.model import (
    DeletedTraces,
    Facets,
    FacetValue,
    Health,
    ImportReport,
    NewView,
    Page,
    Project,
    SavedView,
    SessionSummary,
    Span,
    SqlResult,
    SqlTables,
    Stats,
    Trace,
    TraceChanges,
    TraceSummary,
    TraceSums,
    TraceTree,
)
from weave_core.model.values import Value
from weave_core.settings import DEFAULT_ENDPOINT

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]  # It ships no types.

__all__ = ["Client"]

V = TypeVar("V", bound=Value)

_LONG_S = 3_600.0
"""For what the server answers only when all is done."""

_ERRORS: dict[int, type[BadRequest | NotFound | TooLarge | Overloaded]] = {
    400: BadRequest,
    404: NotFound,
    413: TooLarge,
    422: BadRequest,
    503: Overloaded,
}


class Client:
    """Reads a weave-core server.

    Example:
        >>> client = Client("http://127.0.0.1:4318")
        >>> page = client.list_traces("support", filter="status = 'error'", limit=10)
        >>> client.get_trace("support", page.items[0].trace_id).spans[0].inputs

    Args:
        endpoint: The server's address.
        api_key: Sent as `Authorization: Bearer`.
        timeout_s: Seconds to wait for one answer.
        http: A ready `httpx.Client` instead (own transport, proxies, certificates); it is not
            closed by `close`.
    """

    def __init__(
        self,
        endpoint: str = DEFAULT_ENDPOINT,
        *,
        api_key: str | None = None,
        timeout_s: float = 30.0,
        http: httpx.Client | None = None,
    ) -> None:
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._owns_http = http is None
        self._http = http or httpx.Client(base_url=endpoint, timeout=timeout_s, headers=headers)

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
        return Project.model_validate(self._get(_root(project)))

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
        return Project.model_validate(self._send("PATCH", _root(project), json=body).json())

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
        return self._page(TraceSummary, f"{_root(project)}/traces", query)

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

    def sql(self, project: str, query: str, *, limit: int = 10_000) -> "pd.DataFrame":
        """Rows of one SELECT over `project`, as a data frame.

        Example:
            >>> client.sql("support", "select model, sum(cost_usd) from spans group by model")

        Args:
            project: Its name.
            query: One SELECT over `spans`, `traces`, `logs` and `metrics`; `list_sql_tables` tells
                their columns.
            limit: Most rows wanted, up to 100,000; `frame.attrs["truncated"]` says whether there
                are more.

        Raises:
            NotFound: If the project does not exist.
            BadRequest: If the query is wrong or takes too long; `position` says where.
            MissingExtra: If pandas is not installed.
        """
        try:
            import pandas as pd  # The client does without; only this needs it.
        except ImportError as error:
            raise MissingExtra(
                "`Client.sql` gives a pandas.DataFrame, and pandas is not installed",
                'pip install "weave-core[data]"; `Client.run_sql` gives plain rows',
            ) from error
        result = self.run_sql(project, query, limit=limit)
        names = [column.name for column in result.columns]
        frame = pd.DataFrame(result.rows, columns=names)
        frame.attrs["truncated"] = result.truncated
        return frame

    def run_sql(self, project: str, query: str, *, limit: int = 1_000) -> SqlResult:
        """The same as plain rows, with the type of each column; arguments as in `sql`."""
        body = {"query": query, "limit": limit}
        return SqlResult.model_validate_json(
            self._send("POST", f"{_root(project)}/sql", json=body).content
        )

    def list_sql_tables(self, project: str) -> SqlTables:
        """The tables and functions that `sql` knows.

        Raises:
            NotFound: If the project does not exist.
        """
        return SqlTables.model_validate(self._get(f"{_root(project)}/sql/tables"))

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
        answer = self._send("DELETE", f"{_root(project)}/traces", query, timeout_s=_LONG_S)
        return DeletedTraces.model_validate(answer.json())

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
        path = f"{_root(project)}/traces/{quote(trace_id, safe='')}"
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
        path = f"{_root(project)}/traces/{quote(trace_id, safe='')}/tree"
        first = part = TraceTree.model_validate_json(self._read(path))
        columns = first.columns
        while part.next_cursor is not None:
            part = TraceTree.model_validate_json(self._read(path, {"cursor": part.next_cursor}))
            columns = columns.followed_by(part.columns)
        return first.model_copy(update={"columns": columns, "next_cursor": None})

    def list_spans(
        self,
        project: str,
        *,
        filter: str | None = None,  # noqa: A002
        order_by: str = "-started_ns",
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[Span]:
        """One page of the spans of `project`, without payload; arguments as in `list_traces`."""
        query = {"filter": filter, "order_by": order_by, "limit": limit, "cursor": cursor}
        return self._page(Span, f"{_root(project)}/spans", query)

    def get_span(self, project: str, span_id: str, *, trace_id: str | None = None) -> Span:
        """One span with its payload.

        Args:
            project: Its name.
            span_id: 16 hex digits.
            trace_id: Needed only where two traces hold the same span id.

        Raises:
            NotFound: If it is not stored.
        """
        path = f"{_root(project)}/spans/{quote(span_id, safe='')}"
        return Span.model_validate(self._get(path, {"trace_id": trace_id}))

    def list_stats(  # What a chart can ask.
        self,
        project: str,
        *,
        group_by: str | None = None,
        bucket: str | None = None,
        filter: str | None = None,  # noqa: A002
        from_ns: int | None = None,
        to_ns: int | None = None,
    ) -> list[Stats]:
        """Counts, latency, tokens and cost of spans, each model call once.

        Args:
            project: Its name.
            group_by: Up to three of `model`, `op`, `kind`, `user`, `session`, `status`, `tag`,
                `service` and others, comma between.
            bucket: Width in time, such as `1h`; None: all in one.
            filter: Which spans count.
            from_ns: First start time.
            to_ns: Start time from which on none counts.

        Raises:
            NotFound: If the project does not exist.
            BadRequest: If an argument is wrong, or there would be too many rows.
        """
        query = {"group_by": group_by, "bucket": bucket, "filter": filter}
        query |= {"from_ns": from_ns, "to_ns": to_ns}  # type: ignore[dict-item]  # Numbers too.
        return self._page(Stats, f"{_root(project)}/stats", query).items

    def list_facets(
        self,
        project: str,
        fields: str,
        *,
        filter: str | None = None,  # noqa: A002
        from_ns: int | None = None,
        to_ns: int | None = None,
        limit: int = 50,
    ) -> dict[str, list[FacetValue]]:
        """The most frequent values of each of `fields` (comma between) among spans, most first."""
        query = {"fields": fields, "filter": filter, "limit": limit}
        query |= {"from_ns": from_ns, "to_ns": to_ns}
        return Facets.model_validate(self._get(f"{_root(project)}/facets", query)).root

    def sum_traces(
        self,
        project: str,
        *,
        filter: str | None = None,  # noqa: A002
    ) -> TraceSums:
        """Count, failures, latency, tokens and cost of all traces that pass `filter`."""
        query = {"filter": filter}
        return TraceSums.model_validate(self._get(f"{_root(project)}/traces/stats", query))

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
        return Facets.model_validate(self._get(f"{_root(project)}/traces/facets", query)).root

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
        return TraceChanges.model_validate(self._get(f"{_root(project)}/traces/changes", query))

    def list_views(self, project: str) -> list[SavedView]:
        """All saved views of a project, by page and name."""
        return self._page(SavedView, f"{_root(project)}/views", {}).items

    def get_view(self, project: str, view_id: str) -> SavedView:
        """One saved view.

        Raises:
            NotFound: If the project or the view does not exist.
        """
        return SavedView.model_validate(
            self._get(f"{_root(project)}/views/{quote(view_id, safe='')}")
        )

    def add_view(self, project: str, view: NewView) -> SavedView:
        """Save a view; one of the same page and name is replaced and keeps its id.

        Raises:
            NotFound: If the project does not exist.
            BadRequest: If the view is too large, or the project has too many.
        """
        answer = self._send("POST", f"{_root(project)}/views", json=view.model_dump())
        return SavedView.model_validate(answer.json())

    def delete_view(self, project: str, view_id: str) -> None:
        """Delete a saved view.

        Raises:
            NotFound: If the project or the view does not exist.
        """
        self._send("DELETE", f"{_root(project)}/views/{quote(view_id, safe='')}")

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
        return self._page(SessionSummary, f"{_root(project)}/sessions", query)

    def export(
        self,
        project: str,
        *,
        format: str = "jsonl",  # noqa: A002
        filter: str | None = None,  # noqa: A002
        of: str = "spans",
    ) -> Iterator[bytes]:
        """All spans of `project` that pass, in chunks of a stream.

        Example:
            >>> with open("support.jsonl", "wb") as file:
            ...     file.writelines(client.export("support", format="otlp"))

        Args:
            project: Its name.
            format: `jsonl` (a Span a line), `otlp` (lines of OTLP/JSON, which keep all that was
                sent) or `parquet`.
            filter: Which spans; None: all.
            of: `traces`: the filter speaks of traces, and all spans of those that pass are taken.

        Raises:
            NotFound: If the project does not exist.
            BadRequest: If the filter is wrong.
            ServerError: If the server can't write the format.
            ServerUnreachable: If the stream breaks off; what came is not all.
        """
        query = {"format": format, "of": of} | ({"filter": filter} if filter else {})
        try:
            wait = httpx.Timeout(120.0)
            path = f"{_root(project)}/export"
            with self._http.stream("GET", path, params=query, timeout=wait) as answer:
                if answer.is_error:
                    answer.read()
                    raise _error_of(answer)
                yield from answer.iter_bytes()
        except httpx.HTTPError as error:
            raise ServerUnreachable(
                str(self._http.base_url).rstrip("/"), str(error) or type(error).__name__
            ) from error

    def import_lines(self, project: str, lines: bytes) -> ImportReport:
        """Store lines that `export` wrote as `jsonl` or `otlp`, a few MiB at a time.

        Args:
            project: Where to; made if it is new.
            lines: Whole lines, each ended by a newline.

        Raises:
            TooLarge: If they are more than the server reads at once.
            Overloaded: If it can't take more now.
        """
        path = f"{_root(project)}/import"
        headers = {"content-type": "application/x-ndjson"}
        answer = self._send("POST", path, content=lines, headers=headers, timeout_s=120.0)
        return ImportReport.model_validate_json(answer.content)

    def tail_traces(
        self,
        project: str,
        *,
        filter: str | None = None,  # noqa: A002
    ) -> Iterator[TraceSummary]:
        """Traces as they come in, each when it is new and when it has changed.

        Ends when the server stops; leave the loop to stop before.

        Raises:
            NotFound: If the project does not exist.
            BadRequest: If the filter is wrong.
            ServerUnreachable: If the connection is lost.
        """
        query = {"filter": filter} if filter else {}
        path = f"{_root(project)}/tail"
        try:
            # Between two traces may lie hours; the server's heartbeats show that it is there.
            wait = httpx.Timeout(30.0)
            with self._http.stream("GET", path, params=query, timeout=wait) as answer:
                if answer.is_error:
                    answer.read()
                    raise _error_of(answer)
                for line in answer.iter_lines():
                    if line.startswith("data: "):
                        yield TraceSummary.model_validate_json(line.removeprefix("data: "))
        except httpx.HTTPError as error:
            raise ServerUnreachable(
                str(self._http.base_url).rstrip("/"), str(error) or type(error).__name__
            ) from error

    def close(self) -> None:
        """Close the connections."""
        if self._owns_http:
            self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _page(self, item: type[V], path: str, query: dict[str, Any]) -> Page[V]:
        return Page[item].model_validate(self._get(path, query))  # type: ignore[valid-type]  # A page of the class at hand.

    def _get(self, path: str, query: dict[str, Any] | None = None) -> Any:
        return json.loads(self._read(path, query))

    def _read(self, path: str, query: dict[str, Any] | None = None) -> bytes:
        return self._send("GET", path, query).content

    def _send(
        self,
        method: str,
        path: str,
        query: dict[str, Any] | None = None,
        *,
        timeout_s: float | None = None,
        **body: Any,
    ) -> httpx.Response:
        given = {key: value for key, value in (query or {}).items() if value is not None}
        wait = httpx.USE_CLIENT_DEFAULT if timeout_s is None else httpx.Timeout(timeout_s)
        try:
            answer = self._http.request(method, path, params=given, timeout=wait, **body)
        except httpx.HTTPError as error:
            raise ServerUnreachable(
                str(self._http.base_url).rstrip("/"), str(error) or type(error).__name__
            ) from error
        if answer.is_error:
            raise _error_of(answer)
        return answer


def _root(project: str) -> str:
    return f"/api/projects/{quote(project, safe='')}"


def _error_of(
    answer: httpx.Response,
) -> ServerError | BadRequest | NotFound | TooLarge | Overloaded:
    """The error of our tree for an answer of 400 and above."""
    try:
        detail = answer.json()["error"]
        message, hint = str(detail["message"]), str(detail.get("hint") or "")
        position = detail.get("position")
    except (ValueError, KeyError, TypeError):
        message, hint, position = (
            f"the server answered {answer.status_code}",
            answer.text[:200],
            None,
        )
    kind = _ERRORS.get(answer.status_code)
    if kind is None:
        return ServerError(message, hint)
    return BadRequest(message, hint, position) if kind is BadRequest else kind(message, hint)
