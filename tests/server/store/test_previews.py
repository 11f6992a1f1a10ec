"""Previews of spans: rows hold none, and every list, filter and query has them."""

from pathlib import Path
from typing import Any

import orjson
from support.programs import wait_for
from support.raw_spans import llm_call, open_store, raw_span, read_trace, rows_of, store_spans

from weave_core.server.sql.checking import read_statement
from weave_core.server.sql.running import run_statement
from weave_core.server.store.queries.spans import get_span, list_spans
from weave_core.server.store.queries.traces import get_trace, list_traces
from weave_core.server.store.stores import Store

SAID = {
    "gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text","content":"Wo ist Köln?"}]}]',
    "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"text","content":"West"}]}]',
}


def listed(store: Store, filter_text: str | None = None) -> list[tuple[Any, Any]]:
    """Previews of the spans that pass, in start order."""
    with store.engine.begin() as connection:
        page = list_spans(
            connection, "p", filter_text=filter_text, order_by="started_ns", limit=9, cursor=None
        )
    return [(item["input_preview"], item["output_preview"]) for item in page["items"]]


def test_a_preview_is_read_from_the_payload_wherever_it_is_asked_for(tmp_path: Path) -> None:
    """Lists, one span, a trace, filters, searches and SQL; a span that says nothing has none."""
    told = ("Wo ist Köln?", "West")
    with open_store(tmp_path) as store:
        store_spans(store, llm_call(1, given=SAID), raw_span(2, parent=1))
        row = rows_of(store, "SELECT input_preview, output_preview FROM span WHERE has_content")
        assert [tuple(each) for each in row] == [(None, None)]
        assert listed(store) == [told, (None, None)]
        assert listed(store, "contains(input_preview, 'köln')") == [told]
        assert listed(store, "output_preview = 'West'") == [told]
        assert listed(store, "input_preview is null") == [(None, None)]
        assert listed(store, "text_search('West')") == [told]
        trace = read_trace(store)
        assert (trace.input_preview, trace.output_preview) == told
        statement = read_statement(
            "SELECT input_preview, output_preview FROM spans ORDER BY started_ns",
            dialect="sqlite",
            project_id=1,
        )
        answer = run_statement(store.engine, statement, limit=9)
        assert answer["rows"] == [list(told), [None, None]]
        with store.engine.begin() as connection:
            one = get_span(connection, "p", f"{1:016x}", trace_id=None)
            whole = b"".join(get_trace(connection, "p", one["trace_id"], has_payload=True))
        assert (one["input_preview"], one["output_preview"]) == told
        assert orjson.loads(whole)["spans"][0]["input_preview"] == told[0]


def test_the_previews_of_traces_are_packed_and_read_the_same(tmp_path: Path) -> None:
    """With the project's dictionary, once it has one; lists, filters, sessions and SQL unpack."""
    asked = (
        "Could you please tell me where my order NW-{} is and when it will be delivered to Köln?"
    )
    spans = [
        llm_call(
            number,
            trace=number,
            given={
                "gen_ai.input.messages": SAID["gen_ai.input.messages"].replace(
                    "Wo ist Köln?", asked.format(number * 7919)
                ),
                "session.id": f"s{number}",
            },
        )
        for number in range(1, 2_502)
    ]
    with open_store(tmp_path) as store:
        store_spans(store, *spans[:2_500])
        wait_for(lambda: bool(rows_of(store, "SELECT 1 FROM payload_dictionary")))
        store_spans(store, spans[-1])
        told = asked.format(2_501 * 7919)
        row = read_trace(store, 2_501)
        assert isinstance(row.input_preview, bytes)
        assert len(row.input_preview) < len(told) / 2
        with store.engine.begin() as connection:
            for filter_text in (f"input_preview = '{told}'", "contains(input_preview, '19805419')"):
                page = list_traces(
                    connection,
                    "p",
                    filter_text=filter_text,
                    order_by="-started_ns",
                    limit=9,
                    cursor=None,
                )
                assert [item["input_preview"] for item in page["items"]] == [told]
            one = b"".join(get_trace(connection, "p", f"{2_501:032x}", has_payload=False))
        assert orjson.loads(one)["trace"]["input_preview"] == told
        statement = read_statement(
            "SELECT input_preview FROM traces ORDER BY started_ns DESC LIMIT 1",
            dialect="sqlite",
            project_id=1,
        )
        assert run_statement(store.engine, statement, limit=9)["rows"] == [[told]]
