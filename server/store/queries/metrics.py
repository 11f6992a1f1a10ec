"""Questions about metrics: which there are, their points, and sums of them by time and group."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, func, select, tuple_

from weave_core.errors import BadRequest, NotFound
from weave_core.server.cursors import Place, decode_cursor, encode_cursor
from weave_core.server.filters.parsing import suggest
from weave_core.server.store.queries.metric_sums import Sums, increments
from weave_core.server.store.queries.projects import get_project_id
from weave_core.server.store.queries.stats import Period, read_bucket_ns
from weave_core.server.store.tables import OriginRow, table_of
from weave_core.server.store.telemetry_tables import MetricPointRow, MetricSeriesRow

__all__ = ["MAX_BUCKETS", "MAX_POINTS", "list_metrics", "list_points"]

MAX_BUCKETS = 10_000
"""Most buckets of one answer."""
MAX_POINTS = 500_000
"""Most points that one answer of buckets is made of."""
MAX_GROUPS = 3
_MAX_METRICS = 10_000
_SERIES, _POINT = table_of(MetricSeriesRow), table_of(MetricPointRow)
_ORIGIN = table_of(OriginRow)
_POINT_COLUMNS = tuple(_POINT.c)


@dataclass(frozen=True)
class _Series:
    """One line of a metric, as readers need it."""

    id: int
    kind: str
    temporality: str
    is_monotonic: bool
    unit: str
    attributes: dict[str, Any]
    resource: dict[str, Any]


def list_metrics(connection: Connection, project: str) -> dict[str, Any]:
    """Every metric of `project` by name, with how much there is of it.

    Raises:
        NotFound: If there is no such project.
    """
    counts = (
        select(
            _POINT.c.series_id,
            func.count().label("points"),
            func.min(_POINT.c.time_ns).label("first_ns"),
            func.max(_POINT.c.time_ns).label("last_ns"),
        )
        .where(
            _POINT.c.series_id.in_(
                select(_SERIES.c.id).where(
                    _SERIES.c.project_id == get_project_id(connection, project)
                )
            )
        )
        .group_by(_POINT.c.series_id)
        .subquery()
    )
    query = (
        select(
            _SERIES.c.name,
            func.max(_SERIES.c.description).label("description"),
            func.max(_SERIES.c.unit).label("unit"),
            func.max(_SERIES.c.kind).label("kind"),
            func.count().label("series_count"),
            func.sum(counts.c.points).label("point_count"),
            func.min(counts.c.first_ns).label("first_ns"),
            func.max(counts.c.last_ns).label("last_ns"),
        )
        .select_from(_SERIES.join(counts, counts.c.series_id == _SERIES.c.id))
        .group_by(_SERIES.c.name)
        .order_by(_SERIES.c.name)
        .limit(_MAX_METRICS)
    )
    items = [dict(row) for row in connection.execute(query).mappings()]
    for item in items:
        item["point_count"] = int(item["point_count"])  # PostgreSQL sums to a decimal.
    return {"items": items, "next_cursor": None}


def list_points(  # The parts of its address.
    connection: Connection,
    project: str,
    name: str,
    *,
    period: Period,
    group_by: str | None,
    bucket: str | None,
    limit: int,
    cursor: str | None,
) -> dict[str, Any]:
    """Points of a metric as sent, newest first; with a bucket or a group, sums of them instead.

    Raises:
        NotFound: If there is no such project or metric.
        BadRequest: If a group or bucket is wrong, or the answer would be too large.
    """
    bucket_ns = read_bucket_ns(bucket)
    groups = [each.strip() for each in (group_by or "").split(",") if each.strip()]
    if len(groups) > MAX_GROUPS:
        raise BadRequest(f"group_by names {len(groups)} keys", f"{MAX_GROUPS} are the limit")
    lines = _series(connection, project, name)
    answer = {"name": name, "unit": lines[0].unit, "kind": lines[0].kind, "next_cursor": None}
    if bucket_ns is None and not groups:
        return answer | _points(connection, lines, name, period, limit=limit, cursor=cursor)
    if groups:
        _check_groups(groups, lines)
    return answer | {"items": _buckets(connection, lines, period, bucket_ns, groups)}


def _series(connection: Connection, project: str, name: str) -> list[_Series]:
    project_id = get_project_id(connection, project)
    query = (
        select(
            *(_SERIES.c.id, _SERIES.c.kind, _SERIES.c.temporality, _SERIES.c.is_monotonic),
            *(_SERIES.c.unit, _SERIES.c.attributes, _ORIGIN.c.body),
        )
        .select_from(_SERIES.join(_ORIGIN, _ORIGIN.c.id == _SERIES.c.origin_id))
        .where(_SERIES.c.project_id == project_id, _SERIES.c.name == name)
        .order_by(_SERIES.c.id)
    )
    lines = [_Series(*row[:6], row[6]["resource"]) for row in connection.execute(query)]
    if not lines:
        known = select(_SERIES.c.name).distinct().where(_SERIES.c.project_id == project_id)
        names = list(connection.execute(known.limit(_MAX_METRICS)).scalars())
        raise NotFound(
            f"there is no metric {name[:200]!r} in project {project!r}",
            f"{suggest(name, names)}GET /api/projects/{project}/metrics lists them",
        )
    return lines


def _check_groups(groups: Sequence[str], lines: Sequence[_Series]) -> None:
    known = {key for line in lines for key in (*line.attributes, *line.resource)}
    for key in groups:
        if key not in known:
            raise BadRequest(
                f"no point of this metric has {key[:60]!r} to group by",
                f"{suggest(key, sorted(known))}known: {', '.join(sorted(known)[:50])}",
            )


def _points(
    connection: Connection,
    lines: Sequence[_Series],
    name: str,
    period: Period,
    *,
    limit: int,
    cursor: str | None,
) -> dict[str, Any]:
    by_id = {line.id: line for line in lines}
    list_name = f"points of {name}"
    query = (
        select(*_POINT_COLUMNS)
        .where(_POINT.c.series_id.in_(list(by_id)))
        .order_by(_POINT.c.time_ns.desc(), _POINT.c.series_id.desc())
        .limit(limit + 1)
    )
    if period.from_ns is not None:
        query = query.where(_POINT.c.time_ns >= period.from_ns)
    if period.to_ns is not None:
        query = query.where(_POINT.c.time_ns < period.to_ns)
    if cursor is not None:
        place = decode_cursor(cursor, list_name, "-time_ns", types=(int,), tie_type=int)
        after = tuple_(_POINT.c.time_ns, _POINT.c.series_id) < tuple_(place.value, place.tie)
        query = query.where(after)
    rows = connection.execute(query).mappings().all()
    items = [_point_shape(row, by_id[row["series_id"]]) for row in rows[:limit]]
    if len(rows) <= limit:
        return {"items": items}
    last = rows[limit - 1]
    place = Place(last["time_ns"], last["series_id"])
    return {"items": items, "next_cursor": encode_cursor(list_name, "-time_ns", place)}


def _point_shape(row: RowMapping, line: _Series) -> dict[str, Any]:
    body = row["body"] or {}
    shape: dict[str, Any] = {
        name: row[name] for name in ("time_ns", "start_ns", "value", "count", "sum", "min", "max")
    }
    keys = ("time_ns", "value", "trace_id", "span_id")
    return shape | {
        "temporality": line.temporality,
        "attributes": line.attributes,
        "bounds": body.get("bounds", []),
        "bucket_counts": body.get("counts", []),
        "quantiles": body.get("quantiles", []),
        "exemplars": [dict(zip(keys, each, strict=True)) for each in body.get("exemplars", [])],
    }


def _buckets(
    connection: Connection,
    lines: Sequence[_Series],
    period: Period,
    bucket_ns: int | None,
    groups: Sequence[str],
) -> list[dict[str, Any]]:
    sums: dict[tuple[Any, ...], Sums] = {}
    left = MAX_POINTS
    for line in lines:
        group = tuple(str(line.attributes.get(key, line.resource.get(key, ""))) for key in groups)
        rows = list(_rows_of(connection, line, period, left + 1))
        left -= len(rows)
        if left < 0:
            raise BadRequest(
                f"the answer would be made of more than {MAX_POINTS} points",
                "ask for a shorter time with from_ns and to_ns",
            )
        is_gauge = line.kind == "gauge" or (line.kind == "sum" and not line.is_monotonic)
        for point in increments(rows, line.temporality, line.kind, is_gauge=is_gauge):
            if period.from_ns is not None and point.time_ns < period.from_ns:
                continue
            start = point.time_ns - point.time_ns % bucket_ns if bucket_ns else 0
            key = (start, *group)
            if key not in sums:
                if len(sums) >= MAX_BUCKETS:
                    raise BadRequest(
                        f"the answer would have more than {MAX_BUCKETS} buckets",
                        "ask for a larger bucket, a shorter time or fewer groups",
                    )
                sums[key] = Sums(is_gauge=is_gauge)
            sums[key].add(point)
    return [
        {"bucket_ns": key[0], "group": dict(zip(groups, key[1:], strict=True)), **found.shape()}
        for key, found in sorted(sums.items(), key=lambda item: item[0])
    ]


def _rows_of(
    connection: Connection, line: _Series, period: Period, limit: int
) -> Iterator[RowMapping]:
    """Points of one series in time order; of a cumulative one from the last before the period."""
    query = select(*_POINT_COLUMNS).where(_POINT.c.series_id == line.id)
    if period.from_ns is not None:
        from_ns: int | None = period.from_ns
        if line.temporality == "cumulative":
            before = select(func.max(_POINT.c.time_ns)).where(
                _POINT.c.series_id == line.id, _POINT.c.time_ns < period.from_ns
            )
            from_ns = connection.execute(before).scalar() or from_ns
        query = query.where(_POINT.c.time_ns >= from_ns)
    if period.to_ns is not None:
        query = query.where(_POINT.c.time_ns < period.to_ns)
    yield from connection.execute(query.order_by(_POINT.c.time_ns).limit(limit)).mappings()
