"""Rows of alerts; `weave_core.server.store.tables` says how rows are written."""

from typing import Any

from sqlalchemy import JSON, BigInteger, Index, UniqueConstraint
from sqlmodel import Field

from weave_core.server.store.tables import Row, RowId

__all__ = ["AlertDeliveryRow", "AlertEventRow", "AlertRow"]


class AlertRow(Row, table=True):
    """A rule, and how it stands."""

    __tablename__ = "alert"
    __table_args__ = (
        UniqueConstraint("project_id", "name", name="alert_identity"),
        Index("alerts_by_time", "is_paused", "due_ns"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=RowId)
    project_id: int
    name: str
    version: int
    digest: str
    rule: dict[str, Any] = Field(sa_type=JSON)
    """An `AlertRule`."""
    is_paused: bool = False
    state: str
    since_ns: int = Field(sa_type=BigInteger)
    clear_ns: int | None = Field(default=None, sa_type=BigInteger)
    """Since when the condition no longer holds, of one that fires."""
    told_ns: int | None = Field(default=None, sa_type=BigInteger)
    """When somebody was told last."""
    muted_until_ns: int | None = Field(default=None, sa_type=BigInteger)
    due_ns: int = Field(sa_type=BigInteger)
    """When it is to be looked at; while a worker has it, when others may."""
    token: str | None = None
    last: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    problem: str | None = None
    created_ns: int = Field(sa_type=BigInteger)
    updated_ns: int = Field(sa_type=BigInteger)


class AlertEventRow(Row, table=True):
    """A change of an alert's state, or a reminder."""

    __tablename__ = "alert_event"
    __table_args__ = (Index("alert_events_by_time", "alert_row_id", "at_ns", "id"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=RowId)
    alert_row_id: int = Field(sa_type=RowId)
    event_id: str = Field(unique=True)
    state: str
    at_ns: int = Field(sa_type=BigInteger)
    is_muted: bool = False
    is_reminder: bool = False
    is_test: bool = False
    measurement: dict[str, Any] = Field(sa_type=JSON)


class AlertDeliveryRow(Row, table=True):
    """One message to one channel, until it was taken."""

    __tablename__ = "alert_delivery"
    __table_args__ = (
        Index("alert_deliveries_by_time", "state", "due_ns"),
        Index("alert_deliveries_of_event", "event_row_id"),
        Index("alert_deliveries_of_alert", "alert_row_id", "state"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=RowId)
    alert_row_id: int = Field(sa_type=RowId)
    event_row_id: int = Field(sa_type=RowId)
    delivery_id: str = Field(unique=True)
    channel: dict[str, Any] = Field(sa_type=JSON)
    payload: dict[str, Any] = Field(sa_type=JSON)
    state: str
    attempts: int = 0
    due_ns: int = Field(sa_type=BigInteger)
    token: str | None = None
    sent_ns: int | None = Field(default=None, sa_type=BigInteger)
    error: str | None = None
