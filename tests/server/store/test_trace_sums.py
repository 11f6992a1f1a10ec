"""Sums of a trace follow its spans, whatever comes first, and count each model call once."""

import sqlite3
from contextlib import closing
from pathlib import Path

import orjson
import pytest
from support.raw_spans import START_NS, llm_call, open_store, raw_span, read_trace, rows_of
from support.raw_spans import store_spans as store_them

from weave_core.server.store import writer
from weave_core.server.store.duplicates import MAX_REPORTS
from weave_core.server.store.shared_texts import spelled_sql

CALL_USD = (100 * 0.15 + 10 * 0.60) / 1e6
"""100 tokens in and 10 out of gpt-4o-mini, by its public price list."""


def test_sums_count_model_calls_and_nothing_that_repeats_them(tmp_path: Path) -> None:
    """An agent's own usage is that of its calls; tokens and cost come from the calls alone."""
    agent = llm_call(1, given={"gen_ai.operation.name": "invoke_agent"})
    with open_store(tmp_path) as store:
        store_them(store, agent, llm_call(2, parent=1), llm_call(3, parent=1))
        trace = read_trace(store)
        assert (trace.span_count, trace.model_call_count) == (3, 2)
        assert (trace.input_tokens, trace.output_tokens) == (200, 20)
        assert trace.cost_usd == pytest.approx(2 * CALL_USD)
        assert orjson.loads(trace.models) == ["gpt-4o-mini"]
        assert trace.is_complete


def test_a_cost_that_cannot_be_known_is_null(tmp_path: Path) -> None:
    """No price for a model is no cost of 0, in the span and in the trace."""
    with open_store(tmp_path) as store:
        store_them(store, llm_call(1, given={"gen_ai.request.model": "nobody-knows-me"}))
        assert read_trace(store).cost_usd is None
        assert rows_of(store, "SELECT cost_usd, cost_source FROM span") == [(None, None)]


def test_a_given_cost_is_taken_as_it_is(tmp_path: Path) -> None:
    """The sender knows its own price."""
    with open_store(tmp_path) as store:
        store_them(store, llm_call(1, given={"gen_ai.usage.cost": 0.5}))
        assert read_trace(store).cost_usd == 0.5
        source = spelled_sql("cost_source", store.dialect)
        assert rows_of(store, f"SELECT {source} FROM span") == [("given",)]  # noqa: S608  # Ours.


def test_children_that_come_first_wait_for_their_root(tmp_path: Path) -> None:
    """Until the root comes the earliest orphan stands for the trace; then the root does."""
    with open_store(tmp_path) as store:
        store_them(store, raw_span(3, parent=2), raw_span(2, parent=1, name="first orphan"))
        trace = read_trace(store)
        assert (trace.root_span_id, trace.name, trace.is_complete) == (None, "first orphan", 0)
        store_them(store, raw_span(1, name="root", start_ns=START_NS, status_code=2))
        trace = read_trace(store)
        assert trace.root_span_id == (1).to_bytes(8, "big")
        assert (trace.name, trace.status, trace.span_count) == ("root", "error", 3)
        assert (trace.error_count, trace.is_complete) == (1, 1)


def test_a_trace_is_complete_when_nothing_of_it_runs(tmp_path: Path) -> None:
    """A pending span keeps it open; a pending root leaves its duration unknown."""
    with open_store(tmp_path) as store:
        store_them(store, raw_span(1, end_ns=0), raw_span(2, parent=1))
        trace = read_trace(store)
        assert (trace.duration_ns, trace.is_complete, trace.status) == (None, 0, "pending")
        store_them(store, raw_span(1, end_ns=START_NS + 5_000_000_000))
        trace = read_trace(store)
        assert (trace.duration_ns, trace.is_complete) == (5_000_000_000 - 1, 1)


def test_the_session_is_the_roots_else_the_most_frequent(tmp_path: Path) -> None:
    """Senders put it on any span."""
    with open_store(tmp_path) as store:
        sessions = ["b", "a", "a"]
        children = [
            raw_span(number + 2, parent=1, attributes={"session.id": session})
            for number, session in enumerate(sessions)
        ]
        store_them(store, raw_span(1), *children)
        assert read_trace(store).session_id == "a"
        store_them(store, raw_span(1, attributes={"session.id": "root's own"}))
        assert read_trace(store).session_id == "root's own"


