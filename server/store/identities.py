"""Row ids of projects and origins, remembered: each batch asks for the same few."""

import hashlib
import time
from typing import Any

from sqlalchemy import Connection

from weave_core.server.store.dialects import Dialect

__all__ = ["Identities"]

_MAX_CACHED = 50_000
"""Projects and origins whose ids are remembered; then the memory starts anew."""


class Identities:
    """Finds or makes the rows that all telemetry refers to; used by the writer's thread."""

    def __init__(self, dialect: Dialect) -> None:
        self._projects: dict[str, int] = {}
        self._origins: dict[bytes, int] = {}
        nothing = "ON CONFLICT DO NOTHING"
        self._insert_project = dialect.insert(
            "project", ("name", "created_ns", "settings"), on_conflict=nothing
        )
        self._insert_origin = dialect.insert("origin", ("digest", "body"), on_conflict=nothing)
        self._find_project = dialect.sql("SELECT id FROM project WHERE name = ?")
        self._find_origin = dialect.sql("SELECT id FROM origin WHERE digest = ?")

    def forget(self) -> None:
        """Drop every remembered id, after a transaction that was rolled back."""
        self._projects.clear()
        self._origins.clear()

    def project_id(self, connection: Connection, name: str) -> int:
        """Id of the project called `name`, made if there is none."""
        found = self._projects.get(name)
        if found is None:
            row = (name, time.time_ns(), "{}")
            connection.exec_driver_sql(self._insert_project, row)
            found = int(connection.exec_driver_sql(self._find_project, (name,)).scalar_one())
            _remember(self._projects, name, found)
        return found

    def origin_id(self, connection: Connection, body: bytes) -> int:
        """Id of the origin that `origin_json` made `body` of, stored if it is new."""
        digest = hashlib.sha256(body).digest()
        found = self._origins.get(digest)
        if found is None:
            connection.exec_driver_sql(self._insert_origin, (digest, body.decode()))
            found = int(connection.exec_driver_sql(self._find_origin, (digest,)).scalar_one())
            _remember(self._origins, digest, found)
        return found


def _remember(cache: dict[Any, int], key: Any, value: int) -> None:
    if len(cache) >= _MAX_CACHED:
        cache.clear()
    cache[key] = value
