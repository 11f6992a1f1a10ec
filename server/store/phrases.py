"""Phrases of a search, looked for in the texts themselves: the index knows words and no places.

SQLite asks here for each span that has all the words, so a phrase costs as much as its rarest word
has spans: about 30 microseconds each.
"""

import re
import sqlite3
from collections.abc import Sequence
from functools import lru_cache

import orjson
from sqlalchemy import Engine, event

from weave_core.server.filters.searching import SAYS, Term, pattern_of
from weave_core.server.store.documents import DOCUMENT_ROW, documents
from weave_core.server.store.stored_texts import StoredTexts
from weave_core.server.store.words import folded

__all__ = ["teach_phrases"]

_BY_ID = f"SELECT {DOCUMENT_ROW} WHERE s.id = ?"  # Our own columns.


def teach_phrases(engine: Engine) -> None:
    """Give the function `SAYS` to every connection that an SQLite engine opens from now on."""

    def teach(connection: sqlite3.Connection, _record: object) -> None:
        stored = StoredTexts(connection.execute)

        def says(row_id: int, phrases: str) -> bool:
            return _says(connection, stored, row_id, _patterns(phrases))

        connection.create_function(SAYS, 2, says)

    event.listen(engine, "connect", teach)


@lru_cache(maxsize=64)
def _patterns(phrases: str) -> list[re.Pattern[str]]:
    return [pattern_of(Term(text, is_prefix)) for text, is_prefix in orjson.loads(phrases)]


def _says(
    connection: sqlite3.Connection,
    stored: StoredTexts,
    row_id: int,
    patterns: Sequence[re.Pattern[str]],
) -> bool:
    for _, said, name in documents(connection.execute(_BY_ID, (row_id,)), stored):
        texts = (folded(said), folded(name))
        return all(any(pattern.search(text) for text in texts) for pattern in patterns)
    return False
