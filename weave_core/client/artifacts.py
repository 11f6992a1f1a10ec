"""Artifacts over HTTP: their versions, files, lineage, and the chunks that they are made of."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from weave_core.client.connection import Connection, root_of
from weave_core.digests import canonical_json
from weave_core.media_types import BYTES
from weave_core.model import (
    ArtifactChanges,
    ArtifactItem,
    ArtifactTypeCount,
    ArtifactUse,
    ArtifactVersion,
    NewArtifact,
    Page,
    StoredArtifact,
)

if TYPE_CHECKING:
    from weave_core.artifacts.packs import Piece
    from weave_core.artifacts.versions import Artifact

__all__ = ["ArtifactCalls"]

_LONG_S = 300.0
"""For a pack of chunks, or the commit of a version of many files."""
_DIGEST_BYTES = 32


class ArtifactCalls(Connection):
    """What a client can do with artifacts."""

    def artifact(self, name: str, *, project: str | None = None) -> "Artifact":
        """A version of an artifact, to look into and to download.

        Example:
            >>> folder = client.artifact("digits:latest", project="vision").download()

        Args:
            name: `NAME`, `NAME:VERSION`, `PROJECT/NAME:VERSION` or `registry/NAME:VERSION`; a
                version is an alias, a number such as `v3`, or of a project's also a `sha256:`
                digest or its beginning.
            project: Default: where this program's traces go.

        Raises:
            NotFound: If there is no such version.
        """
        # Late: it hashes and cuts, which most clients never do.
        from weave_core.artifacts.versions import REGISTRY, Artifact, name_parts

        place, name, version = name_parts(name)
        where = place or project or self._default_project()
        server: Any = self  # A `Client`, which has the calls of objects and runs too.
        if place == REGISTRY:
            registered = server.get_registered(name, version)
            where, number = registered.project, f"v{registered.artifact_version}"
            found = self.get_artifact(where, registered.artifact, number)
            made = Artifact.of_stored(server, where, found)
            made.registered_as = (name, registered.version)
            return made
        return Artifact.of_stored(server, where, self.get_artifact(where, name, version))

    def log_artifact(
        self,
        artifact: "Artifact",
        *,
        project: str | None = None,
        aliases: Sequence[str] = (),
        tags: Sequence[str] = (),
        run_id: str | None = None,
    ) -> "Artifact":
        """Store an artifact as a version; the same files are the version that has them.

        Example:
            >>> digits = weave_core.Artifact("digits", type="dataset")
            >>> digits.add_dir("data")
            >>> client.log_artifact(digits, project="vision", aliases=["clean"])

        Args:
            artifact: What to store; it is that version afterwards.
            project: Default: where this program's traces go.
            aliases: Names that lead to this version from now on; `latest` always does.
            tags: Added to those that the version has.
            run_id: The run that made it.

        Raises:
            ConfigError: If a file can't be read, or is changed while it is.
            BadRequest: If the artifact is of another type than its versions so far.
        """
        from weave_core.artifacts.uploads import store_artifact  # Late, as above.

        where = project or self._default_project()
        server: Any = self  # As above.
        store_artifact(server, artifact, where, aliases=aliases, tags=tags, run_id=run_id)
        return artifact

    def list_artifacts(
        self,
        project: str,
        *,
        type: str | None = None,  # noqa: A002  # What everybody calls it.
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page[ArtifactVersion]:
        """The latest version of each artifact, by name.

        Raises:
            NotFound: If the project does not exist.
        """
        query = {"type": type, "limit": limit, "cursor": cursor}
        return self._page(ArtifactVersion, f"{root_of(project)}/artifacts", query)

    def list_artifact_types(self, project: str) -> list[ArtifactTypeCount]:
        """The types of artifacts that there are, with how many artifacts each has.

        Raises:
            NotFound: If the project does not exist.
        """
        return self._page(ArtifactTypeCount, f"{root_of(project)}/artifact-types", {}).items

    def list_artifact_versions(
        self, project: str, name: str, *, limit: int = 50, cursor: str | None = None
    ) -> Page[ArtifactVersion]:
        """The versions of an artifact, newest first.

        Raises:
            NotFound: If the project or the artifact does not exist.
        """
        query = {"limit": limit, "cursor": cursor}
        return self._page(ArtifactVersion, _path(project, name), query)

    def get_artifact(self, project: str, name: str, version: str = "latest") -> StoredArtifact:
        """One version, with its lineage and what leads to its files.

        Raises:
            NotFound: If it is not stored.
        """
        return StoredArtifact.model_validate_json(self._read(_path(project, name, version)))

    def list_artifact_files(
        self,
        project: str,
        name: str,
        version: str = "latest",
        *,
        under: str = "",
        limit: int = 200,
        cursor: str | None = None,
    ) -> Page[ArtifactItem]:
        """What lies in a folder of a version: files, and folders with all that is below them.

        Args:
            project: Its name.
            name: Of the artifact.
            version: An alias, a number, or a digest or its beginning.
            under: The folder; empty: the artifact's own.
            limit: Most items.
            cursor: `next_cursor` of the page before.

        Raises:
            NotFound: If the version does not exist.
        """
        query = {"under": under, "limit": limit, "cursor": cursor}
        return self._page(ArtifactItem, _path(project, name, version, "files"), query)

    def get_artifact_file(
        self,
        project: str,
        name: str,
        version: str,
        path: str,
        *,
        start: int = 0,
        stop: int | None = None,
    ) -> bytes:
        """The bytes of a file of a version, or of a part of it.

        Raises:
            NotFound: If there is no such version or file, or it is a reference.
        """
        headers = {}
        if start or stop is not None:
            headers["range"] = f"bytes={start}-{'' if stop is None else stop - 1}"
        url = f"{_path(project, name, version, 'files')}/{quote(path)}"
        return self._send("GET", url, headers=headers, timeout_s=_LONG_S).content

    def compare_artifacts(
        self, project: str, name: str, version: str, base: str
    ) -> ArtifactChanges:
        """Which files of a version are others than those of another one.

        Raises:
            NotFound: If one of them does not exist.
        """
        path = _path(project, name, version, "changes")
        return ArtifactChanges.model_validate_json(self._read(path, {"base": base}))

    def list_run_artifacts(self, project: str, run_id: str) -> list[ArtifactUse]:
        """The versions of artifacts that a run made and used, the newest first.

        Raises:
            NotFound: If the project does not exist.
        """
        path = f"{root_of(project)}/runs/{quote(run_id, safe='')}/artifacts"
        return self._page(ArtifactUse, path, {}).items

    def edit_artifact(
        self,
        project: str,
        name: str,
        version: str,
        *,
        description: str | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> StoredArtifact:
        """Change the description or the metadata of a version; what is not given stays.

        Raises:
            NotFound: If the version does not exist.
            BadRequest: If the metadata is too much.
        """
        told = {"description": description, "metadata": metadata}
        given = {key: value for key, value in told.items() if value is not None}
        answer = self._send("PATCH", _path(project, name, version), json=given)
        return StoredArtifact.model_validate_json(answer.content)

    def delete_artifact(
        self, project: str, name: str, version: str, *, delete_aliases: bool = False
    ) -> None:
        """Take a version away; bytes that only it has are deleted an hour later.

        Args:
            project: Its name.
            name: Of the artifact.
            version: An alias, a number, or a digest or its beginning.
            delete_aliases: Also where aliases lead to it that somebody gave.

        Raises:
            NotFound: If the version does not exist.
            BadRequest: If it has such aliases.
        """
        query = {"delete_aliases": "true"} if delete_aliases else {}
        self._send("DELETE", _path(project, name, version), query)

    def use_artifact(self, project: str, name: str, version: str, *, run_id: str) -> None:
        """Note that a run uses a version.

        Raises:
            NotFound: If the version does not exist.
        """
        self._send("POST", _path(project, name, version, "uses"), json={"run_id": run_id})

    def commit_artifact(self, project: str, name: str, new: NewArtifact) -> StoredArtifact:
        """Make a version of chunks that are stored; `log_artifact` does all of it.

        Raises:
            BadRequest: If chunks are missing, or something else is wrong.
        """
        headers = {"content-type": "application/json"}
        body = canonical_json(new.model_dump(exclude_none=True))
        path = _path(project, name)
        answer = self._send("POST", path, content=body, headers=headers, timeout_s=_LONG_S)
        return StoredArtifact.model_validate_json(answer.content)

    def ping(self, timeout_s: float = 3.0) -> None:
        """See that the server answers.

        Raises:
            ServerUnreachable: If it does not, within `timeout_s` seconds.
        """
        self._send("GET", "/healthz", timeout_s=timeout_s)

    def find_missing_chunks(self, digests: Sequence[bytes]) -> set[bytes]:
        """The ones of the BLAKE3 digests that are not stored; at most 20,000 are asked for."""
        return set(_digests(self._chunks("/missing", digests)))

    def add_pack(self, pack: "Sequence[Piece]") -> None:
        """Store a pack of chunks, given in pieces.

        Raises:
            BadRequest: If a chunk has another digest than it says.
        """
        from weave_core.artifacts.packs import blocks_of  # Late, as above.

        size_bytes = sum(len(piece) for piece in pack)
        headers = {"content-type": BYTES, "content-length": str(size_bytes)}
        content = blocks_of(pack)
        self._send("POST", "/api/chunks", content=content, headers=headers, timeout_s=_LONG_S)

    def read_chunks(self, digests: Sequence[bytes]) -> bytes:
        """The bytes of chunks, one after the other; at most 64 MiB.

        Raises:
            NotFound: If one is not stored.
        """
        return self._chunks("/read", digests)

    def _chunks(self, path: str, digests: Sequence[bytes]) -> bytes:
        headers = {"content-type": BYTES}
        body = b"".join(digests)
        url = f"/api/chunks{path}"
        return self._send("POST", url, content=body, headers=headers, timeout_s=_LONG_S).content


def _digests(body: bytes) -> list[bytes]:
    return [body[at : at + _DIGEST_BYTES] for at in range(0, len(body), _DIGEST_BYTES)]


def _path(project: str, *parts: str) -> str:
    return "/".join([root_of(project), "artifacts", *(quote(part, safe="") for part in parts)])
