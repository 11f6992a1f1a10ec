"""Artifacts: commit a version, change what is said of it, take it away.

A version is an object of kind `artifact`, whose content names the parts of its manifest.  What it
is made of lies in packs, which it names as traces name their blobs, and which end as those do.
"""

import hashlib
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from weave_core.artifacts.manifests import Entry, entries_of
from weave_core.artifacts.paths import check_tree
from weave_core.digests import canonical_json
from weave_core.errors import BadRequest, Overloaded
from weave_core.model import ArtifactEdit, NewArtifact
from weave_core.server.store import objects
from weave_core.server.store.artifact_chunks import Located, locate, read_spans, spans_of
from weave_core.server.store.artifact_tables import (
    ArtifactPackRow,
    ArtifactRow,
    ArtifactUseRow,
    ArtifactVersionRow,
)
from weave_core.server.store.blob_links import BlobLinkRow, orphan_all
from weave_core.server.store.project_rows import ensure_project_id
from weave_core.server.store.queries.artifacts import KIND, get_version
from weave_core.server.store.queries.projects import get_project_id
from weave_core.server.store.registry import check_not_registered
from weave_core.server.store.stores import Store
from weave_core.server.store.tables import table_of

__all__ = ["add_use", "commit", "delete_version", "edit_version", "pack_owner"]

MAX_METADATA_BYTES = 256 * 1024
"""JSON of the metadata of an artifact's version."""
MAX_ARTIFACT_FILES = 1_000_000
"""Files of one version of an artifact."""
_MAX_TRIES = 5
_MOST_TOLD = 3
_FORMAT = 1
_ARTIFACT, _VERSION = table_of(ArtifactRow), table_of(ArtifactVersionRow)
_USE, _PACK, _LINK = table_of(ArtifactUseRow), table_of(ArtifactPackRow), table_of(BlobLinkRow)

Item = dict[str, Any]


@dataclass(frozen=True)
class _Manifest:
    """A manifest that has been read."""

    content: Item
    """Of the object."""
    file_count: int
    size_bytes: int
    packs: dict[int, bytes]
    """What its chunks lie in."""


def commit(store: Store, project: str, name: str, new: NewArtifact) -> Item:
    """Make a version of what is stored already; the same files are the version that has them.

    Raises:
        BadRequest: If chunks are missing, the manifest is wrong, or its type is another one.
        Overloaded: If its chunks are moved again and again meanwhile.
    """
    _check_metadata(new.metadata)
    for _ in range(_MAX_TRIES):
        manifest = _read_manifest(store, [bytes.fromhex(part) for part in new.parts])
        work = partial(_commit, project=project, name=name, new=new, manifest=manifest)
        version = store.run(work).result()
        if version is not None:
            with store.reading() as connection:
                return get_version(connection, project, name, str(version))
    raise Overloaded("chunks were deleted and moved meanwhile", "try again", 1)


def _read_manifest(store: Store, parts: Sequence[bytes]) -> _Manifest:
    with store.reading() as connection:
        places = _located(connection, parts)
    told = [b"".join(read_spans(store, spans_of([places[part]]))) for part in parts]
    read = [list(entries_of(part)) for part in told]
    entries = [*chain.from_iterable(read)]
    if len(entries) > MAX_ARTIFACT_FILES:
        raise BadRequest(f"{len(entries)} files: {MAX_ARTIFACT_FILES} may be", "pack some into one")
    check_tree(entry.path for entry in entries)
    with store.reading() as connection:
        found = _located(connection, _chunks(entries))
    for chunk in chain.from_iterable(entry.chunks for entry in entries):
        if found[chunk.digest].size_bytes != chunk.size_bytes:
            raise BadRequest(f"chunk {chunk.digest.hex()} has not {chunk.size_bytes} bytes")
    files = [entry for entry in entries if not entry.is_folder]
    content: Item = {
        "format": _FORMAT,
        "file_count": len(files),
        "size_bytes": sum(entry.size_bytes for entry in files),
        "parts": [
            {
                "digest": part.hex(),
                "size_bytes": len(text),
                "count": len(each),
                "first": each[0].path,
                "last": each[-1].path,
            }
            for part, text, each in zip(parts, told, read, strict=True)
        ],
    }
    packs = {place.pack_id: place.pack for place in (*places.values(), *found.values())}
    return _Manifest(content, len(files), content["size_bytes"], packs)


