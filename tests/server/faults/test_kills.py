"""A server that ends at any moment, in any way, loses nothing that it acknowledged."""

import os
import random
from pathlib import Path

import pytest
from support.kills import kill_under_load
from support.postgres import new_database

ROUNDS = int(os.environ.get("WEAVE_CORE_TEST_KILL_ROUNDS", "2"))
"""`tests/benchmarks/chaos.py server` kills fifty times each; a round takes some four seconds."""


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

    outcome = kill_under_load(tmp_path, store_env, door=door, kills=ROUNDS, seed=seed, stops=True)

    assert outcome.acknowledged
    assert outcome.is_sound, outcome
