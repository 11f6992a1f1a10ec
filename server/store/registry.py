"""Versions of artifacts are registered, aliases led to them, and each move is written down."""

import time
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from weave_core.errors import BadRequest
from weave_core.model import NewRegistryAlias, NewRegistryUse, NewRegistryVersion
from weave_core.server.store.objects import LATEST
from weave_core.server.store.project_rows import ensure_project_id
from weave_core.server.store.queries import artifacts
from weave_core.server.store.queries.projects import get_project_id
from weave_core.server.store.queries.registry import (
    ALIAS,
    ENTRY,
    EVENT,
    USE,
    VERSION,
    find_number,
    get_entry,
    get_version,
)

__all__ = [
    "add_use",
    "add_version",
    "check_not_registered",
    "delete_alias",
    "delete_version",
    "replace_alias",
]

MAX_REGISTRY_NAMES = 10_000
"""Names of the registry."""
MAX_REGISTRY_ALIASES = 100
"""Aliases of one name of the registry."""


def add_version(connection: Connection, *, name: str, given: NewRegistryVersion) -> dict[str, Any]:
    """Register a version of an artifact, in the caller's transaction; again, it is the same one.

    Raises:
        NotFound: If there is no such version.
        BadRequest: If it is of another type than those of the name, or there is too much.
    """
    found = artifacts.get_version(connection, given.project, given.artifact, given.version)
    now = time.time_ns()
    entry = connection.execute(select(ENTRY).where(ENTRY.c.name == name)).one_or_none()
    if entry is None:
        if (connection.scalar(select(func.count()).select_from(ENTRY)) or 0) >= MAX_REGISTRY_NAMES:
            raise BadRequest(f"the registry has {MAX_REGISTRY_NAMES:,} names, the most it can have")
        new = {"name": name, "type": found["type"], "next_version": 0}
        connection.execute(insert(ENTRY).values(**new, created_ns=now, updated_ns=now))
    elif entry.type != found["type"]:
        raise BadRequest(
            f"{name!r} of the registry is of type {entry.type!r}, and"
            f" {given.project}/{given.artifact} is of type {found['type']!r}",
            "register it under another name",
        )
    what = {
        "project_id": get_project_id(connection, given.project),
        "artifact": given.artifact,
        "artifact_version": found["version"],
    }
    same = [VERSION.c[key] == value for key, value in what.items()]
    number = connection.scalar(select(VERSION.c.version).where(VERSION.c.name == name, *same))
    if number is None:
        number = 0 if entry is None else int(entry.next_version)
        told = {"added_ns": now, "added_by": given.by, "note": given.note}
        connection.execute(insert(VERSION).values(name=name, version=number, **what, **told))
        changes = {"next_version": number + 1, "updated_ns": now}
        connection.execute(update(ENTRY).where(ENTRY.c.name == name).values(**changes))
    for alias in (LATEST, *given.aliases):
        _lead(connection, name, alias, number, by=given.by, note=given.note)
    return get_version(connection, name, str(number))


def replace_alias(
    connection: Connection, *, name: str, alias: str, given: NewRegistryAlias
) -> dict[str, Any]:
    """Lead an alias to a version, in the caller's transaction.

    Raises:
        NotFound: If there is no such name or version.
        BadRequest: If the name would have too many aliases.
    """
    number = find_number(connection, name, given.version)
    _lead(connection, name, alias, number, by=given.by, note=given.note)
    return get_version(connection, name, str(number))


def delete_alias(connection: Connection, *, name: str, alias: str, by: str, note: str) -> None:
    """Take an alias away, in the caller's transaction.

    Raises:
        NotFound: If there is no such name, or it has no such alias.
    """
    before = find_number(connection, name, alias)
    connection.execute(delete(ALIAS).where(ALIAS.c.name == name, ALIAS.c.alias == alias))
    _note(connection, name, alias, before=before, version=None, by=by, note=note)


def delete_version(connection: Connection, *, name: str, version: str, by: str, note: str) -> None:
    """Take a version out of the registry, in the caller's transaction; the artifact's stays.

    Raises:
        NotFound: If there is none.
        BadRequest: If aliases lead to it that somebody gave.
    """
    number = find_number(connection, name, version)
    aliases = {
        alias: at for alias, at in get_entry(connection, name)["aliases"].items() if at == number
    }
    if given := sorted(set(aliases) - {LATEST}):
        raise BadRequest(
            f"{', '.join(given)} of {name!r} leads to v{number}",
            "lead it to another version first, or take it away",
        )
    of_version = (VERSION.c.name == name, VERSION.c.version == number)
    connection.execute(delete(VERSION).where(*of_version))
    connection.execute(delete(USE).where(USE.c.name == name, USE.c.version == number))
    if LATEST in aliases:
        last = connection.scalar(select(func.max(VERSION.c.version)).where(VERSION.c.name == name))
        if last is None:
            delete_alias(connection, name=name, alias=LATEST, by=by, note=note)
        else:
            _lead(connection, name, LATEST, int(last), by=by, note=note)


def add_use(connection: Connection, *, name: str, version: str, use: NewRegistryUse) -> None:
    """Note that a run uses a version, in the caller's transaction; once for each run.

    Raises:
        NotFound: If there is no such version.
    """
    row = {
        "name": name,
        "version": find_number(connection, name, version),
        "project_id": ensure_project_id(connection, use.project),
        "run_id": use.run_id,
    }
    same = [USE.c[key] == value for key, value in row.items()]
    if connection.scalar(select(USE.c.time_ns).where(*same)) is None:
        connection.execute(insert(USE).values(**row, time_ns=time.time_ns()))


def check_not_registered(
    connection: Connection, *, project_id: int, artifact: str, version: int
) -> None:
    """Refuse to delete what the registry leads to.

    Raises:
        BadRequest: If it does.
    """
    its = {"project_id": project_id, "artifact": artifact, "artifact_version": version}
    where = [VERSION.c[key] == value for key, value in its.items()]
    query = select(VERSION.c.name, VERSION.c.version).where(*where).limit(1)
    found = connection.execute(query).one_or_none()
    if found is not None:
        raise BadRequest(
            f"v{version} of artifact {artifact!r} is v{found.version} of {found.name!r} in the"
            " registry",
            f"take it out first: weave-core registry remove {found.name}:v{found.version}",
        )


def _lead(
    connection: Connection, name: str, alias: str, version: int, *, by: str, note: str
) -> None:
    of_alias = (ALIAS.c.name == name, ALIAS.c.alias == alias)
    before = connection.scalar(select(ALIAS.c.version).where(*of_alias))
    if before == version:
        return
    if before is None:
        count = select(func.count()).select_from(ALIAS).where(ALIAS.c.name == name)
        if (connection.scalar(count) or 0) >= MAX_REGISTRY_ALIASES:
            raise BadRequest(
                f"{name!r} has {MAX_REGISTRY_ALIASES} aliases, the most that it can have",
                "take one away",
            )
        connection.execute(insert(ALIAS).values(name=name, alias=alias, version=version))
    else:
        connection.execute(update(ALIAS).where(*of_alias).values(version=version))
    _note(connection, name, alias, before=before, version=version, by=by, note=note)


def _note(
    connection: Connection,
    name: str,
    alias: str,
    *,
    before: int | None,
    version: int | None,
    by: str,
    note: str,
) -> None:
    now = time.time_ns()
    row = {"name": name, "alias": alias, "before": before, "version": version}
    connection.execute(insert(EVENT).values(**row, at_ns=now, author=by, note=note))
    connection.execute(update(ENTRY).where(ENTRY.c.name == name).values(updated_ns=now))
