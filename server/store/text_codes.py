"""Give out the codes under which SQLite's rows of spans hold the texts that many of them share."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection

from weave_core.server.store.dialects import Dialect
from weave_core.server.store.shared_texts import SharedText, spelled_sql
from weave_core.server.store.tables import SpanRow, table_of

__all__ = [
    "MAX_CODED_NAMES",
    "MAX_CODED_TEXTS",
    "TextCodes",
    "column_sql",
    "texts_of",
    "texts_of_codes",
]

MAX_CODED_NAMES = 4_000
"""Names of spans that SQLite's rows hold as a code; the first ones of a database."""
MAX_CODED_TEXTS = 10_000
"""The same of models, services, operations, agents and the like together."""
_MIN_CHARS, _MAX_CHARS = 2, 200
"""Of a text with a code: shorter ones gain nothing, longer ones are not said again and again."""
_BYTE = 256
_SHARED = {
    column.name: column.type.is_name
    for column in table_of(SpanRow).columns
    if isinstance(column.type, SharedText)
}

_KNOWN = "SELECT code, is_name, text FROM shared_text"
_FIND = "SELECT text FROM shared_text WHERE code = ?"
_ADD = "INSERT INTO shared_text (code, is_name, text) VALUES (?, ?, ?)"

Row = tuple[Any, ...]


def column_sql(name: str, dialect: str, *, table: str = "") -> str:
    """SQL for a column of `span`, as text where rows may hold a code.

    Args:
        name: Of the column.
        dialect: `sqlite` or `postgresql`.
        table: What the statement calls `span`, with a dot.
    """
    column = f"{table}{name}"
    return spelled_sql(column, dialect) if name in _SHARED else column


def texts_of_codes(connection: Connection, codes: Iterable[bytes]) -> dict[bytes, str]:
    """The texts of SQLite's `codes`, and of those that this reader was asked for before.

    What is committed stays so for ever, so each connection of the pool asks for a code once.
    """
    known: dict[bytes, str] = connection.info.setdefault("texts_of_codes", {})
    for code in codes:
        if code not in known:
            known[code] = _find(connection, code)
    return known


def texts_of(connection: Connection, values: Row) -> Row:
    """`values` of a row with the texts of those that are codes, as the writer sees them."""
    return tuple(_find(connection, each) if isinstance(each, bytes) else each for each in values)


def _find(connection: Connection, code: bytes) -> str:
    return str(connection.exec_driver_sql(_FIND, (code,)).scalar_one())


class TextCodes:
    """Remembers all codes and makes new ones; used by the writer's thread."""

    def __init__(self, dialect: Dialect) -> None:
        self._is_here = dialect.name == "sqlite"
        self._is_read = False
        self._names: dict[str, bytes] = {}
        self._others: dict[str, bytes] = {}

    def forget(self) -> None:
        """Drop what is remembered, after a transaction that was rolled back."""
        self._is_read = False

    def coded(self, connection: Connection, columns: Sequence[str], rows: list[Row]) -> list[Row]:
        """`rows` of `span` as the database holds them; new codes go in, in the same transaction.

        Args:
            connection: In a transaction.
            columns: What `rows` hold, in this order; more may follow.
            rows: With texts.
        """
        if not self._is_here:
            return rows
        if not self._is_read:
            self._read(connection)
        places = [
            (columns.index(name), self._names if is_name else self._others)
            for name, is_name in _SHARED.items()
        ]
        added: list[tuple[bytes, bool, str]] = []
        coded: list[Row] = []
        for row in rows:
            values = list(row)
            for place, codes in places:
                text = values[place]
                if text is not None:
                    values[place] = codes.get(text) or self._code(codes, text, added)
            coded.append(tuple(values))
        if added:
            connection.exec_driver_sql(_ADD, added)
        return coded

    def _read(self, connection: Connection) -> None:
        self._names, self._others = {}, {}
        for code, is_name, text in connection.exec_driver_sql(_KNOWN):
            (self._names if is_name else self._others)[text] = code
        self._is_read = True

    def _code(
        self, codes: dict[str, bytes], text: str, added: list[tuple[bytes, bool, str]]
    ) -> str | bytes:
        """A new code, or `text` itself."""
        is_name = codes is self._names
        is_full = len(codes) >= (MAX_CODED_NAMES if is_name else MAX_CODED_TEXTS)
        if is_full or not _MIN_CHARS <= len(text) <= _MAX_CHARS:
            return text
        number = len(self._names) + len(self._others)
        code = codes[text] = number.to_bytes(1 if number < _BYTE else 2, "big")
        added.append((code, is_name, text))
        return code
