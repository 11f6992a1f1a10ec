"""What the full-text index finds, for lists: few hits lead a query, and all can be ranked."""

import math
import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Integer, Select, column, func, select, table, text

from weave_core.errors import BadRequest
from weave_core.server.cursors import Place, decode_cursor, encode_cursor
from weave_core.server.filters import SPANS, compile_filter
from weave_core.server.filters.constructs import Unindexed
from weave_core.server.filters.searching import (
    PASSED,
    Term,
    match_of,
    pattern_of,
    searched_marks,
    searched_terms,
    tsquery_of,
)
from weave_core.server.store.documents import Document, document_row, documents
from weave_core.server.store.stored_texts import texts_in
from weave_core.server.store.tables import SpanRow, table_of
from weave_core.server.store.text_tables import LEFT_OUT
from weave_core.server.store.words import folded

__all__ = ["RANK", "few_hits", "has_many_hits", "list_ranked"]

RANK = "-rank"
MAX_HITS = 2_000
"""So few are looked at one by one; with more, walking newest first meets a page of them soon."""
MAX_RANKED = 1_000
"""Of more hits the newest ones are ranked, by their texts: about 35 microseconds each."""
_MAX_COUNTED = 20_000
"""Spans up to which it matters in how many a word is."""
_MANY = 20
"""One in so many spans has a common word: a page of those is full soon."""
_IN_LIST = 500
_LIST = "spans"
_SPAN = table_of(SpanRow)
_HITS = {
    "sqlite": "SELECT rowid FROM span_text WHERE span_text MATCH :words LIMIT :most",
    # Materialised, or a small LIMIT makes PostgreSQL read the table row by row for a rare word.
    "postgresql": "WITH hits AS MATERIALIZED"
    " (SELECT id FROM span_text WHERE words @@ CAST(:words AS tsquery))"
    " SELECT id FROM hits LIMIT :most",
}
"""Row ids of the spans that have the words of `_wanted`, by database."""
_LATE = text(f"SELECT id FROM span WHERE id > COALESCE(({PASSED}), 0) LIMIT :most")  # noqa: S608  # Ours.
_MATCHES = {
    "sqlite": (
        table("span_text", column("rowid", Integer)),
        "rowid",
        "span_text MATCH :words",
    ),
    "postgresql": (
        table("span_text", column("id", Integer)),
        "id",
        "span_text.words @@ CAST(:words AS tsquery)",
    ),
}
"""The index, its column of row ids, and the condition for the words of `_wanted`."""

# BM25 as FTS5 has it; a word in a name says four times as much as one in a long text.
_SATURATION = 1.2
_LENGTH_SHARE = 0.75
_NAME_WEIGHT = 4


def few_hits(connection: Connection, filter_text: str | None) -> list[int] | None:
    """Row ids of all spans that can pass a filter, by what the index knows; None: many, or nothing.

    It knows words that are searched for, and attributes that must have a certain text.

    Args:
        connection: In the snapshot of the query.
        filter_text: One that `compile_filter` took.
    """
    dialect, most = connection.dialect.name, {"most": MAX_HITS + 1}
    words = _wanted(searched_terms(filter_text), dialect, searched_marks(filter_text))
    if not words:
        return None
    ids = list(connection.execute(text(_HITS[dialect]), {"words": words, **most}).scalars())
    if len(ids) > MAX_HITS:
        return None
    if connection.exec_driver_sql(f"{LEFT_OUT[dialect]} LIMIT 1").first() is not None:
        return None
    late = list(connection.execute(_LATE, most).scalars())
    return None if len(late) > MAX_HITS else ids + late


def has_many_hits(connection: Connection, filter_text: str | None) -> bool:
    """Whether so many spans have the words of a filter that a page of them is full soon."""
    dialect = connection.dialect.name
    words = _wanted(searched_terms(filter_text), dialect)
    if not words:
        return False
    many = (connection.scalar(select(func.max(_SPAN.c.id))) or 0) // _MANY
    return many > MAX_HITS and _count(connection, words, most=many) == many


