"""The filter language: what it takes, and how it says no."""

from typing import TYPE_CHECKING

import pytest
from sqlalchemy.dialects import postgresql, sqlite

from weave_core.errors import BadFilter
from weave_core.server.filters import SPANS, TRACES, Vocabulary, compile_filter

if TYPE_CHECKING:
    from sqlalchemy import Dialect

HOUR_NS = 3_600_000_000_000
NOW_NS = 1_800_000_000_000_000_000


def sql(text: str, vocabulary: Vocabulary = SPANS) -> tuple[str, list[object]]:
    """The statement's text and its values."""
    condition = compile_filter(text, vocabulary, now_ns=NOW_NS)
    assert condition is not None
    compiled = condition.compile(dialect=sqlite.dialect())
    return str(compiled), list(compiled.params.values())


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_a_blank_filter_passes_everything(text: str) -> None:
    """A form sends an empty field; that is no filter."""
    assert compile_filter(text, SPANS) is None


def test_no_text_of_the_user_becomes_sql() -> None:
    """Values are bound: the statement is the same for every value."""
    evil = "x''; drop table span; --"
    statement, values = sql(f"name = '{evil}' and name like '{evil}' and has(tags, '{evil}')")
    assert "drop" not in statement
    assert evil.replace("''", "'") in values


def test_a_json_key_is_a_literal_so_that_an_index_on_it_serves() -> None:
    """SQLite compares the text of an expression with that of the index; a quote stays a quote."""
    statement, values = sql("attributes['it''s.a %key'] = 'pro'")
    assert """json_extract(span.attributes, '$."it''s.a %key"') = ?""" in statement
    assert values[-1] == "pro"


@pytest.mark.parametrize(
    ("text", "expected_ns"),
    [
        ("started_at > now() - interval '1 hour'", NOW_NS - HOUR_NS),
        ("started_at > now() - interval '90 minutes'", NOW_NS - 3 * HOUR_NS // 2),
        ("started_at > now() - interval 2 day", NOW_NS - 48 * HOUR_NS),
        (
            "started_at > now() - interval '1 week' + interval '0.5 hours'",
            NOW_NS - 335 * HOUR_NS // 2,
        ),
        ("started_at > now() - interval '1h'", NOW_NS - HOUR_NS),
        ("started_at > '2027-01-15T08:00:00Z'", NOW_NS),
        ("started_at > '2027-01-15T10:00:00+02:00'", NOW_NS),
        ("started_at > '2027-01-15 08:00'", NOW_NS),
        ("started_ns > 1800000000000000000", NOW_NS),
        ("'2027-01-15T08:00:00Z' < ended_at", NOW_NS),
    ],
)
def test_times_are_read_in_every_usual_form(text: str, expected_ns: int) -> None:
    """ISO texts (UTC where no zone is given), nanoseconds, and back from now."""
    assert expected_ns in sql(text)[1]


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("modl = 'x'", 0, ["modl", "did you mean 'model'", "known fields", "duration_ms"]),
        ("name = 'x' and sttus = 'error'", 15, ["sttus", "did you mean 'status'"]),
        ("kind = 'lmm'", 7, ["kind is never 'lmm'", "did you mean 'llm'"]),
        ('status = "error"', 9, ["double quotes are for names", "'error'"]),
        ("name = 'x", 7, ["quotes has to end"]),
        ("(name = 'x'", 8, ["parenthesis"]),
        ("name = 'x' and", 11, ["ends after 'and'"]),
        ("name = ", 5, ["ends after '='"]),
        ("name = 'a' name", 11, ["did not expect 'name'"]),
        ("duration_ms > 'slow'", 14, ["duration_ms", "wanted a number"]),
        ("name = 5", 7, ["wanted a text in single quotes"]),
        ("name = null", 0, ["is null"]),
        ("name = upper('x')", 7, ["wanted a text"]),
        ("trace_id = 'abc'", 11, ["32 hex digits"]),
        ("started_at > 'yesterday'", 13, ["ISO time"]),
        ("has(name, 'x')", 4, ["'name' is no list"]),
        ("tags = 'x'", 7, ["has(tags, 'x')"]),
        ("attributes = 'x'", 13, ["name a key"]),
        ("attributes['a\"b'] = 'x'", 0, ["can't be looked up"]),
        ("lower(name) = 'x'", 0, ["expected a field"]),
        ("frobnicate(name, 1)", 0, ["frobnicate", "known functions"]),
        ("serch('x')", 0, ["text_search"]),
        ("contains(name)", 13, ["missing before"]),
        ("has(tags)", 0, ["takes 2", "has(tags, 'beta')"]),
        ("name in ()", 0, ["0 values", "1 to 500"]),
        ("name in (select name from span)", 0, ["not part of the filter language"]),
        ("exists (select 1)", 15, ["not part of the filter language"]),
        ("name = 'a'; drop table span", 10, ["';'"]),
        ("name = 'a' -- quiet", 7, ["comment"]),
        ("name = 'a' /* quiet */ and true", 7, ["comment"]),
        ("select 1", 0, ["'select'"]),
        ("name || 'x' = 'y'", 0, ["expected a field"]),
        ("case when true then true end", 0, ["not part of the filter language"]),
        ("cost_usd", 0, ["alone is no condition"]),
        ("'x'", 0, ["not part of the filter language"]),
        ("any_span(kind = 'llm')", 0, ["filters of traces"]),
        ("is_duplicate > true", 0, ["no order"]),
        ("cost_usd > 1e999", 11, ["wanted a number"]),
    ],
)
def test_a_wrong_filter_says_what_was_found_where_and_what_to_do(
    text: str, position: int, words: list[str]
) -> None:
    """The message serves someone who types into a filter bar and has no manual at hand."""
    with pytest.raises(BadFilter) as caught:
        compile_filter(text, SPANS)
    assert caught.value.hint
    for word in words:
        assert word in str(caught.value)
    assert caught.value.position == position


