"""Write metric points in the writer's transaction: a resend never makes a second row.

A project keeps at most `MAX_GENAI_POINTS` points of GenAI and MCP metrics and `MAX_OTHER_POINTS` of
all others, in at most `MAX_SERIES` series; what goes over is refused by `partial_success`.
"""

import hashlib
import math
import time
from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import Connection

from weave_core.server.otlp.records import RawPoint, RawSeries
from weave_core.server.otlp.requests import MetricRequest
from weave_core.server.store.dialects import Dialect
from weave_core.server.store.identities import Identities
from weave_core.server.store.payloads import origin_json, values_json

__all__ = ["MAX_GENAI_POINTS", "MAX_OTHER_POINTS", "MAX_SERIES", "MetricInserter"]

MAX_GENAI_POINTS = 5_000_000
"""Points kept of one project's metrics whose names begin with `gen_ai.` or `mcp.`."""
MAX_OTHER_POINTS = 1_000_000
"""Points kept of one project's other metrics."""
MAX_SERIES = 50_000
"""Series of one project."""

_GENAI = ("gen_ai.", "mcp.")
_RECOUNT_S = 60.0
"""A full project is counted again after this long: something may have been deleted."""
_MAX_CACHED = 100_000
_MAX_NAME = 512
_MAX_EXEMPLARS = 16
_MAX_INT = 2**63 - 1
_DIGEST_BYTES = 16

_SERIES = (
    *("project_id", "digest", "name", "description", "unit", "kind", "temporality"),
    *("is_monotonic", "attributes", "origin_id"),
)
_POINT = ("series_id", "time_ns", "start_ns", "value", "count", "sum", "min", "max", "body")
_FIND_SERIES = "SELECT id FROM metric_series WHERE project_id = ? AND digest = ?"
_COUNT_SERIES = "SELECT COUNT(*) FROM metric_series WHERE project_id = ?"
_IS_GENAI = "(s.name LIKE 'gen\\_ai.%' ESCAPE '\\' OR s.name LIKE 'mcp.%')"
_COUNT_POINTS = f"""
SELECT COALESCE(SUM(CASE WHEN {_IS_GENAI} THEN 1 ELSE 0 END), 0), COUNT(*)
FROM metric_series AS s JOIN metric_point AS p ON p.series_id = s.id WHERE s.project_id = ?
"""  # noqa: S608  # Our own condition.


class MetricInserter:
    """Inserts points and the series that they belong to; used by one thread."""

    def __init__(self, dialect: Dialect, identities: Identities) -> None:
        self._identities = identities
        nothing = "ON CONFLICT DO NOTHING"
        self._insert_series = dialect.insert("metric_series", _SERIES, on_conflict=nothing)
        self._insert_point = dialect.insert("metric_point", _POINT, on_conflict=nothing)
        self._find_series = dialect.sql(_FIND_SERIES)
        self._count_series = dialect.sql(_COUNT_SERIES)
        self._count_points = dialect.sql(_COUNT_POINTS)
        self._series_ids: dict[tuple[int, bytes], int] = {}
        self._counts: dict[int, _Counts] = {}

    def forget(self) -> None:
        """Drop every remembered id and count, after a transaction that was rolled back."""
        self._series_ids.clear()
        self._counts.clear()

    def write(self, connection: Connection, requests: Sequence[MetricRequest]) -> None:
        """Store the points of `requests`; those over a bound are counted as rejected there."""
        rows: list[tuple[Any, ...]] = []
        refused: list[tuple[MetricRequest, str]] = []
        for request in requests:
            for project, points in request.points.items():
                if not points:
                    continue
                project_id = self._identities.project_id(connection, project)
                series: RawSeries | None = None
                series_id: int | None = None
                for point in points:
                    if point.series is not series:
                        series = point.series
                        series_id = self._series_id(connection, project_id, series)
                    reason = self._refusal(connection, project_id, series_id, point.series.name)
                    if reason or series_id is None:
                        refused.append((request, reason))
                    else:
                        rows.append(_point_row(series_id, point))
        if rows:
            connection.exec_driver_sql(self._insert_point, rows)
        for request, reason in refused:
            request.reject(reason)

    def _series_id(self, connection: Connection, project_id: int, raw: RawSeries) -> int | None:
        """Id of the series, stored if it is new; None where the project has too many."""
        origin_id = self._identities.origin_id(connection, origin_json(raw.origin))
        row = _series_row(project_id, origin_id, raw)
        key = (project_id, row[1])
        found = self._series_ids.get(key)
        if found is None:
            found = connection.exec_driver_sql(self._find_series, key).scalar_one_or_none()
        if found is None:
            counts = self._counted(connection, project_id)
            if counts.series >= MAX_SERIES:
                return None
            connection.exec_driver_sql(self._insert_series, row)
            counts.series += 1
            found = connection.exec_driver_sql(self._find_series, key).scalar_one()
        if len(self._series_ids) >= _MAX_CACHED:
            self._series_ids.clear()
        self._series_ids[key] = int(found)
        return int(found)

    def _refusal(
        self, connection: Connection, project_id: int, series_id: int | None, name: str
    ) -> str:
        """Why a point can't be kept; empty if it can.  Resends count until the next recount."""
        told = f"metric {name[:200]!r}"
        if series_id is None:
            return f"{told}: the project has {MAX_SERIES} series already, which is the limit"
        counts = self._counted(connection, project_id)
        if name.startswith(_GENAI):
            if counts.genai >= MAX_GENAI_POINTS:
                return f"{told}: the project has {MAX_GENAI_POINTS} GenAI points, the limit"
            counts.genai += 1
        else:
            if counts.others >= MAX_OTHER_POINTS:
                return f"{told}: the project has {MAX_OTHER_POINTS} other points, the limit"
            counts.others += 1
        return ""

    def _counted(self, connection: Connection, project_id: int) -> "_Counts":
        counts = self._counts.get(project_id)
        now = time.monotonic()
        if counts is None or (counts.is_full and now - counts.counted_at >= _RECOUNT_S):
            genai, total = connection.exec_driver_sql(self._count_points, (project_id,)).one()
            series = connection.exec_driver_sql(self._count_series, (project_id,)).scalar_one()
            counts = _Counts(int(genai), int(total) - int(genai), int(series), now)
            if len(self._counts) >= _MAX_CACHED:
                self._counts.clear()
            self._counts[project_id] = counts
        return counts


