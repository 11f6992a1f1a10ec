"""What a monitor said, summed up: over time, and how it is spread."""

from typing import Any

from sqlalchemy import Connection, and_, func, select

from weave_core.errors import BadRequest
from weave_core.model import Estimate, MonitorStats
from weave_core.server.store.queries.monitors import MONITORS, SCORE
from weave_core.server.store.queries.stats import Period, read_bucket_ns

__all__ = ["list_stats", "read_spread"]

MAX_STAT_ROWS = 5_000
"""Times and names of one answer about a monitor."""
MAX_SPREAD = 20_000
"""Scores of a name out of which their spread is told, the newest."""


def list_stats(
    connection: Connection,
    project: str,
    monitor: str,
    *,
    score: str | None,
    bucket: str | None,
    period: Period,
) -> dict[str, Any]:
    """Counts, errors and means with intervals, by name and time; oldest first.

    Raises:
        NotFound: If there is no such project, or no such monitor in it.
        BadRequest: If the width is none, or there would be too many rows.
    """
    width_ns = read_bucket_ns(bucket)
    row = MONITORS.get(connection, project, monitor)
    value = SCORE.c.value
    begin = SCORE.c.start_ns - SCORE.c.start_ns % width_ns if width_ns else None
    groups = [SCORE.c.name] if begin is None else [SCORE.c.name, begin]
    failed = func.count(SCORE.c.error_type)
    query = (
        select(
            *groups,
            func.count(),
            failed,
            func.count(value),
            func.sum(value),
            func.sum(value * value),
            func.count().filter(and_(value.is_not(None), SCORE.c.is_rate.is_(False))),
        )
        .where(SCORE.c.monitor_row_id == row.id, *_within(period))
        .group_by(*groups)
        .order_by(*reversed(groups))
        .limit(MAX_STAT_ROWS + 1)
    )
    if score is not None:
        query = query.where(SCORE.c.name == score)
    rows = connection.execute(query).all()
    if len(rows) > MAX_STAT_ROWS:
        raise BadRequest(
            f"there would be more than {MAX_STAT_ROWS} rows", "ask for wider buckets or less time"
        )
    items = []
    for name, *place, count, errors, n, total, squares, plain in rows:
        is_rate = n > 0 and plain == 0
        stats = MonitorStats(
            bucket_ns=int(place[0]) if place else None,
            name=name,
            count=count - errors,
            error_count=errors,
            mean=_mean(n, total, squares, is_rate=is_rate) if n else None,
            is_rate=is_rate,
        )
        items.append(stats.model_dump())
    return {"items": items, "next_cursor": None}


def _within(period: Period) -> list[Any]:
    conditions = []
    if period.from_ns is not None:
        conditions.append(SCORE.c.start_ns >= period.from_ns)
    if period.to_ns is not None:
        conditions.append(SCORE.c.start_ns < period.to_ns)
    return conditions


def _mean(n: int, total: float, squares: float, *, is_rate: bool) -> Estimate:
    from weave_core.statistics.estimates import mean_of_sums, rate  # scipy: late.

    return rate(round(total), n) if is_rate else mean_of_sums(n, total, squares)


def read_spread(
    connection: Connection, project: str, monitor: str, *, period: Period
) -> dict[str, Any]:
    """How each score is spread, by name.

    Raises:
        NotFound: If there is no such project, or no such monitor in it.
    """
    from weave_core.statistics.breakdowns import distribute  # scipy: late.

    row = MONITORS.get(connection, project, monitor)
    its = (SCORE.c.monitor_row_id == row.id, *_within(period))
    found = {}
    for name in connection.scalars(select(SCORE.c.name).where(*its).distinct().limit(100)).all():
        columns = (SCORE.c.value, SCORE.c.label, SCORE.c.error_type, SCORE.c.is_rate)
        query = select(*columns).where(*its, SCORE.c.name == name)
        rows = connection.execute(query.order_by(SCORE.c.start_ns.desc()).limit(MAX_SPREAD)).all()
        values = [each.value for each in rows if each.value is not None]
        found[name] = distribute(
            values,
            (each.label for each in rows if each.label is not None),
            errors=sum(each.error_type is not None for each in rows),
            is_rate=all(each.is_rate for each in rows if each.value is not None),
        ).model_dump()
    return found