@pytest.mark.parametrize(
    "text",
    [
        "name = '" + "x" * 9_000 + "'",
        "name = '" + "x" * 5_000 + "'",
        " and ".join(["is_root"] * 300),
        "(" * 300 + "is_root" + ")" * 300,
        "not " * 300 + "is_root",
        "cost_usd > " + "- " * 300 + "1",
        "input_tokens in (" + ", ".join(["1"] * 501) + ")",
        "name like '" + "%a" * 30 + "'",
        "text_search('" + "a " * 50 + "')",
        "attributes['" + "k" * 300 + "'] = 1",
    ],
    ids=["long", "long text", "wide", "deep", "nots", "signs", "list", "pattern", "words", "key"],
)
def test_a_filter_over_a_bound_is_refused(text: str) -> None:
    """Whoever can send a filter must not be able to occupy the server with it."""
    with pytest.raises(BadFilter):
        compile_filter(text, SPANS)


def test_a_filter_at_the_bounds_is_taken() -> None:
    """A list of 500 and 150 conditions still pass."""
    assert compile_filter("input_tokens in (" + ", ".join(["1"] * 500) + ")", SPANS) is not None
    assert compile_filter(" or ".join(["name = 'x'"] * 150), SPANS) is not None


def test_a_range_of_start_times_stays_outside_of_the_look_at_the_spans() -> None:
    """Else no index could bound a filtered list of traces by time."""
    statement, _ = sql("started_ns > 5 and kind = 'llm' and status = 'error'", TRACES)
    outer, inner = statement.split("EXISTS")
    assert "trace.start_ns >" in outer
    assert "trace.status" in outer
    assert "span.kind" in inner
    assert "span.status" not in inner


def test_every_field_compiles_for_both_databases() -> None:
    """A name that is in the list of known fields can be used."""
    examples = {
        "text": "is not null",
        "number": "> 1",
        "milliseconds": "> 1.5",
        "time": "> now()",
        "bool": "= true",
        "id": "is not null",
        "texts": "is null",
    }
    for vocabulary in (SPANS, TRACES):
        for field in vocabulary.fields.values():
            example = examples.get(field.kind)
            text = f"{field.name} {example}" if example else f"{field.name}['k'] like 'a%'"
            condition = compile_filter(text, vocabulary)
            assert condition is not None
            for make_dialect in (sqlite.dialect, postgresql.dialect):
                dialect: Dialect = make_dialect()
                assert str(condition.compile(dialect=dialect))
