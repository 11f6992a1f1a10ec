"""The rows of an open list, kept up to date by what is new: pure, no Streamlit and no HTTP.

A live list asks the server only for changes.  The page that was read first stays the frame: its
cursor leads to the older traces, and whatever came later stands above it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from weave_core.model import Page, TraceChanges, TraceSummary

__all__ = ["MAX_ROWS", "LiveRows"]

MAX_ROWS = 150
"""Rows of a list that has been open for long; above that it is read anew."""


@dataclass(frozen=True)
class LiveRows:
    """A list of traces, newest first, and the place from which on there is more to learn."""

    view: str
    """Names what is listed; another view is another list."""
    rows: tuple[TraceSummary, ...]
    next_cursor: str | None
    since: str
    """What the next question about changes begins from."""
    read_s: float
    """When it was last asked, on a clock that never goes back."""
    version: int = 0
    """How often something changed."""

    @classmethod
    def of_page(
        cls, view: str, page: Page[TraceSummary], *, since: str, now_s: float
    ) -> "LiveRows":
        """A list as it was read; `since` was asked for before that, so nothing falls between."""
        return cls(view, tuple(page.items), page.next_cursor, since, now_s)

    def followed_by(
        self, changes: TraceChanges, *, now_s: float, from_ns: int | None
    ) -> "LiveRows":
        """The list with `changes`; rows that began before `from_ns` have left its time."""
        known = {row.trace_id: row for row in self.rows}
        oldest = min((row.started_ns for row in self.rows), default=0) if self.next_cursor else 0
        for row in changes.items:
            # What is older than the page belongs to the next one, which is read when it is wanted.
            if row.trace_id in known or row.started_ns >= oldest:
                known[row.trace_id] = row
        for trace_id in changes.left:
            known.pop(trace_id, None)
        rows = _newest_first(
            row for row in known.values() if from_ns is None or row.started_ns >= from_ns
        )
        is_same = rows == self.rows
        return replace(
            self,
            rows=rows,
            since=changes.next,
            read_s=now_s,
            version=self.version + (not is_same),
        )


def _newest_first(rows: Iterable[TraceSummary]) -> tuple[TraceSummary, ...]:
    return tuple(sorted(rows, key=lambda row: (row.started_ns, row.trace_id), reverse=True))
