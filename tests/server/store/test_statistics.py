"""SQLite's planner is told how large things are, once they are."""

import time
from pathlib import Path

from support.raw_spans import open_store, raw_span, rows_of, store_spans

SPANS = 21_000
"""More than a store needs before it is measured."""


def test_a_store_that_has_grown_is_measured(tmp_path: Path) -> None:
    """The indexes of spans have statistics; a start measures nothing again."""
    query = "SELECT name FROM sqlite_master WHERE name = 'sqlite_stat1'"
    with open_store(tmp_path) as store:
        store_spans(store, raw_span(1))
        assert rows_of(store, query) == []
        for first in range(2, SPANS, 3_000):
            store_spans(store, *(raw_span(first + n, trace=first + n) for n in range(3_000)))
        until = time.monotonic() + 60
        while not rows_of(store, query):
            assert time.monotonic() < until, "nothing was measured"
            time.sleep(0.05)
        measured = rows_of(store, "SELECT idx FROM sqlite_stat1 WHERE tbl = 'span'")
        assert "newest_spans" in {row.idx for row in measured}
