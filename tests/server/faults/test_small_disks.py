"""A disk that is really full: what was acknowledged stays, what is refused is told so."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.commands import run_command
from support.floods import PROJECT, Flood, stored_ids
from support.sent_spans import otlp_span, send_spans
from support.servers import start_server
from support.small_disks import SmallDisk, small_disk

from weave_core import Client

DISK_BYTES = 24 * 1024 * 1024


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """The disk that the server's folder lies on."""
    with small_disk(tmp_path / "disk", DISK_BYTES) as mounted:
        yield mounted


def test_a_disk_that_fills_up_is_503_until_there_is_room(disk: SmallDisk) -> None:
    """The database, its journal and the sums alike; then all comes in, once."""
    flood = Flood(text_bytes=2_000)
    with start_server(disk.folder) as server, Client(server.url) as client:
        flood.start(server.url)
        flood.until_acknowledged(more_than=5)
        disk.fill()
        flood.until_refused(more_than=10)
        assert client.health().status == "ok"
        assert set(flood.acknowledged_ids) <= stored_ids(client).keys()
        disk.empty()
        count = len(flood.acknowledged)
        flood.until_acknowledged(more_than=count + 5)
        # Again, and this time a stop in the middle of it.
        disk.fill()
        refused = flood.refusals[503]
        flood.until_refused(more_than=refused + 3)
        flood.stop()
        assert flood.refusals.keys() == {503}
        assert None not in flood.waits
        assert server.stop() == 0
    disk.empty()
    with start_server(disk.folder) as server, Client(server.url) as client:
        assert flood.acknowledged_ids <= stored_ids(client).keys()
        flood.finish(server.url)
        found = stored_ids(client)
        assert found.keys() == flood.acknowledged_ids
        assert set(found.values()) == {1}
        flood.until(lambda: client.list_stats(PROJECT)[0].count == len(found))


def test_a_server_that_is_killed_on_a_full_disk_loses_nothing(disk: SmallDisk) -> None:
    """It may not start before there is room, and says why in one line; then all is there."""
    flood = Flood(text_bytes=2_000)
    with start_server(disk.folder) as server:
        flood.start(server.url)
        flood.until_acknowledged(more_than=5)
        disk.fill()
        flood.until_refused(more_than=3)
        server.kill()
        flood.stop()
    ended = run_command("server", "--home", str(disk.folder), "--port", "0", "--no-grpc")
    assert ended.returncode == 1, ended.stdout
    [line] = ended.stderr.splitlines()
    assert "No space left on device" in line or "full" in line
    disk.empty()
    with start_server(disk.folder) as server, Client(server.url) as client:
        assert flood.acknowledged_ids <= stored_ids(client).keys()
        assert set(stored_ids(client).values()) == {1}
        flood.finish(server.url)
        assert stored_ids(client).keys() == flood.acknowledged_ids


def test_whatever_is_written_says_so(disk: SmallDisk) -> None:
    """Spans, logs, metrics, bytes and objects: 503, and stored once there is room."""
    blob = os.urandom(300_000)
    digest = f"sha256:{hashlib.sha256(blob).hexdigest()}"
    text = {"stringValue": blob.hex()}
    gauges = [
        {"name": f"m{n}", "gauge": {"dataPoints": [{"timeUnixNano": 1, "asInt": n}]}}
        for n in range(2_000)
    ]
    span = otlp_span(2, 2, attributes={"text": blob.hex()})
    writes: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", "/v1/traces", {"json": envelope("Spans", "spans", span)}),
        ("POST", "/v1/logs", {"json": envelope("Logs", "logRecords", {"body": text})}),
        ("POST", "/v1/metrics", {"json": envelope("Metrics", "metrics", *gauges)}),
        ("PUT", f"/api/blobs/{digest}", {"content": blob}),
        ("POST", "/api/projects/default/objects/dataset/big", {"json": {"content": [blob.hex()]}}),
    ]
    with start_server(disk.folder) as server, httpx.Client(base_url=server.url, timeout=90) as http:
        send_spans(server.url, "default", [otlp_span(1, 1)])
        disk.fill()
        for method, path, body in writes:
            answer = http.request(method, path, **body)
            assert answer.status_code == 503, (path, answer.text)
            assert int(answer.headers["retry-after"]) > 0
        disk.empty()
        for method, path, body in writes:
            answer = http.request(method, path, **body)
            assert answer.is_success, (path, answer.text)
        assert http.get(f"/api/blobs/{digest}").content == blob
        assert server.stop() == 0
        assert not [line for line in server.lines if "Traceback" in line]


def envelope(signal: str, items: str, *what: dict[str, Any]) -> dict[str, Any]:
    """A request of one signal."""
    return {f"resource{signal}": [{f"scope{signal}": [{items: list(what)}]}]}
