"""Which of two spans that tell one model call counts."""

from typing import Any

import pytest

from weave_core.server.normalise.duplicates import Call, duplicate_ids


def call(span_id: str, parent_id: str | None = None, **known: Any) -> Call:
    """A model call; what is not given is unknown."""
    return Call(span_id=span_id, parent_id=parent_id, **({"kind": "llm", "model": "m"} | known))


def other(span_id: str, parent_id: str | None = None) -> Call:
    """A span that is no model call."""
    return Call(span_id=span_id, parent_id=parent_id, kind="chain")


def test_of_nested_calls_the_outer_counts() -> None:
    """Two instrumentations over one client, both with usage: the outer one stays."""
    same: dict[str, Any] = {"input_tokens": 10, "output_tokens": 2}
    assert duplicate_ids([call("outer", **same), call("inner", "outer", **same)]) == {"inner"}


def test_other_spans_between_do_not_hide_a_duplicate() -> None:
    """An HTTP or retry span often lies between the two."""
    spans = [call("outer"), other("retry", "outer"), call("inner", "retry", input_tokens=3)]
    assert duplicate_ids(spans) == {"outer"}  # It knows no usage, so it is the one to drop.


def test_the_one_with_content_counts_when_both_have_usage() -> None:
    """A reader wants to open the span that the sum points to."""
    same: dict[str, Any] = {"input_tokens": 10, "response_id": "r"}
    spans = [call("outer", **same), call("inner", "outer", has_content=True, **same)]
    assert duplicate_ids(spans) == {"outer"}


def test_two_calls_below_one_are_real_calls() -> None:
    """A wrapper that makes two calls is no copy of either."""
    spans = [call("outer"), call("one", "outer", input_tokens=1), call("two", "outer")]
    assert duplicate_ids(spans) == set()


def test_another_model_usage_or_reply_speaks_against_it() -> None:
    """A call inside a call may be a real second one."""
    assert duplicate_ids([call("a", model="gpt-4o"), call("b", "a", model="claude")]) == set()
    assert duplicate_ids([call("a", input_tokens=1), call("b", "a", input_tokens=2)]) == set()
    assert duplicate_ids([call("a", response_id="x"), call("b", "a", response_id="y")]) == set()
    assert duplicate_ids([call("a"), call("b", "a", kind="embedding")]) == set()


def test_a_dated_model_name_is_the_same_model() -> None:
    """One layer tells what was asked for, the other what answered."""
    outer = call("a", model=None, request_model="gpt-4o-mini")
    inner = call("b", "a", model="gpt-4o-mini-2024-07-18")
    assert duplicate_ids([outer, inner]) == {"b"}


@pytest.mark.parametrize("named", ["openai/gpt-4o-mini", "models/gpt-4o-mini"])
def test_a_path_before_a_model_s_name_does_not_tell_calls_apart(named: str) -> None:
    """LiteLLM and Google write one there, the SDK below does not."""
    outer = call("a", model=named)
    inner = call("b", "a", model="gpt-4o-mini-2024-07-18")
    assert duplicate_ids([outer, inner]) == {"b"}


def test_equal_usage_stands_in_for_a_model_that_is_not_named() -> None:
    """Without it, or with another, nothing says that the two are one."""
    known: dict[str, Any] = {"input_tokens": 5, "output_tokens": 7}
    outer = call("a", model=None, **known)
    assert duplicate_ids([outer, call("b", "a", request_model="m", **known)]) == {"a"}
    assert duplicate_ids([outer, call("b", "a", input_tokens=5)]) == set()
    assert duplicate_ids([outer, call("b", "a", input_tokens=5, output_tokens=8)]) == set()


def test_three_layers_of_which_the_middle_knows_nothing_are_one_call() -> None:
    """Top and bottom are compared with each other, not only with the middle."""
    spans = [call("a", input_tokens=5), call("b", "a"), call("c", "b", input_tokens=5)]
    assert duplicate_ids(spans) == {"b", "c"}
    spans[2] = call("c", "b", input_tokens=6)
    assert duplicate_ids(spans) == {"b"}


def test_the_same_reply_id_is_the_same_call_wherever_it_stands() -> None:
    """Siblings, or spans of two traces: the provider's id tells."""
    spans = [
        call("a", response_id="r", input_tokens=5),
        call("b", response_id="r", input_tokens=5, has_content=True),
        call("c", response_id="other", input_tokens=5),
    ]
    assert duplicate_ids(spans) == {"a"}


def test_circles_and_lost_parents_end() -> None:
    """Broken trees are told apart as far as they can be."""
    spans = [call("a", "b"), call("b", "a"), call("c", "gone"), call("d", "d")]
    duplicate_ids(spans)
    chain = [other("0", None), *(other(str(n), str(n - 1)) for n in range(1, 30_000))]
    assert duplicate_ids([*chain, call("deep", "29999")]) == set()
