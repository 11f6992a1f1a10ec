"""A server that ends at any moment, in any way, loses nothing that it acknowledged."""

import os
import random
import time
from pathlib import Path

import pytest
from support.floods import PROJECT, Flood, stored_ids
from support.postgres import new_database
from support.servers import start_server

from weave_core import Client

ROUNDS = int(os.environ.get("WEAVE_CORE_TEST_KILL_ROUNDS", "2"))
"""More rounds find rarer moments: a round takes about four seconds."""
LONGEST_S = 1.0


@pytest.fixture(params=["sqlite", "postgresql"])
def store_env(request: pytest.FixtureRequest) -> dict[str, str]:
    """What makes a server use an empty database of each kind."""
    if request.param == "sqlite":
        return {}
    return {"WEAVE_CORE_DATABASE_URL": new_database(request.getfixturevalue("postgres_url"))}


@pytest.mark.parametrize("door", ["http", "grpc"])
def test_whatever_moment_it_ends_what_was_acknowledged_is_there_once(
    tmp_path: Path, store_env: dict[str, str], door: str
) -> None:
    """SIGKILL and SIGTERM in turn, under four senders; in the end all is there, once."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")  # Shown when the test fails.
    moments = random.Random(seed)
    flood = Flood()
    for number in range(ROUNDS):
        with start_server(tmp_path, env=store_env) as server:
            flood.start(server.url if door == "http" else server.grpc_address)
            time.sleep(moments.uniform(0, LONGEST_S))  # The moment is the point.
            if number % 2:
                assert server.stop() == 0
            else:
                server.kill()
            flood.stop()
    assert flood.acknowledged
    # A server that stops refuses what it can't take any more; it never fails.
    assert set(flood.refusals) <= {503}
    with start_server(tmp_path, env=store_env) as server, Client(server.url) as client:
        found = stored_ids(client)
        assert flood.acknowledged_ids <= found.keys()
        assert set(found.values()) == {1}
        flood.finish(server.url)
        found = stored_ids(client)
        assert found.keys() == flood.acknowledged_ids
        assert set(found.values()) == {1}
        [sums] = client.list_stats(PROJECT)
        assert sums.count == len(found)
