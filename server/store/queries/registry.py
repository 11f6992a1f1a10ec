"""Questions about the registry: its names, their versions, what came of them, and its history.

A name is there for good; a version may lead to an artifact's version that is deleted since.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, and_, func, select

from weave_core.errors import NotFound
from weave_core.server.cursors import Place, decode_cursor, encode_cursor
from weave_core.server.store.artifact_tables import ArtifactUseRow, ArtifactVersionRow
from weave_core.server.store.object_tables import ObjectVersionRow
from weave_core.server.store.objects import LATEST
from weave_core.server.store.queries.artifacts import KIND
from weave_core.server.store.queries.evaluations import list_evaluations
from weave_core.server.store.registry_tables import (
    RegistryAliasRow,
    RegistryEntryRow,
    RegistryEventRow,
    RegistryUseRow,
    RegistryVersionRow,
)
from weave_core.server.store.tables import ProjectRow, table_of

__all__ = [
    "ALIAS",
    "ENTRY",
    "EVENT",
    "USE",
    "VERSION",
    "find_number",
    "get_entry",
    "get_version",
    "list_entries",
    "list_events",
    "list_versions",
]

MAX_REGISTRY_USES = 200
"""Runs, and evaluations, that the answer of one version names, the newest."""
ENTRY, VERSION, ALIAS, EVENT, USE = (
    table_of(row)
    for row in (
        *(RegistryEntryRow, RegistryVersionRow, RegistryAliasRow),
        *(RegistryEventRow, RegistryUseRow),
    )
)
_PROJECT, _ARTIFACT, _OBJECT, _OF_RUN = (
    table_of(row) for row in (ProjectRow, ArtifactVersionRow, ObjectVersionRow, ArtifactUseRow)
)
_MAX_INT32 = 2**31

Item = dict[str, Any]


def list_entries(connection: Connection, *, limit: int, cursor: str | None = None) -> Item:
    """The names of the registry, with their aliases.

    Raises:
        BadCursor: If the cursor is not of this list.
    """
    count = func.count(VERSION.c.id).label("version_count")
    shown = (ENTRY.c.name, ENTRY.c.type, ENTRY.c.created_ns, ENTRY.c.updated_ns)
    query = (
        select(*shown, count)
        .select_from(ENTRY.outerjoin(VERSION, VERSION.c.name == ENTRY.c.name))
        .group_by(*shown)
        .order_by(ENTRY.c.name)
    )
    if cursor is not None:
        place = decode_cursor(cursor, "registry", "name", types=(str,), tie_type=str)
        query = query.where(ENTRY.c.name > place.tie)
    rows = [dict(row) for row in connection.execute(query.limit(limit + 1)).mappings()]
    last = rows[limit - 1]["name"] if len(rows) > limit else None
    after = None if last is None else encode_cursor("registry", "name", Place(last, last))
    items = rows[:limit]
    aliases = _aliases(connection, [item["name"] for item in items])
    for item in items:
        item["aliases"] = aliases.get(item["name"], {})
    return {"items": items, "next_cursor": after}


def get_entry(connection: Connection, name: str) -> Item:
    """One name.

    Raises:
        NotFound: If it is not registered.
    """
    row = connection.execute(select(ENTRY).where(ENTRY.c.name == name)).mappings().one_or_none()
    if row is None:
        raise NotFound(f"the registry has no {name!r}", "list_registry names what it has")
    count = select(func.count()).select_from(VERSION).where(VERSION.c.name == name)
    return {
        **{key: row[key] for key in ("name", "type", "created_ns", "updated_ns")},
        "version_count": connection.scalar(count) or 0,
        "aliases": _aliases(connection, [name]).get(name, {}),
    }


def list_versions(
    connection: Connection, name: str, *, limit: int, cursor: str | None = None
) -> Item:
    """The versions of a name, newest first.

    Raises:
        NotFound: If the name is not registered.
        BadCursor: If the cursor is not of this list.
    """
    get_entry(connection, name)
    query = _versions().where(VERSION.c.name == name)
    if cursor is not None:
        place = decode_cursor(cursor, "registered", "-version", types=(int,), tie_type=int)
        query = query.where(VERSION.c.version < place.tie)
    rows = _items(connection, name, query.order_by(VERSION.c.version.desc()).limit(limit + 1))
    last = rows[limit - 1]["version"] if len(rows) > limit else None
    after = None if last is None else encode_cursor("registered", "-version", Place(last, last))
    return {"items": rows[:limit], "next_cursor": after}


def get_version(connection: Connection, name: str, version: str) -> Item:
    """One version with the runs that used it and the evaluations that these began.

    Raises:
        NotFound: If there is none.
    """
    number = find_number(connection, name, version)
    one = _versions().where(VERSION.c.name == name, VERSION.c.version == number)
    [item] = _items(connection, name, one)
    used_by = _runs_of(connection, item)
    evaluations: list[Item] = []
    for use in used_by:
        room = MAX_REGISTRY_USES - len(evaluations)
        if room <= 0:
            break
        try:
            found = list_evaluations(connection, use["project"], run_id=use["run_id"], limit=room)
        except NotFound:  # The run is deleted.
            continue
        evaluations += [
            {key: each[key] for key in ("evaluation_id", "name", "state")} | _run_of(use)
            for each in found["items"]
        ]
    return {**item, "used_by": used_by, "evaluations": evaluations}


def find_number(connection: Connection, name: str, version: str) -> int:
    """The number that a version's text leads to: an alias, or a number such as `3` or `v3`.

    Raises:
        NotFound: If it leads nowhere.
    """
    plain = version.removeprefix("v")
    if plain.isdecimal() and plain.isascii():
        wanted = int(plain)
        of_number = (VERSION.c.name == name, VERSION.c.version == wanted)
        if (
            wanted < _MAX_INT32
            and connection.scalar(select(VERSION.c.id).where(*of_number)) is not None
        ):
            return wanted
    else:
        query = select(ALIAS.c.version).where(ALIAS.c.name == name, ALIAS.c.alias == version)
        found = connection.scalar(query)
        if found is not None:
            return int(found)
    entry = get_entry(connection, name)
    known = ", ".join(f"{alias} (v{at})" for alias, at in sorted(entry["aliases"].items()))
    raise NotFound(f"{name!r} of the registry has no {version!r}", f"it has {known or 'none'}")


def list_events(
    connection: Connection, name: str, *, limit: int, cursor: str | None = None
) -> Item:
    """Who led which alias where, newest first.

    Raises:
        NotFound: If the name is not registered.
        BadCursor: If the cursor is not of this list.
    """
    get_entry(connection, name)
    query = select(EVENT).where(EVENT.c.name == name)
    if cursor is not None:
        place = decode_cursor(cursor, "registry history", "-at_ns", types=(int,), tie_type=int)
        query = query.where(EVENT.c.id < place.tie)
    rows = connection.execute(query.order_by(EVENT.c.id.desc()).limit(limit + 1)).all()
    last = rows[limit - 1] if len(rows) > limit else None
    after = (
        encode_cursor("registry history", "-at_ns", Place(last.at_ns, last.id)) if last else None
    )
    keys = ("name", "alias", "version", "before", "at_ns", "note")
    items = [{key: getattr(row, key) for key in keys} | {"by": row.author} for row in rows[:limit]]
    return {"items": items, "next_cursor": after}


def _aliases(connection: Connection, names: Sequence[str]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    query = select(ALIAS.c.name, ALIAS.c.alias, ALIAS.c.version).where(ALIAS.c.name.in_(names))
    for name, alias, version in connection.execute(query):
        found.setdefault(name, {})[alias] = version
    return found


def _versions() -> Select[Any]:
    is_version = and_(
        _ARTIFACT.c.project_id == VERSION.c.project_id,
        _ARTIFACT.c.name == VERSION.c.artifact,
        _ARTIFACT.c.version == VERSION.c.artifact_version,
    )
    is_object = and_(
        _OBJECT.c.project_id == VERSION.c.project_id,
        _OBJECT.c.kind == KIND,
        _OBJECT.c.name == VERSION.c.artifact,
        _OBJECT.c.version == VERSION.c.artifact_version,
    )
    return select(
        *(VERSION.c.name, VERSION.c.version, _PROJECT.c.name.label("project")),
        *(VERSION.c.artifact, VERSION.c.artifact_version, ENTRY.c.type, _OBJECT.c.digest),
        *(_ARTIFACT.c.size_bytes, _ARTIFACT.c.file_count, _ARTIFACT.c.run_id),
        *(VERSION.c.added_ns, VERSION.c.added_by, VERSION.c.note),
    ).select_from(
        VERSION.join(ENTRY, ENTRY.c.name == VERSION.c.name)
        .join(_PROJECT, _PROJECT.c.id == VERSION.c.project_id)
        .outerjoin(_ARTIFACT, is_version)
        .outerjoin(_OBJECT, is_object)
    )


def _items(connection: Connection, name: str, query: Select[Any]) -> list[Item]:
    leading: dict[int, list[str]] = {}
    for alias, version in sorted(_aliases(connection, [name]).get(name, {}).items()):
        leading.setdefault(version, []).append(alias)
    items = []
    for row in connection.execute(query).mappings():
        digest = None if row["digest"] is None else f"sha256:{row['digest'].hex()}"
        # `latest` last, as it says least.
        aliases = sorted(leading.get(row["version"], []), key=lambda each: (each == LATEST, each))
        items.append({**row, "digest": digest, "aliases": aliases})
    return items


def _runs_of(connection: Connection, item: Item) -> list[Item]:
    """Runs that used a version: by its name in the registry, or in its own project."""
    by_name = (
        select(_PROJECT.c.name.label("project"), USE.c.run_id, USE.c.time_ns)
        .join(_PROJECT, _PROJECT.c.id == USE.c.project_id)
        .where(USE.c.name == item["name"], USE.c.version == item["version"])
    )
    in_project = (
        select(_PROJECT.c.name.label("project"), _OF_RUN.c.run_id, _OF_RUN.c.time_ns)
        .join(_PROJECT, _PROJECT.c.id == _OF_RUN.c.project_id)
        .where(
            _PROJECT.c.name == item["project"],
            _OF_RUN.c.name == item["artifact"],
            _OF_RUN.c.version == item["artifact_version"],
            _OF_RUN.c.role == "used",
        )
    )
    found: dict[tuple[str, str], Item] = {}
    for query, time_ns in ((by_name, USE.c.time_ns), (in_project, _OF_RUN.c.time_ns)):
        newest = query.order_by(time_ns.desc()).limit(MAX_REGISTRY_USES)
        for row in connection.execute(newest).mappings():
            found.setdefault((row["project"], row["run_id"]), dict(row))
    runs = sorted(found.values(), key=lambda run: -run["time_ns"])
    return runs[:MAX_REGISTRY_USES]


def _run_of(use: Item) -> Item:
    return {"project": use["project"], "run_id": use["run_id"]}
