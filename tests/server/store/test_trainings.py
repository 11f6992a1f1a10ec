"""A dictionary is trained beside the writer: it comes when it comes, and nobody waits for it."""

import threading
import time
from pathlib import Path

from support.raw_spans import llm_call, open_store, rows_of, store_spans

SPANS = 2_100
"""Enough for a first training."""
TRAINING = "weave-core-training"


def trains() -> bool:
    """Whether a training goes on."""
    return any(thread.name == TRAINING for thread in threading.enumerate())


def test_a_store_that_closes_ends_its_training(tmp_path: Path) -> None:
    """No thread reads a database that is closed; the spans are there, the next one trains anew."""
    said = "Could you please tell me where my order NW-{} is and when it will be delivered?"
    spans = [
        llm_call(number, trace=number, given={"input.value": said.format(number * 7_919)})
        for number in range(1, SPANS + 1)
    ]
    with open_store(tmp_path) as store:
        store_spans(store, *spans)
        until = time.monotonic() + 30
        while not trains() and not rows_of(store, "SELECT 1 FROM payload_dictionary"):
            assert time.monotonic() < until, "no training began"
    assert not trains()
    with open_store(tmp_path) as store:
        assert rows_of(store, "SELECT COUNT(*) AS n FROM span")[0].n == SPANS
