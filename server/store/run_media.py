"""What runs log that is no number, from spans into rows, in the transaction that stores them."""

import hashlib
import logging
import re
from typing import Any

import orjson
import zstandard
from sqlalchemy import Connection

from weave_core.server.store.dialects import Dialect
from weave_core.server.store.point_batches import MAX_STORED_KEY
from weave_core.server.store.run_words import RunWord

__all__ = ["AWAITED", "HIDDEN", "UNREADABLE", "MediaInserter", "media_owner", "opened_items"]

_log = logging.getLogger(__name__)

MAX_STORED_ITEMS = 200
"""Images, sounds and the like of one key at one step that a server keeps."""
MAX_MEDIA_STEPS = 1_000_000
"""Keys and steps of one run with media that a server keeps; later ones are left out."""
AWAITED, UNREADABLE = "awaited", "unreadable"
"""Kinds of what another tracker's client has named: its file has not come yet, or is nothing."""
HIDDEN = (AWAITED, UNREADABLE)
_MAX_INT64 = 2**63 - 1
_KIND = re.compile(r"[a-z0-9_]{1,30}")
_COLUMNS = ("run_row_id", "key", "step", "rank", "time_ns", "kind", "body")
_KEY = ("run_row_id", "key", "step", "rank")
_COUNT = "SELECT COUNT(*) FROM run_media WHERE run_row_id = ?"
_REWIND = "DELETE FROM run_media WHERE run_row_id = ? AND step > ?"


def media_owner(project: str, run_id: str) -> bytes:
    """What links name as the owner of a run's blobs, as they name traces for theirs.

    Not the run's own trace: that may be deleted while the run stays.
    """
    return hashlib.sha256(f"blobs of a run\n{project}\n{run_id}".encode()).digest()[:16]


def opened_items(body: bytes) -> list[dict[str, Any]]:
    """The items of a row."""
    items: list[dict[str, Any]] = orjson.loads(zstandard.ZstdDecompressor().decompress(body))
    return items


class MediaInserter:
    """Writes rows of media; used by the writer's thread."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        update = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS if name not in _KEY)
        self._insert = dialect.insert(
            "run_media",
            _COLUMNS,
            on_conflict=f"ON CONFLICT ({', '.join(_KEY)}) DO UPDATE SET {update}"
            " WHERE run_media.time_ns <= excluded.time_ns",
        )

    def write(self, connection: Connection, row_id: int, word: RunWord) -> int | None:
        """Store what a span tells; gives the last step of it."""
        if word.media is None:
            return None
        try:
            logged = orjson.loads(word.media)
            rows = [_row(row_id, word.rank, each) for each in logged]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            _log.warning("media of the run %s can't be read: %s", word.run_id, error)
            return None
        count = connection.exec_driver_sql(self._dialect.sql(_COUNT), (row_id,)).scalar_one()
        if not rows or count >= MAX_MEDIA_STEPS:
            return None
        connection.exec_driver_sql(self._insert, rows)
        return max(int(row[2]) for row in rows)

    def rewind(self, connection: Connection, row_id: int, step: int) -> None:
        """Take back what lies behind a step."""
        connection.exec_driver_sql(self._dialect.sql(_REWIND), (row_id, step))


def _row(row_id: int, rank: int, told: dict[str, Any]) -> tuple[Any, ...]:
    key, step, time_ns = told["key"], told["step"], told["time_ns"]
    if type(key) is not str or type(step) is not int or type(time_ns) is not int:
        raise ValueError("a medium without key, step or time")
    if not (0 <= step <= _MAX_INT64 and 0 <= time_ns <= _MAX_INT64):
        raise ValueError("a medium with an odd step or time")
    items = [item for item in told["items"][:MAX_STORED_ITEMS] if type(item) is dict]
    kind = str(items[0].get("kind") if items else "")
    body = zstandard.ZstdCompressor(level=3).compress(orjson.dumps(items))
    name = key.replace("\0", "")[:MAX_STORED_KEY]
    return row_id, name, step, rank, time_ns, kind if _KIND.fullmatch(kind) else "file", body
