"""Full text of spans in FTS5, filled in the background from a cursor that survives a crash.

The index keeps no text of its own (`content=''`), which would double what is stored.  SQLite takes
a text out of such an index only if it is told that text again, so `document` must say the same of
the same rows for good: it reads JSON and no convention, and when it changes, `_VERSION` does, which
makes the index anew.  A span that changes or is deleted is taken out in the same transaction.
"""

import logging
import re
from collections.abc import Iterable, Iterator
from typing import Any

import orjson
from sqlalchemy import Connection

from weave_core import semconv
from weave_core.server.store.dialects import Dialect
from weave_core.server.store.dictionaries import find_dictionary
from weave_core.server.store.payloads import Dictionary, read_values, unpack
from weave_core.server.store.rollup_tables import TEXT_CURSOR

__all__ = ["TextIndex", "document"]

_VERSION = 1
_SPANS_A_STEP = 500
_MAX_CHARS = 64 * 1024
"""Of one span that are indexed: its first."""
_MAX_DEPTH = 12
_log = logging.getLogger(__name__)
_OFF = "texts off "
"""Begin of the cursor that remembers a project which is left out."""
_REPEATED = frozenset(
    (semconv.GEN_AI_SYSTEM_INSTRUCTIONS, semconv.GEN_AI_TOOL_DEFINITIONS, "ai.prompt.tools")
)
_NO_PROSE = frozenset(("role", "type", "id", "mime_type", "mimeType", "object", "finish_reason"))
"""Keys in messages whose values are marks, not words."""
_INSTRUCTIONS = ("system", "developer")
"""Roles whose messages every call repeats: the largest part of an index, and of no use in one."""
_BLANK = re.compile(r"\s")

_ROW = """
s.id, s.project_id, s.name, s.display_name, s.status_message, s.input_preview, s.output_preview,
p.dictionary_id, p.body FROM span AS s JOIN span_payload AS p ON p.span_row_id = s.id
"""
_BEHIND = f"SELECT {_ROW} WHERE s.id > ? ORDER BY s.id LIMIT ?"  # Our own columns.
_BY_ID = f"SELECT {_ROW} WHERE s.id = ?"  # As above.
_INSERT = "INSERT INTO span_text (rowid, name, said) VALUES (?, ?, ?)"
_REMOVE = "INSERT INTO span_text (span_text, rowid, name, said) VALUES ('delete', ?, ?, ?)"
_SAVE = """
INSERT INTO background_cursor (name, position, version) VALUES (?, ?, ?)
ON CONFLICT (name) DO UPDATE SET position = excluded.position, version = excluded.version
"""
_LEFT_OUT = "SELECT id FROM project WHERE json_type(settings, '$.full_text') = 'false'"


def document(row: Any, text: bytes) -> tuple[str, str]:
    """What is indexed of a span: its names, and what was said.

    Args:
        row: Name, display name, message of its status and both previews.
        text: Its payload.
    """
    name, display_name, status_message, *previews = row
    attributes, events = _sent(text)
    said: list[str] = [status_message] if status_message else []
    size = 0
    spoken = (value for key, value in attributes.items() if key not in _REPEATED)
    for value in (*spoken, *(value for event in events for value in event.values())):
        for words in _words(value):
            said.append(words)
            size += len(words)
            if size > _MAX_CHARS:
                break
    joined = "\n".join(said)[:_MAX_CHARS]
    # A preview of what came as log records is nowhere in the payload.
    more = [preview for preview in previews if preview and preview not in joined]
    return f"{name}\n{display_name or ''}", "\n".join((joined, *more))


def _sent(text: bytes) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    values = read_values(text)
    return values[6], [event[2] for event in values[7]]


def _words(value: Any) -> Iterator[str]:
    """Prose: JSON text is opened, and a word alone, such as an id, is left to the filters."""
    if type(value) is str:
        if value[:1] in ("{", "["):
            try:
                yield from _leaves(orjson.loads(value), 0)
            except ValueError:
                yield value
        elif _BLANK.search(value):
            yield value
    elif type(value) in (dict, list):
        yield from _leaves(value, 0)


