"""Open an SQLite file: one connection that writes, a pool of connections that can't."""

import sqlite3
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import URL, Connection, Engine, create_engine, event

from weave_core.errors import ConfigError, StoreError
from weave_core.server.store.checkpoints import MAX_LOG_PAGES

__all__ = ["PAGE_BYTES", "open_sqlite"]

PAGE_BYTES = 16 * 1024
"""Spans with previews are 1 to 2 KB a row: 4 KiB pages took 23,000 to 31,000 rows/s, 8 to 16 KiB
36,000 to 52,000, and two thirds of the space."""
_BUSY_TIMEOUT_MS = 10_000
_READ_CACHE_KIB = 32 * 1024
_WRITE_CACHE_KIB = 64 * 1024
_MAP_BYTES = 1 << 30
_READERS = 16


def open_sqlite(url: URL) -> tuple[Engine, Engine]:
    """The engines of the writer and of the readers; the file is made if there is none.

    Raises:
        ConfigError: If `url` names no file.
        StoreError: If the file can't be made or is no database.
    """
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
    event.listen(writer, "begin", _begin)
    event.listen(readers, "connect", _prepare_reader)
    # One snapshot for all statements of a read.
    event.listen(readers, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return writer, readers


def _create_sqlite(path: Path) -> None:
    """Make the file with our page size, which can't be changed once it has a table."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path)
        try:
            connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
            # Pages that are free can be given back, which can't be chosen later either.
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
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
    _set(connection, "secure_delete", "OFF")  # On in Debian's builds; costs a write per page.
    _set(connection, "wal_autocheckpoint", MAX_LOG_PAGES)
    _set(connection, "cache_size", -_WRITE_CACHE_KIB)
    _set(connection, "journal_size_limit", 64 * 1024 * 1024)


def _begin(connection: Connection) -> None:
    # Within a transaction it can't be changed; unchanged it costs 10 us.
    # What was acknowledged survives a power cut.
    level = "NORMAL" if connection.get_execution_options().get("is_lazy") else "FULL"
    connection.exec_driver_sql(f"PRAGMA synchronous = {level}")
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _prepare_reader(connection: sqlite3.Connection, _record: object) -> None:
    _set(connection, "busy_timeout", _BUSY_TIMEOUT_MS)
    _set(connection, "query_only", "ON")
    _set(connection, "cache_size", -_READ_CACHE_KIB)
    _set(connection, "mmap_size", _MAP_BYTES)


def _set(connection: sqlite3.Connection, pragma: str, value: str | int) -> None:
    connection.execute(f"PRAGMA {pragma} = {value}").close()
