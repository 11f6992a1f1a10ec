"""A database that somebody else has locked: senders are told to come back, readers go on."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
from support.floods import Flood, stored_ids
from support.servers import ServerProcess, start_server

from weave_core import Client


@contextmanager
def locked(home: Path, env: dict[str, str]) -> Iterator[None]:
    """Nobody else can write, as while a backup or an administrator's transaction runs."""
    url = env.get("WEAVE_CORE_DATABASE_URL")
    if url is None:
        with closing(sqlite3.connect(home / "store.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
    else:
        with psycopg.connect(url.replace("+psycopg", "")) as admin:
            admin.execute("LOCK TABLE span IN SHARE MODE")
            yield


def doors(server: ServerProcess) -> tuple[str, str]:
    """Where spans go in."""
    return server.url, server.grpc_address


def test_a_locked_database_is_503_until_it_is_free(home: Path, store_env: dict[str, str]) -> None:
    """Over HTTP with `Retry-After`, over gRPC with RetryInfo; then all comes in, once."""
    with start_server(home, env=store_env) as server, Client(server.url) as client:
        floods = [Flood(senders=2), Flood(senders=2, first=1_000_000)]
        before = Flood(senders=1, first=2_000_000)
        before.start(server.url)
        before.until_acknowledged(more_than=0)
        before.stop()
        with locked(home, store_env):
            for flood, door in zip(floods, doors(server), strict=True):
                flood.start(door)
            for flood in floods:
                flood.until_refused(more_than=1)
                assert not flood.acknowledged
            # Readers, meanwhile.
            assert before.acknowledged_ids == stored_ids(client).keys()
        for flood in floods:
            flood.until_acknowledged(more_than=5)
        for flood, door in zip(floods, doors(server), strict=True):
            flood.stop()
            assert flood.refusals.keys() == {503}
            assert flood.waits.isdisjoint({None, "0"})
            flood.finish(door)
        found = stored_ids(client)
        assert set(found.values()) == {1}
        assert found.keys() == set().union(*(flood.acknowledged_ids for flood in (before, *floods)))
        assert server.stop() == 0
