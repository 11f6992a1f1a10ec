"""Questions about artifacts: which there are, their versions, who made and used them."""

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, Select, and_, func, select

from weave_core.server.cursors import Place, decode_cursor, encode_cursor
from weave_core.server.store import objects
from weave_core.server.store.artifact_tables import (
    ArtifactRow,
    ArtifactUseRow,
    ArtifactVersionRow,
)
from weave_core.server.store.object_tables import ObjectAliasRow, ObjectVersionRow
from weave_core.server.store.queries.projects import get_project_id
from weave_core.server.store.tables import table_of

__all__ = [
    "KIND",
    "get_parts",
    "get_version",
    "list_artifacts",
    "list_run_uses",
    "list_types",
    "list_versions",
]

KIND = "artifact"
"""Of the object that a version is."""
MAX_USES = 1_000
"""Runs that made or used one version, or versions of one run, that an answer lists."""
_ARTIFACT, _VERSION = table_of(ArtifactRow), table_of(ArtifactVersionRow)
_OBJECT, _ALIAS, _USE = (
    table_of(ObjectVersionRow),
    table_of(ObjectAliasRow),
    table_of(ArtifactUseRow),
)

Item = dict[str, Any]


def list_types(connection: Connection, project: str) -> Item:
    """The types of artifacts that there are, with how many artifacts each has.

    Raises:
        NotFound: If there is no such project.
    """
    project_id = get_project_id(connection, project)
    query = (
        select(_ARTIFACT.c.type, func.count().label("count"))
        .join(_ALIAS, _is_latest_of(_ARTIFACT))
        .where(_ARTIFACT.c.project_id == project_id)
        .group_by(_ARTIFACT.c.type)
        .order_by(_ARTIFACT.c.type)
    )
    items = [dict(row) for row in connection.execute(query).mappings()]
    return {"items": items, "next_cursor": None}


def list_artifacts(
    connection: Connection,
    project: str,
    *,
    kind: str | None,
    limit: int,
    cursor: str | None = None,
) -> Item:
    """The latest version of each artifact, by name.

    Args:
        connection: To read from.
        project: Its name.
        kind: Only of this type.
        limit: Most items.
        cursor: Where the page before ended.

    Raises:
        NotFound: If there is no such project.
        BadCursor: If the cursor is not of this list.
    """
    project_id = get_project_id(connection, project)
    query = _select(project_id).join(
        _ALIAS, and_(_is_latest_of(_VERSION), _ALIAS.c.version == _VERSION.c.version)
    )
    if kind is not None:
        query = query.where(_ARTIFACT.c.type == kind)
    if cursor is not None:
        place = decode_cursor(cursor, "artifacts", "name", types=(str,), tie_type=str)
        query = query.where(_VERSION.c.name > place.tie)
    rows = _items(connection, project_id, query.order_by(_VERSION.c.name).limit(limit + 1))
    last = rows[limit - 1]["name"] if len(rows) > limit else None
    after = None if last is None else encode_cursor("artifacts", "name", Place(last, last))
    return {"items": rows[:limit], "next_cursor": after}


def list_versions(
    connection: Connection, project: str, name: str, *, limit: int, cursor: str | None = None
) -> Item:
    """The versions of an artifact, newest first.

    Raises:
        NotFound: If there is no such project or artifact.
        BadCursor: If the cursor is not of this list.
    """
    project_id = get_project_id(connection, project)
    query = _select(project_id).where(_VERSION.c.name == name)
    if cursor is not None:
        place = decode_cursor(cursor, "artifact", "-version", types=(int,), tie_type=int)
        query = query.where(_VERSION.c.version < place.tie)
    query = query.order_by(_VERSION.c.version.desc()).limit(limit + 1)
    rows = _items(connection, project_id, query)
    if not rows and cursor is None:
        objects.get_version(
            connection, project, KIND, name, objects.LATEST
        )  # Says what is missing.
    last = rows[limit - 1]["version"] if len(rows) > limit else None
    after = None if last is None else encode_cursor("artifact", "-version", Place(last, last))
    return {"items": rows[:limit], "next_cursor": after}


