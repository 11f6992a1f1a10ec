"""Full text: words, phrases and prefixes in whole payloads, ranked, right after changes."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from support.postgres import new_database

from weave_core.errors import BadRequest
from weave_core.server.otlp.records import RawOrigin, RawSpan
from weave_core.server.store.queries import nearby, ranked
from weave_core.server.store.queries.ranked import few_hits
from weave_core.server.store.queries.spans import list_spans
from weave_core.server.store.queries.traces import list_traces
from weave_core.server.store.stores import Store
from weave_core.settings import Settings

PROJECT = "texts"
FILLER = "nothing of note was said here. " * 20
"""Longer than a preview."""


def span(number: int, said: str, *, name: str = "chat", duration_ns: int = 5) -> RawSpan:
    """A call whose answer holds `said` beyond what a preview shows."""
    messages = [{"role": "assistant", "parts": [{"type": "text", "content": FILLER + said}]}]
    return RawSpan(
        trace_id=number.to_bytes(16, "big"),
        span_id=number.to_bytes(8, "big"),
        parent_id=None,
        name=name,
        otel_kind=1,
        start_ns=1_760_000_000_000_000_000 + number,
        end_ns=1_760_000_000_000_000_000 + number + duration_ns,
        status_code=0,
        status_message="",
        attributes={
            "gen_ai.operation.name": "chat",
            "gen_ai.output.messages": json.dumps(messages),
            "request.id": f"r{number}",
        },
        events=[],
        links=[],
        origin=RawOrigin(resource={}, scope_name="test"),
    )


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return Settings(home=tmp_path)
    url = new_database(request.getfixturevalue("postgres_url"))
    return Settings(home=tmp_path, database_url=url)


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    """Four spans, indexed."""
    store = Store.open(settings)
    store.add_spans(
        PROJECT,
        [
            span(1, "The refund policy is thirty days."),
            span(2, "Policy first, then a refund."),
            span(3, "Refunds: refund, refund and refund!", name="refund order"),
            span(4, "Grüße aus Köln mit claude-sonnet-4 und ﷽"),
        ],
    ).result()
    wait_until_indexed(store)
    yield store
    store.close()


def wait_until_indexed(store: Store) -> None:
    """Return once the cursor of the index stands at the last span."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        with store.engine.connect() as connection:
            row = connection.exec_driver_sql(
                "SELECT (SELECT MAX(id) FROM span), position FROM background_cursor"
                # Its traces are listed, too.
                " WHERE name = 'texts' AND NOT EXISTS (SELECT 1 FROM trace_dirty)"
            ).first()
        if row is not None and row[0] == row[1]:
            return
        time.sleep(0.02)
    raise AssertionError("the index did not catch up")


def found(store: Store, filter_text: str, order_by: str = "started_ns") -> list[int]:
    """Numbers of the spans that pass."""
    with store.engine.begin() as connection:
        page = list_spans(
            connection, PROJECT, filter_text=filter_text, order_by=order_by, limit=50, cursor=None
        )
    return [int(item["span_id"], 16) for item in page["items"]]


@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        ("refund policy", [1, 2]),
        ('"refund policy"', [1]),
        ("refun*", [1, 2, 3]),
        ("refun", []),
        ("REFUND order", [3]),
        ("gruße koln", [4]),
        ('"gruße aus koln"', [4]),
        ('"koln aus"', []),
        ("claude-sonnet*", [4]),
        ("sonnet-claude", []),
        ('"refund and" policy', []),
        ('"refund order"', [3]),
        ("\u1e9eilence", []),
        ("assistant", []),
        ("nothing refund", [1, 2, 3]),
        ('"refund policy is" thirty', [1]),
        ("Kö*", [4]),
        ("refund & | ! <-> :* \\\\", [1, 2, 3]),
    ],
)
def test_words_phrases_and_prefixes_are_found_in_whole_payloads(
    store: Store, words: str, numbers: list[int]
) -> None:
    """Far behind the previews; marks of JSON such as roles are no words."""
    assert found(store, f"text_search('{words}')") == numbers
    with store.engine.begin() as connection:
        page = list_traces(
            connection,
            PROJECT,
            filter_text=f"text_search('{words}')",
            order_by="started_ns",
            limit=50,
            cursor=None,
        )
    assert [int(item["trace_id"], 16) for item in page["items"]] == numbers


