"""What the writer's thread asks is served by an index, whatever the size of the store.

A slow plan there is paid by every sender: one regressed ingest to a third once.
"""

import re
from pathlib import Path
from typing import Any

from sqlalchemy import event

from weave_core.server.otlp.records import RawOrigin, RawSpan
from weave_core.server.store.stores import Store
from weave_core.settings import Settings

PROJECT = "plans"
START_NS = 1_760_000_000_000_000_000
_SMALL = (
    *(
        "trace_dirty",
        "span_dirty",
        "background_cursor",
        "project",
        "payload_dictionary",
        "shared_text",
    ),
    *("reports", "run_tail", "new_span_key", "gone"),
)
"""Marks, tables of few rows, and what a LIMIT keeps few: to walk them is no harm."""
_SCAN = re.compile(r"^SCAN (\w+)")
_OF_SPANS = ("SEARCH s", "SEARCH o ", "SEARCH r ")
_IS_THERE_ANY = re.compile(r"FROM \w+\s+LIMIT \?( OFFSET \?)?$")
_WALK = re.compile(r"\(project_id=\?\)$")
"""A range of an index that is the whole project."""


def span(number: int, *, end: int = 5) -> RawSpan:
    """A call with a reply id that its neighbour in another trace has too."""
    start_ns = START_NS + number
    return RawSpan(
        trace_id=(number % 20 + 1).to_bytes(16, "big"),
        span_id=(number + 1).to_bytes(8, "big"),
        parent_id=None if number < 20 else (number % 20 + 1).to_bytes(8, "big"),
        name="chat",
        otel_kind=1,
        start_ns=start_ns,
        end_ns=start_ns + end if end else 0,
        status_code=0,
        status_message="",
        attributes={"gen_ai.operation.name": "chat", "gen_ai.response.id": f"r{number // 2}"},
        events=[],
        links=[],
        origin=RawOrigin(resource={}, scope_name="test"),
    )


def test_no_statement_of_the_writer_walks_a_table_of_spans(tmp_path: Path) -> None:
    """New spans, resends, better records, sums, duplicates, minutes, full text, deletion."""
    store = Store.open(Settings(home=tmp_path))
    said: dict[str, Any] = {}

    def listen(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.lstrip().startswith(("SELECT", "INSERT", "UPDATE", "DELETE")):
            said.setdefault(statement, parameters)

    event.listen(store._engines.writer, "before_cursor_execute", listen)
    store.add_spans(PROJECT, [span(number, end=0) for number in range(100)]).result()
    store.add_spans(PROJECT, [span(number) for number in range(100)]).result()
    store.deleter.delete(PROJECT, None)
    store.add_spans(PROJECT, [span(number) for number in range(100)]).result()
    event.remove(store._engines.writer, "before_cursor_execute", listen)
    slow: list[str] = []
    with store.engine.connect() as connection:
        for statement, parameters in said.items():
            if _IS_THERE_ANY.search(statement):
                continue
            given = parameters[0] if isinstance(parameters, list) else parameters
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given).all()
            slow += [f"{row[3]}: {statement}" for row in plan if _is_slow(row[3])]
    store.close()
    assert len(said) > 10
    assert slow == []


def _is_slow(step: str) -> bool:
    scanned = _SCAN.match(step)
    # The alias of the marks, and the bounded count of them.
    names = {"d": "trace_dirty", "anon_1": "trace_dirty"}
    if scanned:
        table = names.get(scanned[1], scanned[1])
        return table not in _SMALL and not step.startswith("SCAN CONSTANT")
    return step.startswith(_OF_SPANS) and bool(_WALK.search(step))
