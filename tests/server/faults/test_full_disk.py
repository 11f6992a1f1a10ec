"""A disk that is full refuses, and says so; nothing that was acknowledged is harmed."""

import resource
from pathlib import Path

import httpx
from support.floods import PROJECT, Flood, stored_ids
from support.servers import ServerProcess, start_server

from weave_core import Client

ROOM_BYTES = 300_000


def limit_files(server: ServerProcess, size_bytes: int) -> None:
    """Let no file of the server grow over `size_bytes`: the kernel refuses as a full disk does."""
    resource.prlimit(
        server.process.pid, resource.RLIMIT_FSIZE, (size_bytes, resource.RLIM_INFINITY)
    )


def test_a_full_disk_is_503_until_there_is_room(tmp_path: Path) -> None:
    """Senders are told to come back, readers go on, and all comes in once there is room."""
    flood = Flood(text_bytes=2_000)
    with start_server(tmp_path) as server, Client(server.url) as client:
        flood.start(server.url)
        flood.until_acknowledged(more_than=5)
        grown = max(file.stat().st_size for file in tmp_path.glob("store.db*"))
        limit_files(server, grown + ROOM_BYTES)
        flood.until_refused(more_than=10)
        # Readers, meanwhile: all that was acknowledged, and the server is well.
        assert client.health().status == "ok"
        before = set(flood.acknowledged_ids)
        assert before <= stored_ids(client).keys()
        limit_files(server, resource.RLIM_INFINITY)
        count = len(flood.acknowledged)
        flood.until_acknowledged(more_than=count + 5)
        flood.stop()
        assert flood.refusals.keys() == {503}
        assert None not in flood.waits
        flood.finish(server.url)
        found = stored_ids(client)
        assert found.keys() == flood.acknowledged_ids
        assert set(found.values()) == {1}
        flood.until(lambda: client.list_stats(PROJECT)[0].count == len(found))
        assert server.stop() == 0
    with start_server(tmp_path) as server, Client(server.url) as client:
        assert stored_ids(client).keys() == flood.acknowledged_ids


def test_a_server_that_is_killed_on_a_full_disk_starts_again(tmp_path: Path) -> None:
    """What was acknowledged before is there, and the refusal told why."""
    flood = Flood(text_bytes=2_000)
    with start_server(tmp_path) as server:
        flood.start(server.url)
        flood.until_acknowledged(more_than=5)
        limit_files(server, 100_000)
        flood.until_refused(more_than=3)
        flood.stop()
        refused = httpx.post(f"{server.url}/v1/traces", json=flood.batch(10**6), timeout=60)
        assert refused.status_code == 503
        assert "the database can't be written" in refused.json()["message"]
        server.kill()
    with start_server(tmp_path) as server, Client(server.url) as client:
        assert flood.acknowledged_ids <= stored_ids(client).keys()
        flood.finish(server.url)
        assert flood.acknowledged_ids <= stored_ids(client).keys()
