"""SQLite's index of what nobody can foresee: ids of spans, and the ends of replies' ids.

Random ids fall on all pages of an index.  With two such indexes a batch of 512 spans rewrote 300
pages in a store of 150,000 spans, and ever more in a larger one: ten times what its rows took, on
the log, again on the file, and in the flush that its sender waits for.  So new keys go into a small
table, and the background moves them in the order of keys into a large one, a range at a time, whose
keys lie on few pages there.  Whoever looks asks both.

Triggers take out the keys of spans that are deleted and change those of spans that are replaced;
`SpanKeys.add` brings in those of new ones, as a trigger costs twice the rest of their insert.
PostgreSQL has indexes.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Boolean, BooleanClauseList, ColumnElement, Connection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import operators
from sqlalchemy.sql.compiler import SQLCompiler

from weave_core.server.store.dialects import Dialect

__all__ = ["CREATE", "REPLY_END", "HasKey", "SpanKeys", "leads_to_rows", "of_reply"]

REPLY_END = -8
"""Keys of replies are the last characters of their ids, which tell nearly all apart and take half
as much as whole ids; whoever looks for one compares both."""
_TABLES = ("span_key", "new_span_key")
_COLUMNS = (
    "(key NOT NULL, project_id INTEGER NOT NULL, row_id INTEGER NOT NULL,"
    " PRIMARY KEY (key, project_id, row_id)) WITHOUT ROWID"
)


def _taking(key: str) -> str:
    return " ".join(
        f"DELETE FROM {table} WHERE key = {key}"  # noqa: S608  # Names of our own.
        " AND project_id = old.project_id AND row_id = old.id;"
        for table in _TABLES
    )


_TAKE_SPAN, _TAKE_REPLY = _taking("old.span_id"), _taking(f"substr(old.response_id, {REPLY_END})")
_GONE = f"CREATE TRIGGER span_gone AFTER DELETE ON span BEGIN {_TAKE_SPAN} {_TAKE_REPLY} END"
_REPLY_CHANGED = (
    "CREATE TRIGGER span_reply_changed AFTER UPDATE OF response_id ON span"
    f" WHEN new.response_id IS NOT old.response_id BEGIN {_TAKE_REPLY}"
    f" INSERT INTO new_span_key SELECT substr(new.response_id, {REPLY_END}), new.project_id, new.id"
    " WHERE new.response_id IS NOT NULL; END"
)
CREATE = (*(f"CREATE TABLE {table} {_COLUMNS}" for table in _TABLES), _GONE, _REPLY_CHANGED)
"""SQLite's tables and triggers; whoever makes `span` anew has to make its triggers anew."""

_SETTLED_AT = 16_000
"""New keys, of 8,000 spans, that stay where they are."""
_RANGES = 16
"""Of the order of keys, in which the rest is moved: one has a thousand keys."""
_MOST_MOVED = 4_000
"""Keys of one step, which takes some 10 ms."""

_ADD_SPANS = (
    "INSERT OR IGNORE INTO new_span_key SELECT span_id, project_id, id FROM span WHERE id >= ?"
)
_ADD_REPLIES = f"""
INSERT OR IGNORE INTO new_span_key SELECT substr(response_id, {REPLY_END}), project_id, id FROM span
WHERE id >= ? AND response_id IS NOT NULL
"""  # noqa: S608  # A number of our own.
_COUNT = "SELECT COUNT(*) FROM new_span_key"
_AFTER = "(key, project_id, row_id) > (?, ?, ?)"
_END = f"""
SELECT key, project_id, row_id FROM new_span_key WHERE {_AFTER}
ORDER BY key, project_id, row_id LIMIT 1 OFFSET ?
"""  # noqa: S608  # As above.
_UPTO = f"{_AFTER} AND (key, project_id, row_id) <= (?, ?, ?)"
_FIRST: tuple[Any, ...] = ("", 0, 0)
"""Before every key: texts come before bytes."""


