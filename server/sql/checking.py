"""A query to a statement that is safe to run: an allow-list of kinds of nodes, names and functions.

The language is SQLite's, written anew for the database at hand.  What is not in a list here does
not get through, so that a database with more to offer offers no more than this.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import sqlglot
from sqlglot import exp
from sqlglot.dialects.sqlite import SQLite
from sqlglot.errors import ParseError, SqlglotError

from weave_core.errors import BadQuery
from weave_core.server.filters.parsing import position_of, suggest
from weave_core.server.sql.views import VIEWS

__all__ = ["KNOWN_FUNCTIONS", "MAX_QUERY", "MAX_TABLES", "Statement", "fault_at", "read_statement"]

MAX_QUERY = 20_000
"""Longest query, in characters."""
MAX_TABLES = 16
"""Most tables named in one query."""
_MAX_TOKENS = 4_000
_MAX_DEPTH = 100
_NOW = "now_ns"
_PERCENTILE = "percentile"
_JSON_ROWS = "json_each"


class WeaveCoreSql(SQLite):
    """SQLite's SQL with two traps closed."""

    class Tokenizer(SQLite.Tokenizer):
        """The first sign is the one to write: SQLite reads an unknown name in `"` as a text."""

        IDENTIFIERS: ClassVar = ["`", '"', ("[", "]")]

    def to_json_path(self, path: exp.Expr | None) -> exp.Expr | None:
        """`attributes ->> 'gen_ai.system'` names one key; only `$...` is a path."""
        if isinstance(path, exp.Literal) and path.is_string and not path.this.startswith("$"):
            key = exp.JSONPathKey(this=path.this)
            return exp.JSONPath(expressions=[exp.JSONPathRoot(), key])
        return super().to_json_path(path)


_WRITTEN: dict[str, str | type[SQLite]] = {"sqlite": WeaveCoreSql, "postgresql": "postgres"}
"""How sqlglot calls what our databases speak."""

_NODES: frozenset[type[exp.Expr]] = frozenset(
    (
        *(exp.Select, exp.Subquery, exp.Union, exp.Except, exp.Intersect, exp.With, exp.CTE),
        *(exp.From, exp.Join, exp.Where, exp.Group, exp.Having, exp.Order, exp.Ordered),
        *(exp.Limit, exp.Offset, exp.Distinct, exp.Table, exp.TableAlias, exp.Alias),
        *(exp.Column, exp.Star, exp.Identifier, exp.Literal, exp.Null, exp.Boolean),
        *(exp.And, exp.Or, exp.Not, exp.Paren, exp.Neg, exp.Tuple, exp.Exists),
        *(exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Is, exp.NullSafeEQ),
        *(exp.NullSafeNEQ, exp.Between, exp.In, exp.Like, exp.ILike, exp.Escape, exp.Glob),
        *(exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.DPipe, exp.Case, exp.If),
        *(
            exp.Cast,
            exp.DataType,
            exp.DataTypeParam,
            exp.Filter,
            exp.Window,
            exp.WindowSpec,
            exp.Interval,
        ),
        *(exp.JSONPath, exp.JSONPathRoot, exp.JSONPathKey, exp.JSONPathSubscript),
    )
)
_FUNCTIONS: dict[type[exp.Expr], str] = {
    exp.Abs: "abs",
    exp.Avg: "avg",
    exp.Coalesce: "coalesce",
    exp.Count: "count",
    exp.DenseRank: "dense_rank",
    exp.FirstValue: "first_value",
    exp.Greatest: "max",
    exp.GroupConcat: "group_concat",
    exp.JSONExtract: "json_extract",
    exp.JSONExtractScalar: "json_extract",
    exp.Lag: "lag",
    exp.LastValue: "last_value",
    exp.Lead: "lead",
    exp.Least: "min",
    exp.Length: "length",
    exp.Lower: "lower",
    exp.Max: "max",
    exp.Min: "min",
    exp.Ntile: "ntile",
    exp.Nullif: "nullif",
    exp.Rank: "rank",
    exp.Replace: "replace",
    exp.Round: "round",
    exp.RowNumber: "row_number",
    exp.StrPosition: "instr",
    exp.Substring: "substr",
    exp.Sum: "sum",
    exp.Trim: "trim",
    exp.Upper: "upper",
}
_NAMED_FUNCTIONS = frozenset((_NOW, _PERCENTILE))
KNOWN_FUNCTIONS = tuple(
    sorted({*_FUNCTIONS.values(), *_NAMED_FUNCTIONS, _JSON_ROWS, "iif", "ifnull", "cast"})
)
_CASTS = frozenset(
    (
        *(exp.DataType.Type.TEXT, exp.DataType.Type.VARCHAR, exp.DataType.Type.INT),
        *(exp.DataType.Type.BIGINT, exp.DataType.Type.FLOAT, exp.DataType.Type.DOUBLE),
        *(exp.DataType.Type.DECIMAL, exp.DataType.Type.BOOLEAN),
    )
)
_PARSER_FAULTS = (SqlglotError, ValueError, TypeError, AttributeError, LookupError, RecursionError)
_HINT = "write one SELECT, such as: select model, count(*) from spans group by model"


