"""Run a checked statement where it can only read, within bounds of time, rows and bytes.

The syntax tree was checked already; here the database is told the same once more in its own words,
since a hole in one wall must not be a hole in the house: SQLite gets a read-only file, `query_only`
and an authorizer, PostgreSQL a read-only transaction with a timeout.
"""

import math
import re
import sqlite3
import time
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any
from urllib.parse import quote

import orjson
from sqlalchemy import Engine

from weave_core.errors import BadQuery, StoreError
from weave_core.server.sql.checking import Statement, fault_at
from weave_core.server.sql.views import READ_TABLES, VIEWS
from weave_core.server.store.text_functions import add_text_functions

__all__ = ["DEFAULT_ROWS", "MAX_RESULT_BYTES", "MAX_ROWS", "MAX_SECONDS", "run_statement"]

DEFAULT_ROWS = 1_000
MAX_ROWS = 100_000
"""Most rows of one SQL answer."""
MAX_RESULT_BYTES = 32 * 1024 * 1024
"""An SQL answer ends with the row that reaches this."""
MAX_SECONDS = 10.0
"""Longest run of one SQL query, in seconds."""
MAX_PERCENTILE_VALUES = 5_000_000
"""Values that all `percentile(...)` of one SQL query may be made of."""
_MAX_CELL_BYTES = 8 * 1024 * 1024
_MAX_COLUMNS = 200
_STEPS_A_LOOK = 20_000
"""Of SQLite's virtual machine, between two looks at the clock: a few hundred microseconds."""
_ROWS_A_FETCH = 500
_CELL_BYTES = 16

_JSON_COLUMNS = frozenset(
    column.name for view in VIEWS.values() for column in view.columns if column.type == "json"
)
_BOOLEAN_COLUMNS = frozenset(
    column.name for view in VIEWS.values() for column in view.columns if column.type == "boolean"
)
_READABLE = READ_TABLES | {"json_each"}

Rows = Iterator[Sequence[Any]]


def run_statement(engine: Engine, statement: Statement, *, limit: int) -> dict[str, Any]:
    """Columns and rows of `statement`.

    Args:
        engine: Of the readers.
        statement: What `read_statement` let through.
        limit: Most rows wanted, up to `MAX_ROWS`.

    Raises:
        BadQuery: If the database refuses it, or it takes more than `MAX_SECONDS`.
    """
    run = _run_sqlite if engine.dialect.name == "sqlite" else _run_postgresql
    with run(engine, statement) as (names, found):
        rows, is_truncated = _taken(found, min(limit, MAX_ROWS))
    for index, name in enumerate(names):
        _convert(rows, index, name)
    columns = [
        {"name": name, "type": _type_of(row[index] for row in rows)}
        for index, name in enumerate(names)
    ]
    return {"columns": columns, "rows": rows, "truncated": is_truncated}


def _taken(found: Rows, limit: int) -> tuple[list[list[Any]], bool]:
    """The first rows, and whether there are more."""
    rows: list[list[Any]] = []
    size_bytes = 0
    for row in found:
        if len(rows) >= limit or size_bytes > MAX_RESULT_BYTES:
            return rows, True
        rows.append([_plain(value) for value in row])
        size_bytes += sum(_CELL_BYTES + len(cell) for cell in row if isinstance(cell, str | bytes))
        size_bytes += _CELL_BYTES * len(row)
    return rows, False


