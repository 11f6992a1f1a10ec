"""`text_search`: words, phrases and prefixes to what a full-text index reads.

    refund policy        both words, anywhere in names, inputs, outputs and messages
    "refund policy"      one after the other
    refun*               words that begin so

SQLite's index knows which words are in which span, and not where.  There a term of several words,
such as a phrase or `gpt-4o`, is looked for in the texts of those spans that have them all.

Spans that are not indexed (the newest, for a moment, and projects that want no index) are searched
for the same texts in their names and previews alone, also inside of words.
"""

import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, String, UnaryExpression, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import operators
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import Boolean
from sqlglot import exp

from weave_core.server.filters.parsing import parse
from weave_core.server.store.rollup_tables import TEXT_CURSOR, BackgroundCursorRow
from weave_core.server.store.text_tables import LEFT_OUT
from weave_core.server.store.text_vectors import vector_query
from weave_core.server.store.words import ACCENTS, WORD, folded, mark_of

__all__ = [
    "PASSED",
    "SAYS",
    "NotIndexed",
    "Term",
    "TextMatches",
    "and_parts",
    "equal_names",
    "match_of",
    "pattern_of",
    "read_terms",
    "searched_marks",
    "searched_terms",
    "tsquery_of",
    "without_searches",
]

_ATTRIBUTES = ("attributes", "metadata")
SAYS = "span_says"
"""SQLite's function of a row id and a JSON list of phrases; the store's connections have it."""
_TERM = re.compile(r'"([^"]*)"?|(\S+)')
_CURSORS = BackgroundCursorRow.__tablename__
PASSED = f"SELECT MAX(position) FROM {_CURSORS} WHERE name = '{TEXT_CURSOR}'"  # noqa: S608  # Ours.
"""Query for the row id of the last span that the index has seen."""


def searched_terms(text: str | None) -> "list[Term]":
    """The terms that a span must have for a filter to be true; spans not indexed may pass too.

    Args:
        text: A filter that `compile_filter` took.
    """
    tree = parse(text) if text and "text_search" in text.lower() else None
    return [term for part in and_parts(tree) for term in _terms_in(part)]


def without_searches(node: exp.Expr) -> exp.Expr | None:
    """A filter without the searches that it demands and that an index tells alone.

    Args:
        node: The tree of one whose words were all found before; None is left if it was no more.
    """
    match node:
        case exp.And():
            parts = [part for each in node.flatten() if (part := without_searches(each))]
            return exp.and_(*parts) if parts else None
        case exp.Paren():
            inner = without_searches(node.this)
            return None if inner is None else exp.Paren(this=inner.copy())
        case exp.Anonymous() if (terms := _terms_in(node)) and not phrases_of(terms):
            return None
    return node


def searched_marks(text: str | None) -> list[str]:
    """The index's words for attributes that a span must have for a filter to be true.

    Args:
        text: A filter that `compile_filter` took.
    """
    tree = parse(text) if text and "[" in text else None
    return [mark for part in and_parts(tree) for mark in _marks_in(part)]


def equal_names(text: str | None) -> list[str]:
    """The fields that must be equal to something for a filter to be true.

    Args:
        text: A filter that `compile_filter` took.
    """
    parts = and_parts(parse(text) if text else None)
    return [part.this.name.lower() for part in parts if isinstance(part, exp.EQ)]


def and_parts(node: exp.Expr | None) -> Iterator[exp.Expr]:
    """The expressions that must all be true for the whole to be."""
    match node:
        case exp.And():
            for part in node.flatten():
                yield from and_parts(part)
        case exp.Paren():
            yield from and_parts(node.this)
        case exp.Expr():
            yield node


def _marks_in(node: exp.Expr) -> Iterator[str]:
    if isinstance(node, exp.EQ):
        for subject, value in ((node.this, node.expression), (node.expression, node.this)):
            is_text = isinstance(value, exp.Literal) and value.is_string
            is_attribute = (
                isinstance(subject, exp.Bracket) and subject.this.name.lower() in _ATTRIBUTES
            )
            if is_attribute and is_text:
                yield mark_of(str(subject.expressions[0].this), str(value.this))


def _terms_in(node: exp.Expr) -> "list[Term]":
    if (
        not isinstance(node, exp.Anonymous)
        or str(node.this).lower() != "text_search"
        or len(node.expressions) != 1
    ):
        return []
    return read_terms(str(node.expressions[0].this))


@dataclass(frozen=True)
class Term:
    """A word or phrase that must be there."""

    text: str
    is_prefix: bool = False


def read_terms(text: str) -> list[Term]:
    """The terms of a search; what has no letter and no digit finds nothing and is left out."""
    terms: list[Term] = []
    for phrase, word in _TERM.findall(text):
        is_prefix = word.endswith("*")
        bare = phrase or (word.rstrip("*") if is_prefix else word)
        if WORD.search(bare):
            terms.append(Term(bare.strip(), is_prefix))
    return terms


