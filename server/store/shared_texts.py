"""Texts that many rows of spans share, such as names and models: codes of a byte in SQLite's rows.

They were a third of a row, and of an index.  A column of type `SharedText` holds the code of each
text that the table `shared_text` knows, and any other text as it is; a code is a blob, so nothing
that a sender says looks like one.  A text that has a code stands in no row as itself: `=` compares
with one value, which an index serves.  To whoever reads and compares through SQLAlchemy it is a
column of texts; SQL that goes to the driver says `spelled_sql`.  PostgreSQL's rows have texts.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import (
    BindParameter,
    Boolean,
    ColumnElement,
    LargeBinary,
    Select,
    String,
    column,
    func,
    literal_column,
    table,
    type_coerce,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import operators
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

__all__ = ["CREATE_TABLE", "SharedText", "of_text", "spelled", "spelled_sql", "with_text"]

CREATE_TABLE = (
    "CREATE TABLE shared_text (code BLOB NOT NULL PRIMARY KEY, is_name BOOLEAN NOT NULL,"
    " text VARCHAR NOT NULL, UNIQUE (text, is_name)) WITHOUT ROWID"
)
"""SQLite's.  Names of spans have codes of their own, for there are programs that give each span
another: these must leave the rest their codes."""


def spelled_sql(column: str, dialect: str) -> str:
    """The expression for the text in `column`, which may be there as a code.

    Args:
        column: With the name of its table, where the statement has several.
        dialect: `sqlite` or `postgresql`.
    """
    if dialect != "sqlite":
        return column
    return f"COALESCE((SELECT text FROM shared_text WHERE code = {column}), {column})"  # noqa: S608  # A column of ours.


class _Spelled(FunctionElement[str]):
    """The text of a column that may hold a code."""

    inherit_cache = True
    name = "spelled"
    type = String()


class _Code(FunctionElement[Any]):
    """What rows hold of a text: its code, or itself where it has none."""

    inherit_cache = True
    name = "code"
    is_name = False


class _CodeOfName(_Code):
    inherit_cache = True
    is_name = True


_TEXTS = table("shared_text", column("code", LargeBinary()), column("text", String()))
_LISTED: ColumnElement[str] = literal_column("shared_text.text", String())


class _Condition(FunctionElement[bool]):
    """A condition on texts that have codes, the same on the column's own, and the column.

    The few texts are looked through once, and each row is asked for its code.
    """

    inherit_cache = True
    name = "condition"
    type = Boolean()


_TOLD_BY_CODES = frozenset(
    (
        *(operators.eq, operators.ne, operators.is_, operators.is_not),
        *(operators.in_op, operators.not_in_op),
    )
)
"""Comparisons for which codes do as well as texts."""


class SharedText(TypeDecorator[str]):
    """Texts, of which rows may hold codes.

    Args:
        is_name: Of spans, which have codes of their own.
    """

    impl = String
    cache_ok = True

    def __init__(self, *, is_name: bool = False) -> None:
        super().__init__()
        self.is_name = is_name

    class Comparator(TypeDecorator.Comparator[str]):
        """Compares codes where they tell the same, else texts."""

        def operate(self, op: Callable[..., Any], *other: Any, **kwargs: Any) -> Any:
            """Apply `op`."""
            if op in _TOLD_BY_CODES:
                return super().operate(op, *other, **kwargs)
            if operators.is_comparison(op):
                return of_text(self.expr, lambda text: op(text, *other, **kwargs))
            return op(_Spelled(self.expr), *other, **kwargs)

    comparator_factory = Comparator

    def column_expression(self, column: ColumnElement[Any]) -> ColumnElement[str]:
        """What is read where the column is selected."""
        return _Spelled(column)

    def bind_expression(self, bindparam: BindParameter[Any]) -> ColumnElement[Any]:
        """What is compared with the column, or written into it."""
        return _CodeOfName(bindparam) if self.is_name else _Code(bindparam)


def of_text(
    column: ColumnElement[Any], condition: Callable[[ColumnElement[Any]], ColumnElement[bool]]
) -> ColumnElement[bool]:
    """`condition` of the text in `column`, whatever the type of that."""
    if not isinstance(column.type, SharedText):
        return condition(column)
    return _Condition(condition(_LISTED), condition(type_coerce(column, String())), column)


def spelled(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """`column` by its texts, for an order; one of another type is given back as it is."""
    return _Spelled(column) if isinstance(column.type, SharedText) else column


def with_text(
    query: Select[Any], held: ColumnElement[Any], dialect: str
) -> tuple[Select[Any], ColumnElement[Any]]:
    """`query`, and the text of the column `held` in it, for an order of very many rows.

    A join opens the table of texts once; to open it for each of a million rows took twice as long.
    """
    if dialect != "sqlite" or not isinstance(held.type, SharedText):
        return query, held
    known = _TEXTS.alias()
    joined = query.outerjoin(known, known.c.code == type_coerce(held, LargeBinary()))
    return joined, func.coalesce(known.c.text, type_coerce(held, String()))


@compiles(_Condition)
def _condition(element: _Condition, compiler: SQLCompiler, **kwargs: Any) -> str:
    listed, plain, column = element.clauses
    if compiler.dialect.name != "sqlite":
        return f"({compiler.process(plain, **kwargs)})"
    held = compiler.process(column, **kwargs)
    codes = f"SELECT code FROM shared_text WHERE {compiler.process(listed, **kwargs)}"  # noqa: S608  # What SQLAlchemy compiled.
    otherwise = compiler.process(plain, **kwargs)
    return f"CASE typeof({held}) WHEN 'blob' THEN {held} IN ({codes}) ELSE {otherwise} END"


@compiles(_Spelled)
def _spelled(element: _Spelled, compiler: SQLCompiler, **kwargs: Any) -> str:
    return spelled_sql(compiler.process(element.clauses, **kwargs), compiler.dialect.name)


@compiles(_Code)
@compiles(_CodeOfName)
def _code(element: _Code, compiler: SQLCompiler, **kwargs: Any) -> str:
    text = compiler.process(element.clauses, **kwargs)
    if compiler.dialect.name != "sqlite":
        return text
    # The value stands there once, since a list of values is put in its place.
    return (
        f"(SELECT COALESCE(s.code, v.text) FROM (SELECT {text} AS text) AS v"  # noqa: S608  # A placeholder.
        f" LEFT JOIN shared_text AS s ON s.text = v.text AND s.is_name = {element.is_name:d})"
    )
