"""Two traces laid over each other, and their texts compared."""

from typing import Any

from weave_core.app.alignment import align
from weave_core.app.text_diffs import MAX_LINES, diff_lines
from weave_core.model import SpanColumns


def columns(*spans: tuple[str, str | None, str], **given: Any) -> SpanColumns:
    """Spans of id, parent and name."""
    count = len(spans)
    return SpanColumns(
        **{
            "span_id": [span[0] for span in spans],
            "parent_span_id": [span[1] for span in spans],
            "name": [span[2] for span in spans],
            "kind": ["span"] * count,
            "status": ["ok"] * count,
            "started_ns": list(range(count)),
            "duration_ms": [1.0] * count,
            "model": [None] * count,
            "total_tokens": [None] * count,
            "cost_usd": [None] * count,
        }
        | given
    )


def rows(a: SpanColumns, b: SpanColumns) -> list[tuple[int | None, int | None, int, str]]:
    """The pairs as plain values."""
    return [(pair.a, pair.b, pair.depth, pair.name) for pair in align(a, b)]


def test_a_retry_is_one_span_more_and_not_another_tree() -> None:
    """What follows the retry is compared with what it was before."""
    a = columns(("r", None, "answer"), ("1", "r", "search"), ("2", "r", "write"))
    b = columns(
        ("r", None, "answer"), ("1", "r", "search"), ("2", "r", "search"), ("3", "r", "write")
    )

    assert rows(a, b) == [
        (0, 0, 0, "answer"),
        (1, 1, 1, "search"),
        (None, 2, 1, "search"),
        (2, 3, 1, "write"),
    ]


def test_what_only_the_first_has_stands_where_it_stood() -> None:
    """With all that lies below it; another order of neighbours changes no pair."""
    a = columns(
        ("r", None, "answer"),
        ("1", "r", "plan"),
        ("2", "1", "think"),
        ("3", "r", "x"),
        ("4", "r", "y"),
    )
    b = columns(("r", None, "answer"), ("1", "r", "y"), ("2", "r", "x"))

    assert rows(a, b) == [
        (0, 0, 0, "answer"),
        (1, None, 1, "plan"),
        (2, None, 2, "think"),
        (4, 1, 1, "y"),
        (3, 2, 1, "x"),
    ]


def test_the_same_call_of_another_model_is_the_same_call() -> None:
    """Comparing two models is what the page is for."""
    a = columns(("r", None, "chat gpt-4o"), model=["gpt-4o"])
    b = columns(("r", None, "chat gpt-4o-mini"), model=["gpt-4o-mini"])

    assert rows(a, b) == [(0, 0, 0, "chat gpt-4o → chat gpt-4o-mini")]


def test_every_span_of_both_is_there_once() -> None:
    """Also in a chain as deep as the trace, and in traces that share nothing."""
    chain = columns(*((str(i), str(i - 1) if i else None, "step") for i in range(5_000)))
    other = columns(("r", None, "job"), ("lost", "gone", "late"))

    assert [pair.depth for pair in align(chain, chain)] == list(range(5_000))
    assert len(align(chain, other)) == 5_002


def test_a_changed_line_shows_the_words_that_changed() -> None:
    """Long stretches that are the same become one row with their number."""
    same = [f"line {n}" for n in range(20)]
    got = diff_lines("\n".join([*same, "it is red"]), "\n".join([*same, "it is blue", "and more"]))

    assert [row["op"] for row in got["rows"]] == ["skipped", *["same"] * 3, "changed", "added"]
    assert got["rows"][0]["count"] == 17
    assert got["rows"][4]["a"] == [["it is ", False], ["red", True]]
    assert got["rows"][4]["b"] == [["it is ", False], ["blue", True]]
    assert diff_lines("a", "a") == {"is_same": True, "rows": [], "cut": 0}


def test_texts_of_any_size_are_compared_within_bounds() -> None:
    """Two texts of megabytes cost no minutes and send no megabytes."""
    first = "\n".join(f"row {n} of the first" for n in range(100_000))
    second = "\n".join(f"row {n} of the second" for n in range(100_000))

    got = diff_lines(first, second)
    one_line = diff_lines("x " * 500_000, "y " * 500_000)

    assert len(got["rows"]) == MAX_LINES
    assert got["cut"] == 2 * (100_000 - MAX_LINES)
    assert len(str(one_line)) < 20_000
