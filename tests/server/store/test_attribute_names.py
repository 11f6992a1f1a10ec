"""Names of attributes in rows: short ones, and the long ones of older versions."""

import json
import sqlite3
from pathlib import Path

from support.raw_spans import llm_call, open_store, rows_of, store_spans

from weave_core.server.store.queries.spans import list_spans


def test_rows_with_long_names_are_found_like_those_with_short_ones(tmp_path: Path) -> None:
    """An older version wrote the names as they were sent."""
    with open_store(tmp_path) as store:
        for number in (1, 2):
            given = {"gen_ai.request.temperature": number / 2, "tier": "pro"}
            store_spans(store, llm_call(number, given=given))
        (row, _) = rows_of(store, "SELECT attributes FROM span ORDER BY id")
    assert len(row.attributes) < 45
    long = {"gen_ai.operation.name": "chat", "gen_ai.request.temperature": 0.5, "tier": "pro"}
    with sqlite3.connect(tmp_path / "store.db") as database:
        database.execute("UPDATE span SET attributes = ? WHERE id = 1", (json.dumps(long),))
    database.close()
    with open_store(tmp_path) as store, store.engine.connect() as connection:
        for filter_text, count in (
            ("attributes['gen_ai.operation.name'] = 'chat' and attributes['tier'] = 'pro'", 2),
            ("attributes['gen_ai.request.temperature'] = 0.5", 1),
            ("attributes['gen_ai.request.temperature'] is not null", 2),
            ("attributes['gen_ai.request.top_p'] is not null", 0),
        ):
            found = list_spans(
                connection,
                "p",
                filter_text=filter_text,
                order_by="-started_ns",
                limit=5,
                cursor=None,
            )
            assert len(found["items"]) == count, filter_text
