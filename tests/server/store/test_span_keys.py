"""Spans are found by ids that nobody can foresee, wherever their keys lie by now."""

import time
from pathlib import Path
from typing import Any

from alembic import command
from sqlalchemy import create_engine
from support.raw_spans import llm_call, open_store, raw_span, rows_of, store_spans

from weave_core.server.store.queries.spans import get_span, list_spans
from weave_core.server.store.schemas import migration_config
from weave_core.server.store.stores import Store

SPANS = 9_000
"""More than have all of their keys in the small table."""
_WAIT_S = 60.0


def calls(first: int, end: int) -> list[Any]:
    """Model calls with reply ids of their own, a hundred to a trace; ids as random as senders'."""
    return [
        llm_call(
            number * 2_654_435_761 % 2**32 + 1,
            trace=number // 100 + 1,
            given={"gen_ai.response.id": f"reply-{number * 48_271 % 99_999_989:08d}"},
        )
        for number in range(first, end)
    ]


def wait_settled(store: Store) -> None:
    """Return once the small table has no more keys than it may."""
    until = time.monotonic() + _WAIT_S
    while rows_of(store, "SELECT COUNT(*) FROM new_span_key")[0][0] > 16_000:
        assert time.monotonic() < until, "the keys were not moved"
        time.sleep(0.05)


def found_by_reply(store: Store, reply: str) -> list[str]:
    """Ids of the spans that a filter finds."""
    with store.engine.connect() as connection:
        page = list_spans(
            connection,
            "p",
            filter_text=f"response_id = '{reply}'",
            order_by="-started_ns",
            limit=5,
            cursor=None,
        )
    return [item["span_id"] for item in page["items"]]


def test_keys_are_moved_and_found_in_both_tables(tmp_path: Path) -> None:
    """Each span has its two keys once, in one table or the other; deleted ones leave none."""
    sent = calls(0, SPANS)
    with open_store(tmp_path) as store:
        for first in range(0, SPANS, 1_000):
            store_spans(store, *sent[first : first + 1_000])
        wait_settled(store)
        [(moved,)] = rows_of(store, "SELECT COUNT(*) FROM span_key")
        assert moved >= 2 * SPANS - 16_000
        keys = (
            "SELECT * FROM (SELECT * FROM span_key UNION ALL SELECT * FROM new_span_key)"
            " ORDER BY key, row_id"
        )
        expected = (
            "SELECT span_id AS key, project_id, id AS row_id FROM span"
            " UNION ALL SELECT substr(response_id, -8), project_id, id FROM span"
            " ORDER BY 1, 3"
        )
        assert rows_of(store, keys) == rows_of(store, expected)
        for raw in sent[::500]:
            with store.engine.connect() as connection:
                span = get_span(connection, "p", raw.span_id.hex(), trace_id=None)
            assert span["trace_id"] == raw.trace_id.hex()
            assert found_by_reply(store, span["response_id"]) == [raw.span_id.hex()]
        store.deleter.delete("p", None)
        assert rows_of(store, "SELECT COUNT(*) FROM span") == [(0,)]
        assert rows_of(store, keys) == []


def test_a_span_whose_reply_is_known_later_is_found_by_it(tmp_path: Path) -> None:
    """The record of its end brings the reply, or another one."""
    with open_store(tmp_path) as store:
        store_spans(store, raw_span(1, end_ns=0))
        assert found_by_reply(store, "reply-1") == []
        store_spans(store, llm_call(1, given={"gen_ai.response.id": "reply-1"}))
        assert found_by_reply(store, "reply-1") == [raw_span(1).span_id.hex()]
        later = {"gen_ai.response.id": "reply-2", "tier": "longer than the first"}
        store_spans(store, llm_call(1, given=later))
        assert found_by_reply(store, "reply-1") == []
        assert found_by_reply(store, "reply-2") == [raw_span(1).span_id.hex()]
        assert rows_of(store, "SELECT COUNT(*) FROM new_span_key") == [(2,)]


def test_spans_of_an_older_store_have_their_keys(tmp_path: Path) -> None:
    """A migration makes them out of the rows."""
    with open_store(tmp_path) as store:
        store_spans(store, *calls(0, 50))
    engine = create_engine(f"sqlite:///{tmp_path}/store.db")
    config = migration_config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0022")
    engine.dispose()
    with open_store(tmp_path) as store:
        assert rows_of(store, "SELECT COUNT(*) FROM span_key") == [(100,)]
        for raw in calls(0, 50)[::7]:
            reply = raw.attributes["gen_ai.response.id"]
            assert found_by_reply(store, str(reply)) == [raw.span_id.hex()]