def _chunks(entries: Iterable[Entry]) -> list[bytes]:
    return [chunk.digest for entry in entries for chunk in entry.chunks]


def _located(connection: Connection, digests: Sequence[bytes]) -> dict[bytes, Located]:
    found = locate(connection, digests)
    missing = [digest.hex() for digest in dict.fromkeys(digests) if digest not in found]
    if missing:
        raise BadRequest(
            f"{len(missing)} chunks are not stored, such as {', '.join(missing[:_MOST_TOLD])}",
            "ask /api/chunks/missing which ones, send them, and commit again",
        )
    return found


def _commit(
    connection: Connection, *, project: str, name: str, new: NewArtifact, manifest: _Manifest
) -> int | None:
    """The number of the version; None where a pack has gone meanwhile."""
    project_id = ensure_project_id(connection, project)
    ids = [*manifest.packs]
    there = connection.scalars(select(_PACK.c.id).where(_PACK.c.id.in_(ids)))
    if len(list(there)) < len(ids):
        return None
    number = _next_number(connection, project_id, name, new.type)
    kept = objects.add_object(
        connection,
        project=project,
        kind=KIND,
        name=name,
        content=manifest.content,
        aliases=new.aliases,
        tags=new.tags,
        number=number,
    )
    version = int(kept["version"])
    key = {"project_id": project_id, "name": name, "version": version}
    if version == number:
        added = _name_packs(connection, project_id, pack_owner(project_id, name, number), manifest)
        row: Item = {"file_count": manifest.file_count, "size_bytes": manifest.size_bytes}
        row |= {"added_bytes": added, "run_id": new.run_id}
        row |= {"description": new.description, "details": new.metadata}
        connection.execute(insert(_VERSION).values(**key, **row))
        one = (_ARTIFACT.c.project_id == project_id, _ARTIFACT.c.name == name)
        connection.execute(update(_ARTIFACT).where(*one).values(next_version=number + 1))
    else:
        edit = ArtifactEdit(description=new.description, metadata=new.metadata or None)
        _edit(connection, project_id, name, version, edit)
    if new.run_id is not None:
        _add_use(connection, project_id, name, version, new.run_id, "made")
    return version


def _next_number(connection: Connection, project_id: int, name: str, kind: str) -> int:
    """The number of the next version of an artifact, which is made if it is new."""
    one = (_ARTIFACT.c.project_id == project_id, _ARTIFACT.c.name == name)
    found = connection.execute(
        select(_ARTIFACT.c.type, _ARTIFACT.c.next_version).where(*one)
    ).one_or_none()
    if found is None:
        row = {"project_id": project_id, "name": name, "type": kind, "next_version": 0}
        connection.execute(insert(_ARTIFACT).values(**row))
        return 0
    if found.type != kind:
        raise BadRequest(
            f"artifact {name!r} is of type {found.type!r}, not {kind!r}",
            "give that type, or another name",
        )
    return int(found.next_version)


def pack_owner(project_id: int, name: str, version: int) -> bytes:
    """What links name as the owner of a version's packs, as they name traces for their blobs."""
    told = f"packs of an artifact\n{project_id}\n{name}\n{version}"
    return hashlib.sha256(told.encode()).digest()[:16]


