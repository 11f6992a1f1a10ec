"""Each question a list asks is served by a named index: the database's own word for it."""

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine, event
from support.span_rows import new_store, span_row, trace_row

from weave_core.server.store.dialects import SQLITE
from weave_core.server.store.exports import SpanPages
from weave_core.server.store.feedback_tables import FeedbackRow
from weave_core.server.store.queries import spans, trace_lists, traces
from weave_core.server.store.queries.stats import Period, list_stats
from weave_core.server.store.span_keys import SpanKeys
from weave_core.server.store.tables import ProjectRow, SpanRow, table_of

PROJECT = "plans"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """A few rows; which index SQLite takes without statistics does not depend on them."""
    numbers = range(1, 40)
    engine = new_store(
        tmp_path / "store.db",
        [span_row(n, request_model="m" if n % 2 else None) for n in numbers],
        [trace_row(n) for n in numbers],
    )
    with engine.begin() as connection:
        row = {"id": 1, "name": PROJECT, "created_ns": 1, "settings": {}}
        connection.execute(table_of(ProjectRow).insert(), row)
    yield engine
    engine.dispose()


def plan_of(engine: Engine, ask: Any, number: int = 0) -> str:
    """EXPLAIN QUERY PLAN of the first statement that `ask(connection)` runs on spans or traces.

    Args:
        engine: Where.
        ask: A question.
        number: Of another of its statements.
    """
    said: list[tuple[str, Any]] = []

    def listen(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "FROM span" in statement or "FROM trace" in statement:
            said.append((statement, parameters))

    with engine.connect() as connection:
        event.listen(engine, "before_cursor_execute", listen)
        ask(connection)
        event.remove(engine, "before_cursor_execute", listen)
        statement, parameters = said[number]
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
    return "\n".join(row[3] for row in rows)


def list_of(module: Any, **given: Any) -> Any:
    """A list's first question; with `page=2` that of the second page."""
    page = given.pop("page", 1)
    asked = {"filter_text": None, "order_by": "-started_ns", "limit": 5, "cursor": None} | given
    ask = module.list_traces if module is traces else module.list_spans

    def run(connection: Any) -> None:
        if page == 2:
            asked["cursor"] = asked["cursor"] or CURSORS[module.__name__]
        ask(connection, PROJECT, **asked)

    return run


CURSORS: dict[str, str] = {}


@pytest.fixture(autouse=True)
def _cursors(engine: Engine) -> None:
    with engine.connect() as connection:
        asked: Any = {"filter_text": None, "order_by": "-started_ns", "limit": 5, "cursor": None}
        CURSORS[traces.__name__] = traces.list_traces(connection, PROJECT, **asked)["next_cursor"]
        CURSORS[spans.__name__] = spans.list_spans(connection, PROJECT, **asked)["next_cursor"]


@pytest.mark.parametrize(
    ("ask", "index", "terms"),
    [
        (list_of(traces), "newest_traces", "(project_id=?)"),
        (list_of(traces, page=2), "newest_traces", "(project_id=? AND (start_ns,trace_id)<(?,?))"),
        (list_of(traces, order_by="started_ns"), "newest_traces", "(project_id=?)"),
        (
            list_of(traces, filter_text="started_at > now() - interval '1 hour' and kind = 'llm'"),
            "newest_traces",
            "(project_id=? AND start_ns>?)",
        ),
        (list_of(spans), "newest_spans", "(project_id=?)"),
        (list_of(spans, page=2), "newest_spans", "(project_id=? AND start_ns<?)"),
        (
            list_of(spans, filter_text="model = 'm'"),
            "newest_spans_by_model",
            "(project_id=? AND request_model=?)",
        ),
        (
            list_of(spans, filter_text="status = 'error'"),
            "newest_errors",
            "(project_id=? AND status=?)",
        ),
    ],
    ids=["traces", "traces page", "oldest traces", "traces since", "spans", "spans page",
         "spans of a model", "errors"],
)  # fmt: skip
def test_a_list_page_is_one_range_of_its_index(
    engine: Engine, ask: Any, index: str, terms: str
) -> None:
    """No sorting, no scan: the index gives the rows in the order of the page."""
    plan = plan_of(engine, ask)
    assert f"USING INDEX {index} {terms}" in plan.splitlines()[0], plan
    assert "TEMP B-TREE" not in plan, plan


def test_one_trace_and_one_span_are_found_by_their_ids(engine: Engine) -> None:
    """A trace's spans are sorted, which is bounded by the trace."""
    trace_id, span_id = (1).to_bytes(16, "big").hex(), (1).to_bytes(8, "big").hex()
    plan = plan_of(engine, lambda c: traces.get_trace(c, PROJECT, trace_id, has_payload=False))
    # SQLite's own name for the index of the constraint `span_identity`.
    assert "USING INDEX sqlite_autoindex_span_1 (project_id=? AND trace_id=?)" in plan, plan
    plan = plan_of(engine, lambda c: spans.get_span(c, PROJECT, span_id, trace_id=None))
    assert "SEARCH span USING INTEGER PRIMARY KEY (rowid=?)" in plan, plan
    assert_asks_both(plan)


@pytest.mark.parametrize(
    ("module", "index"),
    [
        (traces, "USING INDEX sqlite_autoindex_trace_1 (project_id=? AND trace_id=?)"),
        (spans, "USING INTEGER PRIMARY KEY (rowid=?)"),
    ],
    ids=["traces", "spans"],
)
def test_what_few_judged_is_found_by_the_feedback(engine: Engine, module: Any, index: str) -> None:
    """Not by walking all that is newer: a rare verdict may be old."""
    with engine.begin() as connection:
        row = {"project_id": 1, "feedback_id": "f", "trace_id": (1).to_bytes(16, "big")}
        said = {"name": "thumbs", "value": 0.0, "source": "human", "created_ns": 1, "updated_ns": 1}
        connection.execute(table_of(FeedbackRow).insert(), row | said)
    ask = list_of(module, filter_text="feedback['thumbs'] = 0 and status = 'unset'")
    assert index in plan_of(engine, ask, number=-1)
    cursor = plan_of(engine, list_of(module, filter_text="feedback['thumbs'] is null"), number=-1)
    assert "USING INDEX feedback_of_trace (project_id=? AND trace_id=? AND name=?)" in cursor


def by(connection: Any) -> Any:
    """An engine of the one connection."""
    return SimpleNamespace(connect=lambda: nullcontext(connection))


def assert_asks_both(plan: str) -> None:
    """Each table of keys is asked for one."""
    for table in ("span_key", "new_span_key"):
        assert f"SEARCH {table} USING PRIMARY KEY (key=?)" in plan, plan


@pytest.mark.parametrize(
    "filter_text", ["response_id = 'resp-12345678'", "response_id in ('resp-12345678', 'b')"]
)
def test_the_spans_of_a_reply_are_found_by_its_end(engine: Engine, filter_text: str) -> None:
    """In lists, sums and exports.  The keys have eight characters; the row is compared for all."""
    with engine.begin() as connection:
        ids = ["resp-12345678", "other-12345678", "12345678", "b", None]
        for number, response_id in enumerate(ids, 100):
            row = span_row(number, response_id=response_id)
            connection.execute(table_of(SpanRow).insert(), row)
        SpanKeys(SQLITE).add(connection, 100)
    asks = (
        list_of(spans, filter_text=filter_text),
        lambda c: list_stats(
            c,
            PROJECT,
            group_by="kind",
            bucket=None,
            filter_text=filter_text,
            period=Period(None, None),
        ),
        lambda c: list(SpanPages(by(c), PROJECT, filter_text, "spans").each(lambda *_: 0)),
    )
    for ask in asks:
        plan = plan_of(engine, ask)
        assert "SEARCH span USING INTEGER PRIMARY KEY (rowid=?)" in plan, plan
        assert_asks_both(plan)
    with engine.connect() as connection:
        found = spans.list_spans(
            connection,
            PROJECT,
            filter_text=filter_text,
            order_by="-started_ns",
            limit=5,
            cursor=None,
        )
    replies = {item["response_id"] for item in found["items"]}
    assert replies == ({"resp-12345678", "b"} if " in " in filter_text else {"resp-12345678"})


@pytest.mark.parametrize("field", ["model", "op_name", "kind", "span.status"])
def test_values_of_spans_are_counted_trace_by_trace(engine: Engine, field: str) -> None:
    """Each trace's spans are found by its id: never all calls of a model for every trace."""

    def ask(connection: Any) -> None:
        trace_lists.list_facets(connection, PROJECT, fields=field, filter_text=None, limit=5)

    plan = plan_of(engine, ask)
    assert "USING INDEX sqlite_autoindex_span_1 (project_id=? AND trace_id=?)" in plan, plan
