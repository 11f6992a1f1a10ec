"""Rows of the registry; `weave_core.server.store.tables` says how rows are written here.

None belongs to a project: a name leads to versions of artifacts of any.
"""

from sqlalchemy import BigInteger, Index, UniqueConstraint
from sqlmodel import Field

from weave_core.server.store.tables import Row, RowId

__all__ = [
    "RegistryAliasRow",
    "RegistryEntryRow",
    "RegistryEventRow",
    "RegistryUseRow",
    "RegistryVersionRow",
]


class RegistryEntryRow(Row, table=True):
    """A name."""

    __tablename__ = "registry_entry"

    name: str = Field(primary_key=True)
    type: str
    next_version: int
    """The number of the next one: that of a version which was taken out is not given again."""
    created_ns: int = Field(sa_type=BigInteger)
    updated_ns: int = Field(sa_type=BigInteger)


class RegistryVersionRow(Row, table=True):
    """A version of an artifact under a name."""

    __tablename__ = "registry_version"
    __table_args__ = (
        UniqueConstraint("name", "version", name="registry_version_identity"),
        UniqueConstraint(
            *("project_id", "artifact", "artifact_version", "name"), name="registry_version_once"
        ),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=RowId)
    name: str
    version: int
    project_id: int
    artifact: str
    artifact_version: int
    added_ns: int = Field(sa_type=BigInteger)
    added_by: str
    note: str


class RegistryAliasRow(Row, table=True):
    """Where an alias leads."""

    __tablename__ = "registry_alias"

    name: str = Field(primary_key=True)
    alias: str = Field(primary_key=True)
    version: int


class RegistryEventRow(Row, table=True):
    """That an alias was led somewhere, for ever."""

    __tablename__ = "registry_event"
    __table_args__ = (Index("registry_events_of_name", "name", "id"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=RowId)
    name: str
    alias: str
    version: int | None = None
    before: int | None = None
    at_ns: int = Field(sa_type=BigInteger)
    author: str
    note: str


class RegistryUseRow(Row, table=True):
    """That a run of any project used a version."""

    __tablename__ = "registry_use"

    name: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    project_id: int = Field(primary_key=True)
    run_id: str = Field(primary_key=True)
    time_ns: int = Field(sa_type=BigInteger)
