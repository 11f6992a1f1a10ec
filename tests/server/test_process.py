"""`weave-core server` as a process: a line when ready or when it can't be, and a clean stop."""

import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest
from support.servers import ServerProcess, start_server

from weave_core import Client
from weave_core.errors import ConfigError, StoreError
from weave_core.server.process import run_server
from weave_core.settings import Settings

EMPTY = {"content-type": "application/json"}


def test_a_taken_port_is_refused(tmp_path: Path) -> None:
    """It names the address and the way out, and leaves no database behind."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"127.0.0.1:{port}: Address already in use.*--port"):
            run_server(Settings(home=tmp_path / "home"), host="127.0.0.1", port=port)
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 70_000), ("127.0.0.1", -1)])
def test_a_port_that_is_none_is_refused(tmp_path: Path, host: str, port: int) -> None:
    """In the same words."""
    with pytest.raises(ConfigError, match=f"can't listen on {host}:{port}"):
        run_server(Settings(home=tmp_path), host=host, port=port)


def test_a_home_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    """A path below a file can't be a folder, whoever asks."""
    (tmp_path / "file").write_text("")
    home = tmp_path / "file" / "home"
    with pytest.raises(StoreError, match=r"can't write to .*file/home.*--home"):
        run_server(Settings(home=home), host="127.0.0.1", port=0)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_an_open_address_needs_a_key(tmp_path: Path, host: str) -> None:
    """Refused before the port is bound or the host's name is looked up."""
    with pytest.raises(ConfigError, match=f"'{host}'.*WEAVE_CORE_API_KEY"):
        run_server(Settings(home=tmp_path), host=host, port=0)


def test_a_second_server_on_the_same_home_is_refused(tmp_path: Path) -> None:
    """It names the folder and the process that has it; the first goes on."""
    with start_server(tmp_path) as first:
        command = [sys.executable, "-m", "weave_core", "server", "--port", "0"]
        second = subprocess.run(
            [*command, "--home", str(tmp_path)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (second.returncode, second.stdout) == (1, "")
        (line,) = second.stderr.strip().splitlines()
        assert line.startswith("weave-core: ")
        assert str(tmp_path) in line
        assert f"process {first.process.pid}" in line
        assert httpx.get(f"{first.url}/healthz").status_code == 200


def test_the_lock_of_a_killed_server_blocks_nobody(tmp_path: Path) -> None:
    """The kernel takes the lock back, not a clean-up that may never run."""
    with start_server(tmp_path) as first:
        first.kill()
        assert (tmp_path / "server.lock").exists()
        with start_server(tmp_path) as second:
            assert httpx.get(f"{second.url}/healthz").status_code == 200


@pytest.mark.parametrize("order", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_cleanly(tmp_path: Path, order: signal.Signals) -> None:
    """Exit code 0, nothing on standard error, the write-ahead log folded into the database."""
    with start_server(tmp_path) as server:
        server.process.send_signal(order)
        assert server.process.wait(timeout=20) == 0
        lines = server.lines
    assert [line for line in lines if not line.startswith("weave-core server ")] == []
    wal = tmp_path / "store.db-wal"
    assert not wal.exists() or wal.stat().st_size == 0


def test_with_a_key_nothing_is_told_without_it(tmp_path: Path) -> None:
    """Reading and sending both need it; health does not; a wrong one is like none."""
    with start_server(tmp_path, env={"WEAVE_CORE_API_KEY": "sesame"}) as server:
        for wrong in ({}, {"authorization": "Bearer wrong"}, {"authorization": "sesame"}):
            for method, path in (("GET", "/api/projects"), ("POST", "/v1/traces")):
                answer = httpx.request(method, server.url + path, headers=EMPTY | wrong)
                assert answer.status_code == 401
                assert "WEAVE_CORE_API_KEY" in answer.text
        assert httpx.get(f"{server.url}/healthz").status_code == 200
        right = EMPTY | {"authorization": "Bearer sesame"}
        answer = httpx.post(f"{server.url}/v1/traces", content=b"{}", headers=right)
        assert answer.status_code == 200
        with Client(server.url, api_key="sesame") as client:
            assert client.list_projects() == []


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/nothing-here", 404, "not_found"),
        ("DELETE", "/healthz", 405, "method_not_allowed"),
        ("GET", "/api/projects/nobody/traces", 404, "not_found"),
        ("GET", "/api/projects/nobody/traces?limit=0", 422, "invalid_parameter"),
    ],
)
def test_every_refusal_has_the_same_shape(
    server: ServerProcess, method: str, path: str, status: int, code: str
) -> None:
    """`{"error": {"code", "message", "hint"}}`, the framework's own refusals too."""
    answer = httpx.request(method, server.url + path)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert error["code"] == code
    assert error["message"]
    assert set(error) <= {"code", "message", "hint", "position"}


def test_a_locked_database_is_503_and_a_resend_succeeds(
    own_server: ServerProcess,
) -> None:
    """Senders keep their data on 503 and drop it on 500; nothing is stored in part."""
    span = {"traceId": "1" * 32, "spanId": "2" * 16, "name": "kept"}
    body = {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}
    intruder = sqlite3.connect(own_server.home / "store.db", isolation_level=None)
    intruder.execute("BEGIN IMMEDIATE")
    try:
        refused = httpx.post(f"{own_server.url}/v1/traces", json=body, timeout=60)
    finally:
        intruder.execute("ROLLBACK")
        intruder.close()
    assert refused.status_code == 503
    assert int(refused.headers["retry-after"]) > 0
    assert "the database can't be written: database is locked" in refused.json()["message"]
    assert httpx.post(f"{own_server.url}/v1/traces", json=body, timeout=60).status_code == 200
    with Client(own_server.url) as client:
        assert [item.name for item in client.list_spans("default").items] == ["kept"]


def test_too_much_at_once_is_503_and_comes_in_later(tmp_path: Path) -> None:
    """The queue is bounded by bytes: senders are told when to come back, nothing is dropped."""
    span = {"traceId": "1" * 32, "spanId": "2" * 16, "name": "x" * 200_000}
    env = {"WEAVE_CORE_MAX_QUEUE_BYTES": "500000"}
    statuses: list[int] = []
    waits: set[str | None] = set()

    with start_server(tmp_path, env=env) as server:
        # While the database is locked nothing leaves the queue.
        intruder = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
        intruder.execute("BEGIN IMMEDIATE")

        def send(number: int) -> None:
            spans = [span | {"spanId": f"{number + 1:016x}"}]
            body = {"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}
            answer = httpx.post(f"{server.url}/v1/traces", json=body, timeout=60)
            statuses.append(answer.status_code)
            waits.add(answer.headers.get("retry-after"))

        senders = [threading.Thread(target=send, args=(number,)) for number in range(8)]
        for sender in senders:
            sender.start()
        deadline = time.monotonic() + 8  # Below the time that the writer waits for a lock.
        while statuses.count(503) < 6 and time.monotonic() < deadline:
            time.sleep(0.02)
        intruder.execute("ROLLBACK")
        intruder.close()
        for sender in senders:
            sender.join(60)
        assert sorted(statuses) == [200, 200, 503, 503, 503, 503, 503, 503]
        assert waits == {None, "1"}
        for number in range(8):
            send(number)
        assert statuses[8:] == [200] * 8
        with Client(server.url) as client:
            assert len(client.list_spans("default").items) == 8
