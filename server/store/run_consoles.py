"""What runs print, from spans into chunks, in the transaction that stores the spans.

Lines come in their order but for resends and crashes, so nearly always they are put behind the last
chunk of their writer; what falls into an older one is merged there.
"""

import logging
from typing import Any

from sqlalchemy import Connection

from weave_core.server.store.console_chunks import (
    CHUNK_LINES,
    Line,
    OpenedChunk,
    cut_chunks,
    merged_lines,
    pack_lines,
    read_lines,
)
from weave_core.server.store.dialects import Dialect
from weave_core.server.store.run_words import RunWord

__all__ = ["ConsoleInserter"]

_log = logging.getLogger(__name__)

MAX_WRITER_CHUNKS = 20_000
"""Chunks of printed lines, each a thousand lines or 256 KiB, that a server keeps of one writer of a
run; later lines are left out."""

_COLUMNS = (
    *("run_row_id", "writer_id", "first_line", "last_line", "rank", "line_count"),
    *("first_ns", "last_ns", "body"),
)
_BEFORE = """
SELECT first_line, last_line, line_count, body FROM run_console
WHERE run_row_id = ? AND writer_id = ? AND first_line <= ? ORDER BY first_line DESC LIMIT 1
"""
_WITHIN = """
SELECT first_line, body FROM run_console
WHERE run_row_id = ? AND writer_id = ? AND first_line > ? AND first_line <= ?
"""
_COUNT = "SELECT COUNT(*) FROM run_console WHERE run_row_id = ? AND writer_id = ?"
_DELETE = "DELETE FROM run_console WHERE run_row_id = ? AND writer_id = ? AND first_line = ?"


class ConsoleInserter:
    """Writes rows of printed lines; used by the writer's thread."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._upsert = dialect.upsert(
            "run_console", _COLUMNS, ("run_row_id", "writer_id", "first_line")
        )

    def write(self, connection: Connection, row_id: int, word: RunWord) -> None:
        """Store the lines that a span tells."""
        if word.console is None:
            return
        try:
            lines = merged_lines([read_lines(word.console)])
        except ValueError as error:
            _log.warning("what the run %s printed can't be read: %s", word.run_id, error)
            return
        if lines:
            self._merge(connection, (row_id, word.writer_id), word.rank, lines)

    def _merge(
        self, connection: Connection, key: tuple[int, str], rank: int, lines: list[Line]
    ) -> None:
        low, high = lines[0].number, lines[-1].number
        parts: list[list[Line]] = []
        gone: list[int] = []
        before = self._query(connection, _BEFORE, (*key, low)).first()
        is_new = before is None or low > before[1]
        if is_new and self._query(connection, _COUNT, key).scalar_one() >= MAX_WRITER_CHUNKS:
            return
        if before is not None and (before[1] >= low or before[2] < CHUNK_LINES):
            gone.append(before[0])
            parts.append(OpenedChunk(bytes(before[3])).lines())
        for first_line, body in self._query(connection, _WITHIN, (*key, low, high)):
            gone.append(first_line)
            parts.append(OpenedChunk(bytes(body)).lines())
        merged = merged_lines([*parts, lines])
        if gone:
            values = [(*key, first_line) for first_line in gone]
            connection.exec_driver_sql(self._dialect.sql(_DELETE), values)
        rows = [
            (
                *(*key, chunk[0].number, chunk[-1].number, rank, len(chunk)),
                min(line.time_ns for line in chunk),
                max(line.time_ns for line in chunk),
                pack_lines(chunk),
            )
            for chunk in cut_chunks(merged)
        ]
        connection.exec_driver_sql(self._upsert, rows)

    def _query(self, connection: Connection, text: str, values: tuple[Any, ...]) -> Any:
        return connection.exec_driver_sql(self._dialect.sql(text), values)
