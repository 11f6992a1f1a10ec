"""Rows of runs and of their points; `weave_core.server.store.tables` says how rows are written."""

from typing import Any

from sqlalchemy import JSON, BigInteger, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field

from weave_core.server.store.tables import Row, RowId

__all__ = [
    "MetricChunkRow",
    "RunConsoleRow",
    "RunFileRow",
    "RunMediaRow",
    "RunMetricRow",
    "RunRow",
    "RunTailRow",
    "RunWriterRow",
]


class RunRow(Row, table=True):
    """One run, as its writers and its readers told it."""

    __tablename__ = "run"
    __table_args__ = (
        UniqueConstraint("project_id", "run_id", name="run_identity"),
        Index("newest_runs", "project_id", "started_ns", "id"),
        Index("newest_runs_by_group", "project_id", "group_name", "started_ns"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=RowId)
    project_id: int
    run_id: str
    name: str
    group_name: str | None = None
    job_type: str | None = None
    state: str
    """As told: a run that has gone silent is still `running` here."""
    started_ns: int = Field(sa_type=BigInteger)
    ended_ns: int | None = Field(default=None, sa_type=BigInteger)
    heartbeat_ns: int = Field(sa_type=BigInteger)
    """The latest moment that a writer spoke of, by its clock."""
    seen_ns: int = Field(sa_type=BigInteger)
    """When something of it arrived last, by the server's clock."""
    last_step: int | None = Field(default=None, sa_type=BigInteger)
    stop_requested: bool = False
    parent_run_id: str | None = None
    """The run it was forked from."""
    parent_step: int | None = Field(default=None, sa_type=BigInteger)
    trace_id: bytes = Field(sa_type=LargeBinary)
    error: str | None = None
    tags: list[str] = Field(default_factory=list, sa_type=JSON)
    notes: str | None = None
    config: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    config_flat: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    """The same without nesting, keys joined by dots: what filters look at."""
    summary: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    """Values that were set by hand."""
    metrics: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    """`MetricDefinition`s by key or pattern."""
    problems: dict[str, str] = Field(default_factory=dict, sa_type=JSON)


class RunWriterRow(Row, table=True):
    """One program that writes, or wrote, to a run."""

    __tablename__ = "run_writer"

    run_row_id: int = Field(primary_key=True, sa_type=RowId)
    writer_id: str = Field(primary_key=True)
    rank: int
    state: str
    started_ns: int = Field(sa_type=BigInteger)
    ended_ns: int | None = Field(default=None, sa_type=BigInteger)
    heartbeat_ns: int = Field(sa_type=BigInteger)
    told_ns: int = Field(sa_type=BigInteger)
    """When it said last what it is; older words that come late change nothing."""
    error: str | None = None
    host: str | None = None
    pid: int | None = Field(default=None, sa_type=BigInteger)
    environment: dict[str, Any] | None = Field(default=None, sa_type=JSON(none_as_null=True))
    """What it runs with."""


class RunMetricRow(Row, table=True):
    """One key of a run by one rank, summed up as far as its points are packed.

    A value that is NaN is null here, for which SQLite has no number.
    """

    __tablename__ = "run_metric"
    __table_args__ = (UniqueConstraint("run_row_id", "key", "rank", name="run_metric_identity"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=RowId)
    run_row_id: int = Field(sa_type=RowId)
    key: str
    rank: int
    count: int = Field(sa_type=BigInteger)
    nan_count: int = Field(sa_type=BigInteger)
    min: float | None = None
    max: float | None = None
    sum: float
    first: float | None = None
    last: float | None = None
    first_step: int = Field(sa_type=BigInteger)
    last_step: int = Field(sa_type=BigInteger)
    min_step: int | None = Field(default=None, sa_type=BigInteger)
    max_step: int | None = Field(default=None, sa_type=BigInteger)
    summary: float | None = None
    """The value that stands for it, as its definition says."""


class MetricChunkRow(Row, table=True):
    """Up to 4,480 points of one key by ascending steps; chunks of a key do not overlap."""

    __tablename__ = "metric_chunk"

    run_metric_id: int = Field(primary_key=True, sa_type=RowId)
    first_step: int = Field(primary_key=True, sa_type=BigInteger)
    last_step: int = Field(sa_type=BigInteger)
    count: int
    nan_count: int
    min: float | None = None
    max: float | None = None
    sum: float
    first: float | None = None
    last: float | None = None
    min_step: int | None = Field(default=None, sa_type=BigInteger)
    max_step: int | None = Field(default=None, sa_type=BigInteger)
    preview: bytes | None = Field(default=None, sa_type=LargeBinary)
    """Least and largest points; only where the chunk is full."""
    body: bytes = Field(sa_type=LargeBinary)


class RunTailRow(Row, table=True):
    """Points as they were sent, until they are packed; or the word that points are taken back."""

    __tablename__ = "run_tail"
    __table_args__ = (UniqueConstraint("run_row_id", "span_id", name="run_tail_identity"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=RowId)
    """Order of arrival."""
    run_row_id: int = Field(sa_type=RowId)
    span_id: bytes = Field(sa_type=LargeBinary)
    """Of the span that brought them, so that a resend is known."""
    rank: int
    points: int
    received_ns: int = Field(sa_type=BigInteger)
    rewind_to: int | None = Field(default=None, sa_type=BigInteger)
    """Points behind this step go; those of this row come after."""
    body: bytes = Field(sa_type=LargeBinary)
    """As `weave_core.points` packs them."""


class RunConsoleRow(Row, table=True):
    """Up to a thousand lines that one writer of a run printed, by number; chunks do not overlap."""

    __tablename__ = "run_console"
    __table_args__ = (Index("run_consoles_by_time", "run_row_id", "first_ns"),)

    run_row_id: int = Field(primary_key=True, sa_type=RowId)
    writer_id: str = Field(primary_key=True)
    first_line: int = Field(primary_key=True, sa_type=BigInteger)
    last_line: int = Field(sa_type=BigInteger)
    rank: int
    line_count: int
    first_ns: int = Field(sa_type=BigInteger)
    """When the earliest of its lines began."""
    last_ns: int = Field(sa_type=BigInteger)
    """And the latest."""
    body: bytes = Field(sa_type=LargeBinary)


class RunMediaRow(Row, table=True):
    """What was logged under one key at one step that is no number."""

    __tablename__ = "run_media"

    run_row_id: int = Field(primary_key=True, sa_type=RowId)
    key: str = Field(primary_key=True)
    step: int = Field(primary_key=True, sa_type=BigInteger)
    rank: int = Field(primary_key=True)
    time_ns: int = Field(sa_type=BigInteger)
    """When it was logged; later wins."""
    kind: str
    """Of its first item."""
    body: bytes = Field(sa_type=LargeBinary)
    """zstd of JSON: a list of items as they were sent, bytes by their digest."""


class RunFileRow(Row, table=True):
    """A file that a run keeps, as it was saved last."""

    __tablename__ = "run_file"

    run_row_id: int = Field(primary_key=True, sa_type=RowId)
    name: str = Field(primary_key=True)
    """With its folders, a slash between."""
    digest: bytes = Field(sa_type=LargeBinary)
    """32 bytes: of the blob."""
    size_bytes: int = Field(sa_type=BigInteger)
    time_ns: int = Field(sa_type=BigInteger)
    """When it was saved; later wins."""
    rank: int
    """Of the writer that saved it."""
