"""What the server tells Prometheus of itself."""

from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from support.sent_spans import otlp_span, send_spans
from support.servers import ServerProcess, start_server


def measures_of(url: str, headers: dict[str, str] | None = None) -> dict[str, float]:
    """All samples, by name and labels as they are written."""
    answer = httpx.get(f"{url}/metrics", headers=headers)
    answer.raise_for_status()
    assert answer.headers["content-type"].startswith("text/plain")
    return {
        sample.name + "".join(f"[{value}]" for value in sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_what_is_stored_and_refused_is_counted(own_server: ServerProcess) -> None:
    """An operator sees how much came, how long commits take, and what was turned away."""
    send_spans(own_server.url, "0", [otlp_span(1, number) for number in range(1, 4)])
    bad = httpx.post(
        f"{own_server.url}/v1/traces", content=b"\xff", headers={"content-type": "application/json"}
    )
    assert bad.status_code == 400
    partial = {"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "0" * 32}]}]}]}
    assert httpx.post(f"{own_server.url}/v1/traces", json=partial).status_code == 200

    measures = measures_of(own_server.url)
    assert measures["weave_core_telemetry_stored_total[traces]"] == 3
    assert measures["weave_core_telemetry_rejected_total[traces]"] == 1
    assert measures["weave_core_telemetry_requests_failed_total[bad_request]"] == 1
    assert measures["weave_core_commit_seconds_count"] == 2
    assert measures["weave_core_commit_seconds_sum"] > 0
    assert measures["weave_core_queue_bytes"] == 0
    assert measures["weave_core_queue_max_bytes"] > 1_000_000
    assert measures["weave_core_http_answers_total[POST][/v1/traces][200]"] == 2
    assert measures["weave_core_http_answers_total[POST][/v1/traces][400]"] == 1
    assert measures["process_resident_memory_bytes"] > 1_000_000


def test_the_background_is_seen_to_catch_up(own_server: ServerProcess) -> None:
    """The distance of sums and full text from the newest span goes to nothing by itself."""
    send_spans(own_server.url, "0", [otlp_span(1, number) for number in range(1, 300)])
    for _ in range(200):
        measures = measures_of(own_server.url)
        behind = (
            measures["weave_core_traces_behind"],
            measures["weave_core_text_index_spans_behind"],
        )
        if behind == (0, 0):
            works = ("decode", "store", "sums", "full_text")
            spent = [measures[f"weave_core_writer_seconds_total[{work}]"] for work in works]
            assert min(spent) > 0
            return
    pytest.fail(f"still behind: {behind}")


def test_paths_that_no_route_has_make_no_labels(own_server: ServerProcess) -> None:
    """Whoever asks for many made-up paths does not make the answer grow."""
    before = len(measures_of(own_server.url))
    for number in range(20):
        assert httpx.get(f"{own_server.url}/no/such/{number}").status_code == 404
        assert httpx.get(f"{own_server.url}/api/projects/p{number}/traces").status_code == 404
    measures = measures_of(own_server.url)
    assert measures["weave_core_http_answers_total[GET][unrouted][404]"] == 20
    assert measures["weave_core_http_answers_total[GET][/api/projects/{project}/traces][404]"] == 20
    assert len(measures) < before + 12


def test_the_key_guards_what_is_counted(tmp_path: Path) -> None:
    """Prometheus sends the key as every other caller does."""
    with start_server(tmp_path, env={"WEAVE_CORE_API_KEY": "secret"}) as server:
        assert httpx.get(f"{server.url}/metrics").status_code == 401
        allowed = measures_of(server.url, {"authorization": "Bearer secret"})
    assert allowed["weave_core_queue_bytes"] == 0
