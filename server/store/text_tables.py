"""The full-text index `span_text` as each database keeps it.

SQLite's knows which words are in which span and takes a span out only if it is told its text again.
PostgreSQL's is a `tsvector` a span, found by a GIN index; it knows places too, so phrases are its
own to find.
"""

from collections.abc import Sequence
from typing import Any, Protocol

from sqlalchemy import Connection

from weave_core.server.store.dialects import Dialect
from weave_core.server.store.documents import Document, documents
from weave_core.server.store.stored_texts import texts_in
from weave_core.server.store.text_vectors import vector

__all__ = ["LEFT_OUT", "TextTable", "text_table"]

LEFT_OUT = {
    "sqlite": "SELECT id FROM project WHERE json_type(settings, '$.full_text') = 'false'",
    "postgresql": "SELECT id FROM project WHERE settings ->> 'full_text' = 'false'",
}
"""Queries for the projects that want no index, by database."""


class TextTable(Protocol):
    """The index, in the caller's transaction; `rows` are `document_row`, at least one."""

    def add(self, connection: Connection, rows: Sequence[Any]) -> None:
        """Put in what `rows` say."""

    def remove(self, connection: Connection, rows: Sequence[Any]) -> None:
        """Take out `rows`, which say what they said when they were put in."""

    def clear(self, connection: Connection) -> None:
        """Take out everything."""


def text_table(dialect: Dialect) -> TextTable:
    """The index in this kind of database."""
    return _Fts5Table() if dialect.name == "sqlite" else _VectorTable()


class _Fts5Table:
    def add(self, connection: Connection, rows: Sequence[Any]) -> None:
        statement = "INSERT INTO span_text (rowid, said, name) VALUES (?, ?, ?)"
        connection.exec_driver_sql(statement, _columns(connection, rows))

    def remove(self, connection: Connection, rows: Sequence[Any]) -> None:
        statement = (
            "INSERT INTO span_text (span_text, rowid, said, name) VALUES ('delete', ?, ?, ?)"
        )
        connection.exec_driver_sql(statement, _columns(connection, rows))

    def clear(self, connection: Connection) -> None:
        connection.exec_driver_sql("INSERT INTO span_text (span_text) VALUES ('delete-all')")


class _VectorTable:
    def add(self, connection: Connection, rows: Sequence[Any]) -> None:
        words = [
            (each.row_id, vector(each.said, each.name, each.marks))
            for each in _documents(connection, rows)
        ]
        statement = "INSERT INTO span_text (id, words) VALUES (%s, %s::tsvector)"
        connection.exec_driver_sql(statement, words)

    def remove(self, connection: Connection, rows: Sequence[Any]) -> None:
        statement = "DELETE FROM span_text WHERE id = ANY(%s)"
        connection.exec_driver_sql(statement, ([row[0] for row in rows],))

    def clear(self, connection: Connection) -> None:
        # TRUNCATE would wait for readers, and show those of an older snapshot an empty table.
        connection.exec_driver_sql("DELETE FROM span_text")


def _columns(connection: Connection, rows: Sequence[Any]) -> list[tuple[int, str, str]]:
    """What FTS5 is told of a span."""
    return [
        (each.row_id, each.said, f"{each.name}\n{each.marks}")
        for each in _documents(connection, rows)
    ]


def _documents(connection: Connection, rows: Sequence[Any]) -> list[Document]:
    return list(documents(rows, texts_in(connection)))
