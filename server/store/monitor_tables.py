"""Rows of monitors; `weave_core.server.store.tables` says how rows are written."""

from typing import Any

from sqlalchemy import JSON, BigInteger, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field

from weave_core.server.store.tables import Row, RowId

__all__ = ["MonitorItemRow", "MonitorRow", "MonitorScoreRow"]


class MonitorRow(Row, table=True):
    """What is watched, and how far it has been looked at."""

    __tablename__ = "monitor"
    __table_args__ = (UniqueConstraint("project_id", "name", name="monitor_identity"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=RowId)
    project_id: int
    name: str
    state: str
    version: int
    """Of the object of kind `monitor` that has the definition."""
    digest: str
    definition: dict[str, Any] = Field(sa_type=JSON)
    """A `MonitorDefinition`."""
    cursor_row_id: int = Field(sa_type=BigInteger)
    """Spans up to this row were looked at: rows are in the order of arrival, so what comes late is
    behind it."""
    matched: int = Field(default=0, sa_type=BigInteger)
    backfill: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    """A `Backfill`, and the row id that it has reached within its moment."""
    problem: str | None = None
    created_ns: int = Field(sa_type=BigInteger)
    updated_ns: int = Field(sa_type=BigInteger)


class MonitorItemRow(Row, table=True):
    """A span that a monitor scores, once."""

    __tablename__ = "monitor_item"
    __table_args__ = (
        UniqueConstraint("monitor_row_id", "trace_id", "span_id", name="monitor_item_identity"),
        Index("monitor_items_by_state", "monitor_row_id", "state", "is_backfill", "due_ns"),
        Index("monitor_items_by_time", "monitor_row_id", "claimed_ns"),
        Index("monitor_items_of_trace", "project_id", "trace_id"),
        Index("monitor_items_by_token", "token"),
        Index("monitor_items_by_worker", "worker"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=RowId)
    monitor_row_id: int = Field(sa_type=RowId)
    project_id: int
    trace_id: bytes = Field(sa_type=LargeBinary)
    span_id: bytes = Field(sa_type=LargeBinary)
    start_ns: int = Field(sa_type=BigInteger)
    """Of the span."""
    state: str
    """`open` has not ended, `waiting`, `leased`, `scored`, `failed`."""
    is_backfill: bool = False
    due_ns: int = Field(sa_type=BigInteger)
    version: int
    """Of the monitor, when it was handed out last."""
    attempts: int = 0
    """How often it was tried and told, or tried and lost."""
    token: str | None = None
    worker: str | None = None
    """Who has it."""
    lease_until_ns: int | None = Field(default=None, sa_type=BigInteger)
    claimed_ns: int | None = Field(default=None, sa_type=BigInteger)
    calls: int = 0
    cost_usd: float | None = None


class MonitorScoreRow(Row, table=True):
    """What a scorer said of a span; an error is no value."""

    __tablename__ = "monitor_score"
    __table_args__ = (
        Index("monitor_scores_of_span", "project_id", "trace_id", "span_id"),
        Index("monitor_scores_by_time", "monitor_row_id", "name", "start_ns"),
        Index("monitor_scores_by_value", "monitor_row_id", "name", "value"),
    )

    monitor_row_id: int = Field(primary_key=True, sa_type=RowId)
    trace_id: bytes = Field(primary_key=True, sa_type=LargeBinary)
    span_id: bytes = Field(primary_key=True, sa_type=LargeBinary)
    name: str = Field(primary_key=True)
    project_id: int
    value: float | None = None
    label: str | None = None
    is_rate: bool = False
    reason: str | None = None
    error_type: str | None = None
    error_message: str | None = None
    version: int
    scorer_version: str | None = None
    start_ns: int = Field(sa_type=BigInteger)
    """Of the span."""
    scored_ns: int = Field(sa_type=BigInteger)