@dataclass(frozen=True)
class Statement:
    """A query that was let through."""

    text: str
    """As it was written, for messages."""
    sql: str
    """What to run."""
    views: tuple[str, ...]
    """Which of ours it reads."""


def read_statement(
    text: str, *, project_id: int, dialect: str, now_ns: int | None = None
) -> Statement:
    """The statement that `text` asks for.

    Args:
        text: One SELECT.
        project_id: The only project that it can read.
        dialect: `sqlite` or `postgresql`.
        now_ns: What `now_ns()` is; default: the clock.

    Raises:
        BadQuery: If it is no single SELECT, or names what is not in the lists.
    """
    tree = _parse(text)
    names = _resolve_tables(tree)
    for node in tree.walk():
        _check(node)
    now = exp.Literal.number(time.time_ns() if now_ns is None else now_ns)
    spelled = tree.transform(_spelled, dialect=dialect, now=now)
    return Statement(text, _written(spelled, names, project_id, dialect), names)


def fault_at(text: str, name: str) -> int | None:
    """Where `name` stands in `text`; None when it does not."""
    try:
        tokens = WeaveCoreSql().tokenize(text)
    except _PARSER_FAULTS:
        return None
    last = name.rpartition(".")[2].lower()
    return next((token.start for token in tokens if token.text.lower() == last), None)


def _parse(text: str) -> exp.Query:
    if "\0" in text:
        raise BadQuery("the query holds a NUL", "leave it out", text.index("\0"))
    if len(text) > MAX_QUERY:
        raise BadQuery(
            f"the query has {len(text)} characters, at most {MAX_QUERY} are read",
            "shorten it",
            MAX_QUERY,
        )
    dialect = WeaveCoreSql()
    try:
        tokens = dialect.tokenize(text)
        _check_tokens(tokens)
        trees = [tree for tree in dialect.parser().parse(tokens, text) if tree is not None]
    except ParseError as error:
        raise _syntax_error(text, error) from error
    except BadQuery:
        raise
    except _PARSER_FAULTS as error:
        raise BadQuery("the query can't be read", _HINT, 0) from error
    if len(trees) != 1:
        raise BadQuery(f"found {len(trees)} statements", _HINT, 0)
    [tree] = trees
    if not isinstance(tree, exp.Select | exp.SetOperation):
        raise BadQuery(f"found {_told(tree)}, only SELECT is read", _HINT, 0)
    return tree


def _check_tokens(tokens: list[sqlglot.Token]) -> None:
    if not tokens or tokens[0].text.lower() not in {"select", "with", "("}:
        found = repr(tokens[0].text[:40]) if tokens else "nothing"
        raise BadQuery(f"found {found}, only SELECT is read", _HINT, 0)
    if len(tokens) > _MAX_TOKENS:
        raise BadQuery(f"the query has {len(tokens)} words, at most {_MAX_TOKENS}", "shorten it", 0)
    depth = 0
    for token in tokens:
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        if depth > _MAX_DEPTH:
            raise BadQuery(
                f"the query is nested more than {_MAX_DEPTH} deep", "flatten it", token.start
            )


