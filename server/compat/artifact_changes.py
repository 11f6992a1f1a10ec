"""What clients change of artifacts that are stored."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from sqlalchemy import Connection

from weave_core.errors import BadRequest
from weave_core.model import ArtifactEdit, NewArtifact
from weave_core.server.compat.artifact_places import VersionPlace
from weave_core.server.compat.artifact_stores import place_of_id
from weave_core.server.compat.desks import Desk
from weave_core.server.compat.json_texts import plain, read_object
from weave_core.server.store import artifacts, objects
from weave_core.server.store.queries.artifacts import KIND

__all__ = ["add_aliases", "delete_aliases", "delete_version", "edit_version"]


def add_aliases(desk: Desk, told: Mapping[str, Any]) -> dict[str, Any]:
    """Let aliases lead to a version."""
    place = place_of_id(desk, told.get("artifactID"))
    aliases = _checked(each.get("alias") for each in told.get("aliases") or ())
    desk.store.run(partial(_point, place=place, aliases=aliases)).result()
    return {"success": True}


def delete_aliases(desk: Desk, told: Mapping[str, Any]) -> dict[str, Any]:
    """Take aliases away."""
    place = place_of_id(desk, told.get("artifactID"))
    aliases = [str(each.get("alias")) for each in told.get("aliases") or ()]
    desk.store.run(partial(_unpoint, place=place, aliases=aliases)).result()
    return {"success": True}


def _checked(names: Any) -> list[str]:
    """Names that may be aliases; `latest` leads where it leads by itself.

    Raises:
        BadRequest: If one may not.
    """
    aliases = [str(name) for name in names if name != objects.LATEST]
    try:
        return list(NewArtifact(type="any", parts=[], aliases=aliases).aliases)
    except ValueError as error:
        raise BadRequest(
            f"{', '.join(aliases)[:200]} can't all be aliases",
            "they begin with a letter and have letters, digits, _ . + -",
        ) from error


def _named(place: VersionPlace) -> dict[str, Any]:
    return {"project": place.project, "kind": KIND, "name": place.name}


def _read(connection: Connection, place: VersionPlace) -> dict[str, Any]:
    return objects.get_version(connection, place.project, KIND, place.name, str(place.version))


def _point(connection: Connection, *, place: VersionPlace, aliases: list[str]) -> None:
    for alias in aliases:
        objects.replace_alias(connection, **_named(place), alias=alias, version=str(place.version))


def _unpoint(connection: Connection, *, place: VersionPlace, aliases: list[str]) -> None:
    found = _read(connection, place)
    for alias in aliases:
        if alias in found["aliases"]:
            objects.delete_alias(connection, **_named(place), alias=alias)


def edit_version(desk: Desk, told: Mapping[str, Any]) -> VersionPlace:
    """Change what is said of a version: description, metadata, tags, aliases.

    Raises:
        BadRequest: If it is to end by itself, which nothing does here.
    """
    place = place_of_id(desk, told.get("artifactID"))
    ttl = told.get("ttlDurationSeconds")
    if isinstance(ttl, int) and ttl >= 0:
        raise BadRequest("artifacts have no time to live here", "delete the version: delete()")
    metadata = told.get("metadata")
    edit = ArtifactEdit(
        description=told.get("description"),
        metadata=plain(read_object(metadata)) if isinstance(metadata, str) else None,
    )
    added, removed = (
        [str(each.get("tagName")) for each in told.get(key) or ()]
        for key in ("tagsToAdd", "tagsToDelete")
    )
    aliases = None
    if isinstance(told.get("aliases"), list):
        aliases = _checked(each.get("alias") for each in told["aliases"])

    def work(connection: Connection) -> None:
        named, version = _named(place), str(place.version)
        artifacts.edit_version(
            connection, project=place.project, name=place.name, version=version, edit=edit
        )
        found = _read(connection, place)
        if added or removed:
            tags = [tag for tag in (*found["tags"], *added) if tag not in removed]
            objects.replace_tags(connection, **named, version=version, tags=tags)
        if aliases is not None:
            gone = {*found["aliases"]} - {*aliases, objects.LATEST}
            _unpoint(connection, place=place, aliases=[*gone])
            _point(connection, place=place, aliases=aliases)

    desk.store.run(work).result()
    return place


def delete_version(desk: Desk, told: Mapping[str, Any]) -> dict[str, Any]:
    """Take a version away."""
    place = place_of_id(desk, told.get("artifactID"))
    work = partial(
        artifacts.delete_version,
        project=place.project,
        name=place.name,
        version=str(place.version),
        delete_aliases=bool(told.get("deleteAliases")),
    )
    desk.store.run(work).result()
    return {"artifact": {"id": place.id, "state": "DELETED"}}
