"""Expressions that pages write themselves."""

from weave_core.app import filters
from weave_core.app.components.trace_list import ListAction, list_rows
from weave_core.app.components.trace_list import _action as action_of


def test_a_value_with_quotes_can_not_leave_its_quotes() -> None:
    """A user's name is data, whatever is in it."""
    assert filters.equals("user_id", "o'brien' or 1=1") == "user_id = 'o''brien'' or 1=1'"


def test_two_filters_keep_their_own_or() -> None:
    """`a or b` and a time means both of the two."""
    assert filters.both("a or b", "c") == "(a or b) and (c)"
    assert filters.both("a or b", None) == "a or b"
    assert filters.both("  ", None) is None


def test_a_time_range_asks_the_same_question_for_ten_seconds() -> None:
    """So that a refresh every two seconds finds its answer in the cache."""
    now = 1_000_000 * 10**9

    assert filters.since("1h", now_ns=now) == f"started_ns >= {now - 3_600 * 10**9}"
    assert filters.since("1h", now_ns=now + 9 * 10**9) == filters.since("1h", now_ns=now)
    assert filters.since("all") is None


def test_the_mark_stands_under_the_place() -> None:
    """Also in a filter that is longer than the line."""
    assert filters.pointed("statuss = 1", 0) == "statuss = 1\n^"
    line, mark = filters.pointed("x" * 200 + "?" + "x" * 200, 200).split("\n")
    assert line[mark.index("^")] == "?"


def test_the_list_takes_only_what_its_table_can_say() -> None:
    """What comes from a browser is checked: anyone can send it."""
    assert action_of({"sort": "-cost_usd"}) == ListAction(order_by="-cost_usd")
    assert action_of({"filter": ["user_id", "ada"]}) == ListAction(only=("user_id", "ada"))
    assert action_of({"filter": ["1=1 or user_id", "ada"]}) is None
    assert action_of({"sort": "name; drop"}) is None
    assert action_of({"filter": ["user_id", 3]}) is None
    assert action_of("sort") is None


def test_no_rows_bring_the_sentence_for_no_rows() -> None:
    """An empty list says why it may be empty."""
    assert b"Nothing passes" in list_rows("p", [], view="", order_by="-x", empty="Nothing passes")


def test_a_condition_is_added_once_and_taken_out_again() -> None:
    """A click on a value narrows the filter, a second click widens it to what it was."""
    for text in ("", "a = 1", "a = 1 and b = 'x and y'", "a = 1 or b = 2", "not (a = 1 and b = 2)"):
        narrowed = filters.added(text, "user_id = 'ada'")
        assert filters.added(narrowed, "user_id = 'ada'") == narrowed
        assert filters.conjuncts(narrowed)[-1] == "user_id = 'ada'"
        assert filters.removed(narrowed, "user_id = 'ada'") == text


def test_an_or_keeps_its_brackets_and_a_between_its_and() -> None:
    """Taking a filter apart never changes what it means."""
    assert filters.added("a = 1 or b = 2", "c = 3") == "(a = 1 or b = 2) and c = 3"
    assert filters.conjuncts("((a = 1) and (b = 2)) and (c = 3)") == ["a = 1", "b = 2", "c = 3"]
    assert filters.conjuncts("x between 1 and 2 and c = 3") == ["x between 1 and 2 and c = 3"]
    assert filters.conjuncts("name = ') and ('") == ["name = ') and ('"]


def test_the_search_box_writes_into_the_filter() -> None:
    """One search at a time, quotes and all; emptied, the filter is what it was."""
    text = filters.searched("status = 'error'", "it's late")

    assert text == "status = 'error' and text_search('it''s late')"
    assert filters.searched_words(text) == "it's late"
    assert filters.searched(text, "again") == "status = 'error' and text_search('again')"
    assert filters.searched(text, " ") == "status = 'error'"
    assert filters.searched_words("name = 'text_search(1)'") == ""
