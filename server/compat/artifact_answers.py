"""Artifacts as clients read them: collections, versions, their files, who made and used them."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from weave_core.artifacts.manifests import Entry
from weave_core.errors import BadRequest, NotFound
from weave_core.server.compat.addresses import ARTIFACT_PREFIX
from weave_core.server.compat.artifact_places import VersionPlace, coded_id, split_name
from weave_core.server.compat.desks import Desk
from weave_core.server.compat.json_texts import read_object
from weave_core.server.compat.pages import page_of
from weave_core.server.compat.run_places import RunPlace
from weave_core.server.compat.stamps import iso
from weave_core.server.store.artifact_drafts import find_by_md5, list_md5s
from weave_core.server.store.artifact_sources import md5s_of
from weave_core.server.store.queries import artifacts as questions
from weave_core.server.store.queries.artifact_files import list_entries

__all__ = ["ArtifactAnswers"]

MAX_LISTED_ARTIFACTS = 1_000
"""Artifacts, or versions of one, that a wandb client gets to see; the first by name, or newest."""
_PAGE = 500
_INHERITED = -2
_MADE, _USED = "made", "used"
_MD5_DIGITS = 32

Item = dict[str, Any]
RunOf = Callable[[str], Item | None]


class ArtifactAnswers:
    """What may be asked of the artifacts of a project.

    Args:
        desk: The store and what belongs to it.
        base_url: How the client reaches this server.
        place: Its entity and project.
        project: What is told of the project.
        run_of: What is told of a run of it, by its id.
    """

    def __init__(
        self, desk: Desk, base_url: str, place: RunPlace, project: Item, run_of: RunOf
    ) -> None:
        self._desk, self._base_url = desk, base_url
        self._entity, self._name = place.entity, place.project
        self._project, self._run_of = project, run_of

    def of_project(self) -> Item:
        """What is asked of a project."""
        return {
            "artifact": lambda told: self._found(told.get("name")),
            "artifactCollectionMembership": lambda told: self._membership(told.get("name")),
            "artifactType": lambda told: self._type(told.get("name")),
            "artifactTypes": self._types,
            "artifactCollection": lambda told: self.collection(told.get("name")),
            "artifactCollections": lambda told: self._collections(told, None),
        }

    def of_run(self, run_id: str) -> Item:
        """What is asked of a run."""
        return {
            "outputArtifacts": lambda told: self._of_run(told, run_id, _MADE),
            "inputArtifacts": lambda told: self._of_run(told, run_id, _USED),
        }

    def version(self, name: str, version: str) -> Item:
        """One version.

        Raises:
            NotFound: If there is none.
        """
        with self._desk.store.reading() as connection:
            item = questions.get_version(connection, self._name, name, version)
            md5s = list_md5s(connection, self._name, name)
        return self._shown(item, md5s)

    def _found(self, text: object) -> Item | None:
        """The version of `NAME:VERSION`; the version may be what the client calls a digest."""
        name, version = split_name(text)
        try:
            if len(version) == _MD5_DIGITS:
                with self._desk.store.reading() as connection:
                    number = find_by_md5(connection, self._name, name, version)
                version = version if number is None else str(number)
            return self.version(name, version)
        except (NotFound, BadRequest):
            return None

    def _membership(self, text: object) -> Item | None:
        found = self._found(text)
        if found is None:
            return None
        return {
            "__typename": "ArtifactCollectionMembership",
            "id": f"membership:{found['id']}",
            "versionIndex": found["versionIndex"],
            "createdAt": found["createdAt"],
            "aliases": found["aliases"],
            "artifactCollection": found["artifactSequence"],
            "artifact": found,
            "files": found["files"],
        }

    def _of_run(self, told: Mapping[str, Any], run_id: str, role: str) -> Item:
        with self._desk.store.reading() as connection:
            uses = questions.list_run_uses(connection, self._name, run_id)["items"]
        items = [each for each in uses if each["role"] == role]
        return page_of(
            items, told, lambda each: self.version(each["name"], str(each["version"])), most=_PAGE
        )

    def _types(self, told: Mapping[str, Any]) -> Item:
        with self._desk.store.reading() as connection:
            try:
                items = questions.list_types(connection, self._name)["items"]
            except NotFound:
                items = []
        return page_of(items, told, lambda each: self._shown_type(each["type"]), most=_PAGE)

    def _type(self, name: object) -> Item | None:
        with self._desk.store.reading() as connection:
            try:
                items = questions.list_types(connection, self._name)["items"]
            except NotFound:
                return None
        is_there = any(each["type"] == name for each in items)
        return self._shown_type(str(name)) if is_there else None

    def _shown_type(self, name: str) -> Item:
        return {
            "__typename": "ArtifactType",
            "id": coded_id("type", self._name, name),
            "name": name,
            "description": None,
            "createdAt": iso(0),
            "artifactCollections": lambda told: self._collections(told, name),
            "artifactCollection": lambda told: self.collection(told.get("name"), name),
        }

    def _collections(self, told: Mapping[str, Any], kind: str | None) -> Item:
        if read_object(told.get("filters")) or told.get("order"):
            raise BadRequest(
                "artifact collections are not filtered or put in another order here",
                "ask for all of them",
            )
        items = list(_all(lambda cursor: self._latest(kind, cursor)))
        return page_of(items, told, self._shown_collection, most=_PAGE)

    def _latest(self, kind: str | None, cursor: str | None) -> Item:
        with self._desk.store.reading() as connection:
            try:
                return questions.list_artifacts(
                    connection, self._name, kind=kind, limit=_PAGE, cursor=cursor
                )
            except NotFound:
                return {"items": [], "next_cursor": None}

    def collection(self, name: object, kind: str | None = None) -> Item | None:
        """All versions of an artifact; None where there is none, or it has another type."""
        try:
            with self._desk.store.reading() as connection:
                item = questions.get_version(connection, self._name, str(name or ""), "latest")
        except NotFound:
            return None
        return None if kind not in (None, item["type"]) else self._shown_collection(item)

    def _shown_collection(self, item: Item) -> Item:
        name = item["name"]

        def aliases(told: Mapping[str, Any]) -> Item:
            found = [alias for each in self._versions(name) for alias in each["aliases"]]
            return page_of(found, told, lambda alias: self._alias(name, alias), most=_PAGE)

        return {
            **self._sequence(name),
            "id": coded_id("collection", self._entity, self._name, name),
            "description": None,
            "createdAt": lambda _: iso(min(each["created_ns"] for each in self._versions(name))),
            "updatedAt": iso(item["created_ns"]),
            "digestAlgorithm": "MANIFEST_MD5",
            "defaultArtifactType": {"name": item["type"]},
            "tags": {"edges": []},
            "aliases": aliases,
            "artifactMembership": lambda told: self._membership(
                f"{name}:{told.get('aliasName') or 'latest'}"
            ),
            "artifacts": lambda told: self._page_of_versions(told, name),
        }

    def _versions(self, name: str) -> list[Item]:
        def page(cursor: str | None) -> Item:
            with self._desk.store.reading() as connection:
                return questions.list_versions(
                    connection, self._name, name, limit=_PAGE, cursor=cursor
                )

        return list(_all(page))

    def _page_of_versions(self, told: Mapping[str, Any], name: str) -> Item:
        items = self._versions(name)
        wanted = read_object(told.get("filters"))
        if wanted.pop("state", "COMMITTED") != "COMMITTED":
            items = []
        tags = wanted.pop("tags", None)
        if wanted:
            raise BadRequest(
                f"versions of an artifact are not found by {', '.join(wanted)[:200]} here",
                "tags and state do",
            )
        if tags is not None:
            items = [each for each in items if _has_tags(each["tags"], tags)]
        order = str(told.get("order") or "-createdAt")
        if order.lstrip("+-").lower() not in {"createdat", "created_at", "versionindex"}:
            raise BadRequest(f"versions are in no order by {order[:60]!r}", "createdAt does")
        if not order.startswith("-"):
            items.reverse()
        with self._desk.store.reading() as connection:
            md5s = list_md5s(connection, self._name, name)
        return page_of(
            items,
            told,
            lambda each: self._shown(each, md5s),
            most=_PAGE,
            edge_of=lambda each: {"version": f"v{each['version']}"},
        )

    def _sequence(self, name: str) -> Item:
        return {"__typename": "ArtifactSequence", "name": name, "project": self._project}

    def _alias(self, name: str, alias: str) -> Item:
        return {
            "__typename": "ArtifactAlias",
            "id": coded_id("alias", self._entity, self._name, name, alias),
            "alias": alias,
            "artifactCollection": self._sequence(name),
        }

    def _shown(self, item: Item, md5s: Mapping[int, str]) -> Item:
        """A version as clients read it."""
        name, number = item["name"], item["version"]
        place = VersionPlace(self._entity, self._name, name, number)
        own = item["digest"].removeprefix("sha256:")

        def metadata(_: Mapping[str, Any]) -> str:
            if "metadata" in item:
                return json.dumps(item["metadata"])
            with self._desk.store.reading() as connection:
                found = questions.get_version(connection, self._name, name, str(number))
            return json.dumps(found["metadata"])

        return {
            "__typename": "Artifact",
            "id": place.id,
            "artifactSequence": self._sequence(name),
            "versionIndex": number,
            "artifactType": {"name": item["type"]},
            "description": item["description"],
            "metadata": metadata,
            "ttlDurationSeconds": _INHERITED,
            "ttlIsInherited": True,
            "tags": [
                {"__typename": "Tag", "id": f"tag:{tag}", "name": tag} for tag in item["tags"]
            ],
            "historyStep": None,
            "state": "COMMITTED",
            "size": item["size_bytes"],
            # What stored it otherwise has no MD5 of it.
            "digest": md5s.get(number, own),
            "digestAlgorithm": "MANIFEST_MD5",
            "commitHash": own[:20],
            "fileCount": item["file_count"],
            "createdAt": iso(item["created_ns"]),
            "updatedAt": iso(item["created_ns"]),
            "aliases": [self._alias(name, alias) for alias in item["aliases"]],
            "artifactMemberships": lambda _: {"edges": []},
            "currentManifest": {"file": {"directUrl": self._manifest_url(place)}},
            "files": lambda told: self._files(told, place),
            "usedBy": lambda _: self._used_by(name, number),
            "createdBy": lambda _: item["run_id"] and self._run_of(item["run_id"]),
        }

    def _manifest_url(self, place: VersionPlace) -> str:
        words = (place.project, place.name, str(place.version))
        path = f"{ARTIFACT_PREFIX}/manifests/{'/'.join(quote(each, safe='') for each in words)}"
        return self._base_url + self._desk.signer.sign("GET", path)

    def _used_by(self, name: str, number: int) -> Item:
        with self._desk.store.reading() as connection:
            uses = questions.get_version(connection, self._name, name, str(number))["uses"]
        runs = (self._run_of(each["run_id"]) for each in uses if each["role"] == _USED)
        return {"edges": [{"node": run} for run in runs if run is not None]}

    def _files(self, told: Mapping[str, Any], place: VersionPlace) -> Item:
        store = self._desk.store
        with store.reading() as connection:
            entries = [
                entry
                for entry in list_entries(
                    store, connection, place.project, place.name, str(place.version)
                )
                if not entry.is_folder and entry.reference is None
            ]
        if told.get("names"):
            names = {str(each) for each in told["names"]}
            entries = [entry for entry in entries if entry.path in names]
        md5s = md5s_of(store, entries)
        return page_of(
            entries, told, lambda entry: self._file(place, entry, md5s[entry.digest]), most=_PAGE
        )

    def _file(self, place: VersionPlace, entry: Entry, md5: bytes) -> Item:
        path = f"{ARTIFACT_PREFIX}/files/{md5.hex()}"
        url = self._base_url + self._desk.signer.sign("GET", path)
        return {
            "__typename": "File",
            "id": coded_id("file", *place[:3], str(place.version), entry.path),
            "name": entry.path,
            "displayName": entry.path,
            "url": url,
            "directUrl": url,
            "sizeBytes": entry.size_bytes,
            "storagePath": path,
            "mimetype": None,
            "updatedAt": None,
            "digest": None,
            "md5": md5.hex(),
        }


def _all(page: Callable[[str | None], Item]) -> Iterator[Item]:
    cursor: str | None = None
    for _ in range(MAX_LISTED_ARTIFACTS // _PAGE):
        found = page(cursor)
        yield from found["items"]
        cursor = found["next_cursor"]
        if cursor is None:
            return


def _has_tags(tags: Sequence[str], wanted: Any) -> bool:
    """Whether tags are what a filter says: one, or any or all of several."""
    if isinstance(wanted, dict):
        [(word, names), *more] = wanted.items() or [("", None)]
        if more or word not in {"$in", "$all", "$eq"}:
            raise BadRequest(f"tags can't be {str(wanted)[:100]}", "$in, $all and a name do")
        listed = names if isinstance(names, list) else [names]
        return (all if word == "$all" else any)(each in tags for each in listed)
    return wanted in tags