def list_ranked(
    connection: Connection,
    query: Select[Any],
    *,
    project_id: int,
    filter_text: str | None,
    limit: int,
    cursor: str | None,
) -> tuple[list[Any], str | None]:
    """Rows of `query`, best first, and the cursor behind them; not yet indexed spans have no rank.

    Raises:
        BadFilter: If the filter is wrong; BadRequest if it searches no text.
        BadCursor: If the cursor is another list's.
    """
    # What leads has the words already: to ask again would gather all spans that have them.
    condition = compile_filter(filter_text, SPANS, searches="done")
    terms = searched_terms(filter_text)
    if not _wanted(terms, connection.dialect.name):
        raise BadRequest(
            f"spans can't be ordered by {RANK!r}",
            "it needs a filter such as text_search('refund') that each span must pass",
        )
    newest = _newest(connection.dialect.name, project_id, terms)
    if condition is not None:
        newest = newest.where(condition)
    ids = list(connection.execute(newest).scalars())
    places = sorted(_ranks(connection, ids, terms))
    if cursor is not None:
        place = decode_cursor(cursor, _LIST, RANK, types=(int, float), tie_type=int)
        places = [each for each in places if each > (place.value, place.tie)]
    page = [row_id for _, row_id in places[:limit]]
    rows = {
        row[-1]: row
        for row in connection.execute(query.add_columns(_SPAN.c.id).where(_SPAN.c.id.in_(page)))
    }
    behind = encode_cursor(_LIST, RANK, Place(*places[limit - 1])) if places[limit:] else None
    return [rows[row_id] for row_id in page], behind


def _wanted(terms: list[Term], dialect: str, marks: Sequence[str] = ()) -> str:
    if dialect == "sqlite":
        return " ".join((match_of(terms), *(f'"{mark}"' for mark in marks))).strip()
    return " & ".join(
        part for part in (tsquery_of(terms), *(f"'{mark}'" for mark in marks)) if part
    )


def _newest(dialect: str, project_id: int, terms: list[Term]) -> Select[Any]:
    """Row ids of the newest spans that have the words, as many as are ranked."""
    words = _wanted(terms, dialect)
    texts, name, matches = _MATCHES[dialect]
    row_id = texts.c[name]
    return (
        select(_SPAN.c.id)
        .select_from(texts.join(_SPAN, _SPAN.c.id == row_id))
        # With no index to find spans by, SQLite lets the words lead, newest first.
        .where(text(matches).bindparams(words=words), Unindexed(_SPAN.c.project_id) == project_id)
        .order_by(row_id.desc())
        .limit(MAX_RANKED)
    )


def _ranks(
    connection: Connection, ids: Sequence[int], terms: Sequence[Term]
) -> list[tuple[float, int]]:
    """Rank and row id of each; less is better."""
    found: list[Document] = []
    row = document_row(connection.dialect.name)
    for start in range(0, len(ids), _IN_LIST):
        # Our own columns, and numbers that the database gave.
        wanted = ",".join(map(str, ids[start : start + _IN_LIST]))
        rows = connection.exec_driver_sql(f"SELECT {row} WHERE s.id IN ({wanted})")
        found += documents(rows, texts_in(connection), has_marks=False)
    weighed = [(pattern_of(term), _weight(connection, term)) for term in terms]
    mean_size = sum(len(each.said) for each in found) / len(found) + 1 if found else 1
    return [(-_score(each, weighed, mean_size), each.row_id) for each in found]


def _weight(connection: Connection, term: Term) -> float:
    """What a word tells: the less, the more spans have it."""
    count = _count(connection, _wanted([term], connection.dialect.name), most=_MAX_COUNTED)
    return math.log(1 + _MAX_COUNTED / (1 + count))


def _count(connection: Connection, words: str, *, most: int) -> int:
    """How many spans have `words`, as far as it matters."""
    query = text(f"SELECT COUNT(*) FROM ({_HITS[connection.dialect.name]}) AS hits")  # noqa: S608  # Ours.
    return int(connection.execute(query, {"words": words, "most": most}).scalar_one())


def _score(
    document: Document, weighed: Sequence[tuple[re.Pattern[str], float]], mean_size: float
) -> float:
    said, name = folded(document.said), folded(document.name)
    length = 1 - _LENGTH_SHARE + _LENGTH_SHARE * len(said) / mean_size
    score = 0.0
    for pattern, weight in weighed:
        times = len(pattern.findall(said)) + _NAME_WEIGHT * len(pattern.findall(name))
        score += weight * times * (_SATURATION + 1) / (times + _SATURATION * length)
    return score
