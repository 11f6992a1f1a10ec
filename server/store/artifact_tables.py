"""Rows of artifacts; `weave_core.server.store.tables` says how rows are written here.

A version's digest, aliases and tags are those of the object that it is, of kind `artifact`.
"""

from typing import Any

from sqlalchemy import JSON, BigInteger, LargeBinary
from sqlmodel import Field, Index

from weave_core.server.store.tables import Row, RowId

__all__ = [
    "ArtifactChunkRow",
    "ArtifactPackRow",
    "ArtifactRow",
    "ArtifactUseRow",
    "ArtifactVersionRow",
]


class ArtifactRow(Row, table=True):
    """An artifact: all of its versions."""

    __tablename__ = "artifact"

    project_id: int = Field(primary_key=True)
    name: str = Field(primary_key=True)
    type: str
    next_version: int
    """The number of the next one: that of a deleted version is not given again."""


class ArtifactVersionRow(Row, table=True):
    """What is known of a version beside its content."""

    __tablename__ = "artifact_version"

    project_id: int = Field(primary_key=True)
    name: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    file_count: int
    size_bytes: int = Field(sa_type=BigInteger)
    added_bytes: int = Field(sa_type=BigInteger)
    description: str | None = None
    details: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    """Its metadata."""
    run_id: str | None = None


class ArtifactUseRow(Row, table=True):
    """That a run made a version, or used it."""

    __tablename__ = "artifact_use"
    __table_args__ = (Index("artifact_uses_of_version", "project_id", "name", "version"),)

    project_id: int = Field(primary_key=True)
    run_id: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    role: str = Field(primary_key=True)
    time_ns: int = Field(sa_type=BigInteger)


class ArtifactPackRow(Row, table=True):
    """A blob that holds chunks."""

    __tablename__ = "artifact_pack"

    id: int | None = Field(default=None, primary_key=True, sa_type=RowId)
    digest: bytes = Field(sa_type=LargeBinary, unique=True)
    """SHA-256 of the blob."""
    size_bytes: int = Field(sa_type=BigInteger)


class ArtifactChunkRow(Row, table=True):
    """Where a chunk lies."""

    __tablename__ = "artifact_chunk"
    __table_args__ = (Index("artifact_chunks_of_pack", "pack_id"),)

    digest: bytes = Field(primary_key=True, sa_type=LargeBinary)
    """BLAKE3 of its bytes."""
    pack_id: int = Field(sa_type=BigInteger)
    start: int = Field(sa_type=BigInteger)
    size_bytes: int
