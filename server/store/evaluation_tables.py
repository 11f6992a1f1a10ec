"""Rows of evaluations; `weave_core.server.store.tables` says how rows are written here."""

from typing import Any

from sqlalchemy import JSON, BigInteger, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field

from weave_core.server.store.tables import Row, RowId

__all__ = ["EvaluationItemRow", "EvaluationRow", "ScoreRow"]


class EvaluationRow(Row, table=True):
    """One evaluation, as its span tells it."""

    __tablename__ = "evaluation"
    __table_args__ = (
        UniqueConstraint("project_id", "evaluation_id", name="evaluation_identity"),
        Index("newest_evaluations", "project_id", "started_ns", "id"),
        Index("newest_evaluations_by_name", "project_id", "name", "started_ns"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=RowId)
    project_id: int
    evaluation_id: str
    name: str
    state: str
    branch: str | None = None
    started_ns: int = Field(sa_type=BigInteger)
    body: dict[str, Any] = Field(sa_type=JSON)
    """A `StoredEvaluation`."""


class EvaluationItemRow(Row, table=True):
    """How the task did on one item in one epoch."""

    __tablename__ = "evaluation_item"
    __table_args__ = (Index("evaluation_items_in_order", "evaluation_row_id", "position", "epoch"),)

    evaluation_row_id: int = Field(primary_key=True, sa_type=RowId)
    item: str = Field(primary_key=True)
    """Digest of its content."""
    epoch: int = Field(primary_key=True)
    position: int
    """In the dataset."""
    outcome: str
    error_type: str | None = None
    error_message: str | None = None
    latency_ms: float | None = None
    input_tokens: int | None = Field(default=None, sa_type=BigInteger)
    output_tokens: int | None = Field(default=None, sa_type=BigInteger)
    cost_usd: float | None = None
    cluster: str | None = None
    slices: dict[str, str] = Field(default_factory=dict, sa_type=JSON)
    is_cached: bool = False
    trace_id: bytes = Field(sa_type=LargeBinary)
    span_id: bytes = Field(sa_type=LargeBinary)


class ScoreRow(Row, table=True):
    """What one scorer said of one item in one epoch; an error is no value."""

    __tablename__ = "score"

    evaluation_row_id: int = Field(primary_key=True, sa_type=RowId)
    scorer: str = Field(primary_key=True)
    item: str = Field(primary_key=True)
    epoch: int = Field(primary_key=True)
    value: float | None = None
    label: str | None = None
    is_rate: bool = False
    reason: str | None = None
    error_type: str | None = None
    error_message: str | None = None
    expected: str | None = None
    """The label that would have been right."""
    detail: Any = Field(default=None, sa_type=JSON, nullable=True)
