"""The rows of an open list, as changes come in."""

from weave_core.app.live_rows import LiveRows
from weave_core.model import Page, TraceChanges, TraceSummary


def trace(trace_id: str, started_ns: int, *, is_complete: bool = True) -> TraceSummary:
    """One row."""
    return TraceSummary(
        project="p",
        trace_id=trace_id,
        name="job",
        kind="span",
        status="ok",
        started_ns=started_ns,
        span_count=1,
        error_count=0,
        is_complete=is_complete,
    )


def changes(*items: TraceSummary, left: tuple[str, ...] = ()) -> TraceChanges:
    """An answer of the server."""
    return TraceChanges(items=list(items), left=list(left), next="t2")


def open_list(*items: TraceSummary, next_cursor: str | None = None) -> LiveRows:
    """A list that was just read."""
    page = Page[TraceSummary](items=list(items), next_cursor=next_cursor)
    return LiveRows.of_page("v", page, since="t1", now_s=0.0)


def ids(rows: LiveRows) -> list[str]:
    """In the order shown."""
    return [row.trace_id for row in rows.rows]


def test_what_is_new_stands_on_top_and_what_changed_where_it_was() -> None:
    """Nothing else moves, and the next question goes on from there."""
    before = open_list(trace("b", 20, is_complete=False), trace("a", 10))

    after = before.followed_by(changes(trace("c", 30), trace("b", 20)), now_s=2.0, from_ns=None)

    assert ids(after) == ["c", "b", "a"]
    assert after.rows[1].is_complete
    assert (after.since, after.version) == ("t2", 1)


def test_nothing_new_is_the_same_list() -> None:
    """So nothing is drawn anew."""
    before = open_list(trace("a", 10))

    after = before.followed_by(changes(trace("a", 10)), now_s=2.0, from_ns=None)

    assert (after.rows, after.version) == (before.rows, 0)


def test_what_leaves_the_filter_or_the_time_leaves_the_list() -> None:
    """A list of running traces empties, and the last hour moves on."""
    before = open_list(trace("c", 30), trace("b", 20), trace("a", 10))

    after = before.followed_by(changes(left=("c",)), now_s=2.0, from_ns=15)

    assert ids(after) == ["b"]


def test_a_late_trace_that_belongs_to_an_older_page_is_not_shown_on_this_one() -> None:
    """The cursor of the page leads to it; on the last page there is no older one."""
    late = changes(trace("late", 5))

    assert ids(
        open_list(trace("a", 10), next_cursor="x").followed_by(late, now_s=2, from_ns=None)
    ) == ["a"]
    assert ids(open_list(trace("a", 10)).followed_by(late, now_s=2, from_ns=None)) == ["a", "late"]
