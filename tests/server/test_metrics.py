"""OTLP metrics: points kept once, sums and percentiles right for deltas and for totals."""

import json
from collections.abc import Iterable
from typing import Any

import httpx
import pytest
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import AggregationTemporality, PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource
from support.recordings import read_recording, send_recorded
from support.servers import ServerProcess

from weave_core import Client
from weave_core.model import MetricPoint

MINUTE_NS = 60_000_000_000
START_NS = 1_767_225_600_000_000_000
TEMPORALITIES = {"delta": 1, "cumulative": 2}


def send(server: ServerProcess, project: str, *metrics: dict[str, Any]) -> dict[str, Any]:
    """POST `metrics` as OTLP/JSON; the answer."""
    body = {"resourceMetrics": [{"scopeMetrics": [{"metrics": list(metrics)}]}]}
    headers = {"x-weave-project": project}
    answer = httpx.post(f"{server.url}/v1/metrics", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def get(server: ServerProcess, project: str, path: str = "", **query: Any) -> dict[str, Any]:
    """The JSON of a route below the project's metrics."""
    answer = httpx.get(f"{server.url}/api/projects/{project}/metrics{path}", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def counter(temporality: str, points: Iterable[tuple[int, int, float]]) -> dict[str, Any]:
    """A counter; a point is the minute it began, its own minute, its value."""
    return {
        "name": "calls",
        "sum": {
            "isMonotonic": True,
            "aggregationTemporality": TEMPORALITIES[temporality],
            "dataPoints": [
                {
                    "startTimeUnixNano": str(START_NS + began * MINUTE_NS),
                    "timeUnixNano": str(START_NS + minute * MINUTE_NS),
                    "asDouble": value,
                }
                for began, minute, value in points
            ],
        },
    }


def histogram(temporality: str, points: Iterable[tuple[int, list[int], float]]) -> dict[str, Any]:
    """Durations in buckets up to 1, 2, 4 and beyond; a point is its minute, counts, sum."""
    return {
        "name": "gen_ai.client.operation.duration",
        "unit": "s",
        "histogram": {
            "aggregationTemporality": TEMPORALITIES[temporality],
            "dataPoints": [
                {
                    "startTimeUnixNano": str(START_NS),
                    "timeUnixNano": str(START_NS + minute * MINUTE_NS),
                    "count": str(sum(counts)),
                    "sum": total,
                    "explicitBounds": [1, 2, 4],
                    "bucketCounts": [str(count) for count in counts],
                    "attributes": [
                        {"key": "gen_ai.request.model", "value": {"stringValue": "gpt-4o"}}
                    ],
                }
                for minute, counts, total in points
            ],
        },
    }


@pytest.mark.parametrize(
    ("temporality", "points"),
    [
        ("delta", [(0, 1, 5), (1, 2, 7), (2, 3, 1)]),
        ("cumulative", [(0, 1, 5), (0, 2, 12), (0, 3, 13)]),
        # The process began anew in minute 2, once told by its start and once by a smaller total.
        ("cumulative", [(0, 1, 5), (2, 2, 7), (2, 3, 8)]),
        ("cumulative", [(0, 1, 9), (0, 2, 7), (0, 3, 8)]),
    ],
)
def test_a_counter_sums_to_what_was_counted(
    server: ServerProcess, project: str, temporality: str, points: list[tuple[int, int, float]]
) -> None:
    """Deltas add up; of totals only the growth counts, and all of it after a restart."""
    assert send(server, project, counter(temporality, points)) == {}

    buckets = get(server, project, "/calls", bucket="1m")["items"]
    later = get(server, project, "/calls", bucket="1d", from_ns=START_NS + 2 * MINUTE_NS)["items"]

    assert [each["sum"] for each in buckets][1:] == [7, 1]
    assert buckets[0]["bucket_ns"] == START_NS + MINUTE_NS
    assert [each["sum"] for each in later] == [8], "what lies before the period was counted in"


def test_a_metric_is_read_by_the_client_whatever_its_name(
    server: ServerProcess, client: Client, project: str
) -> None:
    """OpenTelemetry allows a slash in a name; points and buckets are values of one page."""
    name = "http/server.requests"
    send(server, project, counter("delta", [(0, 1, 5), (1, 2, 7)]) | {"name": name})

    [metric] = client.list_metrics(project)
    points = client.list_points(project, name, limit=1)
    buckets = client.list_points(project, name, bucket="1h").items

    assert (metric.name, metric.kind, metric.point_count) == (name, "sum", 2)
    assert [each.value for each in points.items if isinstance(each, MetricPoint)] == [7]
    assert points.next_cursor is not None
    assert [each.sum for each in buckets] == [12]


@pytest.mark.parametrize("temporality", TEMPORALITIES)
def test_percentiles_come_from_what_each_point_adds(
    server: ServerProcess, project: str, temporality: str
) -> None:
    """The first minute's slow calls must not spoil the second minute's percentiles."""
    first, second = ([0, 0, 10, 0], 30.0), ([100, 0, 0, 0], 50.0)
    total = ([100, 0, 10, 0], 80.0)
    told = second if temporality == "delta" else total
    send(server, project, histogram(temporality, [(1, *first), (2, *told)]))

    slow, quick = get(server, project, "/gen_ai.client.operation.duration", bucket="1m")["items"]
    [whole] = get(
        server, project, "/gen_ai.client.operation.duration", group_by="gen_ai.request.model"
    )["items"]

    assert (slow["count"], slow["mean"], slow["p50"]) == (10, 3.0, 3.0)
    assert (quick["count"], quick["sum"], quick["p50"]) == (100, 50.0, 0.5)
    assert whole["group"] == {"gen_ai.request.model": "gpt-4o"}
    assert (whole["count"], whole["sum"]) == (110, 80.0)
    assert whole["p50"] == pytest.approx(0.55)
    assert whole["p99"] == pytest.approx(2 + 2 * 8.9 / 10)


def test_a_resend_adds_nothing(server: ServerProcess, project: str) -> None:
    """A point is known by its series and its time."""
    metric = counter("delta", [(0, 1, 5), (1, 2, 7)])
    for _ in range(3):
        assert send(server, project, metric) == {}

    [found] = get(server, project)["items"]
    assert (found["point_count"], found["series_count"]) == (2, 1)
    assert [each["sum"] for each in get(server, project, "/calls", bucket="1h")["items"]] == [12]


@pytest.mark.parametrize(
    "temporality", [AggregationTemporality.DELTA, AggregationTemporality.CUMULATIVE]
)
def test_the_sdk_sends_every_kind(
    server: ServerProcess, project: str, temporality: AggregationTemporality
) -> None:
    """Two exports of each instrument, read back as points and as sums; links to traces stay."""
    exporter = OTLPMetricExporter(
        endpoint=f"{server.url}/v1/metrics",
        preferred_temporality={Counter: temporality, Histogram: temporality},
    )
    fine = View(instrument_name="fine", aggregation=ExponentialBucketHistogramAggregation())
    provider = MeterProvider(
        resource=Resource({"weave_core.project": project}),
        metric_readers=[PeriodicExportingMetricReader(exporter, 1e9)],
        views=[fine],
    )
    meter = provider.get_meter("app")
    calls, fine_s = meter.create_counter("calls", unit="1"), meter.create_histogram("fine")
    coarse_s, level = meter.create_histogram("coarse"), meter.create_gauge("level")
    for value in (1.0, 3.0):
        calls.add(2, {"tier": "pro"})
        for _ in range(50):
            fine_s.record(value)
            coarse_s.record(value)
        level.set(value)
        assert provider.force_flush()
    provider.shutdown()

    kinds = {each["name"]: each["kind"] for each in get(server, project)["items"]}
    assert kinds == {
        "calls": "sum",
        "coarse": "histogram",
        "fine": "exponential_histogram",
        "level": "gauge",
    }
    [pro] = get(server, project, "/calls", group_by="tier")["items"]
    assert (pro["group"], pro["sum"]) == ({"tier": "pro"}, 4)
    [fine_sum] = get(server, project, "/fine", bucket="52w")["items"]
    assert (fine_sum["count"], fine_sum["sum"]) == (100, 200.0)
    assert fine_sum["p95"] == pytest.approx(3.0, rel=0.05)
    [gauge] = get(server, project, "/level", bucket="52w")["items"]
    assert (gauge["min"], gauge["max"], gauge["last"], gauge["sum"]) == (1.0, 3.0, 3.0, None)
    point = get(server, project, "/coarse")["items"][-1]
    assert point["temporality"] == temporality.name.lower()
    assert sum(point["bucket_counts"]) == point["count"] == 50


def test_genai_metrics_of_a_real_instrumentation_are_kept(
    server: ServerProcess, project: str
) -> None:
    """Token usage by type, as the instrumentation counts it."""
    send_recorded(server.url, project, read_recording("openai-v2-events"))

    names = {each["name"] for each in get(server, project)["items"]}
    assert {"gen_ai.client.token.usage", "gen_ai.client.operation.duration"} <= names
    usage = get(server, project, "/gen_ai.client.token.usage", group_by="gen_ai.token.type")
    sums = {each["group"]["gen_ai.token.type"]: each["sum"] for each in usage["items"]}
    assert sums["input"] == 19


def test_exemplars_lead_to_their_traces(server: ServerProcess, project: str) -> None:
    """A slow point names the trace that was slow."""
    metric = histogram("delta", [(1, [0, 0, 0, 1], 9.0)])
    [point] = metric["histogram"]["dataPoints"]
    exemplar = {"timeUnixNano": "5", "asDouble": 9.0, "traceId": "AB" * 16, "spanId": "cd" * 8}
    point["exemplars"] = [exemplar]
    send(server, project, metric)

    [found] = get(server, project, "/gen_ai.client.operation.duration")["items"]
    assert found["exemplars"] == [
        {"time_ns": 5, "value": 9.0, "trace_id": "ab" * 16, "span_id": "cd" * 8}
    ]


def test_pages_of_points_follow_each_other(server: ServerProcess, project: str) -> None:
    """Newest first, by cursor."""
    send(server, project, counter("delta", [(0, minute, minute) for minute in range(1, 6)]))

    first = get(server, project, "/calls", limit=3)
    rest = get(server, project, "/calls", limit=3, cursor=first["next_cursor"])

    assert [each["value"] for each in [*first["items"], *rest["items"]]] == [5, 4, 3, 2, 1]
    assert rest["next_cursor"] is None


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        ("/cals", 404, "did you mean 'calls'"),
        ("/calls?group_by=teir", 400, "no point of this metric has 'teir'"),
        ("/calls?bucket=soon", 400, "bucket is 'soon'"),
        ("/calls?cursor=abc", 400, "is no cursor of this server"),
    ],
)
def test_a_wrong_question_is_told_what_is_there(
    server: ServerProcess, project: str, path: str, status: int, told: str
) -> None:
    """An error says what was asked, what is known."""
    send(server, project, counter("delta", [(0, 1, 1)]))

    answer = httpx.get(f"{server.url}/api/projects/{project}/metrics{path}")

    assert answer.status_code == status
    assert told in json.dumps(answer.json(), ensure_ascii=False)


