"""What differs between databases, and nothing else.

The hot paths hand lists of tuples to the driver (`exec_driver_sql`): SQLAlchemy's own inserts take
twice the time, its objects five to eight times.  Both databases read the same SQL there but for the
sign that stands for a value.
"""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError

from weave_core.errors import ConfigError
from weave_core.server.store.sqlite import open_sqlite

__all__ = ["SQLITE", "Dialect", "Engines", "connect", "is_unavailable", "reason_of"]

_URLS = "write sqlite:////folder/store.db or postgresql+psycopg://user:password@host:5432/database"
_NOTHING = "ON CONFLICT DO NOTHING"
# Classes of SQLSTATE that speak of the server: connection, resources, limits, operator, system,
# internal; a transaction that may not write, as on a standby; a right that was taken away.
_UNAVAILABLE = ("08", "53", "54", "57", "58", "XX", "25006", "42501")
# What is wrong with a statement or its values: the rest is locked, full, damaged or not readable.
_SQLITE_OURS = {
    sqlite3.SQLITE_ERROR,
    sqlite3.SQLITE_TOOBIG,
    sqlite3.SQLITE_CONSTRAINT,
    sqlite3.SQLITE_MISMATCH,
    sqlite3.SQLITE_MISUSE,
    sqlite3.SQLITE_RANGE,
}

CopyRows = Callable[[Connection, str, Sequence[str], Sequence[tuple[Any, ...]], bool], int]


@dataclass(frozen=True)
class Dialect:
    """One kind of database."""

    name: str
    placeholder: str
    """Stands for a value in SQL text that goes to the driver."""
    keeps_previews: bool = True
    """Whether rows of spans hold previews; else a function of ours reads them from payloads."""
    copy: CopyRows | None = None
    """A faster way in for many rows, where the driver has one."""

    def insert(self, table: str, columns: Sequence[str], *, on_conflict: str = "") -> str:
        """`INSERT` for a list of tuples in the order of `columns`."""
        values = ", ".join([self.placeholder] * len(columns))
        names = ", ".join(columns)
        return f"INSERT INTO {table} ({names}) VALUES ({values}) {on_conflict}"  # noqa: S608  # Names of our own tables.

    def upsert(self, table: str, columns: Sequence[str], key: Sequence[str]) -> str:
        """`INSERT` that replaces the row with the same `key`."""
        sets = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in key)
        return self.insert(
            table, columns, on_conflict=f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {sets}"
        )

    def update(self, table: str, columns: Sequence[str], key: str) -> str:
        """`UPDATE` of `columns` where `key` matches; its value comes last."""
        sets = ", ".join(f"{name} = {self.placeholder}" for name in columns)
        return f"UPDATE {table} SET {sets} WHERE {key} = {self.placeholder}"  # noqa: S608  # Names of our own tables.

    def sql(self, text: str) -> str:
        """`text`, written with `?` for values, as this driver wants it."""
        if self.placeholder == "?":
            return text
        # A bare percent sign would be read as the begin of a placeholder.
        return text.replace("%", "%%").replace("?", self.placeholder)

    def insert_rows(
        self,
        connection: Connection,
        table: str,
        columns: Sequence[str],
        rows: Sequence[tuple[Any, ...]],
        *,
        skips_known: bool = False,
    ) -> int:
        """Insert many rows the quickest way; how many went in.

        Args:
            connection: In the caller's transaction.
            table: Its name.
            columns: What each of `rows` holds, in this order.
            rows: At least one.
            skips_known: Leave out rows that a unique index knows already, instead of failing.
        """
        if self.copy is not None:
            return self.copy(connection, table, columns, rows, skips_known)
        statement = self.insert(table, columns, on_conflict=_NOTHING if skips_known else "")
        return connection.exec_driver_sql(statement, list(rows)).rowcount


SQLITE = Dialect(name="sqlite", placeholder="?", keeps_previews=False)


@dataclass(frozen=True)
class Engines:
    """One database, opened twice: the writer's only connection, and the readers' pool."""

    dialect: Dialect
    writer: Engine
    readers: Engine

    @property
    def lazy_writer(self) -> Engine:
        """The writer's connection for what may be done again after a power cut.

        A commit does not wait for the disk: it goes there with the next one that does.
        """
        return self.writer.execution_options(is_lazy=True)

    def dispose(self) -> None:
        """Close every connection."""
        self.readers.dispose()
        self.writer.dispose()


def connect(url: str) -> Engines:
    """Engines of the database at `url`.

    Raises:
        ConfigError: If `url` is none, or names a database that is not supported.
        MissingExtra: If the driver of PostgreSQL is not installed.
        StoreError: If the file can't be made or is no database.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        # Not repeated: what is no URL may well hold a password.
        raise ConfigError("database_url is no database URL", _URLS) from error
    name = parsed.get_backend_name()
    if name == "sqlite":
        return Engines(SQLITE, *open_sqlite(parsed))
    if name == "postgresql":
        # Late, since it imports the driver, which is an extra.
        from weave_core.server.store.postgresql import copy_rows, open_postgresql

        dialect = Dialect(name="postgresql", placeholder="%s", copy=copy_rows)
        return Engines(dialect, *open_postgresql(parsed))
    raise ConfigError(f"database_url names {name!r}, which is not supported", _URLS)


def is_unavailable(error: DBAPIError) -> bool:
    """Whether the database itself is the trouble, not what was asked of it."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF not in _SQLITE_OURS
    state = getattr(error.orig, "sqlstate", None)
    if isinstance(state, str) and state.startswith(_UNAVAILABLE):
        return True
    # Without a code the server was never reached; a connection that is gone may be any error.
    return isinstance(error, OperationalError) or error.connection_invalidated


def reason_of(error: DBAPIError) -> str:
    """What the database said, in one line."""
    return " ".join(str(error.orig).split())[:500]
