"""Open a PostgreSQL: one connection that writes and holds the store's lock, readers that can't.

The lock is PostgreSQL's own, of one database and schema, and belongs to the writer's session: it
ends with its process, however that ends, and guards migrations and row ids alike.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import orjson
from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError

from weave_core.errors import ConfigError, MissingExtra, StoreError

try:
    import psycopg
    from psycopg.adapt import Loader
    from psycopg.types.numeric import Int8Dumper
except ImportError as error:
    raise MissingExtra(
        f"a store in PostgreSQL needs psycopg, which can't be loaded: {str(error).splitlines()[0]}",
        'pip install "weave-core[server,postgres]"',
    ) from error

if TYPE_CHECKING:
    from psycopg.abc import Buffer

__all__ = ["copy_rows", "open_postgresql"]

_DRIVER = "postgresql+psycopg"
_CONNECT_TIMEOUT_S = 10
_STORE_TIMEOUT_S = 5
"""For the lock of the store: another server may be about to end."""
_LOCK_TIMEOUT_S = 10
"""For rows and tables that a stranger has locked."""
_READERS = 16
# Of this schema: two stores may live in one database.
_LOCK = "SELECT pg_advisory_lock(hashtextextended('weave-core store in ' || current_schema(), 0))"


class _NumberLoader(Loader):
    """Sums of integers come as `numeric`: int where they are whole, else float."""

    def load(self, data: "Buffer") -> int | float:
        """One value."""
        text = bytes(data).decode()
        return int(text) if text.lstrip("-").isdigit() else float(text)


def open_postgresql(url: URL) -> tuple[Engine, Engine]:
    """The engines of the writer and of the readers; nothing is connected yet.

    Raises:
        ConfigError: If `url` names another driver, or no database.
    """
    if url.drivername not in {"postgresql", _DRIVER}:
        raise ConfigError(
            f"database_url names the driver {url.drivername!r}, which is not supported",
            f"write {_DRIVER}://user:password@host:5432/database",
        )
    if not url.database:
        raise ConfigError("database_url names no database", "add its name: .../weave")
    defaults = {
        "connect_timeout": _CONNECT_TIMEOUT_S,
        "application_name": "weave-core",
        "client_encoding": "utf8",
    }
    options: dict[str, Any] = {
        "connect_args": {k: value for k, value in defaults.items() if k not in url.query},
        "json_deserializer": orjson.loads,
        "json_serializer": lambda value: orjson.dumps(value).decode(),
        "pool_pre_ping": True,  # A connection that broke meanwhile is made anew, not reported.
    }
    url = url.set(drivername=_DRIVER)
    writer = create_engine(url, pool_size=1, max_overflow=0, **options)
    # One snapshot for all statements of a read.
    readers = create_engine(
        url, pool_size=_READERS, max_overflow=_READERS, isolation_level="REPEATABLE READ", **options
    )
    event.listen(writer, "connect", _prepare_writer)
    event.listen(writer, "begin", _begin)
    event.listen(readers, "connect", _prepare_reader)
    return writer, readers


def copy_rows(
    connection: Connection,
    table: str,
    columns: Sequence[str],
    rows: Sequence[tuple[Any, ...]],
    skips_known: bool,  # noqa: FBT001  # The type of a field has no keywords.
) -> int:
    """Insert `rows` by COPY; with `skips_known` by way of a temporary table.

    Measured with spans: COPY 44,000 rows/s, executemany 23,000.

    Raises:
        DBAPIError: If the database refuses, as SQLAlchemy's own statements raise it.
    """
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    names = ", ".join(columns)
    # S608: names of our own tables.
    target = f"incoming_{table}" if skips_known else table
    statement = f"COPY {target} ({names}) FROM STDIN"
    try:
        with driver.cursor() as cursor:
            if skips_known:
                cursor.execute(
                    f"CREATE TEMP TABLE IF NOT EXISTS {target} ON COMMIT DELETE ROWS"  # noqa: S608
                    f" AS SELECT {names} FROM {table} WITH NO DATA".encode()
                )
            with cursor.copy(statement.encode()) as copy:
                for row in rows:
                    copy.write_row(row)
            if skips_known:
                statement = f"INSERT INTO {table} ({names}) SELECT {names} FROM {target} ON CONFLICT DO NOTHING"  # noqa: S608, E501
                cursor.execute(statement.encode())
            return cursor.rowcount
    except psycopg.Error as error:
        raise DBAPIError.instance(
            statement, None, error, psycopg.Error, connection_invalidated=driver.closed
        ) from error


def _prepare_writer(connection: "psycopg.Connection[Any]", _record: object) -> None:
    _adapt(connection)
    name = connection.info.dbname
    connection.autocommit = True
    try:
        _check(connection)
        connection.execute(f"SET lock_timeout = '{_STORE_TIMEOUT_S}s'")
        connection.execute(_LOCK)
        connection.execute(f"SET lock_timeout = '{_LOCK_TIMEOUT_S}s'")
    except psycopg.errors.LockNotAvailable as error:
        connection.close()
        raise StoreError(
            f"the database {name!r} is in use by another weave-core server",
            "stop that one, or name another database",
        ) from error
    except BaseException:
        connection.close()
        raise
    connection.autocommit = False


def _begin(connection: Connection) -> None:
    if connection.get_execution_options().get("is_lazy"):
        connection.exec_driver_sql("SET LOCAL synchronous_commit = off")


def _check(connection: "psycopg.Connection[Any]") -> None:
    """Refuse a database that could not hold what senders send."""
    row = connection.execute(
        "SELECT current_setting('server_encoding'),"
        " has_database_privilege(current_database(), 'TEMP'), current_schema()"
    ).fetchone()
    encoding, may_make_temporary, schema = row or ("", False, None)
    name = connection.info.dbname
    if encoding != "UTF8":
        raise StoreError(
            f"the database {name!r} is in {encoding}, which can't hold every text",
            "make one with: CREATE DATABASE weave ENCODING 'UTF8' TEMPLATE template0",
        )
    if schema is None:
        raise StoreError(
            f"the user {connection.info.user!r} has no schema to work in, in database {name!r}",
            "grant CREATE and USAGE on schema public, or set the user's search_path",
        )
    if not may_make_temporary:
        raise StoreError(
            f"the user {connection.info.user!r} may not make temporary tables in {name!r}",
            f"GRANT TEMPORARY ON DATABASE {name} TO {connection.info.user}",
        )


def _prepare_reader(connection: "psycopg.Connection[Any]", _record: object) -> None:
    _adapt(connection)
    connection.autocommit = True
    connection.execute("SET default_transaction_read_only = on")
    connection.autocommit = False


def _adapt(connection: "psycopg.Connection[Any]") -> None:
    # One type for all integers: else each mix of small and large ones is a statement of its own.
    connection.adapters.register_dumper(int, Int8Dumper)
    connection.adapters.register_loader("numeric", _NumberLoader)
