"""Spans over HTTP: listed, opened, and summed by group and time."""

from urllib.parse import quote

from weave_core.client.connection import Connection, root_of
from weave_core.model import Facets, FacetValue, Page, Span, Stats

__all__ = ["SpanCalls"]


class SpanCalls(Connection):
    """Spans over HTTP: listed, opened, and summed by group and time."""

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
        return self._page(Span, f"{root_of(project)}/spans", query)

    def get_span(self, project: str, span_id: str, *, trace_id: str | None = None) -> Span:
        """One span with its payload.

        Args:
            project: Its name.
            span_id: 16 hex digits.
            trace_id: Needed only where two traces hold the same span id.

        Raises:
            NotFound: If it is not stored.
        """
        path = f"{root_of(project)}/spans/{quote(span_id, safe='')}"
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
        return self._page(Stats, f"{root_of(project)}/stats", query).items

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
        return Facets.model_validate(self._get(f"{root_of(project)}/facets", query)).root
