"""SQL that SQLite and PostgreSQL spell differently, as elements that compile to either.

JSON keys are rendered literally, quoted by the dialect: SQLite uses an expression index only when
the statement spells the same path.  `check_key` must have passed them.
"""

from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    Float,
    String,
    TableValuedAlias,
    Text,
    UnaryExpression,
    cast,
    func,
    literal,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import operators
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import Boolean

from weave_core.errors import BadFilter
from weave_core.server.store.attribute_names import names_of

__all__ = [
    "HasText",
    "IsEmptyList",
    "JsonIs",
    "JsonMentions",
    "JsonNumber",
    "JsonText",
    "MatchesPattern",
    "Unindexed",
    "check_key",
    "members_of",
]

MAX_KEY_LENGTH = 200


def check_key(key: str, position: int) -> None:
    """Refuse a JSON key that a path can't hold.

    Raises:
        BadFilter: If `key` is empty, too long, or has quotes, backslashes or control characters.
    """
    if not key or len(key) > MAX_KEY_LENGTH or not key.isprintable() or set(key) & set('"\\'):
        raise BadFilter(
            f"{key[:40]!r} can't be looked up",
            f"a key has 1 to {MAX_KEY_LENGTH} printable characters, no double quote, no backslash",
            position,
        )


class _Condition(ColumnElement[bool]):
    """An element that is SQL's own boolean: no `= 1` behind it, which would keep indexes out."""

    inherit_cache = False  # What differs between two of a class is no part of a cache key.
    type = Boolean()

    def self_group(self, against: Any = None) -> Any:  # noqa: ARG002  # SQLAlchemy's protocol.
        return self

    def _negate(self) -> Any:
        return UnaryExpression(self, operator=operators.inv, type_=Boolean())


class _OfJson(ColumnElement[Any]):
    """A value under one key of a JSON object."""

    inherit_cache = False  # The key is part of the text of the statement.

    def __init__(self, column: ColumnElement[Any], key: str) -> None:
        self.column = column
        self.key = key

    @property
    def _from_objects(self) -> list[Any]:
        return self.column._from_objects  # noqa: SLF001  # SQLAlchemy's own protocol for elements.


class JsonText(_OfJson):
    """The value as text; only where `JsonIs` says that it is one."""

    inherit_cache = False
    type = Text()


class JsonNumber(_OfJson):
    """The value as number; only where `JsonIs` says that it is one."""

    inherit_cache = False
    type = Float()


class JsonIs(_Condition):
    """Whether the value is there with the JSON type `text`, `number`, `true`, `false` or `null`."""

    inherit_cache = False

    def __init__(self, column: ColumnElement[Any], key: str, kind: str) -> None:
        self.column = column
        self.key = key
        self.kind = kind

    @property
    def _from_objects(self) -> list[Any]:
        return self.column._from_objects  # noqa: SLF001


class JsonMentions(_Condition):
    """Whether the JSON has a text anywhere, as it is spelled there: false rules out, true does not.

    To look for letters takes a third of the time that it takes to read JSON.
    """

    inherit_cache = False

    def __init__(self, column: ColumnElement[Any], text: str) -> None:
        self.column = column
        self.quoted = literal(f'"{text}"', String())

    @property
    def _from_objects(self) -> list[Any]:
        return self.column._from_objects  # noqa: SLF001

    @staticmethod
    def can_tell(text: str) -> bool:
        """Whether every JSON writer spells `text` alike."""
        return text.isascii() and text.isprintable() and not set(text) & set('"\\/<>&')


class MatchesPattern(_Condition):
    """LIKE that minds upper and lower case on every database; a backslash escapes."""

    inherit_cache = False

    def __init__(self, column: ColumnElement[Any], pattern: str) -> None:
        self.column = column
        self.like_bound = literal(pattern, String())
        self.glob_bound = literal(_as_glob(pattern), String())

    @property
    def _from_objects(self) -> list[Any]:
        return self.column._from_objects  # noqa: SLF001


class Unindexed(ColumnElement[Any]):
    """A column that SQLite takes no index for; what it says is the same."""

    inherit_cache = False

    def __init__(self, column: ColumnElement[Any]) -> None:
        self.column = column
        self.type = column.type

    @property
    def _from_objects(self) -> list[Any]:
        return self.column._from_objects  # noqa: SLF001


class HasText(_Condition):
    """Whether a JSON array of texts holds `text`."""

    inherit_cache = False

    def __init__(self, column: ColumnElement[Any], text: str) -> None:
        self.column = column
        self.text = literal(text, String())
        self.array = literal([text], JSON())

    @property
    def _from_objects(self) -> list[Any]:
        return self.column._from_objects  # noqa: SLF001


class IsEmptyList(_Condition):
    """Whether a JSON array is missing or has no elements."""

    inherit_cache = False

    def __init__(self, column: ColumnElement[Any]) -> None:
        self.column = column

    @property
    def _from_objects(self) -> list[Any]:
        return self.column._from_objects  # noqa: SLF001


_SQLITE_TYPES = {"text": "'text'", "number": "'integer', 'real'", "true": "'true'"}
_SQLITE_TYPES |= {"false": "'false'", "null": "'null'"}


def _read(element: _OfJson | JsonIs, compiler: SQLCompiler, function: str) -> str:
    """SQLite's `function` of the value, under whichever name the row has it."""
    column = compiler.process(element.column)
    paths = [
        compiler.render_literal_value(f'$."{name}"', String())
        for name in names_of(str(element.key))
    ]
    return _first([f"{function}({column}, {path})" for path in paths])