class _Counts:
    """How much a project has."""

    __slots__ = ("counted_at", "genai", "others", "series")

    def __init__(self, genai: int, others: int, series: int, counted_at: float) -> None:
        self.genai, self.others, self.series = genai, others, series
        self.counted_at = counted_at

    @property
    def is_full(self) -> bool:
        return (
            self.genai >= MAX_GENAI_POINTS
            or self.others >= MAX_OTHER_POINTS
            or self.series >= MAX_SERIES
        )


def _series_row(project_id: int, origin_id: int, raw: RawSeries) -> tuple[Any, ...]:
    # Descriptions change with a release and units are part of what a number means.
    attributes = _json_text(raw.attributes)
    told = [raw.name, raw.unit, raw.kind, raw.temporality, raw.is_monotonic, origin_id]
    canonical = values_json([told, dict(sorted(raw.attributes.items()))])
    return (
        project_id,
        hashlib.sha256(canonical).digest()[:_DIGEST_BYTES],
        _stored_text(raw.name),
        _stored_text(raw.description),
        _stored_text(raw.unit),
        raw.kind,
        raw.temporality,
        raw.is_monotonic,
        attributes,
        origin_id,
    )


def _point_row(series_id: int, point: RawPoint) -> tuple[Any, ...]:
    body: dict[str, Any] = {}
    if point.bucket_counts:
        body |= {"bounds": point.bounds, "counts": point.bucket_counts}
    if point.series.kind == "exponential_histogram":
        body |= {
            "scale": point.scale,
            "zero_count": point.zero_count,
            "zero_threshold": point.zero_threshold,
            "positive": point.positive,
            "negative": point.negative,
        }
    if point.quantiles:
        body["quantiles"] = point.quantiles
    if point.exemplars:
        body["exemplars"] = [
            [each.time_ns, each.value, each.trace_id.hex(), each.span_id.hex()]
            for each in point.exemplars[:_MAX_EXEMPLARS]
        ]
    return (
        series_id,
        min(point.time_ns, _MAX_INT),
        min(point.start_ns, _MAX_INT),
        _finite(point.value),
        None if point.count is None else min(point.count, _MAX_INT),
        _finite(point.sum),
        _finite(point.min),
        _finite(point.max),
        orjson.dumps(body).decode() if body else None,
    )


def _json_text(attributes: dict[str, Any]) -> str:
    """Attributes for their column; bytes, which no sender puts there, become their hex."""
    text = orjson.dumps(attributes, default=_hex_of).decode()
    return text.replace("\\u0000", "")


def _hex_of(value: Any) -> str:
    if isinstance(value, bytes):
        return value.hex()
    raise TypeError(f"{type(value).__name__} is no JSON")


def _finite(number: float | None) -> float | None:
    return None if number is None or not math.isfinite(number) else number


def _stored_text(text: str) -> str:
    return text.replace("\0", "")[:_MAX_NAME]
