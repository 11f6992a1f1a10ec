"""The code of runs as objects: a version is names and digests of files, so the same code is one.

Out of what a run says of itself, in the transaction that stores it, so that a run that was offline
has its version too.
"""

import hashlib
import re
from typing import Any

from sqlalchemy import Connection

from weave_core.errors import WeaveError
from weave_core.model.objects import MAX_OBJECT_NAME
from weave_core.refs import Ref
from weave_core.server.store.blob_links import LINK
from weave_core.server.store.dialects import Dialect
from weave_core.server.store.identities import Identities
from weave_core.server.store.objects import add_object

__all__ = ["CODE_KIND", "CodePublisher", "code_owner"]

CODE_KIND = "code"
"""Kind of the objects."""
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_NO_NAME = re.compile(r"[^\w .+\-]+|^[\W_]+")


def code_owner(ref: Ref) -> bytes:
    """What links name as the owner of the blobs of a version, which stay when the run goes."""
    return hashlib.sha256(f"blobs of an object\n{ref}".encode()).digest()[:16]


class CodePublisher:
    """Publishes what runs tell of their code; used by the writer's thread."""

    def __init__(self, dialect: Dialect, identities: Identities) -> None:
        self._identities = identities
        self._link = dialect.insert("blob_link", LINK, on_conflict="ON CONFLICT DO NOTHING")

    def published(
        self, connection: Connection, project: str, environment: dict[str, Any]
    ) -> dict[str, Any]:
        """`environment`, whose code names its version; as it is where it tells of no code."""
        code = environment.get("code")
        files = code.get("files") if isinstance(code, dict) else None
        if not isinstance(code, dict) or not isinstance(files, dict) or not files:
            return environment
        program = _NO_NAME.sub("", str(code.get("program") or ""))[:MAX_OBJECT_NAME] or "program"
        content = {"program": code.get("program"), "files": files}
        try:
            kept = add_object(
                connection, project=project, kind=CODE_KIND, name=program, content=content,
                aliases=(), tags=(),
            )  # fmt: skip
        except WeaveError:  # Texts that are no JSON: the run has its files all the same.
            return environment
        ref = Ref(project, CODE_KIND, program, kept["digest"])
        project_id, owner = self._identities.project_id(connection, project), code_owner(ref)
        links = [
            (project_id, owner, bytes.fromhex(digest[7:]))
            for digest in sorted(set(map(str, files.values())))
            if _DIGEST.fullmatch(digest)
        ]
        if links:
            connection.exec_driver_sql(self._link, links)
        told = {"ref": str(ref), "version": kept["version"]}
        return {**environment, "code": {**code, **told}}
