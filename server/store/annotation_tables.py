"""Rows of annotation queues; `weave_core.server.store.tables` says how rows are written.

What reviewers say is feedback, and stands there.
"""

from typing import Any

from sqlalchemy import JSON, BigInteger, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field

from weave_core.server.store.tables import Row, RowId

__all__ = ["AnnotationItemRow", "AnnotationQueueRow", "AnnotationReviewRow"]


class AnnotationQueueRow(Row, table=True):
    """A queue."""

    __tablename__ = "annotation_queue"
    __table_args__ = (UniqueConstraint("project_id", "queue_id", name="annotation_queue_identity"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=RowId)
    project_id: int
    queue_id: str
    name: str
    description: str
    label_set: str
    label_version: int
    labels: dict[str, Any] = Field(sa_type=JSON)
    """What that version asks: it may be deleted, and the queue goes on."""
    overlap: int
    lease_s: int
    created_ns: int = Field(sa_type=BigInteger)
    updated_ns: int = Field(sa_type=BigInteger)


class AnnotationItemRow(Row, table=True):
    """A trace, or a span of one, in a queue."""

    __tablename__ = "annotation_item"
    __table_args__ = (
        UniqueConstraint("queue_row_id", "number", name="annotation_item_identity"),
        Index("annotation_items_of_trace", "project_id", "trace_id"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=RowId)
    project_id: int
    queue_row_id: int = Field(sa_type=RowId)
    number: int
    trace_id: bytes = Field(sa_type=LargeBinary)
    span_id: bytes | None = Field(default=None, sa_type=LargeBinary)
    """None: the trace as a whole."""


class AnnotationReviewRow(Row, table=True):
    """What one person does with an item: has it, has reviewed it, has left it to others."""

    __tablename__ = "annotation_review"
    __table_args__ = (
        UniqueConstraint("item_id", "reviewer", name="annotation_review_identity"),
        Index("annotation_reviews_of_queue", "queue_row_id", "reviewer", "state"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=RowId)
    queue_row_id: int = Field(sa_type=RowId)
    item_id: int = Field(sa_type=RowId)
    reviewer: str
    state: str
    until_ns: int | None = Field(default=None, sa_type=BigInteger)
    done_ns: int | None = Field(default=None, sa_type=BigInteger)