def of_reply(dialect: str, *, row: str, project: str, reply: str) -> str:
    """The condition for rows of a reply, by which they are found too.

    Args:
        dialect: `sqlite` or `postgresql`.
        row: What the statement calls `span`.
        project: The id of the project, in SQL; not of `row`.
        reply: The id of the reply, likewise.
    """
    if dialect != "sqlite":
        return f"{row}.project_id = {project} AND {row}.response_id = {reply}"
    found = (
        f"SELECT row_id FROM {table}"  # noqa: S608  # Names of our own.
        f" WHERE key = substr({reply}, {REPLY_END}) AND project_id = {project}"
        for table in _TABLES
    )
    # Without the sign SQLite would rather walk all of the project.
    return (
        f"+{row}.project_id = {project} AND {row}.response_id = {reply}"
        f" AND {row}.id IN ({' UNION ALL '.join(found)})"
    )


class HasKey(ColumnElement[bool]):
    """A condition that leads to the rows with one of some keys; no condition in PostgreSQL.

    Args:
        row_id: The column `id` of `span`.
        keys: Ids of spans, or ends of the ids of replies.
    """

    inherit_cache = False
    type = Boolean()

    def __init__(self, row_id: ColumnElement[Any], keys: Sequence[ColumnElement[Any]]) -> None:
        self.row_id = row_id
        self.keys = keys

    @property
    def _from_objects(self) -> list[Any]:
        return self.row_id._from_objects  # noqa: SLF001

    def self_group(self, against: Any = None) -> Any:  # noqa: ARG002  # SQLAlchemy's protocol.
        """Itself: else it says `= 1` behind it, which keeps the keys out."""
        return self


def leads_to_rows(condition: ColumnElement[bool] | None) -> bool:
    """Whether SQLite can find the rows of a condition by keys.

    The query then has to keep it from other indexes, which it would rather take.
    """
    if isinstance(condition, BooleanClauseList):
        return condition.operator is operators.and_ and any(map(leads_to_rows, condition.clauses))
    return isinstance(condition, HasKey)


@compiles(HasKey)
def _compile_anywhere(_element: HasKey, _compiler: SQLCompiler, **_kwargs: Any) -> str:
    return "TRUE"


@compiles(HasKey, "sqlite")
def _compile_for_sqlite(element: HasKey, compiler: SQLCompiler, **kwargs: Any) -> str:
    found = (
        f"SELECT row_id FROM {table} WHERE key IN"  # noqa: S608  # As above.
        f" ({', '.join(compiler.process(key, **kwargs) for key in element.keys)})"
        for table in _TABLES
    )
    return f"{compiler.process(element.row_id, **kwargs)} IN ({' UNION ALL '.join(found)})"


class SpanKeys:
    """Adds keys and moves them; used by the writer's thread."""

    def __init__(self, dialect: Dialect) -> None:
        self._is_here = dialect.name == "sqlite"
        self._count: int | None = None
        """Of the new ones; deletions are not heard of until all were moved once."""
        self._moved_to = _FIRST

    def forget(self) -> None:
        """Drop what is remembered, after a transaction that was rolled back."""
        self._count = None

    def add(self, connection: Connection, first_row_id: int) -> None:
        """The keys of all spans from `first_row_id` on, which are new."""
        if self._is_here:
            added = sum(
                connection.exec_driver_sql(statement, (first_row_id,)).rowcount
                for statement in (_ADD_SPANS, _ADD_REPLIES)
            )
            if self._count is not None:
                self._count += added

    def step(self, connection: Connection) -> bool:
        """Move a range of keys, in the caller's transaction; whether there are too many still."""
        if not self._is_here:
            return False
        if self._count is None:
            self._count = connection.exec_driver_sql(_COUNT).scalar_one()
        if self._count <= _SETTLED_AT:
            return False
        wanted = min(self._count // _RANGES, _MOST_MOVED)
        end = connection.exec_driver_sql(_END, (*self._moved_to, wanted - 1)).one_or_none()
        where, bounds = (
            (_AFTER, self._moved_to) if end is None else (_UPTO, (*self._moved_to, *end))
        )
        connection.exec_driver_sql(
            f"INSERT OR IGNORE INTO span_key SELECT * FROM new_span_key WHERE {where}"  # noqa: S608  # As above.
            " ORDER BY key, project_id, row_id",
            bounds,
        )
        delete = f"DELETE FROM new_span_key WHERE {where}"  # noqa: S608  # As above.
        self._count -= connection.exec_driver_sql(delete, bounds).rowcount
        self._moved_to = _FIRST if end is None else tuple(end)
        if end is None:
            self._count = None
            return True
        return self._count > _SETTLED_AT
