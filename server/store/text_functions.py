"""Functions for SQLite that read payloads: what a search or a query asks of texts, span by span.

The full-text index knows words and no places, so a phrase is looked for in the texts of the spans
that have all of its words; rows hold no previews, so these are read from the payload.  Each call
takes some 30 microseconds.
"""

import re
import sqlite3
from collections.abc import Sequence
from functools import lru_cache

import orjson
from sqlalchemy import Engine, event

from weave_core.server.filters.previews import PREVIEW, UNPACKED
from weave_core.server.filters.searching import SAYS, Term, pattern_of
from weave_core.server.normalise import skeleton
from weave_core.server.otlp.records import RawOrigin
from weave_core.server.store.documents import document_row, documents
from weave_core.server.store.packed_texts import unpacked_text
from weave_core.server.store.payloads import read_span
from weave_core.server.store.previews import Previews
from weave_core.server.store.stored_texts import StoredTexts
from weave_core.server.store.words import folded

__all__ = ["add_text_functions", "teach_text_functions"]

_BY_ID = f"SELECT {document_row('sqlite')} WHERE s.id = ?"  # Our own columns.
_NOWHERE = RawOrigin(resource={}, scope_name="")


def teach_text_functions(engine: Engine) -> None:
    """Give the functions to every connection that an SQLite engine opens from now on."""

    def teach(connection: sqlite3.Connection, _record: object) -> None:
        add_text_functions(connection, connection)

    event.listen(engine, "connect", teach)


def add_text_functions(connection: sqlite3.Connection, reader: sqlite3.Connection) -> None:
    """Give the functions to `connection`.

    Args:
        connection: Where they are called.
        reader: By which they read payloads: the same, or another where that one may not.
    """
    reading = _Reading(reader)
    connection.create_function(SAYS, 2, reading.says)
    connection.create_function(PREVIEW, 3, reading.preview)
    connection.create_function(UNPACKED, 1, reading.unpacked)


class _Reading:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._stored = StoredTexts(connection.execute)
        self._last: tuple[bytes, Previews] = (b"", (None, None))

    def says(self, row_id: int, phrases: str) -> bool:
        patterns = _patterns(phrases)
        rows = self._connection.execute(_BY_ID, (row_id,))
        for _, said, name, _ in documents(rows, self._stored, has_marks=False):
            texts = (folded(said), folded(name))
            return all(any(pattern.search(text) for text in texts) for pattern in patterns)
        return False

    def unpacked(self, held: str | bytes | None) -> str | None:
        return unpacked_text(held, self._stored.dictionary)

    def preview(self, row_id: int, which: int, word: str) -> str | None:
        """The preview of what went in (0) or came out (1).

        Args:
            row_id: Of the span.
            which: Of the two.
            word: Where given, a text without it need not be read: a preview is a part of it.
        """
        for _, text in self._stored.find((row_id,)):
            if _can_tell(word) and word.lower().encode() not in text.lower():
                return None
            if text != self._last[0]:
                self._last = (text, _previews(text))
            return self._last[1][which]
        return None


def _previews(text: bytes) -> Previews:
    raw = read_span(text, trace_id=b"", span_id=b"", parent_id=None, origin=_NOWHERE)
    read = skeleton(raw)
    return read.input_preview, read.output_preview


def _can_tell(word: str) -> bool:
    """Whether a word is spelled alike in JSON, and in JSON within JSON."""
    return word.isascii() and word.isalnum()


@lru_cache(maxsize=64)
def _patterns(phrases: str) -> Sequence[re.Pattern[str]]:
    return [pattern_of(Term(text, is_prefix)) for text, is_prefix in orjson.loads(phrases)]