def _syntax_error(text: str, error: ParseError) -> BadQuery:
    detail = error.errors[0] if error.errors else {}
    before = str(detail.get("start_context") or "")
    found = str(detail.get("highlight") or "")
    # The context is the text before the fault, cut at its beginning.
    at = text.find(before + found) + len(before) if found and before + found in text else 0
    fault = str(detail.get("description") or "")
    if fault.startswith(("Required", "Expected")):
        return BadQuery(f"something is missing at {found[:40]!r}", _HINT, at)
    return BadQuery(f"did not expect {found[:40]!r}", _HINT, at)


def _resolve_tables(tree: exp.Query) -> tuple[str, ...]:
    """Check every table's name; which of our views are read.

    A common table may be named only by what comes after it: a name that a database does not find
    among those would be looked up among its real tables.
    """
    with_ = tree.args.get("with_")
    for inner in tree.find_all(exp.With):
        if inner is not with_:
            raise BadQuery("found WITH inside of a query", "put it at the very beginning", 0)
    if with_ is not None and with_.args.get("recursive"):
        raise BadQuery("found WITH RECURSIVE, which is not read", "ask without recursion", 0)
    tables = list(tree.find_all(exp.Table))
    if len(tables) > MAX_TABLES:
        raise BadQuery(
            f"the query names {len(tables)} tables, at most {MAX_TABLES}", "ask several times", 0
        )
    known: set[str] = set()
    used: set[str] = set()
    inside: set[int] = set()
    for cte in with_.expressions if with_ is not None else ():
        own = list(cte.find_all(exp.Table))
        inside.update(id(table) for table in own)
        used |= _views_of(own, known)
        name = cte.alias.lower()
        if name in VIEWS or name in known or cte.args["alias"].args.get("columns"):
            raise BadQuery(
                f"{cte.alias!r} can't name a common table",
                "give it a name of its own, and name its columns by AS inside",
                position_of(cte.args["alias"]),
            )
        known.add(name)
    used |= _views_of([table for table in tables if id(table) not in inside], known)
    return tuple(name for name in VIEWS if name in used)


def _views_of(tables: Iterable[exp.Table], known: set[str]) -> set[str]:
    used: set[str] = set()
    for table in tables:
        if isinstance(table.this, exp.Anonymous) and str(table.this.this).lower() == _JSON_ROWS:
            continue
        name = table.name.lower()
        is_plain = isinstance(table.this, exp.Identifier) and not table.db and not table.catalog
        if not is_plain or not (name in VIEWS or name in known):
            raise BadQuery(
                f"there is no table {table.sql()[:60]!r}",
                f"{suggest(name, tuple(VIEWS))}known tables: {', '.join(VIEWS)}",
                position_of(table),
            )
        if name in VIEWS and name not in known:
            used.add(name)
    return used


def _check(node: exp.Expr) -> None:
    kind = type(node)
    if kind in _NODES or kind in _FUNCTIONS:
        if kind is exp.Cast and node.args["to"].this not in _CASTS:
            raise BadQuery(
                f"found a cast to {node.args['to'].sql()[:40]!r}",
                "cast to text, integer, real or boolean",
                position_of(node),
            )
        if kind is exp.Interval:
            raise BadQuery(
                "found an interval", "times are nanoseconds: now_ns() - 3600 * 1000000000", 0
            )
        if kind is exp.Identifier and ("`" in str(node.this) or "\0" in str(node.this)):
            raise BadQuery(f"{str(node.this)[:40]!r} is no name", "leave out `", position_of(node))
        return
    if kind is exp.Anonymous:
        name = str(node.this).lower()
        is_rows = name == _JSON_ROWS and isinstance(node.parent, exp.Table)
        if name in _NAMED_FUNCTIONS or is_rows:
            return
    if isinstance(node, exp.Func):
        name = str(node.this if kind is exp.Anonymous else node.sql_name()).lower()
        raise BadQuery(
            f"there is no function {name[:40]!r}",
            f"{suggest(name, KNOWN_FUNCTIONS)}known functions: {', '.join(KNOWN_FUNCTIONS)}",
            position_of(node),
        )
    raise BadQuery(f"found {_told(node)}, which is not read", _HINT, position_of(node))