def match_of(terms: list[Term]) -> str:
    """What FTS5 must find in a span: every word of `terms`, wherever it stands."""
    wanted: list[str] = []
    for term in terms:
        words = _known_words(term.text)
        ends = [f'"{word}"' for word in words]
        if ends and term.is_prefix:
            ends[-1] += " *"
        wanted += ends
    return " ".join(dict.fromkeys(wanted))


def tsquery_of(terms: list[Term]) -> str:
    """What PostgreSQL must find in a span: all of `terms`, phrases too."""
    return vector_query((term.text, term.is_prefix) for term in terms)


def phrases_of(terms: list[Term]) -> list[Term]:
    """Those of `terms` that the index alone can't tell: several words in a row."""
    return [term for term in terms if _words(term.text) != _known_words(term.text)[:1]]


def _words(text: str) -> list[str]:
    # An accent of its own is no letter, and the index drops it.
    return WORD.findall(ACCENTS.sub("", unicodedata.normalize("NFC", text)))


def _known_words(text: str) -> list[str]:
    """Words that SQLite cuts as we do: it knows the letters of Unicode 6.1 and no later ones."""
    old = unicodedata.ucd_3_2_0.category
    return [word for word in _words(text) if word.isascii() or all(old(c)[0] in "LN" for c in word)]


def pattern_of(term: Term) -> re.Pattern[str]:
    """What finds `term` in a folded text: its words in a row, nothing but marks between them."""
    first, *others = map(re.escape, WORD.findall(folded(term.text)))
    # What must not stand before a word is asked behind it: a pattern that begins with letters is
    # searched several times as fast.
    words = r"[\W_]+".join((rf"{first}(?<![^\W_]{first})", *others))
    return re.compile(words + ("" if term.is_prefix else r"(?![^\W_])"))


class _Condition(ColumnElement[bool]):
    """SQL's own boolean on a row of spans."""

    inherit_cache = False
    type = Boolean()

    def __init__(self, row_id: Column[Any], project_id: Column[Any], terms: list[Term]) -> None:
        self.row_id = row_id
        self.project_id = project_id
        self.words = match_of(terms)
        self.words_bound = literal(self.words, String())
        self.phrases = [(term.text, term.is_prefix) for term in phrases_of(terms)]
        self.phrases_bound = literal(json.dumps(self.phrases), String())
        self.tsquery_bound = literal(tsquery_of(terms), String())

    @property
    def _from_objects(self) -> list[Any]:
        return self.row_id._from_objects  # noqa: SLF001  # SQLAlchemy's own protocol for elements.

    def self_group(self, against: Any = None) -> Any:  # noqa: ARG002  # SQLAlchemy's protocol.
        return self

    def _negate(self) -> Any:
        return UnaryExpression(self, operator=operators.inv, type_=Boolean())


class TextMatches(_Condition):
    """Whether the index has the words in this span."""

    inherit_cache = False

    def __init__(
        self,
        row_id: Column[Any],
        project_id: Column[Any],
        terms: list[Term],
        *,
        within: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(row_id, project_id, terms)
        self.within = within


class NotIndexed(_Condition):
    """Whether the index knows nothing of this span."""

    inherit_cache = False


@compiles(TextMatches, "sqlite")
def _matches_sqlite(element: TextMatches, compiler: SQLCompiler, **_: Any) -> str:
    row_id = compiler.process(element.row_id)
    parts: list[str] = []
    if element.words:
        match = compiler.process(element.words_bound)
        # Some 0.2 us each, where the index takes 0.3 ms to say whether one span has the words.
        near = ""
        if element.within is not None:
            first, last = element.within
            near = f" AND rowid BETWEEN {int(first)} AND {int(last)}"
        parts.append(
            f"{row_id} IN (SELECT rowid FROM span_text WHERE span_text MATCH {match}{near})"  # noqa: S608  # What SQLAlchemy compiled, and numbers.
        )
    if element.phrases:
        parts.append(f"{SAYS}({row_id}, {compiler.process(element.phrases_bound)})")
    if len(parts) == 1:
        return f"({parts[0]})"
    # A text is read last, whatever SQLite's planner makes of an AND.
    return f"(CASE WHEN {parts[0]} THEN {parts[1]} ELSE 0 END)"


@compiles(TextMatches, "postgresql")
def _matches_postgresql(element: TextMatches, compiler: SQLCompiler, **_: Any) -> str:
    row_id, query = compiler.process(element.row_id), compiler.process(element.tsquery_bound)
    # Row by row: as an IN, all hits of a common word would be gathered for a page of fifty.
    return (
        f"COALESCE((SELECT span_text.words @@ CAST({query} AS tsquery) FROM span_text"  # noqa: S608  # What SQLAlchemy compiled.
        f" WHERE span_text.id = {row_id}), FALSE)"
    )


@compiles(NotIndexed)
def _not_indexed(element: NotIndexed, compiler: SQLCompiler, **_: Any) -> str:
    row_id, project_id = compiler.process(element.row_id), compiler.process(element.project_id)
    left_out = LEFT_OUT[compiler.dialect.name]
    return f"({row_id} > COALESCE(({PASSED}), 0) OR +{project_id} IN ({left_out}))"
