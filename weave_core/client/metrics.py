"""Metrics over HTTP."""

from urllib.parse import quote

from weave_core.client.connection import Connection, root_of
from weave_core.model import MetricPage, MetricSummary

__all__ = ["MetricCalls"]


class MetricCalls(Connection):
    """Metrics over HTTP."""

    def list_metrics(self, project: str) -> list[MetricSummary]:
        """All metrics of `project` by name, with how much there is of each.

        Raises:
            NotFound: If the project does not exist.
        """
        return self._page(MetricSummary, f"{root_of(project)}/metrics", {}).items

    def list_points(  # What a chart of a metric can ask.
        self,
        project: str,
        name: str,
        *,
        group_by: str | None = None,
        bucket: str | None = None,
        from_ns: int | None = None,
        to_ns: int | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> MetricPage:
        """Points of a metric as they were sent, newest first; with a bucket or group, sums of them.

        Args:
            project: Its name.
            name: Of the metric.
            group_by: Up to three attributes of points or resource, comma between.
            bucket: Width in time, such as `5m` or `1h`.
            from_ns: First time.
            to_ns: Time from which on none counts.
            limit: Most points wanted, up to 500; buckets always come whole.
            cursor: `next_cursor` of the page before.

        Raises:
            NotFound: If the project or the metric does not exist.
            BadRequest: If an argument is wrong, or there would be too many buckets.
        """
        query = {"group_by": group_by, "bucket": bucket, "from_ns": from_ns, "to_ns": to_ns}
        query |= {"limit": limit, "cursor": cursor}
        path = f"{root_of(project)}/metrics/{quote(name, safe='')}"
        return MetricPage.model_validate(self._get(path, query))
