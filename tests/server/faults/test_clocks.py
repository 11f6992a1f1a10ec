"""A clock that jumps, as clocks of virtual machines do, loses nothing and turns nothing round."""

import time
from pathlib import Path

import pytest
from support.clocks import env_of, move_to, new_clock
from support.floods import PROJECT as FLOODED
from support.floods import START_NS as FLOOD_START_NS
from support.floods import Flood, stored_ids
from support.sent_spans import otlp_span, send_spans, wait_for_traces
from support.servers import ServerProcess, start_server

from weave_core import Client

DAY_NS = 86_400 * 10**9
YEAR_NS = 365 * DAY_NS
PROJECT = "clocks"


@pytest.fixture
def clock(tmp_path: Path) -> Path:
    """A file that says how many nanoseconds the server's clock is ahead."""
    return new_clock(tmp_path)


def send_at(server: ServerProcess, clock: Path, ahead_ns: int, number: int) -> None:
    """Move the clock, then send a trace; its own times are the sender's, and stay."""
    move_to(clock, ahead_ns)
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


def test_a_clock_that_jumps_under_load_loses_doubles_and_delays_nothing(
    tmp_path: Path, clock: Path
) -> None:
    """Forward and back by a year while four exporters send; no trace is too old because of it."""
    flood = Flood()
    with start_server(tmp_path / "home", env=env_of(clock)) as server, Client(server.url) as client:
        flood.start(server.url)
        flood.until_acknowledged(more_than=5)
        # Kept for longer than the traces are old, and for less than the clock jumps.
        age_days = (time.time_ns() - FLOOD_START_NS) // DAY_NS
        client.set_retention(FLOODED, age_days + 30)
        for ahead_ns in (YEAR_NS, -YEAR_NS, 2 * YEAR_NS, 0):
            move_to(clock, ahead_ns)
            client.set_retention(FLOODED, age_days + 30)  # Looks for what is too old, at once.
            count = len(flood.acknowledged)
            flood.until_acknowledged(more_than=count + 20)
        flood.stop()
        flood.finish(server.url)
        flood.until(lambda: client.list_stats(FLOODED)[0].count == len(flood.acknowledged_ids))
        found = stored_ids(client)
        assert found.keys() == flood.acknowledged_ids
        assert set(found.values()) == {1}
        assert not flood.refusals
        assert server.stop() == 0
        assert any("jumped" in line for line in server.lines)
