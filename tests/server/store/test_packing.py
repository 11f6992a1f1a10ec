"""Payloads in blocks: small ones become full ones, and every span reads as it was sent."""

import random
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from support.raw_spans import START_NS, open_store, raw_span, rows_of, store_spans

from weave_core.server.otlp.records import RawSpan
from weave_core.server.store.payloads import compress, payload_json
from weave_core.server.store.sent_spans import read_sent_spans
from weave_core.server.store.stores import Store

FILLER = 4_200
"""Spans behind which others count as settled, with room for one turn of the packer."""
GROWN = 7_000
"""Spans whose index of words is worth a merge."""


def stored(store: Store) -> dict[bytes, RawSpan]:
    """All spans by their id, as they read now."""
    ids = [row.id for row in rows_of(store, "SELECT id FROM span")]
    with store.engine.connect() as connection:
        return {raw.span_id: raw for _, raw in read_sent_spans(connection, ids)}


def fill(store: Store, first: int) -> list[RawSpan]:
    """Enough of what comes later, in one request."""
    spans = [raw_span(number, trace=9_999) for number in range(first, first + FILLER)]
    store_spans(store, *spans)
    return spans


def said(number: int, dice: random.Random) -> RawSpan:
    """A span with some words, and an id that nothing can compress."""
    words = [f"word{dice.randrange(300)}" for _ in range(20)]
    return raw_span(number, attributes={"output": " ".join(words), "id": dice.randbytes(120).hex()})


def wait_for(condition: Callable[[], bool]) -> None:
    """Return once the background has brought it about."""
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until, "the background did not come that far"
        time.sleep(0.02)


def position(store: Store) -> int:
    """Row id up to which spans are packed."""
    rows = rows_of(store, "SELECT position FROM background_cursor WHERE name = 'blocks'")
    return rows[0].position if rows else 0


def blocks_to(store: Store, row_id: int) -> int:
    """How many blocks begin at or before a span."""
    query = "SELECT COUNT(*) AS n FROM payload_block WHERE first_row_id <= :row_id"
    return int(rows_of(store, query, row_id=row_id)[0].n)


def test_small_requests_become_full_blocks_and_read_the_same(tmp_path: Path) -> None:
    """Of many projects, with spans sent twice between them; a late version and a deletion hold."""
    sent: list[RawSpan] = []
    with open_store(tmp_path) as store:
        for number in range(1, 61, 2):
            pair = [raw_span(number, trace=number), raw_span(number + 1, trace=number)]
            store_spans(store, *pair, project=f"p{number % 3}")
            store_spans(store, pair[0], project=f"p{number % 3}")
            sent += pair
        last = rows_of(store, "SELECT MAX(id) AS id FROM span")[0].id
        assert blocks_to(store, last) == 30
        sent += fill(store, 1_000)
        wait_for(lambda: position(store) >= last)
        assert blocks_to(store, last) == 1
        expected = {span.span_id: span for span in sent}
        assert stored(store) == expected

        later = raw_span(7, trace=7, end_ns=START_NS + 9_000_000_000, attributes={"said": "later"})
        store_spans(store, later, project="p1")
        expected[later.span_id] = later
        assert stored(store) == expected
        wait_for(lambda: rows_of(store, "SELECT COUNT(*) AS n FROM span_payload")[0].n == 0)
        assert stored(store) == expected

        store.deleter.delete("p1", None)
        gone = {span.span_id for span in sent[:60] if span.trace_id[-1] % 3 == 1}
        assert stored(store) == {key: raw for key, raw in expected.items() if key not in gone}
        assert rows_of(store, "SELECT SUM(span_count) AS n FROM payload_block")[0].n == len(
            expected
        ) - len(gone)


def test_a_store_that_has_grown_is_made_small_when_it_is_quiet(tmp_path: Path) -> None:
    """Blocks are cut anew, the index of words is merged, the disk has back what is deleted."""
    dice = random.Random(1)
    sent = {span.span_id: span for number in range(1, GROWN + 1) for span in [said(number, dice)]}
    with open_store(tmp_path) as store:
        for start in range(0, GROWN, 3_000):
            store_spans(store, *list(sent.values())[start : start + 3_000])
        wait_for(lambda: position(store) > GROWN - FILLER)
        assert rows_of(store, "SELECT COUNT(DISTINCT segid) FROM span_text_idx")[0][0] <= 2
        assert stored(store) == sent
        found = "SELECT rowid FROM span_text WHERE span_text MATCH 'word17'"
        assert {row.rowid for row in rows_of(store, found)} == {
            int.from_bytes(key, "big")
            for key, span in sent.items()
            if "word17" in span.attributes["output"].split()
        }
        settled = position(store)
        assert settled / blocks_to(store, settled) > 17
        bare = (
            "SELECT 1 FROM payload_block WHERE first_row_id <= :settled AND dictionary_id IS NULL"
        )
        assert not rows_of(store, bare, settled=settled), "packed once, so not too early"
        pages = rows_of(store, "PRAGMA page_count")[0][0]
        store.deleter.delete("p", None)
        wait_for(lambda: rows_of(store, "PRAGMA page_count")[0][0] < pages * 0.7)


def test_payloads_of_an_older_version_lie_alone_and_are_packed(tmp_path: Path) -> None:
    """A database that has a row a payload is read as it is, and moved in the background."""
    old = [raw_span(number, trace=number) for number in range(1, 501)]
    with open_store(tmp_path) as store:
        store_spans(store, *old)
        ids = {row.span_id: row.id for row in rows_of(store, "SELECT id, span_id FROM span")}
    bodies = compress([payload_json(span) for span in old])
    with sqlite3.connect(tmp_path / "store.db") as database:
        database.execute("DELETE FROM payload_block")
        database.executemany(
            "INSERT INTO span_payload VALUES (?, 1, NULL, ?)",
            [(ids[span.span_id], body) for span, body in zip(old, bodies, strict=True)],
        )
    database.close()
    with open_store(tmp_path) as store:
        expected = {span.span_id: span for span in old}
        assert stored(store) == expected
        newer = fill(store, 1_000)
        wait_for(lambda: rows_of(store, "SELECT COUNT(*) AS n FROM span_payload")[0].n == 0)
        assert stored(store) == expected | {span.span_id: span for span in newer}
        assert blocks_to(store, len(old)) < 60
