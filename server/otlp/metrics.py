"""Metric requests in protobuf and in OTLP/JSON to points.

Both encodings become the same JSON-like mapping first where that costs little: metrics come every
minute, not every call.
"""

import math
from collections.abc import Iterator
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)

from weave_core.server.otlp.envelopes import METRICS, json_items, protobuf_items
from weave_core.server.otlp.json_fields import (
    MAX_INT64,
    MAX_UINT64,
    MIN_INT64,
    MismatchError,
    kind_of,
    read_attributes,
    read_child,
    read_dict,
    read_double,
    read_each,
    read_enum,
    read_hex,
    read_integer,
    read_list,
    read_text,
)
from weave_core.server.otlp.protobuf_values import attribute_dict
from weave_core.server.otlp.records import RawExemplar, RawOrigin, RawPoint, RawSeries
from weave_core.server.otlp.requests import MetricRequest

__all__ = ["decode_json_metrics", "decode_metrics"]

_KINDS = {
    "gauge": "gauge",
    "sum": "sum",
    "histogram": "histogram",
    "exponential_histogram": "exponential_histogram",
    "summary": "summary",
}
_JSON_KINDS = {
    "gauge": "gauge",
    "sum": "sum",
    "histogram": "histogram",
    "exponentialHistogram": "exponential_histogram",
    "summary": "summary",
}
_TEMPORALITIES = ("", "delta", "cumulative")
_TEMPORALITY_NAMES = {
    "AGGREGATION_TEMPORALITY_UNSPECIFIED": 0,
    "AGGREGATION_TEMPORALITY_DELTA": 1,
    "AGGREGATION_TEMPORALITY_CUMULATIVE": 2,
}
_NO_VALUE = 1
"""Flag of a point that only says that its series has ended."""
_MAX_INT32 = 2**31 - 1
_MAX_BUCKETS = 10_000
_MAX_EXEMPLARS = 1_000


def decode_metrics(body: bytes, header_project: str | None = None) -> MetricRequest:
    """The points of an `ExportMetricsServiceRequest`.

    Raises:
        BadRequest: If `body` is none; says what the parser met.
    """
    request = MetricRequest()
    for project, origin, metric in protobuf_items(
        ExportMetricsServiceRequest, body, METRICS, header_project, request
    ):
        request.points.setdefault(project, []).extend(_metric_points(metric, origin))
    return request


def _metric_points(metric: Any, origin: RawOrigin) -> Iterator[RawPoint]:
    kind = metric.WhichOneof("data")
    if kind not in _KINDS:
        return
    data = getattr(metric, kind)
    temporality = getattr(data, "aggregation_temporality", 0)
    for point in data.data_points:
        series = RawSeries(
            name=metric.name,
            description=metric.description,
            unit=metric.unit,
            kind=kind,
            temporality=_temporality(temporality),
            is_monotonic=getattr(data, "is_monotonic", False),
            attributes=attribute_dict(point.attributes),
            origin=origin,
        )
        raw = RawPoint(series, point.start_time_unix_nano, point.time_unix_nano)
        if not point.flags & _NO_VALUE:
            _fill(raw, point, kind)
            yield raw


def _fill(raw: RawPoint, point: Any, kind: str) -> None:
    if kind in {"gauge", "sum"}:
        raw.value = _number(point)
    else:
        raw.count = point.count
        # Explicit histograms say whether they know their sum, summaries always have one.
        has_sum = kind == "summary" or point.HasField("sum")
        raw.sum = _finite(point.sum) if has_sum else None
    if kind in {"histogram", "exponential_histogram"}:
        raw.min = _finite(point.min) if point.HasField("min") else None
        raw.max = _finite(point.max) if point.HasField("max") else None
    if kind == "histogram":
        raw.bounds, raw.bucket_counts = list(point.explicit_bounds), list(point.bucket_counts)
    elif kind == "exponential_histogram":
        raw.scale, raw.zero_count = point.scale, point.zero_count
        raw.zero_threshold = point.zero_threshold
        raw.positive = (point.positive.offset, list(point.positive.bucket_counts))
        raw.negative = (point.negative.offset, list(point.negative.bucket_counts))
    elif kind == "summary":
        raw.quantiles = [(each.quantile, each.value) for each in point.quantile_values]
    if kind != "summary":
        raw.exemplars = [
            RawExemplar(each.time_unix_nano, value, each.trace_id, each.span_id)
            for each in point.exemplars[:_MAX_EXEMPLARS]
            if (value := _number(each)) is not None
        ]


def _number(point: Any) -> float | None:
    kind = point.WhichOneof("value")
    return None if kind is None else _finite(getattr(point, kind))


