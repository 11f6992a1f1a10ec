"""`text_search`: words, phrases and prefixes to what a full-text index reads.

    refund policy        both words, anywhere in names, inputs, outputs and messages
    "refund policy"      one after the other
    refun*               words that begin so

Spans that are not indexed (the newest, for a moment, and projects that want no index) are searched
for the same texts in their names and previews alone, also inside of words.
"""

import re
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

__all__ = [
    "LEFT_OUT",
    "PASSED",
    "NotIndexed",
    "Term",
    "TextMatches",
    "match_of",
    "read_terms",
    "searched_words",
]

_TERM = re.compile(r'"([^"]*)"?|(\S+)')
_WORD = re.compile(r"\w")
_CURSORS = BackgroundCursorRow.__tablename__
PASSED = f"SELECT MAX(position) FROM {_CURSORS} WHERE name = '{TEXT_CURSOR}'"  # noqa: S608  # Ours.
"""SQLite's query for the row id of the last span that the index has seen."""
LEFT_OUT = "SELECT id FROM project WHERE json_type(settings, '$.full_text') = 'false'"
"""That for the projects that want no index."""


def searched_words(text: str | None) -> str | None:
    """What the full-text index must have for a filter to be true; None: nothing in particular.

    Spans that are not indexed may pass it too.

    Args:
        text: A filter that `compile_filter` took.
    """
    tree = parse(text) if text and "text_search" in text.lower() else None
    found = [match for part in _and_parts(tree) if (match := _match_in(part))]
    return " ".join(found) or None


def _and_parts(node: exp.Expr | None) -> Iterator[exp.Expr]:
    match node:
        case exp.And():
            for part in node.flatten():
                yield from _and_parts(part)
        case exp.Paren():
            yield from _and_parts(node.this)
        case exp.Anonymous():
            yield node


def _match_in(node: exp.Expr) -> str | None:
    if str(node.this).lower() != "text_search" or len(node.expressions) != 1:
        return None
    return match_of(read_terms(str(node.expressions[0].this)))


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
        if _WORD.search(bare):
            terms.append(Term(bare.strip(), is_prefix))
    return terms


def match_of(terms: list[Term]) -> str:
    """`terms` as FTS5 reads them."""
    quoted = (term.text.replace('"', '""') for term in terms)
    return " ".join(
        f'"{text}"{" *" if term.is_prefix else ""}'
        for text, term in zip(quoted, terms, strict=True)
    )


class _Condition(ColumnElement[bool]):
    """SQL's own boolean on a row of spans."""

    inherit_cache = False
    type = Boolean()

    def __init__(self, row_id: Column[Any], project_id: Column[Any], match: str) -> None:
        self.row_id = row_id
        self.project_id = project_id
        self.words = match
        self.words_bound = literal(match, String())

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


class NotIndexed(_Condition):
    """Whether the index knows nothing of this span."""

    inherit_cache = False


@compiles(TextMatches, "sqlite")
def _matches_sqlite(element: TextMatches, compiler: SQLCompiler, **_: Any) -> str:
    row_id, match = compiler.process(element.row_id), compiler.process(element.words_bound)
    return f"({row_id} IN (SELECT rowid FROM span_text WHERE span_text MATCH {match}))"  # noqa: S608  # What SQLAlchemy compiled.


@compiles(TextMatches)
def _matches_nothing(_element: TextMatches, _compiler: SQLCompiler, **_: Any) -> str:
    return "(1 = 0)"


@compiles(NotIndexed, "sqlite")
def _not_indexed_sqlite(element: NotIndexed, compiler: SQLCompiler, **_: Any) -> str:
    row_id, project_id = compiler.process(element.row_id), compiler.process(element.project_id)
    return f"({row_id} > COALESCE(({PASSED}), 0) OR +{project_id} IN ({LEFT_OUT}))"


@compiles(NotIndexed)
def _not_indexed(_element: NotIndexed, _compiler: SQLCompiler, **_: Any) -> str:
    return "(1 = 1)"