def _leaves(value: Any, depth: int) -> Iterator[str]:
    if type(value) is str:
        if value:
            yield value
    elif depth > _MAX_DEPTH:
        return
    elif type(value) is dict:
        if value.get("role") in _INSTRUCTIONS:
            return
        for key, inner in value.items():
            if key not in _NO_PROSE:
                yield from _leaves(inner, depth + 1)
    elif type(value) is list:
        for inner in value:
            yield from _leaves(inner, depth + 1)


class TextIndex:
    """Keeps the index; used by one thread.  On other databases than SQLite it does nothing."""

    def __init__(self, dialect: Dialect) -> None:
        self._is_here = dialect.name == "sqlite"

    def step(self, connection: Connection) -> bool:
        """Index some spans behind the cursor, in the caller's transaction; whether more wait."""
        if not self._is_here:
            return False
        left_out = self._left_out(connection)
        cursor = _cursor(connection)
        rows = connection.exec_driver_sql(_BEHIND, (cursor, _SPANS_A_STEP)).all()
        if not rows:
            return False
        wanted = [row for row in rows if row[1] not in left_out]
        documents = list(_documents(connection, wanted))
        if documents:
            connection.exec_driver_sql(_INSERT, documents)
        connection.exec_driver_sql(_SAVE, (TEXT_CURSOR, rows[-1][0], _VERSION))
        return len(rows) == _SPANS_A_STEP

    def subtract(self, connection: Connection, row_ids: Iterable[int]) -> list[int]:
        """Take out spans as they are stored now, before they are changed or deleted.

        Returns:
            Those that were indexed: `add` them after a change.
        """
        if not self._is_here:
            return []
        known = "SELECT 1 FROM span_text_docsize WHERE id = ?"
        found = [
            row_id
            for row_id in row_ids
            if connection.exec_driver_sql(known, (row_id,)).first() is not None
        ]
        self._each(connection, found, _REMOVE)
        return found

    def add(self, connection: Connection, row_ids: Iterable[int]) -> None:
        """Put in spans that were subtracted, as they are stored now."""
        self._each(connection, row_ids, _INSERT)

    def _each(self, connection: Connection, row_ids: Iterable[int], statement: str) -> None:
        rows = [
            row for row_id in row_ids for row in connection.exec_driver_sql(_BY_ID, (row_id,)).all()
        ]
        if rows:
            connection.exec_driver_sql(statement, list(_documents(connection, rows)))

    def _left_out(self, connection: Connection) -> set[int]:
        """Projects that want no index; one that wants it again makes the index anew."""
        now = {row[0] for row in connection.exec_driver_sql(_LEFT_OUT)}
        query = "SELECT name FROM background_cursor WHERE name LIKE ?"
        names = [row[0] for row in connection.exec_driver_sql(query, (f"{_OFF}%",))]
        before = {int(name.removeprefix(_OFF)) for name in names}
        if before - now:
            _clear(connection)
            gone = [(f"{_OFF}{project_id}",) for project_id in before - now]
            connection.exec_driver_sql("DELETE FROM background_cursor WHERE name = ?", gone)
        if now - before:
            new = [(f"{_OFF}{project_id}", 0, _VERSION) for project_id in now - before]
            connection.exec_driver_sql(_SAVE, new)
        return now


def _cursor(connection: Connection) -> int:
    query = "SELECT position, version FROM background_cursor WHERE name = ?"
    row = connection.exec_driver_sql(query, (TEXT_CURSOR,)).first()
    if row is None or row[1] != _VERSION:
        _clear(connection)
        return 0
    return int(row[0])


def _clear(connection: Connection) -> None:
    connection.exec_driver_sql("INSERT INTO span_text (span_text) VALUES ('delete-all')")
    connection.exec_driver_sql(_SAVE, (TEXT_CURSOR, 0, _VERSION))


def _documents(connection: Connection, rows: Iterable[Any]) -> Iterator[tuple[int, str, str]]:
    known: dict[int | None, Dictionary | None] = {}
    for row_id, _, *names, dictionary_id, body in rows:
        if dictionary_id not in known:
            known[dictionary_id] = find_dictionary(connection, dictionary_id)
        text = unpack(bytes(body), known[dictionary_id])
        try:
            yield (row_id, *document(names, text))
        except Exception:  # noqa: BLE001  # One span of an odd shape must not stop the index.
            _log.warning("can't read the text of span row %d; its name is indexed", row_id)
            yield (row_id, names[0], "")
