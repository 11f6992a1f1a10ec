"""Texts that spans share: codes in SQLite's rows, texts to whoever asks."""

import sqlite3
from pathlib import Path
from typing import Any

from alembic import command
from support.raw_spans import llm_call, open_store, raw_span, rows_of, store_spans

from weave_core.server.sql.checking import read_statement
from weave_core.server.sql.running import run_statement
from weave_core.server.store.dialects import connect
from weave_core.server.store.queries.spans import list_spans
from weave_core.server.store.queries.stats import Period, list_facets, list_stats
from weave_core.server.store.schemas import migration_config
from weave_core.server.store.stores import Store
from weave_core.server.store.text_codes import MAX_CODED_NAMES

ALWAYS = Period(None, None)
BEFORE = "0016"
"""The last revision whose rows had texts."""


def names(
    store: Store, filter_text: str | None = None, *, order_by: str = "started_ns"
) -> list[Any]:
    """Names of the spans that pass, page by page."""
    found: list[Any] = []
    cursor = None
    with store.engine.begin() as connection:
        while True:
            page = list_spans(
                connection,
                "p",
                filter_text=filter_text,
                order_by=order_by,
                limit=2,
                cursor=cursor,
            )
            found += [item["name"] for item in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                return found


def sql(store: Store, text: str) -> list[Any]:
    """Rows of a query over the documented views."""
    statement = read_statement(text, dialect="sqlite", project_id=1)
    return list(run_statement(store.engine, statement, limit=9)["rows"])


def test_rows_hold_codes_and_every_reader_sees_texts(tmp_path: Path) -> None:
    """Lists, filters, orders, facets, sums and SQL; a text that nobody sent matches nothing."""
    with open_store(tmp_path) as store:
        store_spans(
            store,
            llm_call(1, given={"gen_ai.request.model": "zeta"}),
            llm_call(2, given={"gen_ai.request.model": "alpha"}),
            llm_call(3, given={"gen_ai.request.model": "alpha"}),
            raw_span(4),
        )
        held = rows_of(store, "SELECT name, request_model, service_name FROM span ORDER BY id")
        assert {type(value) for row in held for value in row} == {bytes, type(None)}
        assert {len(value) for row in held for value in row if value} == {1}

        assert names(store) == ["span 1", "span 2", "span 3", "span 4"]
        for filter_text, expected in (
            ("model = 'alpha'", [2, 3]),
            ("model != 'alpha'", [1]),
            ("not model = 'nobody sent this'", [1, 2, 3]),
            ("model = 'nobody sent this'", []),
            ("model in ('zeta', 'nobody sent this')", [1]),
            ("model not in ('zeta', 'nobody sent this')", [2, 3]),
            ("model > 'beta'", [1]),
            ("model between 'a' and 'b'", [2, 3]),
            ("model like 'ALPH%'", []),
            ("model ilike 'ALPH%'", [2, 3]),
            ("contains(model, 'ET')", [1]),
            ("not contains(model, 'ET')", [2, 3]),
            ("model is null", [4]),
            ("display_name = 'span 4' and service_name = 'tests'", [4]),
            ("text_search('span')", [1, 2, 3, 4]),
        ):
            assert names(store, filter_text) == [f"span {n}" for n in expected], filter_text
        assert names(store, order_by="model") == ["span 2", "span 3", "span 1", "span 4"]
        assert names(store, order_by="-name") == ["span 4", "span 3", "span 2", "span 1"]

        with store.engine.begin() as connection:
            asked: dict[str, Any] = {"filter_text": None, "period": ALWAYS}
            facets = list_facets(
                connection, "p", fields="model,name,display_name", limit=3, **asked
            )
            sums = list_stats(connection, "p", group_by="model,service", bucket=None, **asked)
        assert [tuple(each.values()) for each in facets["model"]] == [("alpha", 2), ("zeta", 1)]
        assert [each["value"] for each in facets["name"]] == ["span 1", "span 2", "span 3"]
        assert facets["display_name"] == facets["name"]
        assert [(row["model"], row["service"], row["count"]) for row in sums["items"]] == [
            ("alpha", "tests", 2),
            (None, "tests", 1),
            ("zeta", "tests", 1),
        ]
        assert all(row["latency_ms"]["p50"] == 1000 for row in sums["items"])
        query = "SELECT model, COUNT(*) FROM spans WHERE name <> 'span 4' GROUP BY 1 ORDER BY 1"
        assert sql(store, query) == [["alpha", 2], ["zeta", 1]]
        assert sql(store, "SELECT name, service_name FROM traces") == [["span 1", "tests"]]


def test_a_name_for_each_span_leaves_the_other_texts_their_codes(tmp_path: Path) -> None:
    """Beyond the bound rows hold names as they are, and each is found as before."""
    last = MAX_CODED_NAMES + 5
    with open_store(tmp_path) as store:
        store_spans(store, *(llm_call(number) for number in range(1, last)))
        store_spans(store, llm_call(last, given={"gen_ai.request.model": "a new one"}))
        (row,) = rows_of(store, "SELECT name, request_model FROM span WHERE id = :id", id=last)
        assert row.name == f"span {last}"
        assert isinstance(row.request_model, bytes)
        for number in (1, MAX_CODED_NAMES, MAX_CODED_NAMES + 1, last):
            assert names(store, f"name = 'span {number}'") == [f"span {number}"]
        assert names(store, "model = 'a new one'") == [f"span {last}"]
    with open_store(tmp_path) as store:  # What was given out is known after a restart.
        store_spans(store, llm_call(last + 1, given={"gen_ai.request.model": "a new one"}))
        assert len(names(store, "model = 'a new one'")) == 2


def test_rows_of_an_older_version_are_rewritten_once(tmp_path: Path) -> None:
    """A database with spans is brought to codes at the first start, and back by a downgrade."""
    engines = connect(f"sqlite:///{tmp_path}/store.db")
    config = migration_config()
    with engines.writer.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, BEFORE)
        connection.exec_driver_sql(
            "INSERT INTO project (id, name, created_ns, settings) VALUES (1, 'p', 1, '{}')"
        )
        connection.exec_driver_sql(
            "INSERT INTO span (id, project_id, trace_id, span_id, name, kind, status, start_ns,"
            " duration_ns, request_model, model, is_duplicate, origin_id)"
            " VALUES (?, 1, ?, ?, ?, 'llm', 'ok', ?, 5, ?, 'dated', 0, 1)",
            [
                (n, bytes([n]) * 16, bytes([n]) * 8, f"span {n}", n, "m" * n if n else None)
                for n in range(1, 4)
            ],
        )
        before = connection.exec_driver_sql("SELECT * FROM span ORDER BY id").all()
    engines.dispose()

    with open_store(tmp_path) as store:
        store_spans(store, llm_call(9, given={"gen_ai.request.model": "mmm"}))
        held = rows_of(store, "SELECT name, model, request_model FROM span ORDER BY id")
        # A text of one letter would gain nothing.
        assert [type(row.request_model) for row in held] == [str, bytes, bytes, bytes]
        assert held[2].request_model == held[3].request_model
        assert names(store) == ["span 1", "span 2", "span 3", "span 9"]
        assert names(store, "model = 'mmm'") == ["span 3", "span 9"]
        assert names(store, "model = 'm'") == ["span 1"]
        assert names(store, "response_model = 'dated'") == ["span 1", "span 2", "span 3"]
        found = sql(store, "SELECT DISTINCT response_model FROM spans WHERE name < 'span 9'")
        assert found == [["dated"]]

    engines = connect(f"sqlite:///{tmp_path}/store.db")
    with engines.writer.begin() as connection:
        connection.exec_driver_sql("DELETE FROM span WHERE id > 3")
        config.attributes["connection"] = connection
        command.downgrade(config, BEFORE)
        assert connection.exec_driver_sql("SELECT * FROM span ORDER BY id").all() == before
    engines.dispose()
    with sqlite3.connect(tmp_path / "store.db") as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()
