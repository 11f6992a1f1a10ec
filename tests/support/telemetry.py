"""Log records and metric points as a program sends them beside its spans: OTLP/JSON."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

__all__ = ["log_record", "send_counter", "send_durations", "send_logs"]

_SEVERITIES = {9: "INFO", 13: "WARN", 17: "ERROR"}


def log_record(
    body: str,
    *,
    severity: int = 9,
    ago_s: float = 1.0,
    attributes: Mapping[str, str] | None = None,
    trace_id: str = "",
    span_id: str = "",
) -> dict[str, Any]:
    """One log record; `severity` is OpenTelemetry's number."""
    return {
        "timeUnixNano": str(time.time_ns() - int(ago_s * 10**9)),
        "severityNumber": severity,
        "severityText": _SEVERITIES.get(severity, ""),
        "body": {"stringValue": body},
        "attributes": _pairs(attributes or {}),
        "traceId": trace_id,
        "spanId": span_id,
    }


def send_logs(
    url: str, project: str, records: Sequence[Mapping[str, Any]], *, service: str = "support"
) -> None:
    """POST `records` of one service."""
    resource = {"attributes": _pairs({"service.name": service})}
    scope = {"scope": {"name": "tests.telemetry"}, "logRecords": list(records)}
    body = {"resourceLogs": [{"resource": resource, "scopeLogs": [scope]}]}
    _post(f"{url}/v1/logs", project, body)


def send_durations(  # What a histogram can be told.
    url: str,
    project: str,
    name: str,
    by_model: Mapping[str, float],
    *,
    unit: str = "s",
    about: str = "",
) -> None:
    """POST a histogram: ten calls of each model a minute ago, each as long as given."""
    bounds = [0.5, 1.0, 2.0, 4.0]
    points = [
        _point(60.0)
        | {
            "count": "10",
            "sum": 10 * seconds,
            "explicitBounds": bounds,
            "bucketCounts": [
                str(10 * (low < seconds <= high))
                for low, high in zip([0.0, *bounds], [*bounds, 1e9], strict=True)
            ],
            "attributes": _pairs({"gen_ai.request.model": model}),
        }
        for model, seconds in by_model.items()
    ]
    histogram = {"aggregationTemporality": 1, "dataPoints": points}
    _send_metric(
        url, project, {"name": name, "unit": unit, "description": about, "histogram": histogram}
    )


def send_counter(url: str, project: str, name: str, value: int) -> None:
    """POST a counter that grew by `value` a minute ago."""
    points = [_point(60.0) | {"asInt": str(value)}]
    counter = {"aggregationTemporality": 1, "isMonotonic": True, "dataPoints": points}
    _send_metric(url, project, {"name": name, "description": name, "sum": counter})


def _point(ago_s: float) -> dict[str, str]:
    end_ns = time.time_ns() - int(ago_s * 10**9)
    return {"startTimeUnixNano": str(end_ns - 60 * 10**9), "timeUnixNano": str(end_ns)}


def _send_metric(url: str, project: str, metric: Mapping[str, Any]) -> None:
    body = {"resourceMetrics": [{"scopeMetrics": [{"metrics": [metric]}]}]}
    _post(f"{url}/v1/metrics", project, body)


def _pairs(values: Mapping[str, str]) -> list[dict[str, Any]]:
    return [{"key": key, "value": {"stringValue": value}} for key, value in values.items()]


def _post(url: str, project: str, body: Mapping[str, Any]) -> None:
    answer = httpx.post(url, json=body, headers={"x-weave-project": project}, timeout=30)
    assert answer.status_code == 200, answer.text
