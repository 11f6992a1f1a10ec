"""Rows as the database holds them.  Only `weave_core.server.store` reads or writes them.

Skeleton and payload are apart: `span` has what lists, filters and sums need, `payload_block` what
one opened span needs.  The payload is what was *sent*; inputs, messages and the like are read out
of it by the normaliser at the time of asking, so a better normaliser reads old spans better too
and nothing is stored twice.  Times are nanoseconds since the Unix epoch, UTC; ids are bytes.
"""

from typing import Any

from sqlalchemy import (
    DDL,
    JSON,
    BigInteger,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    UniqueConstraint,
    event,
    text,
)
from sqlmodel import Field, SQLModel

from weave_core.server.store.shared_texts import CREATE_TABLE, SharedText
from weave_core.server.store.span_keys import CREATE

__all__ = [
    "METADATA",
    "OriginRow",
    "PayloadBlockRow",
    "PayloadDictionaryRow",
    "ProjectRow",
    "SavedViewRow",
    "SpanPayloadRow",
    "SpanRow",
    "TraceDirtyRow",
    "TraceRow",
    "table_of",
]

# SQLite's fast row id is INTEGER PRIMARY KEY to the letter; BIGINT would be a second index.
RowId = BigInteger().with_variant(Integer, "sqlite")

METADATA = MetaData(
    naming_convention={"uq": "uq_%(table_name)s_%(column_0_name)s", "pk": "pk_%(table_name)s"}
)
"""Our tables and no others: SQLModel's own is shared with every SQLModel program that embeds us.
Constraints have names, since a later migration can only change what it can name."""

for _statement in (CREATE_TABLE, *CREATE):
    event.listen(
        METADATA,
        "after_create",
        DDL(_statement).execute_if(dialect="sqlite"),  # type: ignore[no-untyped-call]
    )


class Row(SQLModel):
    """Base of the rows."""

    metadata = METADATA


def table_of(row: type[Row]) -> Table:
    """The Core table of `row`, which the hot paths use."""
    return METADATA.tables[str(row.__tablename__)]


class ProjectRow(Row, table=True):
    """A project; made on first use."""

    __tablename__ = "project"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    created_ns: int = Field(sa_type=BigInteger)
    settings: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    """Retention, prices, redaction."""


class OriginRow(Row, table=True):
    """A resource with a scope, shared by all spans that came from there."""

    __tablename__ = "origin"

    id: int | None = Field(default=None, primary_key=True)
    digest: bytes = Field(unique=True, sa_type=LargeBinary)
    """SHA-256 of the canonical JSON of `body`."""
    body: dict[str, Any] = Field(sa_type=JSON)
    """`resource`, `scope` {name, version, attributes}, schema urls."""


class PayloadDictionaryRow(Row, table=True):
    """A zstd dictionary; payloads name theirs, so a lost one loses data."""

    __tablename__ = "payload_dictionary"

    id: int | None = Field(default=None, primary_key=True)
    project_id: int
    body: bytes = Field(sa_type=LargeBinary)


class SpanRow(Row, table=True):
    """The skeleton of one span, start and end together."""

    __tablename__ = "span"
    __table_args__ = (
        # A resend finds its row here; so does a trace its spans.
        UniqueConstraint("project_id", "trace_id", "span_id", name="span_identity"),
        # In SQLite `span_keys` stand for this one, and for that of replies below.
        Index("span_by_id", "project_id", "span_id").ddl_if(dialect="postgresql"),
        # Each row of an index of SQLite ends with the row id, and is sorted by it last.
        Index("newest_spans", "project_id", "start_ns").ddl_if(dialect="sqlite"),
        Index("newest_spans", "project_id", "start_ns", "id").ddl_if(dialect="postgresql"),
        Index(
            "newest_spans_by_model",
            "project_id",
            "request_model",
            "start_ns",
            sqlite_where=text("request_model IS NOT NULL"),
            postgresql_where=text("request_model IS NOT NULL"),
        ),
        Index(
            "newest_errors",
            "project_id",
            "status",  # One term more than `newest_spans`, or SQLite prefers that.
            "start_ns",
            sqlite_where=text("status = 'error'"),
            postgresql_where=text("status = 'error'"),
        ),
        Index(
            "newest_tagged_spans",
            "project_id",
            "start_ns",
            sqlite_where=text("tags IS NOT NULL"),
            postgresql_where=text("tags IS NOT NULL"),
        ),
        # Two instrumentations that report one call agree in the provider's response id.
        Index(
            "spans_by_response",
            "project_id",
            "response_id",
            postgresql_where=text("response_id IS NOT NULL"),
        ).ddl_if(dialect="postgresql"),
    )

    id: int | None = Field(
        default=None,
        primary_key=True,
        sa_type=RowId,
    )
    """Order of arrival."""
    project_id: int
    trace_id: bytes = Field(sa_type=LargeBinary)
    span_id: bytes = Field(sa_type=LargeBinary)
    parent_id: bytes | None = Field(default=None, sa_type=LargeBinary)
    name: str = Field(sa_type=SharedText(is_name=True))
    display_name: str | None = Field(default=None, sa_type=SharedText(is_name=True))
    """None: the same as `name`."""
    kind: str
    status: str
    status_message: str | None = None
    error_type: str | None = Field(default=None, sa_type=SharedText())
    start_ns: int = Field(sa_type=BigInteger)
    duration_ns: int | None = Field(default=None, sa_type=BigInteger)
    """None: has not ended."""
    service_name: str | None = Field(default=None, sa_type=SharedText())
    environment: str | None = Field(default=None, sa_type=SharedText())
    op_name: str | None = Field(default=None, sa_type=SharedText())
    op_version: str | None = Field(default=None, sa_type=SharedText())
    provider: str | None = Field(default=None, sa_type=SharedText())
    model: str | None = Field(default=None, sa_type=SharedText())
    """The one that answered, else the one asked: for price and grouping."""
    request_model: str | None = Field(default=None, sa_type=SharedText())
    response_id: str | None = None
    input_tokens: int | None = Field(default=None, sa_type=BigInteger)
    output_tokens: int | None = Field(default=None, sa_type=BigInteger)
    cache_read_tokens: int | None = Field(default=None, sa_type=BigInteger)
    cache_write_tokens: int | None = Field(default=None, sa_type=BigInteger)
    reasoning_tokens: int | None = Field(default=None, sa_type=BigInteger)
    audio_tokens: int | None = Field(default=None, sa_type=BigInteger)
    input_cost_usd: float | None = None
    output_cost_usd: float | None = None
    cost_usd: float | None = None
    cost_source: str | None = Field(default=None, sa_type=SharedText())
    """`given` or `computed`."""
    is_duplicate: bool = False
    agent_name: str | None = Field(default=None, sa_type=SharedText())
    session_id: str | None = None
    user_id: str | None = None
    run_id: str | None = None
    time_to_first_token_ms: float | None = None
    input_preview: str | None = None
    """In SQLite only what is nowhere in the payload: of log records, and of older versions."""
    output_preview: str | None = None
    tags: list[str] | None = Field(default=None, sa_type=JSON)
    attributes: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    """Short scalars for filters: neither content nor what has a column of its own."""
    origin_id: int
    has_content: bool | None = None
    """Whether there is something to preview; None in old rows, whose previews tell it."""


