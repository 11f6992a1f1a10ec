"""Objects by their content over HTTP."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from weave_core.client.connection import Connection, root_of
from weave_core.digests import canonical_json
from weave_core.errors import BadRequest
from weave_core.model import ObjectKindCount, ObjectVersion, Page, StoredObject

__all__ = ["ObjectCalls"]

_LONG_S = 120.0
"""For contents of many megabytes."""


class ObjectCalls(Connection):
    """Objects by their content over HTTP."""

    def publish_object(
        self,
        project: str,
        kind: str,
        name: str,
        content: Any,
        *,
        aliases: Sequence[str] = (),
        tags: Sequence[str] = (),
    ) -> ObjectVersion:
        """Keep `content` as a version of an object, which is `latest` then.

        The same content is the same version, however often it is published.

        Args:
            project: Where; made if it is new.
            kind: What it is: `dataset`, `prompt`, `model`, ..., in small letters.
            name: Its name.
            content: Any JSON.
            aliases: Names that lead to this version from now on, such as `production`.
            tags: Added to those that the version has.

        Raises:
            BadRequest: If a name is none, or the content is no JSON.
            TooLarge: If it is more than the server reads at once.
        """
        try:
            body = canonical_json({"aliases": [*aliases], "content": content, "tags": [*tags]})
        except (TypeError, ValueError) as error:
            raise BadRequest(
                f"the content of {kind} {name!r} can't be kept: {error}",
                "make it of dict, list, text, number, bool and None",
            ) from error
        headers = {"content-type": "application/json"}
        path = _path(project, kind, name)
        answer = self._send("POST", path, content=body, headers=headers, timeout_s=_LONG_S)
        return ObjectVersion.model_validate_json(answer.content)

    def list_objects(
        self,
        project: str,
        *,
        kind: str | None = None,
        name: str | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page[ObjectVersion]:
        """The latest version of each object, by kind and name.

        Raises:
            NotFound: If the project does not exist.
        """
        query = {"kind": kind, "name": name, "limit": limit, "cursor": cursor}
        return self._page(ObjectVersion, f"{root_of(project)}/objects", query)

    def list_kinds(self, project: str) -> list[ObjectKindCount]:
        """The kinds of objects that there are, with how many objects each has, by name.

        Raises:
            NotFound: If the project does not exist.
        """
        return self._page(ObjectKindCount, f"{root_of(project)}/objects/kinds", {}).items

    def list_versions(
        self, project: str, kind: str, name: str, *, limit: int = 50, cursor: str | None = None
    ) -> Page[ObjectVersion]:
        """The versions of one object, newest first.

        Raises:
            NotFound: If the project or the object does not exist.
        """
        query = {"limit": limit, "cursor": cursor}
        return self._page(ObjectVersion, _path(project, kind, name), query)

    def get_object(
        self, project: str, kind: str, name: str, version: str = "latest"
    ) -> StoredObject:
        """One version with its content.

        Args:
            project: Its name.
            kind: What it is.
            name: Its name.
            version: An alias, a number, or a `sha256:` digest or its beginning.

        Raises:
            NotFound: If it is not stored.
        """
        path = _path(project, kind, name, version)
        answer = self._send("GET", path, timeout_s=_LONG_S)
        return StoredObject.model_validate_json(answer.content)

    def set_alias(
        self, project: str, kind: str, name: str, alias: str, version: str
    ) -> ObjectVersion:
        """Let `alias` lead to `version` from now on.

        Raises:
            NotFound: If there is no such version.
            BadRequest: If the alias is none, or `latest`.
        """
        path = _path(project, kind, name, "aliases", alias)
        answer = self._send("PUT", path, json={"version": version})
        return ObjectVersion.model_validate_json(answer.content)

    def delete_alias(self, project: str, kind: str, name: str, alias: str) -> None:
        """Take an alias away; the versions stay.

        Raises:
            NotFound: If there is no such alias.
        """
        self._send("DELETE", _path(project, kind, name, "aliases", alias))

    def set_tags(
        self, project: str, kind: str, name: str, version: str, tags: Sequence[str]
    ) -> ObjectVersion:
        """Give a version these tags instead of those that it has.

        Raises:
            NotFound: If there is no such version.
        """
        path = _path(project, kind, name, version, "tags")
        answer = self._send("PUT", path, json={"tags": [*tags]})
        return ObjectVersion.model_validate_json(answer.content)


def _path(project: str, *parts: str) -> str:
    return "/".join([root_of(project), "objects", *(quote(part, safe="") for part in parts)])
