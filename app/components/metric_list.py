"""The metrics of a project: from summaries to rows that lead to their charts."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import orjson

from weave_core.app.components.bundles import bundle
from weave_core.model import MetricSummary

__all__ = ["metric_list", "metric_rows"]

_MAX_TEXT = 300


def metric_list(rows: bytes, *, key: str) -> None:
    """Draw the rows of `metric_rows`."""
    bundle("metric_list", "table")(key=key, data=rows)


def metric_rows(
    project: str, metrics: Sequence[MetricSummary], *, selected: str | None, query: dict[str, str]
) -> bytes:
    """JSON of the metrics.

    Args:
        project: Whose metrics.
        metrics: By name.
        selected: Name of the one that is shown.
        query: What else the address holds and a link to another metric keeps.
    """
    rows = [_row(project, metric, query) | {"on": metric.name == selected} for metric in metrics]
    return orjson.dumps({"rows": rows})


def _row(project: str, metric: MetricSummary, query: dict[str, str]) -> dict[str, Any]:
    return {
        "name": metric.name,
        "text": metric.name[:_MAX_TEXT],
        "description": metric.description[:_MAX_TEXT],
        "kind": metric.kind.replace("_", " "),
        "points": metric.point_count,
        "last_ms": (metric.last_ns or 0) / 1e6,
        "url": "./metrics?" + urlencode(query | {"project": project, "metric": metric.name}),
    }
