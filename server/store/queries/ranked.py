"""What the full-text index finds, for lists: few hits lead a query, and all can be ranked."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Float,
    Integer,
    Select,
    and_,
    column,
    text,
    tuple_,
)

from weave_core.errors import BadRequest
from weave_core.server.cursors import Place, decode_cursor, encode_cursor
from weave_core.server.filters.searching import LEFT_OUT, PASSED, searched_words
from weave_core.server.store.tables import SpanRow, table_of

__all__ = ["RANK", "few_hits", "list_ranked"]

RANK = "-rank"
MAX_HITS = 2_000
"""So few are looked at one by one; with more, walking newest first meets a page of them soon."""
MAX_RANKED = 20_000
"""Of more hits the newest ones are ranked: a word that everybody says ranks nothing."""
_LIST = "spans"
_SPAN = table_of(SpanRow)
_HITS = "SELECT rowid FROM span_text WHERE span_text MATCH ? LIMIT ?"
_LATE = f"SELECT id FROM span WHERE id > COALESCE(({PASSED}), 0) LIMIT ?"  # noqa: S608  # Ours.
_LEFT_OUT = f"{LEFT_OUT} LIMIT 1"
# A word in a name says four times as much as one in a long text; less is better here.
_RANKED = """
SELECT span.id AS id, bm25(span_text, 4.0, 1.0) AS rank
FROM span_text CROSS JOIN span ON span.id = span_text.rowid
WHERE span_text MATCH :words AND span.project_id = :project
ORDER BY span_text.rowid DESC LIMIT :most
"""


def few_hits(connection: Connection, filter_text: str | None) -> list[int] | None:
    """Row ids of all spans that can pass the text searches of a filter; None: many, or none asked.

    Args:
        connection: In the snapshot of the query.
        filter_text: One that `compile_filter` took.
    """
    words = searched_words(filter_text)
    if words is None or connection.dialect.name != "sqlite":
        return None
    ids = list(connection.exec_driver_sql(_HITS, (words, MAX_HITS + 1)).scalars())
    if len(ids) > MAX_HITS:
        return None
    if connection.exec_driver_sql(_LEFT_OUT).first() is not None:
        return None
    late = list(connection.exec_driver_sql(_LATE, (MAX_HITS + 1,)).scalars())
    return None if len(late) > MAX_HITS else ids + late


def list_ranked(
    connection: Connection,
    query: Select[Any],
    condition: ColumnElement[bool] | None,
    *,
    project_id: int,
    filter_text: str | None,
    limit: int,
    cursor: str | None,
) -> tuple[list[Any], str | None]:
    """Rows of `query`, best first, and the cursor behind them; not yet indexed spans have no rank.

    Raises:
        BadRequest: If the filter searches no text, or the database has no such index.
        BadCursor: If the cursor is another list's.
    """
    words = searched_words(filter_text)
    if words is None or connection.dialect.name != "sqlite":
        raise BadRequest(
            f"spans can't be ordered by {RANK!r}",
            "it needs a filter such as text_search('refund') that each span must pass"
            if words is None
            else "only SQLite's full-text index ranks; order by -started_ns",
        )
    hits = text(_RANKED).bindparams(words=words, project=project_id, most=MAX_RANKED)
    ranked = hits.columns(column("id", Integer), column("rank", Float)).subquery("ranked")
    query = query.add_columns(ranked.c.rank, ranked.c.id).join(ranked, ranked.c.id == _SPAN.c.id)
    if condition is not None:
        query = query.where(condition)
    if cursor is not None:
        place = decode_cursor(cursor, _LIST, RANK, types=(int, float), tie_type=int)
        query = query.where(and_(tuple_(ranked.c.rank, ranked.c.id) > (place.value, place.tie)))
    rows = list(connection.execute(query.order_by(ranked.c.rank, ranked.c.id).limit(limit + 1)))
    if len(rows) <= limit:
        return rows, None
    last = rows[limit - 1]
    return rows[:limit], encode_cursor(_LIST, RANK, Place(last[-2], last[-1]))
