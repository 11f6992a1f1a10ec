"""A clock that jumps, as clocks of virtual machines do, loses nothing and turns nothing round."""

from pathlib import Path

import pytest
from support.sent_spans import otlp_span, send_spans, wait_for_traces
from support.servers import ServerProcess, start_server

from weave_core import Client

DAY_NS = 86_400 * 10**9
YEAR_NS = 365 * DAY_NS
PROJECT = "clocks"
# Loaded by Python before anything else; monotonic clocks go on, as they do on a real machine.
MOVED_CLOCK = """
import os, time
_now_ns = time.time_ns
def _moved_ns():
    with open(os.environ["TEST_CLOCK_FILE"]) as file:
        return _now_ns() + int(file.read() or 0)
time.time_ns = _moved_ns
time.time = lambda: _moved_ns() / 1e9
"""


@pytest.fixture
def clock(tmp_path: Path) -> Path:
    """A file that says how many nanoseconds the server's clock is ahead."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(MOVED_CLOCK, encoding="utf-8")
    file = tmp_path / "clock"
    file.write_text("0", encoding="utf-8")
    return file


def env_of(clock: Path) -> dict[str, str]:
    """What makes a server go by `clock`."""
    return {"PYTHONPATH": str(clock.parent / "site"), "TEST_CLOCK_FILE": str(clock)}


def send_at(server: ServerProcess, clock: Path, ahead_ns: int, number: int) -> None:
    """Move the clock, then send a trace; its own times are the sender's, and stay."""
    moved = clock.with_suffix(".new")
    moved.write_text(str(ahead_ns), encoding="utf-8")
    moved.replace(clock)  # At once, or the server might read half of it.
    spans = [otlp_span(number, number, start_ns=10**18 + number, name=f"trace {number}")]
    send_spans(server.url, PROJECT, spans)


def test_traces_are_kept_and_ordered_whatever_the_server_thinks_the_time_is(
    tmp_path: Path, clock: Path
) -> None:
    """Back a year, ahead a year, and a restart in the past: the order is that of the senders."""
    jumps = (0, -YEAR_NS, YEAR_NS, -3 * YEAR_NS)
    with start_server(tmp_path / "home", env=env_of(clock)) as server, Client(server.url) as client:
        for number, ahead_ns in enumerate(jumps, start=1):
            send_at(server, clock, ahead_ns, number)
        wait_for_traces(client, PROJECT, len(jumps))
        server.kill()
    with start_server(tmp_path / "home", env=env_of(clock)) as server, Client(server.url) as client:
        send_at(server, clock, -10 * YEAR_NS, 5)
        wait_for_traces(client, PROJECT, 5)
        names = [trace.name for trace in client.list_traces(PROJECT).items]
        assert names == [f"trace {number}" for number in (5, 4, 3, 2, 1)]
        assert client.list_stats(PROJECT)[0].count == 5
        assert server.stop() == 0


def test_now_in_a_filter_follows_the_clock(tmp_path: Path, clock: Path) -> None:
    """Which also shows that the tests above do move it."""
    with start_server(tmp_path / "home", env=env_of(clock)) as server, Client(server.url) as client:
        send_at(server, clock, 0, 1)
        wait_for_traces(client, PROJECT, 1)
        recent = "started_at > now() - interval '36500 days'"
        assert len(client.list_traces(PROJECT, filter=recent).items) == 1
        send_at(server, clock, 200 * YEAR_NS, 1)
        assert client.list_traces(PROJECT, filter=recent).items == []
