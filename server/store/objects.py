"""Objects by their content: publish, name, find.  One content is one version, however often sent.

Reading stands here beside the changes, since it is two small tables.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import zstandard
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    delete,
    func,
    insert,
    select,
    tuple_,
    update,
)

from weave_core.digests import canonical_json, digest_bytes
from weave_core.errors import BadRequest, NotFound
from weave_core.model.objects import MAX_TAGS
from weave_core.server.cursors import Place, decode_cursor, encode_cursor
from weave_core.server.store.object_tables import ObjectAliasRow, ObjectVersionRow
from weave_core.server.store.project_rows import ensure_project_id
from weave_core.server.store.queries.projects import get_project_id
from weave_core.server.store.tables import table_of

__all__ = [
    "LATEST",
    "add_object",
    "delete_alias",
    "delete_version",
    "get_content",
    "get_object",
    "get_version",
    "list_kinds",
    "list_objects",
    "list_versions",
    "replace_alias",
    "replace_tags",
    "with_aliases",
]

LATEST = "latest"
_VERSION, _ALIAS = table_of(ObjectVersionRow), table_of(ObjectAliasRow)
_SHOWN = (
    *(_VERSION.c.kind, _VERSION.c.name, _VERSION.c.version, _VERSION.c.digest),
    *(_VERSION.c.size_bytes, _VERSION.c.tags, _VERSION.c.created_ns),
)
_LEVEL = 3
_MIN_PREFIX = 8
"""Hex digits that name a version, where no other begins with them."""
_INT32 = 2**31

Item = dict[str, Any]


@dataclass(frozen=True)
class _Object:
    """All versions of one object."""

    project: str
    project_id: int
    kind: str
    name: str

    def where(self, table: Table = _VERSION) -> tuple[ColumnElement[bool], ...]:
        """The conditions that choose its rows."""
        columns = table.c
        is_its = (columns.project_id == self.project_id, columns.kind == self.kind)
        return (*is_its, columns.name == self.name)


def _object(connection: Connection, project: str, kind: str, name: str) -> _Object:
    return _Object(project, get_project_id(connection, project), kind, name)


def add_object(
    connection: Connection,
    *,
    project: str,
    kind: str,
    name: str,
    content: Any,
    aliases: Sequence[str],
    tags: Sequence[str],
    number: int | None = None,
) -> Item:
    """Keep `content`; the version that has it already, if there is one, and it is the latest now.

    Args:
        connection: In a transaction.
        project: Where; made if it is new.
        kind: What it is.
        name: Its name.
        content: Any JSON.
        aliases: Names that lead to it from now on.
        tags: Added to those that it has.
        number: Of the version, if it is new; None: the next one.

    Raises:
        BadRequest: If a text in it can't be told in JSON, or the version would have too many tags.
    """
    try:
        body = canonical_json(content)
    except (TypeError, ValueError) as error:
        raise BadRequest(f"the content of {kind} {name!r} can't be kept: {error}") from error
    thing = _Object(project, ensure_project_id(connection, project), kind, name)
    digest = bytes.fromhex(digest_bytes(body).removeprefix("sha256:"))
    same = (*thing.where(), _VERSION.c.digest == digest)
    found = connection.execute(
        select(_VERSION.c.version, _VERSION.c.tags).where(*same)
    ).one_or_none()
    old_tags: list[str] = []
    if found is None:
        version = _last(connection, thing) + 1 if number is None else number
        row = {"project_id": thing.project_id, "kind": kind, "name": name, "version": version}
        row |= {"digest": digest, "size_bytes": len(body), "tags": [], "created_ns": time.time_ns()}
        packed = zstandard.ZstdCompressor(level=_LEVEL).compress(body)
        connection.execute(insert(_VERSION).values(**row, body=packed))
    else:
        version, old_tags = found
    for alias in (LATEST, *aliases):
        _point(connection, thing, alias, version)
    if set(tags) - set(old_tags):
        _set_tags(connection, thing, version, [*old_tags, *tags])
    return _shown(connection, thing, version)


def _last(connection: Connection, thing: _Object) -> int:
    last = connection.scalar(select(func.max(_VERSION.c.version)).where(*thing.where()))
    return last or 0


def list_kinds(connection: Connection, project: str) -> Item:
    """The kinds of objects that there are, with how many objects each has, by name.

    Raises:
        NotFound: If there is no such project.
    """
    project_id = get_project_id(connection, project)
    query = select(_ALIAS.c.kind, func.count().label("count")).where(
        _ALIAS.c.project_id == project_id, _ALIAS.c.alias == LATEST
    )
    rows = connection.execute(query.group_by(_ALIAS.c.kind).order_by(_ALIAS.c.kind)).mappings()
    return {"items": [dict(row) for row in rows], "next_cursor": None}


def list_objects(
    connection: Connection,
    project: str,
    *,
    kind: str | None = None,
    name: str | None = None,
    limit: int,
    cursor: str | None = None,
) -> Item:
    """The latest version of each object, by kind and name.

    Args:
        connection: To read from.
        project: Its name.
        kind: Only of this kind.
        name: Only of this name.
        limit: Most items.
        cursor: Where the page before ended.

    Raises:
        NotFound: If there is no such project.
        BadCursor: If the cursor is not of this list.
    """
    project_id = get_project_id(connection, project)
    of_latest = (
        (_ALIAS.c.project_id == _VERSION.c.project_id)
        & (_ALIAS.c.kind == _VERSION.c.kind)
        & (_ALIAS.c.name == _VERSION.c.name)
        & (_ALIAS.c.version == _VERSION.c.version)
    )
    query = select(*_SHOWN).select_from(_ALIAS.join(_VERSION, of_latest))
    query = query.where(_ALIAS.c.project_id == project_id, _ALIAS.c.alias == LATEST)
    if kind is not None:
        query = query.where(_ALIAS.c.kind == kind)
    if name is not None:
        query = query.where(_ALIAS.c.name == name)
    if cursor is not None:
        place = decode_cursor(cursor, "objects", "kind", types=(str,), tie_type=str)
        query = query.where(tuple_(_ALIAS.c.kind, _ALIAS.c.name) > (place.value, place.tie))
    rows = _items(connection, query.order_by(_ALIAS.c.kind, _ALIAS.c.name).limit(limit + 1))
    last = rows[limit - 1] if len(rows) > limit else None
    after = encode_cursor("objects", "kind", Place(last["kind"], last["name"])) if last else None
    return {"items": with_aliases(connection, project_id, rows[:limit]), "next_cursor": after}


def list_versions(
    connection: Connection,
    project: str,
    kind: str,
    name: str,
    *,
    limit: int,
    cursor: str | None = None,
) -> Item:
    """The versions of one object, newest first.

    Raises:
        NotFound: If there is no such project or object.
        BadCursor: If the cursor is not of this list.
    """
    thing = _object(connection, project, kind, name)
    query = select(*_SHOWN).where(*thing.where())
    if cursor is not None:
        place = decode_cursor(cursor, "versions", "-version", types=(int,), tie_type=int)
        query = query.where(_VERSION.c.version < place.tie)
    rows = _items(connection, query.order_by(_VERSION.c.version.desc()).limit(limit + 1))
    if not rows and cursor is None:
        raise _missing(connection, thing)
    last = rows[limit - 1]["version"] if len(rows) > limit else None
    after = None if last is None else encode_cursor("versions", "-version", Place(last, last))
    return {
        "items": with_aliases(connection, thing.project_id, rows[:limit]),
        "next_cursor": after,
    }


def get_object(connection: Connection, project: str, kind: str, name: str, version: str) -> Item:
    """One version with its content, as JSON text that is written out unread.

    Arguments and errors as of `get_content`.
    """
    item, content = get_content(connection, project, kind, name, version)
    return {**item, "content": orjson.Fragment(content)}


def get_content(
    connection: Connection, project: str, kind: str, name: str, version: str
) -> tuple[Item, bytes]:
    """One version, and the JSON of its content.

    Args:
        connection: To read from.
        project: Its name.
        kind: What it is.
        name: Its name.
        version: An alias, a number (`3` or `v3`), or a digest or its beginning.

    Raises:
        NotFound: If there is none.
        BadRequest: If a digest's beginning leads to more than one.
    """
    thing = _object(connection, project, kind, name)
    number = _resolve(connection, thing, version)
    of_version = (*thing.where(), _VERSION.c.version == number)
    body = connection.execute(select(_VERSION.c.body).where(*of_version)).scalar_one()
    return _shown(connection, thing, number), zstandard.ZstdDecompressor().decompress(body)


def get_version(connection: Connection, project: str, kind: str, name: str, version: str) -> Item:
    """One version without its content; arguments and errors as of `get_content`."""
    thing = _object(connection, project, kind, name)
    return _shown(connection, thing, _resolve(connection, thing, version))


def delete_version(connection: Connection, project: str, kind: str, name: str, number: int) -> None:
    """Take a version away with the aliases that lead to it; `latest` leads to the one before.

    Raises:
        NotFound: If there is no such version.
    """
    thing = _object(connection, project, kind, name)
    where = (*thing.where(), _VERSION.c.version == number)
    if connection.execute(delete(_VERSION).where(*where)).rowcount == 0:
        raise _missing(connection, thing, str(number))
    gone = (*thing.where(_ALIAS), _ALIAS.c.version == number)
    was_latest = connection.scalar(select(_ALIAS.c.alias).where(*gone, _ALIAS.c.alias == LATEST))
    connection.execute(delete(_ALIAS).where(*gone))
    last = connection.scalar(select(func.max(_VERSION.c.version)).where(*thing.where()))
    if was_latest and last is not None:
        _point(connection, thing, LATEST, last)


def replace_alias(
    connection: Connection, *, project: str, kind: str, name: str, alias: str, version: str
) -> Item:
    """Let `alias` lead to `version` from now on.

    Raises:
        NotFound: If there is no such version.
    """
    thing = _object(connection, project, kind, name)
    number = _resolve(connection, thing, version)
    _point(connection, thing, alias, number)
    return _shown(connection, thing, number)


def delete_alias(connection: Connection, *, project: str, kind: str, name: str, alias: str) -> None:
    """Take an alias away; the versions stay.

    Raises:
        NotFound: If there is no such alias.
    """
    thing = _object(connection, project, kind, name)
    where = (*thing.where(_ALIAS), _ALIAS.c.alias == alias)
    if connection.execute(delete(_ALIAS).where(*where)).rowcount == 0:
        raise NotFound(f"{kind} {name!r} in project {project!r} has no alias {alias[:100]!r}")


def replace_tags(
    connection: Connection,
    *,
    project: str,
    kind: str,
    name: str,
    version: str,
    tags: Sequence[str],
) -> Item:
    """Give a version these tags instead of those that it has.

    Raises:
        NotFound: If there is no such version.
    """
    thing = _object(connection, project, kind, name)
    number = _resolve(connection, thing, version)
    _set_tags(connection, thing, number, tags)
    return _shown(connection, thing, number)


def _set_tags(connection: Connection, thing: _Object, version: int, tags: Sequence[str]) -> None:
    unique = list(dict.fromkeys(tags))
    if len(unique) > MAX_TAGS:
        raise BadRequest(f"a version would have {len(unique)} tags", f"it may have {MAX_TAGS}")
    where = (*thing.where(), _VERSION.c.version == version)
    connection.execute(update(_VERSION).where(*where).values(tags=unique))


def _point(connection: Connection, thing: _Object, alias: str, version: int) -> None:
    where = (*thing.where(_ALIAS), _ALIAS.c.alias == alias)
    if connection.execute(update(_ALIAS).where(*where).values(version=version)).rowcount == 0:
        row = {"project_id": thing.project_id, "kind": thing.kind, "name": thing.name}
        connection.execute(insert(_ALIAS).values(**row, alias=alias, version=version))


def _resolve(connection: Connection, thing: _Object, version: str) -> int:
    """The number of the version that a text names."""
    column = _VERSION.c.version
    number = version.removeprefix("v")
    if version.startswith("sha256:"):
        query = select(column).where(*thing.where(), _begins_with(version[7:]))
    elif number.isdecimal() and number.isascii() and int(number) < _INT32:
        query = select(column).where(*thing.where(), column == int(number))
    else:
        query = select(_ALIAS.c.version).where(*thing.where(_ALIAS), _ALIAS.c.alias == version)
    found = list(connection.scalars(query.limit(2)))
    if len(found) > 1:
        raise BadRequest(f"more than one version begins with {version!r}", "give more digits")
    if not found:
        raise _missing(connection, thing, version)
    return int(found[0])


def _begins_with(digits: str) -> Any:
    """A condition on digests, as a range that the index serves."""
    try:
        low = bytes.fromhex(digits.ljust(64, "0"))
        high = bytes.fromhex(digits.ljust(64, "f"))
    except ValueError:
        raise BadRequest(f"{digits[:80]!r} is no beginning of a digest", "it is hex") from None
    if len(digits) < _MIN_PREFIX or len(low) > 32:  # noqa: PLR2004  # Bytes of SHA-256.
        raise BadRequest(f"a digest has {_MIN_PREFIX} to 64 digits, not {len(digits)}")
    return _VERSION.c.digest.between(low, high)


def _missing(connection: Connection, thing: _Object, version: str = "") -> NotFound:
    query = select(_ALIAS.c.alias).where(*thing.where(_ALIAS)).order_by(_ALIAS.c.alias)
    aliases = list(connection.scalars(query.limit(10)))
    what = f"{thing.kind} {thing.name!r}"
    if aliases:
        return NotFound(
            f"{what} in project {thing.project!r} has no version {version[:100]!r}",
            f"aliases: {', '.join(aliases)}; a number or a sha256: digest does too",
        )
    return NotFound(f"there is no {what} in project {thing.project!r}", "publish it first")


def _shown(connection: Connection, thing: _Object, version: int) -> Item:
    query = select(*_SHOWN).where(*thing.where(), _VERSION.c.version == version)
    [item] = with_aliases(connection, thing.project_id, _items(connection, query))
    return item


def _items(connection: Connection, query: Select[Any]) -> list[Item]:
    return [
        {**row, "digest": f"sha256:{row['digest'].hex()}"}
        for row in connection.execute(query).mappings()
    ]


def with_aliases(
    connection: Connection, project_id: int, items: Sequence[Mapping[str, Any]]
) -> list[Item]:
    """`items`, each with the aliases that lead to it."""
    if not items:
        return []
    columns = (_ALIAS.c.kind, _ALIAS.c.name, _ALIAS.c.version)
    wanted = [(item["kind"], item["name"], item["version"]) for item in items]
    query = select(*columns, _ALIAS.c.alias).where(
        _ALIAS.c.project_id == project_id, tuple_(*columns).in_(wanted)
    )
    found: dict[tuple[str, str, int], list[str]] = {}
    for kind, name, version, alias in connection.execute(query.order_by(_ALIAS.c.alias)):
        found.setdefault((kind, name, version), []).append(alias)
    return [
        {**item, "aliases": found.get(key, [])} for item, key in zip(items, wanted, strict=True)
    ]
