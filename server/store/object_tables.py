"""Rows of objects; `weave_core.server.store.tables` says how rows are written here."""

from sqlalchemy import JSON, BigInteger, LargeBinary, UniqueConstraint
from sqlmodel import Field

from weave_core.server.store.tables import Row, RowId

__all__ = ["ObjectAliasRow", "ObjectVersionRow"]


class ObjectVersionRow(Row, table=True):
    """One version of an object; its content never changes."""

    __tablename__ = "object_version"
    __table_args__ = (
        UniqueConstraint("project_id", "kind", "name", "version", name="object_versions"),
        UniqueConstraint("project_id", "kind", "name", "digest", name="object_digests"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=RowId)
    project_id: int
    kind: str
    name: str
    version: int
    """Counts from 1 within kind and name."""
    digest: bytes = Field(sa_type=LargeBinary)
    """SHA-256 of the canonical JSON."""
    size_bytes: int = Field(sa_type=BigInteger)
    body: bytes = Field(sa_type=LargeBinary)
    """zstd over the canonical JSON."""
    tags: list[str] = Field(default_factory=list, sa_type=JSON)
    created_ns: int = Field(sa_type=BigInteger)


class ObjectAliasRow(Row, table=True):
    """A name that leads to a version, and can be led elsewhere."""

    __tablename__ = "object_alias"

    project_id: int = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    alias: str = Field(primary_key=True)
    version: int
