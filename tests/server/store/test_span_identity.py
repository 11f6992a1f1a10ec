"""One span is one row, however often and in whichever order its records come."""

from itertools import permutations
from pathlib import Path

import pytest
from support.raw_spans import START_NS, open_store, raw_span, read_trace, rows_of, store_spans

from weave_core.server.otlp.records import RawSpan
from weave_core.server.store.sent_spans import read_sent_spans
from weave_core.server.store.stores import Store

PENDING = raw_span(1, end_ns=0, attributes={"step": "begun"})
ENDED = raw_span(1, attributes={"step": "ended"})
LATER = raw_span(1, end_ns=START_NS + 9_000_000_000, attributes={"step": "ended later"})
LONGER = raw_span(1, attributes={"step": "ended, and told at more length"})


def stored(store: Store) -> RawSpan:
    """The one span that is stored, read from its payload."""
    (row,) = rows_of(store, "SELECT id FROM span")
    with store.engine.connect() as connection:
        ((_, raw),) = read_sent_spans(connection, [row.id])
    return raw


@pytest.mark.parametrize("in_one_batch", [True, False])
@pytest.mark.parametrize(
    ("records", "winner"),
    [
        ([PENDING, ENDED], ENDED),
        ([PENDING, ENDED, LATER], LATER),
        ([ENDED, LONGER], LONGER),
        ([LONGER, LATER, LATER], LATER),
    ],
)
def test_the_best_record_of_a_span_stays_in_any_order(
    tmp_path: Path, records: list[RawSpan], winner: RawSpan, *, in_one_batch: bool
) -> None:
    """Ended beats pending, then the later end, then the longer one; row and payload agree."""
    for number, order in enumerate(permutations(records)):
        with open_store(tmp_path / str(number)) as store:
            if in_one_batch:
                store_spans(store, *order)
            else:
                for record in order:
                    store_spans(store, record)
            assert stored(store) == winner
            (row,) = rows_of(store, "SELECT duration_ns FROM span")
            assert row.duration_ns == winner.end_ns - winner.start_ns
            assert rows_of(store, "SELECT sum(span_count) FROM payload_block")[0][0] == 1
            assert read_trace(store).span_count == 1


def test_a_resend_changes_nothing_and_its_neighbours_are_kept(tmp_path: Path) -> None:
    """A batch that comes again with one new span adds that span and no other."""
    with open_store(tmp_path) as store:
        first = [raw_span(number) for number in range(1, 6)]
        store_spans(store, *first)
        before = rows_of(store, "SELECT id, span_id FROM span ORDER BY id")
        store_spans(store, *first[:3], raw_span(9), *first[3:])
        after = rows_of(store, "SELECT id, span_id FROM span ORDER BY id")
        assert after[:5] == before
        assert [row.span_id for row in after[5:]] == [raw_span(9).span_id]
        assert read_trace(store).span_count == 6


def test_the_same_ids_in_another_trace_or_project_are_other_spans(tmp_path: Path) -> None:
    """Identity is project, trace and span together."""
    with open_store(tmp_path) as store:
        store_spans(store, raw_span(1), raw_span(1, trace=2))
        store_spans(store, raw_span(1), project="other")
        assert rows_of(store, "SELECT count(*) FROM span")[0][0] == 3


def test_what_no_database_takes_is_made_harmless_and_costs_no_neighbour(tmp_path: Path) -> None:
    """A token count beyond 64 bits or half a surrogate pair does not fail the batch."""
    odd = raw_span(
        1,
        attributes={
            "gen_ai.operation.name": "chat",
            "gen_ai.usage.input_tokens": "9" * 30,
            "weave_core.inputs": '"half a pair \\ud83d"',
            "weave_core.tags": '["\\ud83d"]',
        },
    )
    with open_store(tmp_path) as store:
        store_spans(store, odd, raw_span(2))
        stored = rows_of(store, "SELECT span_id FROM span ORDER BY id")
        assert stored == [((1).to_bytes(8, "big"),), ((2).to_bytes(8, "big"),)]


def test_times_beyond_a_signed_number_are_kept_as_sent(tmp_path: Path) -> None:
    """OTLP's times are unsigned: the row holds what it can, the payload all."""
    with open_store(tmp_path) as store:
        store_spans(store, raw_span(1, start_ns=2**64 - 2, end_ns=2**64 - 1))
        assert stored(store).end_ns == 2**64 - 1
        (row,) = rows_of(store, "SELECT start_ns, duration_ns FROM span")
        assert (row.start_ns, row.duration_ns) == (2**63 - 1, 0)


def test_an_end_before_the_start_lasts_no_time(tmp_path: Path) -> None:
    """Clocks go backwards; a duration does not."""
    with open_store(tmp_path) as store:
        store_spans(store, raw_span(1, start_ns=2_000, end_ns=1_000))
        (row,) = rows_of(store, "SELECT duration_ns FROM span")
        assert row.duration_ns == 0