def _arrow(element: _OfJson | JsonIs, compiler: SQLCompiler, arrow: str) -> str:
    column = compiler.process(element.column)
    keys = [compiler.render_literal_value(name, String()) for name in names_of(str(element.key))]
    return _first([f"({column} {arrow} {key})" for key in keys])


def _first(values: list[str]) -> str:
    return values[0] if len(values) == 1 else f"coalesce({', '.join(values)})"


@compiles(JsonText, "sqlite")
@compiles(JsonNumber, "sqlite")
def _json_value_sqlite(element: _OfJson, compiler: SQLCompiler, **_: Any) -> str:
    return _read(element, compiler, "json_extract")


@compiles(JsonText, "postgresql")
def _json_text_postgresql(element: JsonText, compiler: SQLCompiler, **_: Any) -> str:
    return _arrow(element, compiler, "->>")


@compiles(JsonNumber, "postgresql")
def _json_number_postgresql(element: JsonNumber, compiler: SQLCompiler, **_: Any) -> str:
    # The order in which AND is tried is PostgreSQL's choice, so the cast guards itself.
    value = _arrow(element, compiler, "->>")
    kind = f"json_typeof({_arrow(element, compiler, '->')})"
    return f"(CASE WHEN {kind} = 'number' THEN {value}::numeric END)"


@compiles(JsonIs, "sqlite")
def _json_is_sqlite(element: JsonIs, compiler: SQLCompiler, **_: Any) -> str:
    return f"{_read(element, compiler, 'json_type')} IN ({_SQLITE_TYPES[element.kind]})"


@compiles(JsonIs, "postgresql")
def _json_is_postgresql(element: JsonIs, compiler: SQLCompiler, **_: Any) -> str:
    if element.kind in {"true", "false"}:
        value, kind = _arrow(element, compiler, "->>"), _arrow(element, compiler, "->")
        return f"(json_typeof({kind}) = 'boolean' AND {value} = '{element.kind}')"
    name = {"text": "string"}.get(element.kind, element.kind)
    return f"json_typeof({_arrow(element, compiler, '->')}) = '{name}'"


@compiles(JsonMentions, "sqlite")
def _mentions_sqlite(element: JsonMentions, compiler: SQLCompiler, **_: Any) -> str:
    return f"instr({compiler.process(element.column)}, {compiler.process(element.quoted)}) > 0"


@compiles(JsonMentions)
def _mentions(_element: JsonMentions, _compiler: SQLCompiler, **_: Any) -> str:
    return "(1 = 1)"


@compiles(MatchesPattern, "sqlite")
def _matches_sqlite(element: MatchesPattern, compiler: SQLCompiler, **_: Any) -> str:
    # SQLite's LIKE ignores the case of ASCII letters; GLOB does not, and can use an index.
    return f"({compiler.process(element.column)} GLOB {compiler.process(element.glob_bound)})"


@compiles(MatchesPattern, "postgresql")
def _matches_postgresql(element: MatchesPattern, compiler: SQLCompiler, **_: Any) -> str:
    return f"({compiler.process(element.column)} LIKE {compiler.process(element.like_bound)})"


@compiles(Unindexed, "sqlite")
def _unindexed_sqlite(element: Unindexed, compiler: SQLCompiler, **_: Any) -> str:
    return f"+{compiler.process(element.column)}"


@compiles(Unindexed)
def _unindexed(element: Unindexed, compiler: SQLCompiler, **_: Any) -> str:
    return compiler.process(element.column)


@compiles(HasText, "sqlite")
def _has_text_sqlite(element: HasText, compiler: SQLCompiler, **_: Any) -> str:
    column, text = compiler.process(element.column), compiler.process(element.text)
    return f"EXISTS (SELECT 1 FROM json_each({column}) WHERE json_each.value = {text})"  # noqa: S608  # Both are what SQLAlchemy compiled.


@compiles(HasText, "postgresql")
def _has_text_postgresql(element: HasText, compiler: SQLCompiler, **_: Any) -> str:
    wanted = compiler.process(cast(element.array, Text()))
    return f"coalesce(({compiler.process(element.column)})::jsonb @> ({wanted})::jsonb, false)"


@compiles(IsEmptyList, "sqlite")
def _is_empty_sqlite(element: IsEmptyList, compiler: SQLCompiler, **_: Any) -> str:
    column = compiler.process(element.column)
    found = f"SELECT 1 FROM json_each({column}) WHERE json_each.value IS NOT NULL"  # noqa: S608  # A column that SQLAlchemy compiled.
    return f"NOT EXISTS ({found})"


@compiles(IsEmptyList, "postgresql")
def _is_empty_postgresql(element: IsEmptyList, compiler: SQLCompiler, **_: Any) -> str:
    return f"(coalesce({compiler.process(element.column)}::text, 'null') IN ('null', '[]'))"


def _as_glob(pattern: str) -> str:
    out: list[str] = []
    characters = iter(pattern)
    for character in characters:
        if character == "\\":
            out.append(_glob_quoted(next(characters, "\\")))
        elif character == "%":
            out.append("*")
        elif character == "_":
            out.append("?")
        else:
            out.append(_glob_quoted(character))
    return "".join(out)


def _glob_quoted(character: str) -> str:
    return f"[{character}]" if character in "*?[" else character


def members_of(column: ColumnElement[Any], dialect: str) -> TableValuedAlias:
    """A table of the members of a JSON array of texts, one column `value`; for a lateral join."""
    each = func.json_each if dialect == "sqlite" else func.json_array_elements_text
    return each(column).table_valued("value", joins_implicitly=True)
