"""Full text of spans, filled in the background from a cursor that survives a crash.

In SQLite the index knows which words are in which span and no more (`detail=none`, no text, no
sizes): that takes 210 bytes of a span with 1,400 characters where places and counts took 850.
Phrases are read out of the texts of those spans that have all the words (`phrases`), ranks in both
databases.  `text_tables` knows how each database keeps the index.

SQLite takes a span out of such an index only if it is told its text again, so `documents` must say
the same of the same rows for good; when it changes, `_VERSION` does, which makes the index anew.
A span that changes or is deleted is taken out in the same transaction.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, CursorResult

from weave_core.server.store.dialects import Dialect
from weave_core.server.store.documents import document_row
from weave_core.server.store.pacing import StepSize
from weave_core.server.store.rollup_tables import TEXT_CURSOR
from weave_core.server.store.text_tables import LEFT_OUT, text_table

__all__ = ["TextIndex"]

_VERSION = 4
_SPANS_A_STEP = 1_000
_OFF = "texts off "
"""Begin of the cursor that remembers a project which is left out, and since which span."""

_SAVE = """
INSERT INTO background_cursor (name, position, version) VALUES (?, ?, ?)
ON CONFLICT (name) DO UPDATE SET position = excluded.position, version = excluded.version
"""
_REMEMBERED = "SELECT name, position FROM background_cursor WHERE name LIKE ?"
_OFF_FROM_NOW_ON = "UPDATE background_cursor SET position = 0 WHERE name LIKE ?"
_FORGET = "DELETE FROM background_cursor WHERE name = ?"
_VERSION_OF = "SELECT version FROM background_cursor WHERE name = ?"
_POSITION = "SELECT position FROM background_cursor WHERE name = ? AND version = ?"


class TextIndex:
    """Keeps the index; used by one thread."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._table = text_table(dialect)
        row = document_row(dialect.name)
        self._behind = f"SELECT {row} WHERE s.id > ? ORDER BY s.id LIMIT ?"  # Our own columns.
        self._by_id = f"SELECT {row} WHERE s.id = ?"  # As above.
        self._size = StepSize(200, least=100, most=_SPANS_A_STEP)
        self._stepped = 0
        """Spans of the last step."""

    def step(self, connection: Connection, turn_s: float) -> bool:
        """Index some spans behind the cursor, in the caller's transaction; whether more wait."""
        self._stepped = 0
        limit = self._size.of(turn_s)
        self._empty_if_older(connection)
        left_out = self._left_out(connection)
        cursor = self._position(connection)
        rows = self._run(connection, self._behind, (cursor, limit)).all()
        if not rows:
            return False
        wanted = [row for row in rows if row[1] not in left_out]
        if wanted:
            self._table.add(connection, wanted)
        self._run(connection, _SAVE, (TEXT_CURSOR, rows[-1][0], _VERSION))
        self._stepped = len(rows)
        return len(rows) == limit

    def learn(self, took_s: float) -> None:
        """The last step took so long with its commit, in which SQLite writes what it was told."""
        self._size.learn(self._stepped, took_s)

    def subtract(self, connection: Connection, row_ids: Iterable[int]) -> list[int]:
        """Take out spans as they are stored now, before they are changed or deleted.

        Returns:
            Those that were indexed: `add` them after a change.
        """
        cursor = self._position(connection)
        left_out = self._remembered(connection)
        # A project that was left out has in the index what came before that.
        rows = [
            row
            for row in self._rows(connection, (row_id for row_id in row_ids if row_id <= cursor))
            if row[0] <= left_out.get(row[1], cursor)
        ]
        if rows:
            self._table.remove(connection, rows)
        return [row[0] for row in rows]

    def add(self, connection: Connection, row_ids: Iterable[int]) -> None:
        """Put in spans that were subtracted, as they are stored now."""
        rows = self._rows(connection, row_ids)
        if rows:
            self._table.add(connection, rows)

    def _run(
        self, connection: Connection, text: str, values: Any
    ) -> CursorResult[*tuple[Any, ...]]:
        return connection.exec_driver_sql(self._dialect.sql(text), values)

    def _rows(self, connection: Connection, row_ids: Iterable[int]) -> list[Any]:
        return [row for row_id in row_ids for row in self._run(connection, self._by_id, (row_id,))]

    def _left_out(self, connection: Connection) -> set[int]:
        """Projects that want no index; one that wants it again makes the index anew."""
        now = {row[0] for row in connection.exec_driver_sql(LEFT_OUT[self._dialect.name])}
        before = self._remembered(connection).keys()
        if before - now:
            self._clear(connection)
            gone = [(f"{_OFF}{project_id}",) for project_id in before - now]
            self._run(connection, _FORGET, gone)
        if now - before:
            cursor = self._position(connection)
            new = [(f"{_OFF}{project_id}", cursor, _VERSION) for project_id in now - before]
            self._run(connection, _SAVE, new)
        return now

    def _empty_if_older(self, connection: Connection) -> None:
        if self._run(connection, _VERSION_OF, (TEXT_CURSOR,)).scalar() != _VERSION:
            self._clear(connection)

    def _position(self, connection: Connection) -> int:
        return self._run(connection, _POSITION, (TEXT_CURSOR, _VERSION)).scalar() or 0

    def _remembered(self, connection: Connection) -> dict[int, int]:
        """Projects that are left out, and the last span before that."""
        rows = self._run(connection, _REMEMBERED, (f"{_OFF}%",))
        return {int(name.removeprefix(_OFF)): position for name, position in rows}

    def _clear(self, connection: Connection) -> None:
        self._table.clear(connection)
        self._run(connection, _SAVE, (TEXT_CURSOR, 0, _VERSION))
        self._run(connection, _OFF_FROM_NOW_ON, (f"{_OFF}%",))