def _spelled(node: exp.Expr, *, dialect: str, now: exp.Literal) -> exp.Expr:
    """Our own functions, as the database has them."""
    if isinstance(node, exp.Table) and isinstance(node.this, exp.Anonymous):
        return node if dialect == "sqlite" else _json_rows(node)
    if not isinstance(node, exp.Anonymous):
        return node
    name = str(node.this).lower()
    if name == _NOW:
        if node.expressions:
            raise BadQuery("now_ns() takes nothing", "write now_ns()", position_of(node))
        return now.copy()
    if name == _PERCENTILE:
        if len(node.expressions) != 2 or not _is_share(node.expressions[1]):  # noqa: PLR2004  # What, and which.
            raise BadQuery(
                "percentile() takes a number and a share from 0 to 1",
                "write percentile(duration_ms, 0.95)",
                position_of(node),
            )
        if dialect == "postgresql":
            value, share = node.expressions
            order = exp.Order(expressions=[exp.Ordered(this=value, nulls_first=False)])
            return exp.WithinGroup(this=exp.PercentileCont(this=share), expression=order)
    return node


_JSON_ROWS_SQL = """
SELECT key, value FROM (
  SELECT key, value #>> '{}' AS value
  FROM json_each(CASE json_typeof(asked) WHEN 'object' THEN asked END)
  UNION ALL
  SELECT CAST(place - 1 AS text), value #>> '{}'
  FROM json_array_elements(CASE json_typeof(asked) WHEN 'array' THEN asked END)
    WITH ORDINALITY AS element(value, place)
) AS rows
"""
"""PostgreSQL's `json_each`, with the columns that people read of SQLite's; all values are texts."""


def _json_rows(table: exp.Table) -> exp.Expr:
    """`json_each(x) AS j` for PostgreSQL, which has one for maps and another for lists."""
    call = table.this
    if len(call.expressions) != 1:
        raise BadQuery("json_each() takes a column of JSON", "write json_each(tags)", None)
    asked = exp.cast(call.expressions[0].copy(), exp.DataType.Type.JSON)

    def put_in(node: exp.Expr) -> exp.Expr:
        is_place = isinstance(node, exp.Column) and node.name == "asked"
        return exp.paren(asked.copy()) if is_place else node

    rows = sqlglot.parse_one(_JSON_ROWS_SQL, read="postgres").transform(put_in)
    alias = table.args.get("alias") or exp.TableAlias(this=exp.to_identifier(_JSON_ROWS))
    return exp.Lateral(this=exp.Subquery(this=rows), alias=alias)


def _is_share(node: exp.Expr) -> bool:
    return isinstance(node, exp.Literal) and not node.is_string and 0 <= float(node.this) <= 1


def _written(tree: exp.Expr, names: Iterable[str], project_id: int, dialect: str) -> str:
    """The tree as text, the views in front: each a part of the plan, no table of its own."""
    is_own = dialect == "sqlite"
    common = [
        f"{name} AS NOT MATERIALIZED ({VIEWS[name].sql(dialect, project_id)})" for name in names
    ]

    def text_of(node: exp.Expr) -> str:
        return node.sql(dialect=_WRITTEN[dialect], identify=is_own, comments=False)

    with_ = tree.args.get("with_")
    if with_ is not None:
        common += [text_of(cte) for cte in with_.expressions]
        tree.set("with_", None)
    return f"WITH {', '.join(common)} {text_of(tree)}" if common else text_of(tree)


def _told(node: exp.Expr) -> str:
    return type(node).__name__.upper()
