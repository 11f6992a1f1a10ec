"""What a project may keep of logs and metrics: the last that fits is kept, the next is told so."""

import base64
import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.servers import ServerProcess, start_server

from weave_core.server.store.log_records import MAX_BYTES_OF_SPAN, MAX_OF_PROJECT
from weave_core.server.store.metric_points import MAX_OTHER_POINTS, MAX_SERIES

NUMBERS = """
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :count)
"""
"""Rows by the million in seconds; the server that is started after it finds them as its own."""
LOGS = """
INSERT INTO log_record (project_id, digest, time_ns, severity_number, is_event, origin_id, body)
SELECT p.id, CAST('d' || n AS BLOB), n, 0, 0, 1, x'' FROM numbers, project AS p
WHERE p.name = :project
"""
SERIES = """
INSERT INTO metric_series (project_id, digest, name, description, unit, kind, temporality,
  is_monotonic, attributes, origin_id)
SELECT p.id, CAST('d' || n AS BLOB), 'm' || n, '', '', 'gauge', '', 0, '{}', 1
FROM numbers, project AS p WHERE p.name = :project
"""
POINTS = """
INSERT INTO metric_point (series_id, time_ns, start_ns, value)
SELECT s.id, n, 0, 1.0 FROM numbers, metric_series AS s JOIN project AS p ON p.id = s.project_id
WHERE p.name = :project AND s.name = 'requests'
"""


@pytest.fixture
def nearly_full(tmp_path: Path) -> Iterator[ServerProcess]:
    """A server whose projects have room for one record, one series, one point more."""
    with start_server(tmp_path) as server:
        assert refused(send_logs(server, "logs", 1)) == 0
        assert refused(send_points(server, "series", "first")) == 0
        assert refused(send_points(server, "points", "requests")) == 0
        assert server.stop() == 0
    with sqlite3.connect(tmp_path / "store.db") as database:
        for project, insert, count in (
            ("logs", LOGS, MAX_OF_PROJECT - 2),
            ("series", SERIES, MAX_SERIES - 2),
            ("points", POINTS, MAX_OTHER_POINTS - 2),
        ):
            database.execute(NUMBERS + insert, {"count": count, "project": project})
    database.close()
    with start_server(tmp_path) as server:
        yield server


def post(server: ServerProcess, signal: str, project: str, body: dict[str, Any]) -> dict[str, Any]:
    """The answer to a request, which must be a success."""
    headers = {"x-weave-project": project}
    answer = httpx.post(f"{server.url}/v1/{signal}", json=body, headers=headers, timeout=60)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def send_logs(server: ServerProcess, project: str, *numbers: int, **given: Any) -> dict[str, Any]:
    """The answer to records outside of any span, or of what `given` names."""
    records = [{"timeUnixNano": 10**18 + n, "body": {"stringValue": "x"}} | given for n in numbers]
    return post(
        server, "logs", project, {"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]}
    )


def send_points(server: ServerProcess, project: str, *names: str) -> dict[str, Any]:
    """The answer to a point of each metric."""
    metrics = [
        {"name": name, "gauge": {"dataPoints": [{"timeUnixNano": 10**18 + n, "asInt": 1}]}}
        for n, name in enumerate(names)
    ]
    return post(
        server, "metrics", project, {"resourceMetrics": [{"scopeMetrics": [{"metrics": metrics}]}]}
    )


def refused(answer: dict[str, Any]) -> int:
    """How many were."""
    partial = answer.get("partialSuccess", {})
    return int(partial.get("rejectedLogRecords") or partial.get("rejectedDataPoints") or 0)


def test_a_full_project_refuses_what_is_over_and_keeps_the_rest(nearly_full: ServerProcess) -> None:
    """One of three fits; events of spans, GenAI metrics and other projects are not touched."""
    answer = send_logs(nearly_full, "logs", 2, 3, 4)
    assert refused(answer) == 2
    assert f"{MAX_OF_PROJECT} log records already" in answer["partialSuccess"]["errorMessage"]
    assert refused(send_logs(nearly_full, "logs", 5)) == 1
    event = {"traceId": "1" * 32, "spanId": "2" * 16, "eventName": "gen_ai.user.message"}
    assert refused(send_logs(nearly_full, "logs", 6, **event)) == 0
    assert refused(send_logs(nearly_full, "others", 7)) == 0

    answer = send_points(nearly_full, "series", "a", "b", "first")
    assert refused(answer) == 1
    assert f"{MAX_SERIES} series already" in answer["partialSuccess"]["errorMessage"]

    answer = send_points(nearly_full, "points", "other", "more", "requests")
    assert refused(answer) == 2
    assert f"{MAX_OTHER_POINTS} other points" in answer["partialSuccess"]["errorMessage"]
    assert refused(send_points(nearly_full, "points", "gen_ai.client.token.usage")) == 0
    assert refused(send_points(nearly_full, "others", "requests")) == 0


def test_a_span_has_room_for_so_many_bytes_of_log_records(
    own_server: ServerProcess, project: str
) -> None:
    """As they are stored; other spans have their own room."""
    here = {"traceId": "1" * 32, "spanId": "2" * 16}
    # Noise, which no compression makes smaller.
    noise = base64.b64encode(random.Random(7).randbytes(3 * 1024 * 1024)).decode()
    size = len(noise) * 6 // 8
    room = MAX_BYTES_OF_SPAN // size
    counts = [
        refused(send_logs(own_server, project, n, body={"stringValue": noise}, **here))
        for n in range(room + 2)
    ]
    assert counts[: room - 1] == [0] * (room - 1)
    assert counts[-1] == 1
    other = here | {"spanId": "3" * 16}
    assert refused(send_logs(own_server, project, 1, body={"stringValue": noise}, **other)) == 0
