"""Rows of feedback; `weave_core.server.store.tables` says how rows are written.

A row names what it is of by its ids alone, so feedback may come before its span does.
"""

from sqlalchemy import BigInteger, Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field

from weave_core.server.store.tables import Row, RowId

__all__ = ["FeedbackRow"]


def _of(target: str) -> Index:
    """What was said of one target, by name."""
    condition = text(f"{target}_id IS NOT NULL")
    return Index(
        f"feedback_of_{target}",
        *("project_id", f"{target}_id", "name"),
        sqlite_where=condition,
        postgresql_where=condition,
    )


class FeedbackRow(Row, table=True):
    """What somebody thinks of a trace or a span of it, a run, or a session."""

    __tablename__ = "feedback"
    __table_args__ = (
        UniqueConstraint("project_id", "feedback_id", name="feedback_identity"),
        Index("newest_feedback", "project_id", "created_ns", "id"),
        Index("feedback_by_name", "project_id", "name", "value"),
        _of("trace"),
        _of("run"),
        _of("session"),
        _of("queue"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=RowId)
    project_id: int
    feedback_id: str
    trace_id: bytes | None = Field(default=None, sa_type=LargeBinary)
    span_id: bytes | None = Field(default=None, sa_type=LargeBinary)
    """None with a trace: of the trace as a whole."""
    run_id: str | None = None
    session_id: str | None = None
    name: str
    value: float | None = None
    label: str | None = None
    text: str | None = None
    source: str
    author: str | None = None
    queue_id: str | None = None
    """Of the annotation queue that it was given in."""
    created_ns: int = Field(sa_type=BigInteger)
    updated_ns: int = Field(sa_type=BigInteger)
