"""The table of the Dashboard's groups: from sums to rows that lead to their traces."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from weave_core.app.charts import color_of
from weave_core.app.components.bundles import bundle
from weave_core.app.dashboard_figures import group_name
from weave_core.app.formats import money, percent, usage_words
from weave_core.app.state import traces_url
from weave_core.model import Stats

__all__ = ["group_list", "group_rows"]


def group_list(rows: bytes, *, key: str) -> None:
    """Draw the rows of `group_rows`."""
    bundle("group_list", "table")(key=key, data=rows)


def group_rows(
    totals: Sequence[Stats],
    *,
    group_by: str,
    drawn: Sequence[str],
    queries: Sequence[Mapping[str, str]],
) -> bytes:
    """JSON of the groups.

    Args:
        totals: Sums of each group over the whole time.
        group_by: What the groups are of.
        drawn: Names of those in the charts, in the order of their colours.
        queries: What the list of traces is asked for each group.
    """
    rows = [
        _row(stats, group_name(stats, group_by), drawn) | {"url": traces_url(**query)}
        for stats, query in zip(totals, queries, strict=True)
    ]
    return orjson.dumps({"title": group_by.capitalize(), "rows": rows})


def _row(stats: Stats, name: str, drawn: Sequence[str]) -> dict[str, Any]:
    latency = stats.latency_ms
    return {
        "name": name,
        "color": color_of(drawn.index(name)) if name in drawn else None,
        "count": stats.count,
        "failed": percent(stats.error_count / stats.count) if stats.error_count else "",
        "error_count": stats.error_count,
        "p50": latency.p50,
        "p95": latency.p95,
        "p99": latency.p99,
        "tokens": stats.tokens.total_tokens if stats.tokens else None,
        "tokens_title": usage_words(stats.tokens),
        "cost": money(stats.cost_usd),
    }
