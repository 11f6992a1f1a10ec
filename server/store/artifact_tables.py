"""Rows of artifacts; `weave_core.server.store.tables` says how rows are written here.

A version's digest, aliases and tags are those of the object that it is, of kind `artifact`.
"""

from typing import Any

from sqlalchemy import JSON, BigInteger, LargeBinary
from sqlmodel import Field, Index

from weave_core.server.store.tables import Row, RowId

__all__ = [
    "ArtifactChunkRow",
    "ArtifactDraftRow",
    "ArtifactFileRow",
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
    md5: str | None = None
    """What the client that stored it calls its digest, if that client goes by MD5."""


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


class ArtifactFileRow(Row, table=True):
    """A file by its MD5, for clients that know it by that."""

    __tablename__ = "artifact_file"
    __table_args__ = (
        Index("artifact_files_by_digest", "digest"),
        Index("artifact_files_of_pack", "pack_id"),
    )

    md5: bytes = Field(primary_key=True, sa_type=LargeBinary)
    digest: bytes = Field(sa_type=LargeBinary)
    """BLAKE3 of its bytes."""
    entry: bytes = Field(sa_type=LargeBinary)
    """As a line of a manifest, under no name of its own."""
    pack_id: int = Field(sa_type=BigInteger)
    """Where its first chunk lies; it is forgotten with it."""


class ArtifactDraftRow(Row, table=True):
    """A version that a client has begun to store, and what came of it."""

    __tablename__ = "artifact_draft"
    __table_args__ = (
        Index("artifact_drafts_of_client", "client_id"),
        Index("oldest_artifact_drafts", "created_ns"),
    )

    draft_id: str = Field(primary_key=True)
    client_id: str
    """What the client calls it."""
    created_ns: int = Field(sa_type=BigInteger)
    told: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    """What the client has said of it."""
    version: int | None = None
    """Once it is stored."""