POINT = {"timeUnixNano": "7", "asInt": "3"}
CASES: list[tuple[str, Any, int, str]] = [
    ("an empty body", b"", 200, ""),
    ("an empty envelope", "{}", 200, ""),
    ("no JSON", "{", 400, "no JSON"),
    ("a wrong envelope", '{"resourceMetrics": "x"}', 400, "resourceMetrics is a text"),
    ("a metric without data", {}, 200, ""),
    ("a number as a text", {"gauge": {"dataPoints": [POINT]}}, 200, ""),
    (
        "not a number",
        {"gauge": {"dataPoints": [POINT | {"asInt": None, "asDouble": "NaN"}]}},
        200,
        "",
    ),
    ("no value at all", {"gauge": {"dataPoints": [{"flags": 1}]}}, 200, ""),
    ("a value of words", {"gauge": {"dataPoints": [{"asDouble": "many"}]}}, 200, "no number"),
    ("a count below zero", {"histogram": {"dataPoints": [{"count": -1}]}}, 200, "count is -1"),
    (
        "an unknown temporality",
        {"sum": {"aggregationTemporality": 9, "dataPoints": [POINT]}},
        200,
        "",
    ),
]


@pytest.mark.parametrize(
    ("body", "status", "told"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_raw_requests_are_answered_as_the_collector_does(
    server: ServerProcess, project: str, body: Any, status: int, told: str
) -> None:
    """A bad envelope refuses the request, a bad point only itself."""
    if isinstance(body, dict):
        metrics = [{"name": "odd"} | body]
        body = json.dumps({"resourceMetrics": [{"scopeMetrics": [{"metrics": metrics}]}]})
    headers = {"content-type": "application/json", "x-weave-project": project}

    answer = httpx.post(f"{server.url}/v1/metrics", content=body, headers=headers)

    assert answer.status_code == status, answer.text
    assert told in answer.text
    assert bool(told) == (answer.text != "{}")