def decode_json_metrics(body: bytes, header_project: str | None = None) -> MetricRequest:
    """The points of an `ExportMetricsServiceRequest` in JSON.

    Raises:
        BadRequest: If `body` is no JSON, or its envelope is not that of the request.
    """
    request = MetricRequest()
    for project, origin, metric in json_items(body, METRICS, header_project):
        name = read_text(metric, "name")
        points = request.points.setdefault(project, [])
        for key, kind in _JSON_KINDS.items():
            data = read_child(metric, key)
            for point in read_list(data, "dataPoints"):
                try:
                    raw = _json_point(metric, data, read_dict(point, "a point"), kind, origin)
                except MismatchError as error:
                    request.reject(f"metric {name[:200]!r}: {error}")
                else:
                    points.extend([raw] if raw is not None else [])
    return request


def _json_point(
    metric: dict[str, Any],
    data: dict[str, Any],
    point: dict[str, Any],
    kind: str,
    origin: RawOrigin,
) -> RawPoint | None:
    """None for a point that has no value."""
    temporality = read_enum(data, "aggregationTemporality", _TEMPORALITY_NAMES, unknown=0)
    series = RawSeries(
        name=read_text(metric, "name"),
        description=read_text(metric, "description"),
        unit=read_text(metric, "unit"),
        kind=kind,
        temporality=_temporality(temporality),
        is_monotonic=data.get("isMonotonic") is True,
        attributes=read_attributes(point),
        origin=origin,
    )
    start_ns = read_integer(point, "startTimeUnixNano", 0, MAX_UINT64)
    raw = RawPoint(series, start_ns, read_integer(point, "timeUnixNano", 0, MAX_UINT64))
    if read_integer(point, "flags", 0, MAX_UINT64) & _NO_VALUE:
        return None
    _fill_json(raw, point, kind)
    return raw


def _fill_json(raw: RawPoint, point: dict[str, Any], kind: str) -> None:
    if kind in {"gauge", "sum"}:
        raw.value = _json_number(point)
    else:
        raw.count = read_integer(point, "count", 0, MAX_UINT64)
        raw.sum = _json_double(point, "sum")
    if kind in {"histogram", "exponential_histogram"}:
        raw.min, raw.max = _json_double(point, "min"), _json_double(point, "max")
    if kind == "histogram":
        raw.bounds = _doubles(point, "explicitBounds")
        raw.bucket_counts = _counts(point, "bucketCounts")
    elif kind == "exponential_histogram":
        raw.scale = read_integer(point, "scale", -_MAX_INT32, _MAX_INT32)
        raw.zero_count = read_integer(point, "zeroCount", 0, MAX_UINT64)
        raw.zero_threshold = _json_double(point, "zeroThreshold") or 0.0
        raw.positive = _buckets(read_child(point, "positive"))
        raw.negative = _buckets(read_child(point, "negative"))
    elif kind == "summary":
        raw.quantiles = [
            (_json_double(each, "quantile") or 0.0, _json_double(each, "value") or 0.0)
            for each in read_each(point, "quantileValues", dict)
        ]
    exemplars = read_list(point, "exemplars")[:_MAX_EXEMPLARS]
    found = (_exemplar(read_dict(each, "an exemplar")) for each in exemplars)
    raw.exemplars = [each for each in found if each is not None]


def _exemplar(exemplar: dict[str, Any]) -> RawExemplar | None:
    value = _json_number(exemplar)
    if value is None:
        return None
    time_ns = read_integer(exemplar, "timeUnixNano", 0, MAX_UINT64)
    return RawExemplar(time_ns, value, read_hex(exemplar, "traceId"), read_hex(exemplar, "spanId"))


def _json_number(point: dict[str, Any]) -> float | None:
    if point.get("asInt") is not None:
        return read_integer(point, "asInt", MIN_INT64, MAX_INT64)
    return _json_double(point, "asDouble")


def _json_double(holder: dict[str, Any], key: str) -> float | None:
    value = holder.get(key)
    if value is None:
        return None
    if isinstance(value, bool):
        raise MismatchError(f"{key} is {kind_of(value)} instead of a number")
    number = read_double(value)
    return None if isinstance(number, str) else number


def _doubles(holder: dict[str, Any], key: str) -> list[float]:
    values = read_list(holder, key)
    _check_buckets(values, key)
    found = [read_double(each) for each in values]
    # JSON writes an infinite bound as a text.
    return [float(each) for each in found]


def _counts(holder: dict[str, Any], key: str) -> list[int]:
    values = read_list(holder, key)
    _check_buckets(values, key)
    return [read_integer({key: each}, key, 0, MAX_UINT64) for each in values]


def _buckets(holder: dict[str, Any]) -> tuple[int, list[int]]:
    return read_integer(holder, "offset", -_MAX_INT32, _MAX_INT32), _counts(holder, "bucketCounts")


def _check_buckets(values: list[Any], key: str) -> None:
    if len(values) > _MAX_BUCKETS:
        raise MismatchError(f"{key} has {len(values)} items, {_MAX_BUCKETS} are the limit")


def _temporality(number: int) -> str:
    return _TEMPORALITIES[number] if 0 <= number < len(_TEMPORALITIES) else ""


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None
