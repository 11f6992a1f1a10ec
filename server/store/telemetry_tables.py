"""Rows of what comes beside spans: log records and metric points.

Only `weave_core.server.store` reads or writes them.  Times are nanoseconds since the Unix epoch,
UTC; ids are bytes.
"""

from typing import Any

from sqlalchemy import JSON, BigInteger, Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field

from weave_core.server.store.tables import Row, RowId

__all__ = ["LogRecordRow", "MetricPointRow", "MetricSeriesRow", "SpanDirtyRow"]


class LogRecordRow(Row, table=True):
    """One log record as it was sent."""

    __tablename__ = "log_record"
    __table_args__ = (
        UniqueConstraint("project_id", "digest", name="log_record_identity"),
        Index("newest_logs", "project_id", "time_ns", "id"),
        Index(
            "logs_of_span",
            "project_id",
            "trace_id",
            "span_id",
            sqlite_where=text("trace_id IS NOT NULL"),
            postgresql_where=text("trace_id IS NOT NULL"),
        ),
        # An evaluation may name the model's reply instead of the span.
        Index(
            "logs_by_response",
            "project_id",
            "response_id",
            sqlite_where=text("response_id IS NOT NULL"),
            postgresql_where=text("response_id IS NOT NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=RowId)
    """Order of arrival."""
    project_id: int
    digest: bytes = Field(sa_type=LargeBinary)
    """Of all that was sent, so that a resend is known."""
    trace_id: bytes | None = Field(default=None, sa_type=LargeBinary)
    span_id: bytes | None = Field(default=None, sa_type=LargeBinary)
    response_id: str | None = None
    """Only on events without a span: the model's reply that they speak of."""
    time_ns: int = Field(sa_type=BigInteger)
    severity_number: int
    event_name: str | None = None
    is_event: bool
    """Whether it is read as an event of its span."""
    origin_id: int
    body: bytes = Field(sa_type=LargeBinary)
    """zstd over JSON: severity text, event name, body, attributes, observed time, dropped count."""


class SpanDirtyRow(Row, table=True):
    """A span whose row is behind the log records that speak of it.

    Written in the transaction that stores whichever came last, so a crash loses nothing.
    """

    __tablename__ = "span_dirty"

    project_id: int = Field(primary_key=True)
    trace_id: bytes = Field(primary_key=True, sa_type=LargeBinary)
    span_id: bytes = Field(primary_key=True, sa_type=LargeBinary)


class MetricSeriesRow(Row, table=True):
    """One line of a metric: its name and what tells it apart from the other lines."""

    __tablename__ = "metric_series"
    __table_args__ = (
        UniqueConstraint("project_id", "digest", name="metric_series_identity"),
        Index("series_by_name", "project_id", "name"),
    )

    id: int | None = Field(default=None, primary_key=True)
    project_id: int
    digest: bytes = Field(sa_type=LargeBinary)
    name: str
    description: str
    unit: str
    kind: str
    """`gauge`, `sum`, `histogram`, `exponential_histogram` or `summary`."""
    temporality: str
    """`delta` or `cumulative`; empty on gauges and summaries."""
    is_monotonic: bool
    attributes: dict[str, Any] = Field(sa_type=JSON)
    origin_id: int


class MetricPointRow(Row, table=True):
    """One point of a series; a second one of the same time is a resend."""

    __tablename__ = "metric_point"

    series_id: int = Field(primary_key=True)
    time_ns: int = Field(primary_key=True, sa_type=BigInteger)
    start_ns: int = Field(sa_type=BigInteger)
    value: float | None = None
    """Of gauges and sums."""
    count: int | None = Field(default=None, sa_type=BigInteger)
    """Of histograms and summaries, as the next three."""
    sum: float | None = None
    min: float | None = None
    max: float | None = None
    body: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    """Buckets, quantiles and exemplars, as far as there are any."""