def _plain(value: Any) -> Any:
    """A cell as JSON holds it."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, bytes):
        return value.hex()
    if value is None or isinstance(value, str | int | float | dict | list):
        return value
    # PostgreSQL's sums of whole numbers are Decimal.
    number = float(value)
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _convert(rows: list[list[Any]], index: int, name: str) -> None:
    """JSON and truth values as such, in the columns that are known to hold them."""
    if name in _JSON_COLUMNS:
        for row in rows:
            if isinstance(row[index], str):
                try:
                    row[index] = orjson.loads(row[index])
                except orjson.JSONDecodeError:
                    return  # An expression of the user's under the name of ours.
    elif name in _BOOLEAN_COLUMNS and all(row[index] in {0, 1, None} for row in rows):
        for row in rows:
            row[index] = None if row[index] is None else bool(row[index])


def _type_of(cells: Iterable[Any]) -> str:
    """What a column holds, told by its cells: `null` where nothing is known."""
    found: set[type] = {type(cell) for cell in cells if cell is not None}
    if not found:
        return "null"
    if found == {bool}:
        return "boolean"
    if found <= {int}:
        return "integer"
    if found <= {int, float}:
        return "number"
    return "text" if found == {str} else "json"


@contextmanager
def _run_sqlite(engine: Engine, statement: Statement) -> Iterator[tuple[list[str], Rows]]:
    deadline = time.monotonic() + MAX_SECONDS
    path = quote(str(engine.url.database))
    try:
        # Payloads are read by a connection of their own: the statement's may not see their tables.
        connection, reader = (
            sqlite3.connect(
                f"file:{path}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
            )
            for _ in range(2)
        )
    except sqlite3.Error as error:
        raise StoreError(f"the database can't be read: {error}", "try again later") from error
    with closing(connection), closing(reader):
        add_text_functions(connection, reader)
        tally = _Tally()
        _confine(connection, deadline, tally)
        try:
            cursor = connection.execute(statement.sql)
            names = [column[0] for column in cursor.description]
            yield names, _fetched(cursor)
        except sqlite3.Error as error:
            raise _sqlite_fault(statement, error, deadline, tally) from error


def _confine(connection: sqlite3.Connection, deadline: float, tally: "_Tally") -> None:
    """All that SQLite offers to keep a statement small and harmless."""
    connection.execute("PRAGMA query_only = ON").close()
    connection.execute("PRAGMA busy_timeout = 2000").close()
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_CELL_BYTES)
    connection.setlimit(sqlite3.SQLITE_LIMIT_COLUMN, _MAX_COLUMNS)
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1_000)
    connection.create_aggregate("percentile", 2, _percentile_class(tally))
    # Its first use declares a table, which the authorizer would not let through.
    connection.execute("SELECT 1 FROM json_each('[]')").close()
    connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS_A_LOOK)
    connection.set_authorizer(_authorize)


def _authorize(
    action: int, first: str | None, second: str | None, _database: str | None, _by: str | None
) -> int:
    if action == sqlite3.SQLITE_READ:
        # A common table that no column is read of comes with its own name and an empty column.
        is_ours = first in _READABLE or not second
        return sqlite3.SQLITE_OK if is_ours else sqlite3.SQLITE_DENY
    if action in {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_FUNCTION}:
        return sqlite3.SQLITE_OK if second not in _FORBIDDEN else sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_DENY


_FORBIDDEN = frozenset(("load_extension", "fts3_tokenizer", "zeroblob", "randomblob", "writefile"))


def _fetched(cursor: Any) -> Rows:
    while rows := cursor.fetchmany(_ROWS_A_FETCH):
        yield from rows


class _Tally:
    """How many values the percentiles of one query hold."""

    def __init__(self) -> None:
        self.count = 0

    @property
    def is_full(self) -> bool:
        return self.count >= MAX_PERCENTILE_VALUES


def _percentile_class(tally: _Tally) -> Callable[[], Any]:
    class Percentile:
        """The value below which a share of all values lies, interpolated as PostgreSQL does."""

        def __init__(self) -> None:
            self._values = array("d")
            self._share = 0.5

        def step(self, value: Any, share: float) -> None:
            if not isinstance(value, int | float):
                return
            if tally.is_full:
                raise MemoryError
            tally.count += 1
            self._share = share
            self._values.append(value)

        def finalize(self) -> float | None:
            if not self._values:
                return None
            ordered = sorted(self._values)
            place = self._share * (len(ordered) - 1)
            low = math.floor(place)
            high = min(low + 1, len(ordered) - 1)
            return ordered[low] + (ordered[high] - ordered[low]) * (place - low)

    return Percentile


def _sqlite_fault(
    statement: Statement, error: sqlite3.Error, deadline: float, tally: _Tally
) -> BadQuery:
    if time.monotonic() > deadline:
        return _too_slow()
    if tally.is_full:
        return BadQuery(
            f"the percentiles are made of more than {MAX_PERCENTILE_VALUES} values",
            "narrow the rows with WHERE",
        )
    return _fault(statement, str(error))


def _too_slow() -> BadQuery:
    return BadQuery(
        f"the query took more than {MAX_SECONDS:.0f} s",
        "narrow it, for example to a time: where started_ns > now_ns() - 3600 * 1000000000",
    )


_UNKNOWN = re.compile(
    r"no such column: (?P<a>\S+)"
    r"|ambiguous column name: (?P<b>\S+)"
    r'|column "?(?P<c>[^" ]+)"? does not'
    r'|column reference "(?P<d>[^"]+)" is ambiguous'
)


def _fault(statement: Statement, message: str) -> BadQuery:
    """What the database said, with the place in the text of the user."""
    found = _UNKNOWN.search(message)
    if found is None:
        return BadQuery(f"the query can't be run: {message[:300]}", "GET .../sql/tables tells more")
    ambiguous = found["b"] or found["d"]
    name = found["a"] or ambiguous or found["c"]
    known = "; ".join(
        f"{view}: {', '.join(column.name for column in VIEWS[view].columns)}"
        for view in statement.views
    )
    what = "is in several tables" if ambiguous else "is no column"
    return BadQuery(f"{name!r} {what}", f"known columns of {known}", fault_at(statement.text, name))


_TOO_BIG = "row too big"
# SQLite has a bound of its own.  Here a row over it is a text that is no number: an error which the
# planner can't meet before there is a row.
_BOUNDED = (
    "SELECT * FROM ({}) AS answer WHERE CASE WHEN octet_length(CAST(answer AS text))"  # noqa: S608  # Our own text, around a checked statement.
    f" > {_MAX_CELL_BYTES} THEN CAST(left(CAST(answer AS text), 0) || '{_TOO_BIG}' AS integer) = 0"
    " ELSE TRUE END"
)


@contextmanager
def _run_postgresql(engine: Engine, statement: Statement) -> Iterator[tuple[list[str], Rows]]:
    with engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        error_class = engine.dialect.loaded_dbapi.Error
        try:
            # Not by SQLAlchemy: the text holds no values, and a `%` in it is a sign like others.
            driver.rollback()
            driver.execute("SET TRANSACTION READ ONLY")
            driver.execute(f"SET LOCAL statement_timeout = {int(MAX_SECONDS * 1000)}")
            with driver.cursor(name="weave_core_sql") as cursor:
                cursor.execute(_BOUNDED.format(statement.sql))
                rows = cursor.fetchmany(_ROWS_A_FETCH)
                names = [column.name for column in cursor.description]
                yield names, _chained(rows, cursor)
        except error_class as error:
            if type(error).__name__ == "QueryCanceled":
                raise _too_slow() from error
            message = str(error).partition("\n")[0]
            if _TOO_BIG in message:
                raise BadQuery(
                    f"a row is too big: it has more than {_MAX_CELL_BYTES} bytes", "ask for less"
                ) from error
            raise _fault(statement, message) from error
        finally:
            driver.rollback()


def _chained(rows: Sequence[Any], cursor: Any) -> Rows:
    yield from rows
    if rows:
        yield from _fetched(cursor)
