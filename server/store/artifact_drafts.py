"""Versions that clients store in steps: begun, their manifest named, committed; and their MD5s."""

import secrets
import time
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from weave_core.errors import NotFound
from weave_core.server.store.artifact_tables import ArtifactDraftRow, ArtifactVersionRow
from weave_core.server.store.queries.projects import get_project_id
from weave_core.server.store.tables import table_of

__all__ = [
    "FoundDraft",
    "add_draft",
    "change_draft",
    "end_draft",
    "find_by_md5",
    "find_of_client",
    "get_draft",
    "list_md5s",
]

DRAFT_LIFE_S = 7 * 24 * 3600
"""How long an artifact of a wandb client that was begun, and not committed, can be gone on with."""
_DRAFT, _VERSION = table_of(ArtifactDraftRow), table_of(ArtifactVersionRow)

FoundDraft = Row[Any]
"""A row of `artifact_draft`."""


def add_draft(connection: Connection, *, client_id: str, told: Mapping[str, Any]) -> str:
    """Begin a version; gives what names it.  Drafts that are too old go."""
    now_ns = time.time_ns()
    old = _DRAFT.c.created_ns < now_ns - int(DRAFT_LIFE_S * 1e9)
    connection.execute(delete(_DRAFT).where(old))
    draft_id = secrets.token_hex(12)
    row = {"draft_id": draft_id, "client_id": client_id, "created_ns": now_ns}
    connection.execute(insert(_DRAFT).values(**row, told=dict(told)))
    return draft_id


def get_draft(connection: Connection, draft_id: str) -> FoundDraft:
    """A draft.

    Raises:
        NotFound: If there is none, or no longer.
    """
    query = select(_DRAFT).where(_DRAFT.c.draft_id == draft_id)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound(
            f"nobody has begun an artifact {draft_id[:40]!r}, or too long ago", "log it once more"
        )
    return row


def find_of_client(connection: Connection, client_id: str) -> FoundDraft | None:
    """What became of the version that a client calls so; None where it is not stored yet."""
    query = select(_DRAFT).where(_DRAFT.c.client_id == client_id, _DRAFT.c.version.is_not(None))
    return connection.execute(query.order_by(_DRAFT.c.created_ns.desc()).limit(1)).one_or_none()


def change_draft(connection: Connection, *, draft_id: str, told: Mapping[str, Any]) -> None:
    """Say more of a draft.

    Raises:
        NotFound: If there is none, or no longer.
    """
    before = get_draft(connection, draft_id)
    known = {**before.told, **told}
    connection.execute(update(_DRAFT).where(_DRAFT.c.draft_id == draft_id).values(told=known))


def end_draft(
    connection: Connection, *, draft_id: str, project: str, name: str, version: int, md5: str | None
) -> None:
    """Note which version a draft has become, and what its client calls its digest."""
    is_draft = _DRAFT.c.draft_id == draft_id
    connection.execute(update(_DRAFT).where(is_draft).values(version=version))
    if md5 is not None:
        of_version = (*_of(connection, project, name), _VERSION.c.version == version)
        connection.execute(update(_VERSION).where(*of_version).values(md5=md5))


def find_by_md5(connection: Connection, project: str, name: str, md5: str) -> int | None:
    """The version of an artifact that a client calls so; None where there is none."""
    try:
        where = (*_of(connection, project, name), _VERSION.c.md5 == md5)
    except NotFound:
        return None
    query = select(_VERSION.c.version).where(*where).order_by(_VERSION.c.version.desc()).limit(1)
    return connection.scalar(query)


def list_md5s(connection: Connection, project: str, name: str) -> dict[int, str]:
    """What clients call the digests of an artifact's versions."""
    query = select(_VERSION.c.version, _VERSION.c.md5)
    where = (*_of(connection, project, name), _VERSION.c.md5.is_not(None))
    return dict(connection.execute(query.where(*where)).tuples().all())


def _of(connection: Connection, project: str, name: str) -> tuple[Any, ...]:
    return _VERSION.c.project_id == get_project_id(connection, project), _VERSION.c.name == name
