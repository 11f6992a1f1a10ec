"""`weave-core up`: two processes that start, live and end as one."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from support.commands import WEAVE_CORE, clean_env
from support.ports import free_port

from weave_core import Client
from weave_core.commands.ports import is_port_free, is_serving

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/task").is_dir(), reason="child processes are found in /proc"
)

TIMEOUT_S = 60.0


@dataclass(frozen=True)
class Up:
    """A `weave-core up` that is ready."""

    process: "subprocess.Popen[str]"
    errors: Path
    port: int
    app_port: int
    box: str
    """What it printed until it was ready."""

    @property
    def urls(self) -> list[str]:
        """Addresses that answer while both processes live."""
        app = f"http://127.0.0.1:{self.app_port}/_stcore/health"
        return [f"http://127.0.0.1:{self.port}/healthz", app]

    def children(self) -> dict[str, int]:
        """Pids of the server and the app."""
        pid = self.process.pid
        words = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
        found = {}
        for child in map(int, words):
            command = Path(f"/proc/{child}/cmdline").read_bytes()
            found["app" if b"streamlit" in command else "server"] = child
        return found


@contextmanager
def running_up(folder: Path) -> Iterator[Up]:
    """`weave-core up` on free ports and a home below `folder`; ended by force at the end."""
    port, app_port = free_port(), free_port()
    command = [*WEAVE_CORE, "up", "--home", str(folder / "home")]
    command += ["--port", str(port), "--app-port", str(app_port), "--grpc-port", "0"]
    errors = folder / "stderr.txt"
    with (
        errors.open("w", encoding="utf-8") as stderr,
        subprocess.Popen(
            command,
            env=clean_env(),
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            start_new_session=True,
        ) as process,
    ):
        try:
            assert process.stdout is not None
            lines = []
            for line in process.stdout:
                lines.append(line)
                if line.startswith("╰"):
                    break
            yield Up(process, errors, port, app_port, "".join(lines))
        finally:
            process.terminate()
            try:
                process.wait(timeout=TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()


def wait_for(condition: Callable[[], bool], what: str) -> None:
    """Poll until `condition` holds."""
    deadline = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline, f"waited {TIMEOUT_S:.0f} s for {what}"
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    """Whether a process of that pid exists, zombies aside."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_one_signal_ends_everything(number: signal.Signals, tmp_path: Path) -> None:
    """Ctrl-C, a supervisor's stop, a closed terminal: no child is left and the ports are free."""
    with running_up(tmp_path) as up:
        assert f"http://127.0.0.1:{up.app_port}" in up.box
        assert f"http://127.0.0.1:{up.port}" in up.box
        assert str(tmp_path / "home") in up.box
        assert all(is_serving(url) for url in up.urls)
        children = up.children()
        assert children.keys() == {"server", "app"}

        up.process.send_signal(number)

        assert up.process.wait(timeout=TIMEOUT_S) == 0
        assert [name for name, pid in children.items() if is_alive(pid)] == []
        assert is_port_free("127.0.0.1", up.port)
        assert is_port_free("127.0.0.1", up.app_port)
        assert "bug of weave-core" not in up.errors.read_text(encoding="utf-8")


def test_a_crashed_server_comes_back_with_its_data(tmp_path: Path) -> None:
    """SIGKILL of the server: it is started again on the same port, and what it stored is there."""
    with running_up(tmp_path) as up:
        span = {
            "traceId": "ab" * 16,
            "spanId": "cd" * 8,
            "name": "before the crash",
            "startTimeUnixNano": str(time.time_ns()),
            "endTimeUnixNano": str(time.time_ns()),
        }
        body = {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}
        url = f"http://127.0.0.1:{up.port}"
        httpx.post(f"{url}/v1/traces", json=body).raise_for_status()
        before = up.children()

        os.kill(before["server"], signal.SIGKILL)

        wait_for(
            lambda: up.children().get("server", 0) not in {0, before["server"]}, "a new server"
        )
        wait_for(lambda: all(is_serving(url) for url in up.urls), "both to answer")
        assert up.children()["app"] == before["app"]
        assert "signal SIGKILL" in up.errors.read_text(encoding="utf-8")
        with Client(url) as client:
            assert [trace.name for trace in client.list_traces("default").items] == [
                "before the crash"
            ]


def test_a_child_that_keeps_crashing_ends_everything(tmp_path: Path) -> None:
    """The fourth crash within a minute is no accident: all is stopped, with a line that says so."""
    with running_up(tmp_path) as up:
        seen: set[int] = set()
        while up.process.poll() is None and len(seen) < 10:
            wait_for(
                lambda: (
                    up.process.poll() is not None or up.children().get("app", 0) not in seen | {0}
                ),
                "the next app",
            )
            if up.process.poll() is None:
                server = up.children().get("server", 0)
                seen.add(app := up.children()["app"])
                os.kill(app, signal.SIGKILL)
                wait_for(lambda pid=app: not is_alive(pid), "the app to die")  # type: ignore[misc]

        assert up.process.wait(timeout=TIMEOUT_S) == 1
        last = up.errors.read_text(encoding="utf-8").splitlines()[-1]
        assert last.startswith("weave-core: the app")
        assert not is_alive(server)
