"""What differs between databases, and nothing else.

The hot paths hand lists of tuples to the driver (`exec_driver_sql`): SQLAlchemy's own inserts take
twice the time, its objects five to eight times.  Both databases read the same SQL there but for the
sign that stands for a value.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from weave_core.errors import ConfigError, StoreError

__all__ = ["Dialect", "connect"]

_PAGE_BYTES = 16 * 1024
"""Spans with previews are 1 to 2 KB a row: 4 KiB pages took 23,000 to 31,000 rows/s, 8 to 16 KiB
36,000 to 52,000, and two thirds of the space."""
_BUSY_TIMEOUT_MS = 10_000
_CHECKPOINT_PAGES = 4000
_READ_CACHE_KIB = 32 * 1024
_WRITE_CACHE_KIB = 64 * 1024
_MAP_BYTES = 1 << 30
_READERS = 16


@dataclass(frozen=True)
class Dialect:
    """One kind of database."""

    name: str
    placeholder: str
    """Stands for a value in SQL text that goes to the driver."""

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
        return text if self.placeholder == "?" else text.replace("?", self.placeholder)


SQLITE = Dialect(name="sqlite", placeholder="?")


@dataclass(frozen=True)
class Engines:
    """One database, opened twice: the writer's only connection, and the readers' pool."""

    dialect: Dialect
    writer: Engine
    readers: Engine

    def dispose(self) -> None:
        """Close every connection."""
        self.readers.dispose()
        self.writer.dispose()


def connect(url: str) -> Engines:
    """Engines of the database at `url`.

    Raises:
        ConfigError: If `url` is none, or names a database that is not supported.
        StoreError: If the file can't be made or is no database.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise ConfigError(
            f"database_url {url!r} is no database URL", "write sqlite:////folder/store.db"
        ) from error
    if parsed.get_backend_name() != "sqlite":
        raise ConfigError(
            f"database_url names {parsed.get_backend_name()!r}, which is not supported",
            "write sqlite:////folder/store.db",
        )
    return _connect_sqlite(parsed)


def _connect_sqlite(url: URL) -> Engines:
    path = Path(url.database or "")
    if not url.database or url.database == ":memory:":
        raise ConfigError(
            "database_url names no file", "the store has readers beside its writer: give a file"
        )
    _create_sqlite(path)
    options: dict[str, Any] = {
        "connect_args": {"check_same_thread": False, "isolation_level": None},
        "json_deserializer": orjson.loads,
        "json_serializer": lambda value: orjson.dumps(value).decode(),
    }
    writer = create_engine(url, pool_size=1, max_overflow=0, **options)
    readers = create_engine(url, pool_size=_READERS, max_overflow=_READERS, **options)
    event.listen(writer, "connect", _prepare_writer)
    # The write lock is taken at once: a transaction that upgrades later can be refused half way.
    event.listen(writer, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    event.listen(readers, "connect", _prepare_reader)
    # One snapshot for all statements of a read.
    event.listen(readers, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return Engines(SQLITE, writer, readers)


def _create_sqlite(path: Path) -> None:
    """Make the file with our page size, which can't be changed once it has a table."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path)
        try:
            connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
            connection.execute("PRAGMA journal_mode = WAL")
        finally:
            connection.close()
    except (OSError, sqlite3.Error) as error:
        raise StoreError(
            f"can't open the database {path}: {error}",
            "the folder must be writable, and the file an SQLite database",
        ) from error


def _prepare_writer(connection: sqlite3.Connection, _record: object) -> None:
    _set(connection, "busy_timeout", _BUSY_TIMEOUT_MS)
    _set(connection, "synchronous", "FULL")  # What was acknowledged survives a power cut.
    _set(connection, "secure_delete", "OFF")  # On in Debian's builds; costs a write per page.
    _set(connection, "wal_autocheckpoint", _CHECKPOINT_PAGES)
    _set(connection, "cache_size", -_WRITE_CACHE_KIB)
    _set(connection, "journal_size_limit", 64 * 1024 * 1024)


def _prepare_reader(connection: sqlite3.Connection, _record: object) -> None:
    _set(connection, "busy_timeout", _BUSY_TIMEOUT_MS)
    _set(connection, "query_only", "ON")
    _set(connection, "cache_size", -_READ_CACHE_KIB)
    _set(connection, "mmap_size", _MAP_BYTES)


def _set(connection: sqlite3.Connection, pragma: str, value: str | int) -> None:
    connection.execute(f"PRAGMA {pragma} = {value}").close()
