"""Files that runs keep, from spans into rows, in the transaction that stores them."""

import hashlib
import logging
from typing import Any

import orjson
from sqlalchemy import Connection, select

from weave_core.digests import checked_digest, hex_of
from weave_core.errors import WeaveError
from weave_core.server.store.blob_links import orphan_one
from weave_core.server.store.dialects import Dialect
from weave_core.server.store.run_tables import RunFileRow
from weave_core.server.store.run_words import RunWord
from weave_core.server.store.tables import table_of

__all__ = ["MAX_STORED_FILES", "FileInserter", "files_owner"]

_log = logging.getLogger(__name__)

MAX_STORED_FILES = 50_000
"""Files of one run that a server keeps; later ones are left out."""
MAX_STORED_FILE_NAME = 500
"""Characters kept of the name of a run's file."""
_MAX_INT64 = 2**63 - 1
_FILE = table_of(RunFileRow)
_COLUMNS = ("run_row_id", "name", "digest", "size_bytes", "time_ns", "rank")
_COUNT = "SELECT COUNT(*) FROM run_file WHERE run_row_id = ?"


def files_owner(project: str, run_id: str) -> bytes:
    """What links name as the owner of the blobs of a run's files.

    Apart from the one of its media, so that it is known what a file that was saved again has left.
    """
    return hashlib.sha256(f"files of a run\n{project}\n{run_id}".encode()).digest()[:16]


class FileInserter:
    """Writes rows of files; used by the writer's thread."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        update = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[2:])
        self._insert = dialect.insert(
            "run_file",
            _COLUMNS,
            on_conflict=f"ON CONFLICT (run_row_id, name) DO UPDATE SET {update}"
            " WHERE run_file.time_ns <= excluded.time_ns",
        )

    def write(self, connection: Connection, row_id: int, word: RunWord, *, project: str) -> None:
        """Store what a span tells; what files held that were saved again may go."""
        if word.files is None:
            return
        try:
            rows = [_row(row_id, word.rank, each) for each in orjson.loads(word.files)]
        except (ValueError, KeyError, TypeError, WeaveError) as error:
            _log.warning("files of the run %s can't be read: %s", word.run_id, error)
            return
        count = connection.exec_driver_sql(self._dialect.sql(_COUNT), (row_id,)).scalar_one()
        if not rows or count >= MAX_STORED_FILES:
            return
        of_run = _FILE.c.run_row_id == row_id
        names = [row[1] for row in rows]
        replaced = select(_FILE.c.digest).where(of_run, _FILE.c.name.in_(names))
        before = set(connection.scalars(replaced))
        connection.exec_driver_sql(self._insert, rows)
        if before:
            used = select(_FILE.c.digest).where(of_run, _FILE.c.digest.in_(before))
            owner = files_owner(project, word.run_id)
            for digest in before - set(connection.scalars(used)):
                orphan_one(connection, owner, digest)


def _row(row_id: int, rank: int, told: dict[str, Any]) -> tuple[Any, ...]:
    name, size_bytes, time_ns = told["name"], told["size_bytes"], told["time_ns"]
    if type(name) is not str or not name.strip("\0"):
        raise ValueError("a file without a name")
    if type(size_bytes) is not int or type(time_ns) is not int:
        raise ValueError("a file without size or time")
    if not (0 <= size_bytes <= _MAX_INT64 and 0 <= time_ns <= _MAX_INT64):
        raise ValueError("a file with an odd size or time")
    digest = bytes.fromhex(hex_of(checked_digest(told["digest"])))
    return row_id, name.replace("\0", "")[:MAX_STORED_FILE_NAME], digest, size_bytes, time_ns, rank
