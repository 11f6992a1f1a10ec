"""Programs and server killed at any moment: each span that ended is stored, once."""

import os
import random
from pathlib import Path

import pytest
from support.chaos import Chaos

KILLS = int(os.environ.get("WEAVE_CORE_TEST_CHAOS_KILLS", "3"))
"""`tests/benchmarks/chaos.py` kills fifty times and prints what came of it."""


@pytest.mark.timeout(600)
def test_whatever_is_killed_each_ended_span_is_stored_once(tmp_path: Path) -> None:
    """Two programs and their server, shot with SIGKILL together, started again each time."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")  # Shown when the test fails.

    outcome = Chaos(tmp_path, seed).run(KILLS)

    assert outcome.lost == []
    assert outcome.doubled == []
    assert outcome.ended > 100 * KILLS