class PayloadBlockRow(Row, table=True):
    """What was sent of some spans that arrived together, as `blocks` packs it.

    The block that would hold a span is the last one that begins at or before its row id.
    """

    __tablename__ = "payload_block"

    first_row_id: int = Field(primary_key=True, sa_type=RowId)
    span_count: int
    encoding: int
    """2: zstd over texts of many spans."""
    dictionary_id: int | None = None
    body: bytes = Field(sa_type=LargeBinary)


class SpanPayloadRow(Row, table=True):
    """What was sent of one span, compressed: a later version than its block has, or an old row.

    The background moves them into blocks.
    """

    __tablename__ = "span_payload"

    span_row_id: int = Field(
        primary_key=True,
        sa_type=RowId,
    )
    encoding: int
    """1: zstd over JSON."""
    dictionary_id: int | None = None
    body: bytes = Field(sa_type=LargeBinary)


class TraceRow(Row, table=True):
    """Sums of one trace, recomputed from its spans whenever some arrive."""

    __tablename__ = "trace"
    __table_args__ = (Index("newest_traces", "project_id", "start_ns", "trace_id"),)

    project_id: int = Field(primary_key=True)
    trace_id: bytes = Field(primary_key=True, sa_type=LargeBinary)
    root_span_id: bytes | None = Field(default=None, sa_type=LargeBinary)
    service_name: str | None = None
    name: str
    kind: str
    status: str
    start_ns: int = Field(sa_type=BigInteger)
    duration_ns: int | None = Field(default=None, sa_type=BigInteger)
    span_count: int
    error_count: int
    model_call_count: int
    input_tokens: int | None = Field(default=None, sa_type=BigInteger)
    output_tokens: int | None = Field(default=None, sa_type=BigInteger)
    cache_read_tokens: int | None = Field(default=None, sa_type=BigInteger)
    cache_write_tokens: int | None = Field(default=None, sa_type=BigInteger)
    reasoning_tokens: int | None = Field(default=None, sa_type=BigInteger)
    audio_tokens: int | None = Field(default=None, sa_type=BigInteger)
    cost_usd: float | None = None
    models: list[str] | None = Field(default=None, sa_type=JSON)
    session_id: str | None = None
    user_id: str | None = None
    environment: str | None = None
    tags: list[str] | None = Field(default=None, sa_type=JSON)
    input_preview: str | None = None
    output_preview: str | None = None
    is_complete: bool = False


class TraceDirtyRow(Row, table=True):
    """A trace whose sums are behind its spans.

    Written in the transaction that stores the spans, so a crash between the two loses nothing.
    """

    __tablename__ = "trace_dirty"

    project_id: int = Field(primary_key=True)
    trace_id: bytes = Field(primary_key=True, sa_type=LargeBinary)


class SavedViewRow(Row, table=True):
    """A page of the app with what it was asked, under a name."""

    __tablename__ = "saved_view"
    __table_args__ = (UniqueConstraint("project_id", "page", "name", name="saved_view_name"),)

    project_id: int = Field(primary_key=True)
    view_id: str = Field(primary_key=True)
    page: str
    name: str
    query: dict[str, Any] = Field(sa_type=JSON)
    created_ns: int = Field(sa_type=BigInteger)
    updated_ns: int = Field(sa_type=BigInteger)
