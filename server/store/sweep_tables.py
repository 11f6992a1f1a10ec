"""Rows of sweeps; `weave_core.server.store.tables` says how rows are written.

They are the truth: what a search library needs is built from them for each question.
"""

from typing import Any

from sqlalchemy import JSON, BigInteger, Index, UniqueConstraint
from sqlmodel import Field

from weave_core.server.store.tables import Row, RowId

__all__ = ["SweepRow", "TrialReportRow", "TrialRow"]


class SweepRow(Row, table=True):
    """What is searched."""

    __tablename__ = "sweep"
    __table_args__ = (
        UniqueConstraint("project_id", "sweep_id", name="sweep_identity"),
        Index("newest_sweeps", "project_id", "created_ns", "id"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=RowId)
    project_id: int
    sweep_id: str
    name: str
    state: str
    reason: str | None = None
    """Why it has ended."""
    config: dict[str, Any] = Field(sa_type=JSON)
    """As it was given."""
    seed: int = Field(sa_type=BigInteger)
    """Of all that is drawn."""
    run_cap: int | None = Field(default=None, sa_type=BigInteger)
    created_ns: int = Field(sa_type=BigInteger)
    updated_ns: int = Field(sa_type=BigInteger)
    resumed_ns: int = Field(sa_type=BigInteger)
    """Failures before it are no longer held against a host."""


class TrialRow(Row, table=True):
    """One set of parameters, who has it now, and what came of it."""

    __tablename__ = "trial"
    __table_args__ = (
        UniqueConstraint("sweep_row_id", "number", name="trial_identity"),
        Index("trials_by_state", "sweep_row_id", "state", "number"),
        Index("trials_by_run", "run_id"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=RowId)
    sweep_row_id: int = Field(sa_type=RowId)
    number: int
    state: str
    place: int | None = Field(default=None, sa_type=BigInteger)
    """Its number in the grid."""
    params: dict[str, Any] = Field(sa_type=JSON)
    value: float | None = None
    run_id: str
    attempts: int
    """How often it was handed out."""
    losses: int = 0
    """How often who had it fell silent."""
    agent: str | None = None
    host: str | None = None
    token: str | None = None
    ask_key: str | None = None
    """Of the question that it is the answer of."""
    lease_s: float
    """How long whoever has it may be silent."""
    lease_until_ns: int | None = Field(default=None, sa_type=BigInteger)
    """By the server's clock; whoever has it says that it still does before."""
    started_ns: int | None = Field(default=None, sa_type=BigInteger)
    ended_ns: int | None = Field(default=None, sa_type=BigInteger)
    error: str | None = None
    reason: str | None = None
    """Why it was stopped."""


class TrialReportRow(Row, table=True):
    """How good a trial was after so many values of the metric."""

    __tablename__ = "trial_report"
    __table_args__ = (Index("reports_of_sweep", "sweep_row_id", "rung"),)

    trial_row_id: int = Field(primary_key=True, sa_type=RowId)
    rung: int = Field(primary_key=True, sa_type=BigInteger)
    sweep_row_id: int = Field(sa_type=RowId)
    best: float
    mean: float
