"""Full text of spans in FTS5, filled in the background from a cursor that survives a crash.

The index knows which words are in which span and no more (`detail=none`, no text, no sizes): that
takes 210 bytes of a span with 1,400 characters where places and counts took 850.  Phrases and
ranks are read out of the texts of those spans that have all the words (`phrases`).

SQLite takes a span out of such an index only if it is told its text again, so `documents` must say
the same of the same rows for good; when it changes, `_VERSION` does, which makes the index anew.
A span that changes or is deleted is taken out in the same transaction.
"""

from collections.abc import Iterable
from functools import partial
from typing import Any

from sqlalchemy import Connection

from weave_core.server.store.dialects import Dialect
from weave_core.server.store.dictionaries import find_dictionary
from weave_core.server.store.documents import DOCUMENT_ROW, Document, documents
from weave_core.server.store.rollup_tables import TEXT_CURSOR

__all__ = ["TextIndex"]

_VERSION = 2
_SPANS_A_STEP = 500
_OFF = "texts off "
"""Begin of the cursor that remembers a project which is left out, and since which span."""

_BEHIND = f"SELECT {DOCUMENT_ROW} WHERE s.id > ? ORDER BY s.id LIMIT ?"  # Our own columns.
_BY_ID = f"SELECT {DOCUMENT_ROW} WHERE s.id = ?"  # As above.
_INSERT = "INSERT INTO span_text (rowid, said, name) VALUES (?, ?, ?)"
_REMOVE = "INSERT INTO span_text (span_text, rowid, said, name) VALUES ('delete', ?, ?, ?)"
_SAVE = """
INSERT INTO background_cursor (name, position, version) VALUES (?, ?, ?)
ON CONFLICT (name) DO UPDATE SET position = excluded.position, version = excluded.version
"""
_LEFT_OUT = "SELECT id FROM project WHERE json_type(settings, '$.full_text') = 'false'"
_REMEMBERED = "SELECT name, position FROM background_cursor WHERE name LIKE ?"
_OFF_FROM_NOW_ON = "UPDATE background_cursor SET position = 0 WHERE name LIKE ?"


class TextIndex:
    """Keeps the index; used by one thread.  On other databases than SQLite it does nothing."""

    def __init__(self, dialect: Dialect) -> None:
        self._is_here = dialect.name == "sqlite"

    def step(self, connection: Connection) -> bool:
        """Index some spans behind the cursor, in the caller's transaction; whether more wait."""
        if not self._is_here:
            return False
        _empty_if_older(connection)
        left_out = self._left_out(connection)
        cursor = _position(connection)
        rows = connection.exec_driver_sql(_BEHIND, (cursor, _SPANS_A_STEP)).all()
        if not rows:
            return False
        found = _documents(connection, [row for row in rows if row[1] not in left_out])
        if found:
            connection.exec_driver_sql(_INSERT, found)
        connection.exec_driver_sql(_SAVE, (TEXT_CURSOR, rows[-1][0], _VERSION))
        return len(rows) == _SPANS_A_STEP

    def subtract(self, connection: Connection, row_ids: Iterable[int]) -> list[int]:
        """Take out spans as they are stored now, before they are changed or deleted.

        Returns:
            Those that were indexed: `add` them after a change.
        """
        if not self._is_here:
            return []
        cursor = _position(connection)
        left_out = _remembered(connection)
        # A project that was left out has in the index what came before that.
        rows = [
            row
            for row_id in row_ids
            if row_id <= cursor
            for row in connection.exec_driver_sql(_BY_ID, (row_id,))
            if row_id <= left_out.get(row[1], cursor)
        ]
        if rows:
            connection.exec_driver_sql(_REMOVE, _documents(connection, rows))
        return [row[0] for row in rows]

    def add(self, connection: Connection, row_ids: Iterable[int]) -> None:
        """Put in spans that were subtracted, as they are stored now."""
        rows = [
            row for row_id in row_ids for row in connection.exec_driver_sql(_BY_ID, (row_id,)).all()
        ]
        if rows:
            connection.exec_driver_sql(_INSERT, _documents(connection, rows))

    def _left_out(self, connection: Connection) -> set[int]:
        """Projects that want no index; one that wants it again makes the index anew."""
        now = {row[0] for row in connection.exec_driver_sql(_LEFT_OUT)}
        before = _remembered(connection).keys()
        if before - now:
            _clear(connection)
            gone = [(f"{_OFF}{project_id}",) for project_id in before - now]
            connection.exec_driver_sql("DELETE FROM background_cursor WHERE name = ?", gone)
        if now - before:
            cursor = _position(connection)
            new = [(f"{_OFF}{project_id}", cursor, _VERSION) for project_id in now - before]
            connection.exec_driver_sql(_SAVE, new)
        return now


def _documents(connection: Connection, rows: Iterable[Any]) -> list[Document]:
    return list(documents(rows, partial(find_dictionary, connection)))


def _empty_if_older(connection: Connection) -> None:
    query = "SELECT version FROM background_cursor WHERE name = ?"
    if connection.exec_driver_sql(query, (TEXT_CURSOR,)).scalar() != _VERSION:
        _clear(connection)


def _position(connection: Connection) -> int:
    query = "SELECT position FROM background_cursor WHERE name = ? AND version = ?"
    return connection.exec_driver_sql(query, (TEXT_CURSOR, _VERSION)).scalar() or 0


def _remembered(connection: Connection) -> dict[int, int]:
    """Projects that are left out, and the last span before that."""
    rows: Iterable[Any] = connection.exec_driver_sql(_REMEMBERED, (f"{_OFF}%",))
    return {int(name.removeprefix(_OFF)): position for name, position in rows}


def _clear(connection: Connection) -> None:
    connection.exec_driver_sql("INSERT INTO span_text (span_text) VALUES ('delete-all')")
    connection.exec_driver_sql(_SAVE, (TEXT_CURSOR, 0, _VERSION))
    connection.exec_driver_sql(_OFF_FROM_NOW_ON, (f"{_OFF}%",))