def test_a_call_that_two_instrumentations_report_counts_once(tmp_path: Path) -> None:
    """The inner span of two for one call is marked and left out of the sums."""
    with open_store(tmp_path) as store:
        store_them(store, raw_span(1), llm_call(2, parent=1), llm_call(3, parent=2))
        trace = read_trace(store)
        assert (trace.model_call_count, trace.input_tokens) == (1, 100)
        marks = rows_of(store, "SELECT is_duplicate FROM span ORDER BY id")
        assert [bool(row.is_duplicate) for row in marks] == [False, False, True]


def test_a_call_that_is_reported_in_two_traces_counts_once(tmp_path: Path) -> None:
    """The reply's id tells, whichever of the two traces comes first."""
    reply = {"gen_ai.response.id": "chatcmpl-1"}
    bare = reply | {"gen_ai.usage.input_tokens": None, "gen_ai.usage.output_tokens": None}
    for number, order in enumerate([(1, 2), (2, 1)]):
        with open_store(tmp_path / str(number)) as store:
            calls = {1: llm_call(1, given=reply), 2: llm_call(2, trace=2, given=bare)}
            for trace in order:
                store_them(store, calls[trace])
                read_trace(store, trace)
            counts = (read_trace(store, 1).model_call_count, read_trace(store, 2).model_call_count)
            assert counts == (1, 0)


def test_a_reply_id_that_everybody_has_tells_nothing(tmp_path: Path) -> None:
    """A stand-in for a provider that gives every reply the same id: each call is one."""
    reply = {"gen_ai.response.id": "chatcmpl-mock"}
    traces = range(1, MAX_REPORTS + 2)
    with open_store(tmp_path) as store:
        store_them(store, *[llm_call(1, trace=number, given=reply) for number in traces])
        assert {read_trace(store, number).model_call_count for number in traces} == {1}
        assert not any(row.is_duplicate for row in rows_of(store, "SELECT is_duplicate FROM span"))


def test_a_trace_of_thousands_of_spans_sums_right(tmp_path: Path) -> None:
    """More spans than one step takes, over many batches."""
    with open_store(tmp_path) as store:
        store_them(store, raw_span(1))
        for start in range(2, 6_002, 1_000):
            store_them(store, *[llm_call(n, parent=1) for n in range(start, start + 1_000)])
        trace = read_trace(store)
        assert (trace.span_count, trace.model_call_count) == (6_001, 6_000)
        assert trace.input_tokens == 600_000


def test_a_long_trace_that_grows_while_it_is_read_sums_right(tmp_path: Path) -> None:
    """It is read over several steps; what is stored or deleted between them is not lost."""
    with open_store(tmp_path) as store:
        store_them(store, raw_span(1, end_ns=0))
        for start in range(2, 22_002, 2_000):
            calls = [llm_call(n, parent=1) for n in range(start, start + 2_000)]
            store_them(store, *calls, raw_span(start, trace=2))
        store_them(store, raw_span(1), *[raw_span(n, trace=1, parent=1) for n in range(2, 9)])
        store.deleter.delete("p", f"trace_id = '{2:032x}'")
        trace = read_trace(store)
        assert (trace.span_count, trace.model_call_count) == (22_001, 22_000)
        assert (trace.input_tokens, trace.is_complete) == (2_200_000, 1)
        assert len(rows_of(store, "SELECT trace_id FROM trace")) == 1


def test_marks_left_by_a_crash_are_worked_off_at_the_next_start(tmp_path: Path) -> None:
    """A mark is in the transaction of its spans, so sums catch up after any end."""
    with open_store(tmp_path) as store:
        store_them(store, raw_span(1))
        read_trace(store)
    import sqlite3

    database = sqlite3.connect(tmp_path / "store.db")
    database.execute("DELETE FROM trace")
    database.execute("INSERT INTO trace_dirty SELECT project_id, trace_id FROM span")
    database.commit()
    database.close()
    with open_store(tmp_path) as store:
        assert read_trace(store).span_count == 1


def test_a_store_that_closes_leaves_what_takes_long_to_its_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The marks stay, and the sums are right once they are caught up with."""
    traces = range(1, 3_001)  # Many turns of the background.
    with open_store(tmp_path) as store:
        monkeypatch.setattr(writer, "CLOSE_S", -1.0)
        store_them(store, *(raw_span(number, trace=number) for number in traces))
    with closing(sqlite3.connect(tmp_path / "store.db")) as database:
        assert database.execute("SELECT COUNT(*) FROM trace_dirty").fetchone()[0] > 0
    with open_store(tmp_path) as store:
        read_trace(store, traces[-1])
        assert rows_of(store, "SELECT COUNT(*), SUM(span_count) FROM trace") == [(3_000, 3_000)]
