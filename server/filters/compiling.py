"""A syntax tree to a SQLAlchemy condition: only what is allowed here by name gets through.

Negations are pushed down to the comparisons first.  Above them are then only AND and OR, for which
"unknown" and "false" are the same to WHERE; so a guard such as "is a number" can simply be ANDed
to a comparison, and an expression index on the bare JSON value still serves it.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, bindparam, exists, false, not_, or_, true
from sqlglot import exp

from weave_core.errors import BadFilter
from weave_core.server.filters.constructs import (
    HasText,
    IsEmptyList,
    JsonIs,
    JsonMentions,
    JsonNumber,
    JsonText,
    MatchesPattern,
    check_key,
)
from weave_core.server.filters.feedback import FEEDBACK_TABLE
from weave_core.server.filters.feedback_tests import named, says, says_text
from weave_core.server.filters.parsing import parse, position_of, suggest
from weave_core.server.filters.previews import PreviewText
from weave_core.server.filters.searching import (
    NotIndexed,
    TextMatches,
    and_parts,
    read_terms,
    without_searches,
)
from weave_core.server.filters.values import json_value, text_value, value_for
from weave_core.server.filters.vocabularies import SPAN, TRACE, Field, Vocabulary
from weave_core.server.store.shared_texts import of_text

__all__ = ["MAX_LIST", "compile_filter", "demanded_feedback"]

MAX_LIST = 500
"""Most values in one `in (...)`."""
MAX_WILDCARDS = 20
MAX_WORDS = 20

Condition = ColumnElement[bool]
Searches = Literal["gathered", "done"]
Comparison = Callable[[Any, Any], Any]

_COMPARE: dict[type[exp.Expr], Comparison] = {
    exp.EQ: lambda column, value: column == value,
    exp.NEQ: lambda column, value: column != value,
    exp.LT: lambda column, value: column < value,
    exp.LTE: lambda column, value: column <= value,
    exp.GT: lambda column, value: column > value,
    exp.GTE: lambda column, value: column >= value,
}
_OPPOSITE: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.EQ: exp.NEQ,
    exp.NEQ: exp.EQ,
    exp.LT: exp.GTE,
    exp.GTE: exp.LT,
    exp.GT: exp.LTE,
    exp.LTE: exp.GT,
}
_MIRRORED: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.EQ: exp.EQ,
    exp.NEQ: exp.NEQ,
    exp.LT: exp.GT,
    exp.GT: exp.LT,
    exp.LTE: exp.GTE,
    exp.GTE: exp.LTE,
}
_ORDERED = (exp.LT, exp.LTE, exp.GT, exp.GTE)
_FUNCTIONS = ("any_span", "contains", "has", "now", "text_search")


@dataclass(frozen=True)
class _Part:
    """What holds for the row of the list, AND what holds for a span of the trace.

    Kept apart so that a range of start times stays outside of the look at the spans, where an
    index can serve it.
    """

    row: Condition | None = None
    span: Condition | None = None

    @property
    def both(self) -> Condition:
        """The two in one, for a place where row and span are at hand."""
        return and_(*(side for side in (self.row, self.span) if side is not None))


def compile_filter(
    text: str | None,
    vocabulary: Vocabulary,
    *,
    now_ns: int | None = None,
    searches: Searches = "gathered",
    within: tuple[int, int] | None = None,
) -> Condition | None:
    """The condition that `text` stands for; None when there is nothing to filter by.

    Args:
        text: A filter expression; None and blank pass everything.
        vocabulary: Names it may use.
        now_ns: What `now()` is; default: the clock.
        searches: How searched words are looked for: `gathered`, all spans that have them at once;
            `done`, those that must be there were found before, and only phrases are still to be
            looked at.
        within: First and last row id of the spans that have searched words in what is gathered, so
            that not all of a store's need be; the caller sees to it that no other span matters.

    Raises:
        BadFilter: If `text` is no expression, names something unknown or is over a bound.
    """
    tree = parse(text) if text else None
    if tree is None:
        return None
    now_ns = time.time_ns() if now_ns is None else now_ns
    if searches == "done":
        tree = without_searches(tree)
        if tree is None:
            return None
    compiler = _Compiler(vocabulary, now_ns, within=within)
    return compiler.closed(compiler.part(tree, is_negated=False))


_DEMANDED = Vocabulary(
    "spans",
    {
        name: Field(name, "feedback", FEEDBACK_TABLE.c.value, given=lambda passes: passes)
        for name in ("feedback", "span.feedback")
    },
    (),
)


def demanded_feedback(text: str | None) -> list[Condition]:
    """Conditions on rows of feedback, of each of which a trace must have one to pass a filter.

    Args:
        text: A filter of traces or of spans that `compile_filter` took.
    """
    tree = parse(text) if text and "feedback" in text.lower() else None
    found = []
    for node in and_parts(tree):
        is_turned = isinstance(node, exp.Not) and not isinstance(node.this, exp.Is)
        if is_turned or isinstance(node, exp.Is | exp.Or):  # `is null` wants that there is none.
            continue
        try:
            part = _Compiler(_DEMANDED, 0, within=None).part(node, is_negated=False)
        except BadFilter:
            continue
        found.append(part.both)
    return found


class _Compiler:
    """Compiles one expression."""

    def __init__(
        self, vocabulary: Vocabulary, now_ns: int, *, within: tuple[int, int] | None
    ) -> None:
        self._within = within
        self._vocabulary = vocabulary
        self._now_ns = now_ns
        self._is_inside_any_span = False

    def closed(self, part: _Part) -> Condition:
        """The condition on a row of the list: what speaks of a span asks whether there is one."""
        if part.span is None or not self._vocabulary.is_of_traces:
            return part.both
        of_trace = and_(
            SPAN.c.project_id == TRACE.c.project_id, SPAN.c.trace_id == TRACE.c.trace_id
        )
        found = exists().where(of_trace, part.span).correlate(TRACE)
        return found if part.row is None else and_(part.row, found)

    def part(self, node: exp.Expr, *, is_negated: bool) -> _Part:  # noqa: C901  # One line a kind of node.
        """Compile a node that is true or false."""
        match node:
            case exp.Paren():
                return self.part(node.this, is_negated=is_negated)
            case exp.Not():
                return self.part(node.this, is_negated=not is_negated)
            case exp.And() | exp.Or():
                return self._joined(node, is_negated=is_negated)
            case exp.EQ() | exp.NEQ() | exp.LT() | exp.LTE() | exp.GT() | exp.GTE():
                return self._comparison(node, is_negated=is_negated)
            case exp.Between():
                return self._between(node, is_negated=is_negated)
            case exp.In():
                return self._in(node, is_negated=is_negated)
            case exp.Like() | exp.ILike():
                return self._like(node, is_negated=is_negated)
            case exp.Is():
                return self._is(node, is_negated=is_negated)
            case exp.Boolean():
                return _Part(true() if bool(node.this) != is_negated else false())
            case exp.Contains() | exp.Anonymous():
                return self._function(node, is_negated=is_negated)
            case exp.Column():
                return self._bare(node, is_negated=is_negated)
        raise _not_allowed(node)

    def _joined(self, node: exp.Expr, *, is_negated: bool) -> _Part:
        is_and = isinstance(node, exp.And) != is_negated
        parts = [self.part(side, is_negated=is_negated) for side in node.flatten()]
        return _all(parts) if is_and else _any(parts)

    def _comparison(self, node: exp.Expr, *, is_negated: bool) -> _Part:
        operator, left, right = type(node), _bared(node.this), _bared(node.expression)
        if not _is_field(left) and _is_field(right):
            operator, left, right = _MIRRORED[operator], right, left
        operator = _OPPOSITE[operator] if is_negated else operator
        if (given := self._feedback(left)) is not None:
            return given(_said(left, operator, right))
        if isinstance(left, exp.Bracket):
            return self._json_comparison(left, operator, right)
        field = self._field(left)
        if field.kind in {"bool", "id"} and operator in _ORDERED:
            raise BadFilter(f"{field.name!r} has no order", "use = or !=", position_of(node))
        value = value_for(field, right, self._now_ns)
        if field.key_of and operator is exp.EQ:
            return self._of(field, field.is_one_of([value]))
        if field.values:
            # One of a closed set, so it may stand in the statement, where SQLite can see that a
            # partial index such as `newest_errors` covers it.
            value = bindparam(None, value, literal_execute=True)
        if field.kind == "bool":
            is_wanted = bool(value) == (operator is exp.EQ)
            return self._of(field, field.column if is_wanted else not_(field.column))
        return self._of(field, _COMPARE[operator](field.column, value))

    def _between(self, node: exp.Expr, *, is_negated: bool) -> _Part:
        _only(node, "this", "low", "high")
        low, high = node.args["low"], node.args["high"]
        subject = _bared(node.this)
        if (given := self._feedback(subject)) is not None:
            # Both ends of one feedback, not of two people's.
            ends = and_(_said(subject, exp.GTE, low), _said(subject, exp.LTE, high))
            return given(not_(ends) if is_negated else ends)
        above = exp.GTE(this=node.this, expression=low)
        below = exp.LTE(this=node.this, expression=high)
        parts = [self._comparison(side, is_negated=is_negated) for side in (above, below)]
        return _any(parts) if is_negated else _all(parts)

    def _in(self, node: exp.Expr, *, is_negated: bool) -> _Part:
        if node.args.get("field") is not None:  # 'beta' in tags
            _only(node, "this", "field")
            return self._has(node.args["field"], node.this, is_negated=is_negated)
        _only(node, "this", "expressions")
        values = list(node.expressions)
        if not 1 <= len(values) <= MAX_LIST:
            raise BadFilter(
                f"found {len(values)} values in `in (...)`",
                f"give 1 to {MAX_LIST} in parentheses",
                position_of(node),
            )
        subject = _bared(node.this)
        operator = exp.NEQ if is_negated else exp.EQ
        if (given := self._feedback(subject)) is not None:
            found = [_said(subject, operator, value) for value in values]
            return given(and_(*found) if is_negated else or_(*found))
        if isinstance(subject, exp.Bracket):
            parts = [self._json_comparison(subject, operator, value) for value in values]
            return _all(parts) if is_negated else _any(parts)
        field = self._field(subject)
        bound = [value_for(field, _bared(value), self._now_ns) for value in values]
        if field.kind == "bool":
            raise BadFilter(f"{field.name!r} takes no list", "use = true", position_of(node))
        chosen = field.column.not_in(bound) if is_negated else field.is_one_of(bound)
        return self._of(field, chosen)

    def _like(self, node: exp.Expr, *, is_negated: bool) -> _Part:
        _only(node, "this", "expression", "negate")
        is_negated = is_negated != bool(node.args.get("negate"))
        subject = _bared(node.this)
        pattern = text_value(_bared(node.expression), _label(subject))
        if pattern.count("%") + pattern.count("_") > MAX_WILDCARDS:
            raise BadFilter(
                f"the pattern has more than {MAX_WILDCARDS} wildcards",
                "% stands for any text, _ for one character; \\% and \\_ for themselves",
                position_of(node.expression),
            )
        if (len(pattern) - len(pattern.rstrip("\\"))) % 2:
            pattern += "\\"  # At the end there is nothing to escape; PostgreSQL refuses it.
        is_cased = isinstance(node, exp.Like)
        if (given := self._feedback(subject)) is not None:
            found = says_text(lambda column: _matches(column, pattern, is_cased=is_cased))
            return given(not_(found) if is_negated else found)
        if isinstance(subject, exp.Bracket):
            column, key = self._json_key(subject)
            text = JsonText(column, key)
            found = _matches(text, pattern, is_cased=is_cased)
            guard = JsonIs(column, key, "text")
            return _Part(span=and_(not_(found) if is_negated else found, guard))
        field = self._text_field(subject)
        found = _matches(field.column, pattern, is_cased=is_cased)
        return self._of(field, not_(found) if is_negated else found)

    def _is(self, node: exp.Expr, *, is_negated: bool) -> _Part:
        wanted = node.expression
        if isinstance(wanted, exp.Boolean):
            return self._comparison(
                exp.EQ(this=node.this, expression=wanted), is_negated=is_negated
            )
        if not isinstance(wanted, exp.Null):
            raise _not_allowed(node)
        subject = _bared(node.this)
        if (given := self._feedback(subject)) is not None:
            return given(true() if is_negated else None)
        if isinstance(subject, exp.Bracket):
            field, key = self._keyed(subject)
            missing: Condition = (
                field.by_key(key) if field.by_key else JsonText(field.column, key)
            ).is_(None)
            return _Part(span=not_(missing) if is_negated else missing)
        field = self._field(subject)
        if field.kind == "texts":
            empty: Condition = IsEmptyList(field.column)
        elif field.kind in {"json", "feedback"}:
            raise BadFilter(
                f"{field.name!r} needs a key", f"write {field.name}['key']", position_of(node)
            )
        else:
            empty = field.column.is_(None)
        return self._of(field, not_(empty) if is_negated else empty)

    def _bare(self, node: exp.Expr, *, is_negated: bool) -> _Part:
        field = self._field(node)
        if field.kind != "bool":
            raise BadFilter(
                f"{field.name!r} alone is no condition",
                f"compare it, for example {field.name} is not null",
                position_of(node),
            )
        return self._of(field, not_(field.column) if is_negated else field.column)

    def _function(self, node: exp.Expr, *, is_negated: bool) -> _Part:
        arguments = (
            [node.this, node.expression] if isinstance(node, exp.Contains) else node.expressions
        )
        name = "contains" if isinstance(node, exp.Contains) else str(node.this).lower()
        shapes = {
            "contains": "contains(input_preview, 'refund')",
            "has": "has(tags, 'beta')",
            "text_search": "text_search('refund')",
            "any_span": "any_span(kind = 'tool' and status = 'error')",
        }
        if name not in shapes:
            raise BadFilter(
                f"there is no condition {name[:40]!r}",
                f"{suggest(name, _FUNCTIONS)}known functions: {', '.join(_FUNCTIONS)}",
                position_of(node),
            )
        wanted = 2 if name in {"contains", "has"} else 1
        if len(arguments) != wanted:
            raise BadFilter(
                f"{name} takes {wanted}, found {len(arguments)} arguments",
                f"write it like {shapes[name]}",
                position_of(node),
            )
        if name == "has":
            return self._has(arguments[0], arguments[1], is_negated=is_negated)
        if name == "contains":
            return self._contains(arguments[0], arguments[1], is_negated=is_negated)
        if name == "text_search":
            return self._text_search(arguments[0], is_negated=is_negated)
        return self._any_span(node, arguments[0], is_negated=is_negated)

    def _has(self, subject: exp.Expr, member: exp.Expr, *, is_negated: bool) -> _Part:
        field = self._field(_bared(subject))
        if field.kind != "texts":
            raise BadFilter(
                f"{field.name!r} is no list", "has() takes tags or models", position_of(subject)
            )
        found = HasText(field.column, text_value(_bared(member), field.name))
        return self._of(field, not_(found) if is_negated else found)

    def _contains(self, subject: exp.Expr, text: exp.Expr, *, is_negated: bool) -> _Part:
        bare = _bared(subject)
        word = text_value(_bared(text), _label(bare))
        if (given := self._feedback(bare)) is not None:
            found = says_text(lambda column: column.icontains(word, autoescape=True))
            return given(not_(found) if is_negated else found)
        if isinstance(bare, exp.Bracket):
            column, key = self._json_key(bare)
            found = JsonText(column, key).icontains(word, autoescape=True)
            guard = JsonIs(column, key, "text")
            return _Part(span=and_(not_(found) if is_negated else found, guard))
        field = self._text_field(bare)
        found = field.column.icontains(word, autoescape=True)
        return self._of(field, not_(found) if is_negated else found)

    def _text_search(self, argument: exp.Expr, *, is_negated: bool) -> _Part:
        if not self._vocabulary.searched:
            raise BadFilter(
                f"text_search looks into spans, not into {self._vocabulary.name}",
                "contains(name, 'x') finds a part of a text",
                position_of(argument),
            )
        terms = read_terms(text_value(_bared(argument), "text_search"))
        if not 1 <= len(terms) <= MAX_WORDS:
            raise BadFilter(
                f"text_search found {len(terms)} words",
                f'give 1 to {MAX_WORDS}; "a phrase" is one, and so is a prefix*',
                position_of(argument),
            )
        # A column that is missing holds no word; NULL must not make the negation unknown.
        hits = [
            or_(
                *(
                    and_(column.is_not(None), column.icontains(term.text, autoescape=True))
                    for column in (
                        *self._vocabulary.searched,
                        PreviewText("input_preview", term.text),
                        PreviewText("output_preview", term.text),
                    )
                )
            )
            for term in terms
        ]
        here = (SPAN.c.id, SPAN.c.project_id, terms)
        matches = TextMatches(*here, within=self._within)
        found = or_(matches, and_(NotIndexed(*here), *hits))
        return _Part(span=not_(found) if is_negated else found)

    def _any_span(self, node: exp.Expr, inner: exp.Expr, *, is_negated: bool) -> _Part:
        if not self._vocabulary.is_of_traces or self._is_inside_any_span:
            raise BadFilter(
                "any_span belongs to filters of traces, and not inside itself",
                "in a list of spans write the condition itself",
                position_of(node),
            )
        self._is_inside_any_span = True
        try:
            part = self.part(inner, is_negated=False)
        finally:
            self._is_inside_any_span = False
        found = self.closed(_Part(span=part.both))
        return _Part(not_(found) if is_negated else found)

    def _json_comparison(
        self, subject: exp.Bracket, operator: type[exp.Expr], other: exp.Expr
    ) -> _Part:
        field, key = self._keyed(subject)
        column = field.column
        value = json_value(_bared(other), _label(subject))
        if field.by_key is not None:
            if isinstance(value, str | bool):
                raise BadFilter(
                    f"{_label(subject)} is a number", "compare it with one", position_of(other)
                )
            return _Part(_COMPARE[operator](field.by_key(key), value))
        if isinstance(value, bool):
            if operator in _ORDERED:
                raise BadFilter("true and false have no order", "use =", position_of(subject))
            wanted = "true" if value == (operator is exp.EQ) else "false"
            return _Part(span=JsonIs(column, key, wanted))
        if isinstance(value, str):
            text = _COMPARE[operator](JsonText(column, key), value)
            parts = [text, JsonIs(column, key, "text")]
            if operator is exp.EQ and JsonMentions.can_tell(value):
                parts.insert(0, JsonMentions(column, value))
            return _Part(span=and_(*parts))
        number = _COMPARE[operator](JsonNumber(column, key), value)
        return _Part(span=and_(number, JsonIs(column, key, "number")))

    def _json_key(self, node: exp.Bracket) -> tuple[ColumnElement[Any], str]:
        field, key = self._keyed(node)
        if field.by_key is not None:
            raise BadFilter(f"{_label(node)} is a number", "compare it with one", position_of(node))
        return field.column, key

    def _keyed(self, node: exp.Bracket) -> tuple[Field, str]:
        """A field that takes a key in brackets, and the key."""
        field = self._field(_bared(node.this))
        if field.kind != "json" or len(node.expressions) != 1:
            raise BadFilter(
                f"{field.name!r} takes no key in brackets",
                "attributes['http.route'] does",
                position_of(node),
            )
        key = text_value(_bared(node.expressions[0]), field.name)
        check_key(key, position_of(node))
        return field, key

    def _feedback(self, node: exp.Expr) -> Callable[[Condition | None], _Part] | None:
        """What asks for feedback as `node` names it, or for none; None where it names no such."""
        if not isinstance(node, exp.Bracket):
            return None
        field = self._field(_bared(node.this))
        test = field.given
        if test is None:
            return None
        is_meant = named(node)

        def given(says: Condition | None) -> _Part:
            found = not_(test(is_meant)) if says is None else test(and_(is_meant, says))
            return self._of(field, found)

        return given

    def _text_field(self, node: exp.Expr) -> Field:
        field = self._field(node)
        if field.kind != "text":
            raise BadFilter(
                f"{field.name!r} is no text, it can't be searched",
                "compare it with =, < or >, or ask has(tags, 'x')",
                position_of(node),
            )
        return field

    def _field(self, node: exp.Expr) -> Field:
        if not isinstance(node, exp.Column):
            raise BadFilter(
                f"expected a field, found {_label(node)!r}",
                f"known fields: {self._names()}",
                position_of(node),
            )
        name = ".".join(part.name for part in node.parts).lower()
        field = self._vocabulary.fields.get(name)
        if field is None:
            raise BadFilter(
                f"there is no field {name[:60]!r}",
                f"{suggest(name, list(self._vocabulary.fields))}known fields: {self._names()}",
                position_of(node),
            )
        return field

    def _names(self) -> str:
        names = sorted(name for name in self._vocabulary.fields if "." not in name)
        return ", ".join(names) + ("; span.<field>" if self._vocabulary.is_of_traces else "")

    def _of(self, field: Field, condition: Any) -> _Part:
        return _Part(span=condition) if field.is_of_span else _Part(condition)


def _all(parts: list[_Part]) -> _Part:
    rows = [part.row for part in parts if part.row is not None]
    spans = [part.span for part in parts if part.span is not None]
    return _Part(and_(*rows) if rows else None, and_(*spans) if spans else None)


def _any(parts: list[_Part]) -> _Part:
    if all(part.span is None for part in parts):
        return _Part(or_(*(part.both for part in parts)))
    return _Part(span=or_(*(part.both for part in parts)))


def _said(subject: exp.Expr, operator: type[exp.Expr], other: exp.Expr) -> Condition:
    is_ordered = operator in _ORDERED
    return says(_bared(other), _label(subject), _COMPARE[operator], is_ordered=is_ordered)


def _matches(column: ColumnElement[Any], pattern: str, *, is_cased: bool) -> Condition:
    if is_cased:
        return of_text(column, lambda text: MatchesPattern(text, pattern))
    return column.ilike(pattern, escape="\\")


def _bared(node: exp.Expr) -> exp.Expr:
    while isinstance(node, exp.Paren):
        node = node.this
    return node


def _is_field(node: exp.Expr) -> bool:
    return isinstance(node, exp.Column | exp.Bracket) and not node.this.args.get("quoted")


def _label(node: exp.Expr) -> str:
    if isinstance(node, exp.Bracket) and len(node.expressions) == 1:
        return f"{node.this.name}[{node.expressions[0].name!r}]"
    return node.name or type(node).__name__.lower()


def _only(node: exp.Expr, *known: str) -> None:
    """Refuse what sqlglot read into a node and nobody here would heed."""
    if any(value for key, value in node.args.items() if key not in known):
        raise _not_allowed(node)


def _not_allowed(node: exp.Expr) -> BadFilter:
    return BadFilter(
        f"{type(node).__name__.upper()} is not part of the filter language",
        "use and, or, not, = != < <= > >=, in, between, like, ilike, is null, and the functions "
        f"{', '.join(_FUNCTIONS)}",
        position_of(node),
    )
