"""The registry over HTTP: names above all projects that lead to versions of artifacts."""

from collections.abc import Sequence
from urllib.parse import quote

from weave_core.client.connection import Connection
from weave_core.model import (
    NewRegistryAlias,
    NewRegistryUse,
    NewRegistryVersion,
    Page,
    RegistryEntry,
    RegistryEvent,
    RegistryVersion,
    TracedRegistryVersion,
)

__all__ = ["RegistryCalls"]


class RegistryCalls(Connection):
    """The registry over HTTP."""

    def list_registry(self, *, limit: int = 100, cursor: str | None = None) -> Page[RegistryEntry]:
        """The names of the registry, with their aliases."""
        return self._page(RegistryEntry, "/api/registry", {"limit": limit, "cursor": cursor})

    def get_registered(self, name: str, version: str = "latest") -> TracedRegistryVersion:
        """One version: what it is, the run that made it, those that used it, their evaluations.

        Example:
            >>> client.get_registered("digits-cnn", "production").used_by

        Args:
            name: Of the registry.
            version: An alias, or a number such as `v3`.

        Raises:
            NotFound: If there is none.
        """
        found = self._get(_path(name, "versions", version))
        return TracedRegistryVersion.model_validate(found)

    def list_registered(
        self, name: str, *, limit: int = 50, cursor: str | None = None
    ) -> Page[RegistryVersion]:
        """The versions of a name, newest first.

        Raises:
            NotFound: If the name is not registered.
        """
        query = {"limit": limit, "cursor": cursor}
        return self._page(RegistryVersion, _path(name, "versions"), query)

    def register(
        self,
        name: str,
        artifact: str,
        *,
        project: str | None = None,
        aliases: Sequence[str] = (),
        by: str = "",
        note: str = "",
    ) -> TracedRegistryVersion:
        """Register a version of an artifact; registered again it is the same version.

        Example:
            >>> client.register("digits-cnn", "vision/digits-cnn:best", aliases=["staging"])

        Args:
            name: Of the registry; made if it is new.
            artifact: `NAME`, `NAME:VERSION` or `PROJECT/NAME:VERSION`.
            project: Default: where this program's traces go.
            aliases: Names that lead to it from now on; `latest` always does.
            by: Who does it.
            note: Why.

        Raises:
            NotFound: If there is no such version of an artifact.
            BadRequest: If it is of another type than the versions of the name so far.
        """
        from weave_core.artifacts.versions import name_parts  # Late: it hashes and cuts.

        place, plain, version = name_parts(artifact)
        given = NewRegistryVersion(
            project=place or project or self._default_project(),
            artifact=plain,
            version=version,
            aliases=list(aliases),
            by=by,
            note=note,
        )
        answer = self._send("POST", _path(name, "versions"), json=given.model_dump())
        return TracedRegistryVersion.model_validate(answer.json())

    def move_registry_alias(
        self, name: str, alias: str, version: str, *, by: str = "", note: str = ""
    ) -> TracedRegistryVersion:
        """Lead an alias such as `production` to a version; the history keeps who, when, from where.

        Args:
            name: Of the registry.
            alias: Made if it is new.
            version: A number such as `v3`, or another alias.
            by: Who does it.
            note: Why.

        Raises:
            NotFound: If there is no such name or version.
        """
        given = NewRegistryAlias(version=version, by=by, note=note).model_dump()
        answer = self._send("PUT", _path(name, "aliases", alias), json=given)
        return TracedRegistryVersion.model_validate(answer.json())

    def delete_registry_alias(self, name: str, alias: str, *, by: str = "", note: str = "") -> None:
        """Take an alias away; its history stays.

        Raises:
            NotFound: If there is none.
        """
        self._send("DELETE", _path(name, "aliases", alias), {"by": by, "note": note})

    def list_registry_events(
        self, name: str, *, limit: int = 50, cursor: str | None = None
    ) -> Page[RegistryEvent]:
        """Who led which alias where, newest first.

        Raises:
            NotFound: If the name is not registered.
        """
        query = {"limit": limit, "cursor": cursor}
        return self._page(RegistryEvent, _path(name, "history"), query)

    def unregister(self, name: str, version: str, *, by: str = "", note: str = "") -> None:
        """Take a version out of the registry; the artifact's stays.

        Raises:
            NotFound: If there is none.
            BadRequest: If aliases lead to it that somebody gave.
        """
        self._send("DELETE", _path(name, "versions", version), {"by": by, "note": note})

    def use_registered(self, name: str, version: str, *, project: str, run_id: str) -> None:
        """Note that a run, of whichever project, uses a version.

        Raises:
            NotFound: If there is no such version.
        """
        use = NewRegistryUse(project=project, run_id=run_id).model_dump()
        self._send("POST", f"{_path(name, 'versions', version)}/uses", json=use)


def _path(name: str, *parts: str) -> str:
    return "/".join(("/api/registry", *(quote(each, safe="") for each in (name, *parts))))