def get_version(connection: Connection, project: str, name: str, version: str) -> Item:
    """One version with the parts of its manifest and its lineage.

    Args:
        connection: To read from.
        project: Its name.
        name: Of the artifact.
        version: An alias, a number (`3` or `v3`), or a digest or its beginning.

    Raises:
        NotFound: If there is none.
        BadRequest: If a digest's beginning leads to more than one.
    """
    found, text = objects.get_content(connection, project, KIND, name, version)
    project_id = get_project_id(connection, project)
    one = (_VERSION.c.name == name, _VERSION.c.version == found["version"])
    [item] = _items(connection, project_id, _select(project_id).where(*one))
    details = connection.scalar(
        select(_VERSION.c.details).where(_VERSION.c.project_id == project_id, *one)
    )
    uses = _uses(connection, project_id, _USE.c.name == name, _USE.c.version == found["version"])
    return {
        **item,
        "metadata": details or {},
        "parts": orjson.loads(text)["parts"],
        "uses": uses,
    }


def get_parts(connection: Connection, project: str, name: str, version: str) -> tuple[Item, Any]:
    """The object that a version is, and the parts of its manifest; errors as of `get_version`."""
    found, text = objects.get_content(connection, project, KIND, name, version)
    return found, orjson.loads(text)["parts"]


def list_run_uses(connection: Connection, project: str, run_id: str) -> Item:
    """The versions that a run made and used, the newest first.

    Raises:
        NotFound: If there is no such project.
    """
    project_id = get_project_id(connection, project)
    return {
        "items": _uses(connection, project_id, _USE.c.run_id == run_id),
        "next_cursor": None,
    }


def _uses(connection: Connection, project_id: int, *where: Any) -> list[Item]:
    query = (
        select(
            *(_USE.c.run_id, _USE.c.role, _USE.c.name, _ARTIFACT.c.type),
            *(_USE.c.version, _USE.c.time_ns),
        )
        .join(
            _ARTIFACT,
            and_(_ARTIFACT.c.project_id == _USE.c.project_id, _ARTIFACT.c.name == _USE.c.name),
        )
        .where(_USE.c.project_id == project_id, *where)
        .order_by(_USE.c.time_ns.desc())
        .limit(MAX_USES)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def _select(project_id: int) -> Select[Any]:
    is_object = and_(
        _OBJECT.c.project_id == _VERSION.c.project_id,
        _OBJECT.c.kind == KIND,
        _OBJECT.c.name == _VERSION.c.name,
        _OBJECT.c.version == _VERSION.c.version,
    )
    is_artifact = and_(
        _ARTIFACT.c.project_id == _VERSION.c.project_id, _ARTIFACT.c.name == _VERSION.c.name
    )
    return (
        select(
            *(_VERSION.c.name, _ARTIFACT.c.type, _VERSION.c.version, _OBJECT.c.digest),
            *(_VERSION.c.file_count, _VERSION.c.size_bytes, _VERSION.c.added_bytes),
            *(_VERSION.c.description, _VERSION.c.run_id, _OBJECT.c.tags, _OBJECT.c.created_ns),
        )
        .select_from(_VERSION.join(_OBJECT, is_object).join(_ARTIFACT, is_artifact))
        .where(_VERSION.c.project_id == project_id)
    )


def _is_latest_of(table: Any) -> Any:
    return and_(
        _ALIAS.c.project_id == table.c.project_id,
        _ALIAS.c.kind == KIND,
        _ALIAS.c.name == table.c.name,
        _ALIAS.c.alias == objects.LATEST,
    )


def _items(connection: Connection, project_id: int, query: Select[Any]) -> Sequence[Item]:
    rows = [
        {**row, "kind": KIND, "digest": f"sha256:{row['digest'].hex()}"}
        for row in connection.execute(query).mappings()
    ]
    return objects.with_aliases(connection, project_id, rows)