def _name_packs(connection: Connection, project_id: int, owner: bytes, manifest: _Manifest) -> int:
    """Name the packs; gives the bytes of those that nobody has named before."""
    new = [*manifest.packs.values()]
    named = set(connection.scalars(select(_LINK.c.digest).where(_LINK.c.digest.in_(new))))
    sizes = connection.execute(
        select(_PACK.c.digest, _PACK.c.size_bytes).where(_PACK.c.id.in_([*manifest.packs]))
    )
    rows = [{"project_id": project_id, "trace_id": owner, "digest": pack} for pack in new]
    if rows:
        connection.execute(insert(_LINK), rows)
    return sum(size for digest, size in sizes if digest not in named)


def edit_version(
    connection: Connection, *, project: str, name: str, version: str, edit: ArtifactEdit
) -> None:
    """Change what is said of a version.

    Raises:
        NotFound: If there is no such version.
        BadRequest: If its metadata would be too much.
    """
    if edit.metadata is not None:
        _check_metadata(edit.metadata)
    number = int(objects.get_version(connection, project, KIND, name, version)["version"])
    _edit(connection, get_project_id(connection, project), name, number, edit)


def _edit(
    connection: Connection, project_id: int, name: str, version: int, edit: ArtifactEdit
) -> None:
    values: Item = {"description": edit.description, "details": edit.metadata}
    given = {key: value for key, value in values.items() if value is not None}
    if given:
        where = _of_version(_VERSION, project_id, name, version)
        connection.execute(update(_VERSION).where(*where).values(**given))


def add_use(connection: Connection, *, project: str, name: str, version: str, run_id: str) -> None:
    """Note that a run uses a version.

    Raises:
        NotFound: If there is no such version.
    """
    number = int(objects.get_version(connection, project, KIND, name, version)["version"])
    project_id = get_project_id(connection, project)
    _add_use(connection, project_id, name, number, run_id, "used")


def _add_use(  # noqa: PLR0917  # A row, column by column.
    connection: Connection, project_id: int, name: str, version: int, run_id: str, role: str
) -> None:
    key = {"run_id": run_id, "role": role}
    where = (
        *_of_version(_USE, project_id, name, version),
        *(_USE.c[k] == v for k, v in key.items()),
    )
    if connection.execute(select(_USE.c.version).where(*where)).first() is None:
        row = {"project_id": project_id, "name": name, "version": version, **key}
        connection.execute(insert(_USE).values(**row, time_ns=time.time_ns()))


def delete_version(
    connection: Connection, *, project: str, name: str, version: str, delete_aliases: bool
) -> None:
    """Take a version away; what only it has is deleted an hour later.

    Raises:
        NotFound: If there is no such version.
        BadRequest: If aliases lead to it that somebody gave, and these are not to go.
    """
    found = objects.get_version(connection, project, KIND, name, version)
    given = [alias for alias in found["aliases"] if alias != objects.LATEST]
    if given and not delete_aliases:
        raise BadRequest(
            f"version {found['version']} of artifact {name!r} has aliases: {', '.join(given)}",
            "lead them elsewhere, or say that they may go too: delete_aliases=true",
        )
    number = int(found["version"])
    project_id = get_project_id(connection, project)
    check_not_registered(connection, project_id=project_id, artifact=name, version=number)
    objects.delete_version(connection, project, KIND, name, number)
    for table in (_VERSION, _USE):
        connection.execute(delete(table).where(*_of_version(table, project_id, name, number)))
    orphan_all(connection, project_id, pack_owner(project_id, name, number))


def _of_version(table: Any, project_id: int, name: str, version: int) -> tuple[Any, ...]:
    columns = table.c
    of_artifact = (columns.project_id == project_id, columns.name == name)
    return (*of_artifact, columns.version == version)


def _check_metadata(metadata: Item) -> None:
    try:
        size_bytes = len(canonical_json(metadata))
    except (TypeError, ValueError) as error:
        raise BadRequest(f"the metadata can't be kept: {error}", "give plain JSON") from error
    if size_bytes > MAX_METADATA_BYTES:
        raise BadRequest(
            f"the metadata has {size_bytes} bytes of JSON: {MAX_METADATA_BYTES} may be",
            "add it as a file: artifact.new_file('details.json')",
        )
