"""An artifact that a client stores: begun, its files asked for, its manifest put, committed."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from pydantic import ValidationError

from weave_core.artifacts.chunking import digest_of
from weave_core.artifacts.manifests import Entry, parts_of
from weave_core.artifacts.uploads import checked_entries
from weave_core.errors import BadRequest, NotFound
from weave_core.model import NewArtifact
from weave_core.server.compat.addresses import ARTIFACT_PREFIX
from weave_core.server.compat.artifact_manifests import (
    entries_told,
    manifest_digest,
    read_manifest,
    read_md5,
)
from weave_core.server.compat.artifact_places import (
    VersionPlace,
    draft_id,
    read_draft_id,
    version_of_id,
)
from weave_core.server.compat.desks import Desk
from weave_core.server.compat.json_texts import plain, read_object
from weave_core.server.compat.run_places import place_of
from weave_core.server.store import artifact_drafts as drafts
from weave_core.server.store import artifacts, objects
from weave_core.server.store.artifact_sources import ChunkKeeper, find_files
from weave_core.server.store.queries.artifact_files import list_entries
from weave_core.server.store.queries.artifacts import KIND, get_version

__all__ = [
    "ask_files",
    "begin",
    "client_id_mapping",
    "commit",
    "name_manifest",
    "place_of_id",
    "use",
]

MAX_ASKED_ARTIFACT_FILES = 10_000
"""Files of an artifact that one request of a wandb client may ask addresses for."""
_PARTIAL = {"INCREMENTAL", "PATCH"}
_FULL = "FULL"


def begin(desk: Desk, told: Mapping[str, Any]) -> dict[str, Any]:
    """Begin a version, or find the one that has these files.

    Raises:
        BadRequest: If it could not be kept as it is.
    """
    if told.get("distributedID"):
        raise BadRequest(
            "an artifact that several runs write together is not kept here",
            "log one for each of them, or all files from one",
        )
    names = told.get("artifactCollectionNames") or [told.get("artifactCollectionName")]
    place = place_of(told.get("entityName"), told.get("projectName"), told.get("runName") or "-")
    name = str(names[0] or "")
    aliases = [
        str(each.get("alias"))
        for each in told.get("aliases") or ()
        if isinstance(each, dict) and each.get("alias") != objects.LATEST
    ]
    tags = [
        str(each.get("tagName") if isinstance(each, dict) else each)
        for each in told.get("tags") or ()
    ]
    new = _checked(
        {
            "type": told.get("artifactTypeName"),
            "parts": [],
            "description": told.get("description") or None,
            "metadata": plain(read_object(told.get("metadata"))),
            "aliases": aliases,
            "tags": tags,
            "run_id": place.run_id if told.get("runName") else None,
        }
    )
    known = {"project": place.project, "name": name, "digest": told.get("digest")}
    kept = {**known, "entity": place.entity, "new": new.model_dump(mode="json")}
    work = partial(drafts.add_draft, client_id=str(told.get("clientID") or ""), told=kept)
    made = desk.store.run(work).result()
    with desk.store.reading() as connection:
        same = None
        if told.get("enableDigestDeduplication", True) and isinstance(told.get("digest"), str):
            same = drafts.find_by_md5(connection, place.project, name, told["digest"])
    if same is not None:
        version = _again(desk, made, kept, same)
        return _begun(desk, version.id, "COMMITTED", version)
    return _begun(desk, draft_id(place.entity, made), "PENDING", place._replace(run_id=name))


def _checked(told: Mapping[str, Any]) -> NewArtifact:
    try:
        return NewArtifact.model_validate(told)
    except ValidationError as error:
        found = error.errors(include_url=False)[0]
        where = ".".join(map(str, found["loc"]))
        raise BadRequest(
            f"an artifact can't be kept with this {where}: {str(found['input'])[:100]!r}",
            "aliases begin with a letter; they and types have letters, digits, _ . + -",
        ) from error


def _begun(desk: Desk, own_id: str, state: str, place: Any) -> dict[str, Any]:
    """What a client is told of a version that it begins; the latest is what it may build upon."""
    entity, project, name = place[0], place[1], place[2]

    def latest(_: Mapping[str, Any]) -> dict[str, Any] | None:
        with desk.store.reading() as connection:
            try:
                found = objects.get_version(connection, project, KIND, name, objects.LATEST)
            except NotFound:
                return None
        return {"id": VersionPlace(entity, project, name, found["version"]).id}

    sequence = {"__typename": "ArtifactSequence", "name": name, "latestArtifact": latest}
    return {"artifact": {"id": own_id, "state": state, "artifactSequence": sequence}}


def _again(desk: Desk, draft: str, told: Mapping[str, Any], version: int) -> VersionPlace:
    """Say of a version that is there already what was said now of the same files."""
    with desk.store.reading() as connection:
        found = get_version(connection, told["project"], told["name"], str(version))
    new = {**told["new"], "parts": [part["digest"] for part in found["parts"]]}
    return _committed(desk, draft, told, NewArtifact.model_validate(new))


def _committed(
    desk: Desk, draft: str, told: Mapping[str, Any], new: NewArtifact, md5: str | None = None
) -> VersionPlace:
    project, name = told["project"], told["name"]
    stored = artifacts.commit(desk.store, project, name, new)
    version = int(stored["version"])
    named = {"project": project, "name": name, "version": version, "md5": md5}
    desk.store.run(partial(drafts.end_draft, draft_id=draft, **named)).result()
    return VersionPlace(told["entity"], project, name, version)


def name_manifest(desk: Desk, base_url: str, told: Mapping[str, Any]) -> dict[str, Any]:
    """Note what list of files a version has, and give the address that it is to be put to."""
    given = told.get("artifactManifestID") or told.get("artifactID")
    _, draft = read_draft_id(given)
    known: dict[str, Any] = {}
    if isinstance(told.get("type"), str):
        known["kind"] = told["type"]
    if told.get("baseArtifactID"):
        known["base"] = told["baseArtifactID"]
    url = None
    if told.get("digest"):
        md5 = read_md5(told["digest"])
        known["manifest"] = md5.hex()
        url = base_url + desk.signer.sign("PUT", _file_path(md5))
    desk.store.run(partial(drafts.change_draft, draft_id=draft, told=known)).result()
    file: dict[str, Any] = {"id": given, "uploadUrl": url, "uploadHeaders": []}
    return {"artifactManifest": {"id": given, "file": file}}


def _file_path(md5: bytes) -> str:
    return f"{ARTIFACT_PREFIX}/files/{md5.hex()}"


def ask_files(desk: Desk, base_url: str, told: Mapping[str, Any]) -> dict[str, Any]:
    """Where files are to be put, in the order in which they are asked for; nowhere if stored."""
    asked = told.get("artifactFiles")
    if not isinstance(asked, list) or len(asked) > MAX_ASKED_ARTIFACT_FILES:
        raise BadRequest(f"artifactFiles is no list of at most {MAX_ASKED_ARTIFACT_FILES:,} files")
    md5s = [read_md5(each.get("md5")) for each in asked]
    kept = find_files(desk.store, md5s)
    edges = []
    for each, md5 in zip(asked, md5s, strict=True):
        path = _file_path(md5)
        node = {
            "id": each.get("artifactID"),
            "name": each.get("name"),
            "displayName": each.get("name"),
            "artifact": {"id": each.get("artifactID")},
            "storagePath": path,
            "uploadUrl": None if md5 in kept else base_url + desk.signer.sign("PUT", path),
            "uploadHeaders": [],
            "uploadMultipartUrls": None,
        }
        edges.append({"node": node, "cursor": None})
    return {"files": {"edges": edges}}


def commit(desk: Desk, told: Mapping[str, Any]) -> VersionPlace:
    """Make a version of what was put.

    Raises:
        BadRequest: If something was not.
        NotFound: If nobody has begun it.
    """
    entity, draft = read_draft_id(told.get("artifactID"))
    with desk.store.reading() as connection:
        row = drafts.get_draft(connection, draft)
    known = row.told
    if row.version is not None:  # Asked again, since no answer came.
        return VersionPlace(entity, known["project"], known["name"], row.version)
    if "manifest" not in known:
        raise BadRequest("the artifact has no list of files", "log it once more")
    contents = read_manifest(desk.store, bytes.fromhex(known["manifest"]))
    entries = entries_told(desk.store, contents)
    is_whole = known.get("kind", _FULL) not in _PARTIAL
    if not is_whole and known.get("base"):
        entries = {**_base_entries(desk, known["base"]), **entries}
    keeper = ChunkKeeper(desk.store)
    parts = [*parts_of(checked_entries(list(entries.values())))]
    digests = [digest_of(part) for part in parts]
    for digest, part in zip(digests, parts, strict=True):
        keeper.take(digest, memoryview(part))
    keeper.finish()
    new = NewArtifact.model_validate({**known["new"], "parts": [each.hex() for each in digests]})
    md5 = manifest_digest(contents) if is_whole else None
    return _committed(desk, draft, {**known, "entity": entity}, new, md5)


def _base_entries(desk: Desk, base: object) -> dict[str, Entry]:
    place = place_of_id(desk, base)
    with desk.store.reading() as connection:
        found = list_entries(desk.store, connection, place.project, place.name, str(place.version))
        return {entry.path: entry for entry in found}


def place_of_id(desk: Desk, own_id: object) -> VersionPlace:
    """The version that an id names; one that was begun has to be committed.

    Raises:
        NotFound: If there is none.
        BadRequest: If it is not committed.
    """
    place = version_of_id(own_id)
    if place is not None:
        return place
    entity, draft = read_draft_id(own_id)
    with desk.store.reading() as connection:
        row = drafts.get_draft(connection, draft)
    if row.version is None:
        raise BadRequest("the artifact is not committed", "wait for it: artifact.wait()")
    return VersionPlace(entity, row.told["project"], row.told["name"], row.version)


def client_id_mapping(desk: Desk, told: Mapping[str, Any]) -> dict[str, Any] | None:
    """The id of the version that a client calls so; None where it is not stored yet."""
    with desk.store.reading() as connection:
        row = drafts.find_of_client(connection, str(told.get("clientID") or "-"))
    if row is None:
        return None
    known = row.told
    place = VersionPlace(known["entity"], known["project"], known["name"], row.version)
    return {"serverID": place.id}


def use(desk: Desk, told: Mapping[str, Any]) -> VersionPlace:
    """Note that a run uses a version, where both are of one project.

    Raises:
        NotFound: If there is no such version.
    """
    place = place_of_id(desk, told.get("artifactID"))
    run = place_of(told.get("entityName"), told.get("projectName"), told.get("runName"))
    if run.project == place.project:
        work = partial(
            artifacts.add_use,
            project=place.project,
            name=place.name,
            version=str(place.version),
            run_id=run.run_id,
        )
        desk.store.run(work).result()
    return place
