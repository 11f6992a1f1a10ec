"""Rows of what the background keeps beside the spans: sums over time, and how far it has come."""

from sqlalchemy import DDL, JSON, BigInteger, LargeBinary, UniqueConstraint, event
from sqlmodel import Field

from weave_core.server.store.tables import METADATA, Row

__all__ = ["TEXT_CURSOR", "BackgroundCursorRow", "RollupGroupRow", "RollupRow"]

TEXT_CURSOR = "texts"
"""Of the full-text index `span_text`, whose row ids are those of spans."""

event.listen(
    METADATA,
    "after_create",
    DDL(  # type: ignore[no-untyped-call]
        "CREATE VIRTUAL TABLE span_text USING fts5(said, name, content='', detail=none,"
        " columnsize=0, tokenize='unicode61 remove_diacritics 2')"
    ).execute_if(dialect="sqlite"),
)
for _statement in (
    "CREATE TABLE span_text (id BIGINT PRIMARY KEY, words TSVECTOR NOT NULL)",
    "CREATE INDEX span_text_words ON span_text USING gin (words)",
):
    event.listen(
        METADATA,
        "after_create",
        DDL(_statement).execute_if(dialect="postgresql"),  # type: ignore[no-untyped-call]
    )


class BackgroundCursorRow(Row, table=True):
    """How far a background step has come; written in the transaction of what it did."""

    __tablename__ = "background_cursor"

    name: str = Field(primary_key=True)
    position: int = Field(sa_type=BigInteger)
    """Row id of the last span that it has seen."""
    version: int
    """Of its rules: rows made by older ones are thrown away and made anew."""


class RollupGroupRow(Row, table=True):
    """One combination of what spans can be grouped by; null where a span says nothing."""

    __tablename__ = "rollup_group"
    __table_args__ = (UniqueConstraint("project_id", "digest", name="rollup_group_identity"),)

    id: int | None = Field(default=None, primary_key=True)
    project_id: int
    digest: bytes = Field(sa_type=LargeBinary)
    kind: str | None = None
    status: str | None = None
    request_model: str | None = None
    model: str | None = None
    op_name: str | None = None
    provider: str | None = None
    service_name: str | None = None
    environment: str | None = None
    agent_name: str | None = None
    is_rest: bool = False
    """Holds the spans of all combinations beyond the bound; its own columns say nothing."""


class RollupRow(Row, table=True):
    """Sums of one group over one minute, hour or day of start times, duplicates left out."""

    __tablename__ = "rollup"

    project_id: int = Field(primary_key=True)
    width_s: int = Field(primary_key=True)
    """60, 3600 or 86400."""
    start_s: int = Field(primary_key=True, sa_type=BigInteger)
    group_id: int = Field(primary_key=True)
    count: int = Field(sa_type=BigInteger)
    error_count: int = Field(sa_type=BigInteger)
    sums: list[int] = Field(sa_type=JSON)
    """How many and how much, of durations in ns, six kinds of tokens and cost in 1e-12 USD."""
    sketch: bytes = Field(sa_type=LargeBinary)
    """Latencies, as `sketches` packs them."""