def test_a_search_joins_other_conditions_and_their_negation(store: Store) -> None:
    """As any other condition does."""
    assert found(store, "text_search('refund') and attributes['request.id'] = 'r2'") == [2]
    assert found(store, "not text_search('refund')") == [4]
    assert found(store, "text_search('refund') and not text_search('policy')") == [3]
    assert found(store, """not text_search('"refund policy"')""") == [2, 3, 4]
    assert found(store, """text_search('"refund policy"') or text_search('"policy first"')""") == [
        1,
        2,
    ]
    assert found(store, "text_search('köln') or attributes['request.id'] = 'r1'") == [1, 4]


def test_a_ranked_list_keeps_the_rest_of_its_filter(store: Store) -> None:
    """Words that led to a span are not asked again; phrases and other conditions are."""
    assert sorted(found(store, "(text_search('refund')) and name = 'chat'", "-rank")) == [1, 2]
    phrase = """text_search('refund') and text_search('"refund policy"')"""
    assert found(store, phrase, "-rank") == [1]
    either = "text_search('policy') and (text_search('thirty') or text_search('first'))"
    assert sorted(found(store, either, "-rank")) == [1, 2]


def test_pages_of_a_common_word_miss_nothing_that_came_late(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looked for near the page's own rows; where others belong into it, all are gathered."""
    monkeypatch.setattr(ranked, "MAX_HITS", 0)
    monkeypatch.setattr(ranked, "_MANY", 4)
    monkeypatch.setattr(nearby, "_NEAR", 14)
    looked: list[bool] = []

    look = nearby.page_nearby

    def watched(*asked: Any) -> Any:
        rows = look(*asked)
        looked.append(rows is not None)
        return rows

    monkeypatch.setattr(nearby, "page_nearby", watched)
    store = Store.open(Settings(home=tmp_path))
    late = [7, 38]
    numbers = [number for number in range(60) if number not in late] + late
    store.add_spans(
        PROJECT, [span(n + 1, "no word" if n % 3 else "a refund") for n in numbers]
    ).result()
    # A second span of an early trace, long after it: only that one has the word.
    other = replace(span(99, "a refund"), trace_id=(9).to_bytes(16, "big"))
    store.add_spans(PROJECT, [other]).result()
    wait_until_indexed(store)
    store.settle(PROJECT)
    said = [n + 1 for n in range(60) if n % 3 == 0]
    asked = "text_search('refund')"
    try:
        assert pages(store, list_spans, asked, "span_id") == [99, *said[::-1]]
        assert pages(store, list_traces, asked, "trace_id") == sorted([*said, 9], reverse=True)
    finally:
        store.close()
    assert set(looked) == {True, False}


def pages(store: Store, list_page: Any, asked: str, name: str) -> list[int]:
    """Numbers of all that pass, newest first, three a page."""
    found: list[int] = []
    cursor: str | None = None
    while True:
        with store.engine.connect() as connection:
            page = list_page(
                connection,
                PROJECT,
                filter_text=asked,
                order_by="-started_ns",
                limit=3,
                cursor=cursor,
            )
        found += [int(item[name], 16) for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


def test_an_attribute_is_found_by_the_index_alone(store: Store) -> None:
    """Few that have it lead the query; what is not indexed yet is found all the same."""
    asked = "attributes['request.id'] = 'r2'"
    for each in (asked, "('r2' = attributes['request.id']) and name = 'chat'"):
        with store.engine.begin() as connection:
            assert few_hits(connection, each) == [2]
        assert found(store, each) == [2]
    assert found(store, f"{asked} and text_search('refund')") == [2]
    assert found(store, f"{asked} and text_search('thirty')") == []
    assert found(store, f"{asked} or text_search('thirty')") == [1, 2]
    assert found(store, f"not {asked}") == [1, 3, 4]
    store.deleter.delete(PROJECT, asked)
    with store.engine.begin() as connection:
        assert few_hits(connection, asked) == []


def test_the_best_fit_comes_first_page_by_page(store: Store) -> None:
    """Words in a name and said often weigh most."""
    assert found(store, "text_search('refund')", "-rank")[0] == 3
    seen: list[int] = []
    cursor: str | None = None
    for _ in range(3):
        with store.engine.begin() as connection:
            page: dict[str, Any] = list_spans(
                connection,
                PROJECT,
                filter_text="text_search('refund')",
                order_by="-rank",
                limit=1,
                cursor=cursor,
            )
        seen += [int(item["span_id"], 16) for item in page["items"]]
        cursor = page["next_cursor"]
    assert seen == found(store, "text_search('refund')", "-rank")
    assert cursor is None
    with pytest.raises(BadRequest, match="text_search"):
        found(store, "status = 'ok'", "-rank")


def test_a_span_that_changed_or_is_deleted_is_found_by_what_it_says_now(store: Store) -> None:
    """The index itself agrees: its own check compares nothing that is gone."""
    store.add_spans(PROJECT, [span(2, "An exchange instead.", duration_ns=9)]).result()
    assert found(store, "text_search('refund')") == [1, 3]
    assert found(store, "text_search('exchange')") == [2]
    store.deleter.delete(PROJECT, "text_search('exchange') or text_search('thirty')")
    assert found(store, "text_search('refund')") == [3]
    for word in ("exchange", "thirty", "policy"):
        assert rows_with(store, word) == 0
    assert rows_with(store, "nothing") == 2


def rows_with(store: Store, word: str) -> int:
    """How many rows the index itself has for a word."""
    query = {
        "sqlite": "SELECT COUNT(*) FROM span_text WHERE span_text MATCH ?",
        "postgresql": "SELECT COUNT(*) FROM span_text WHERE words @@ CAST(%s AS tsquery)",
    }
    with store.engine.begin() as connection:
        return int(connection.exec_driver_sql(query[store.dialect], (word,)).scalar() or 0)


def test_a_project_may_want_no_index_and_want_it_again(store: Store) -> None:
    """Without one its names and previews are searched; with it again all that came before."""
    set_full_text(store, wanted=False)
    store.add_spans(PROJECT, [span(5, "refund of the fifth", name="fifth one")]).result()
    wait_until_indexed(store)
    assert found(store, "text_search('fifth')") == [5]
    assert 5 not in found(store, "text_search('refund')")
    set_full_text(store, wanted=True)
    store.add_spans(PROJECT, [span(6, "refund of the sixth")]).result()
    wait_until_indexed(store)
    assert found(store, "text_search('refund')") == [1, 2, 3, 5, 6]


def test_a_span_of_a_project_that_wants_no_index_any_more_still_leaves_it(store: Store) -> None:
    """What was indexed before goes with its span; what was not is not taken out."""
    set_full_text(store, wanted=False)
    store.add_spans(PROJECT, [span(5, "thirty nothing", name="late one")]).result()
    wait_until_indexed(store)
    store.deleter.delete(PROJECT, "text_search('thirty') or text_search('late')")
    assert rows_with(store, "thirty") == 0
    assert rows_with(store, "nothing") == 3
    set_full_text(store, wanted=True)
    store.add_spans(PROJECT, [span(6, "refund of the sixth")]).result()
    wait_until_indexed(store)
    assert found(store, "text_search('refund')") == [2, 3, 6]


def set_full_text(store: Store, *, wanted: bool) -> None:
    """As the route of the settings does."""
    value = json.dumps({"full_text": wanted})
    statement = text("UPDATE project SET settings = :value WHERE name = :name")
    store.run(lambda c: c.execute(statement, {"value": value, "name": PROJECT})).result()


def test_an_interrupted_index_goes_on_where_it_was(settings: Settings) -> None:
    """The cursor moves with what it indexed."""
    store = Store.open(settings)
    store.add_spans(PROJECT, [span(number, "refund") for number in range(1, 1_501)]).result()
    store.close()
    store = Store.open(settings)
    wait_until_indexed(store)
    assert rows_with(store, "refund") == 1_500
    store.close()
