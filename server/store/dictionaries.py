"""Trained zstd dictionaries: payloads that name one can be read only with it."""

from functools import lru_cache

import zstandard
from sqlalchemy import Connection, select

from weave_core.server.store.payloads import Dictionary
from weave_core.server.store.tables import PayloadDictionaryRow, table_of

__all__ = ["find_dictionary"]


def find_dictionary(connection: Connection, dictionary_id: int | None) -> Dictionary | None:
    """The dictionary of `span_payload.dictionary_id`; None for null, which means none was used."""
    if dictionary_id is None:
        return None
    table = table_of(PayloadDictionaryRow)
    query = select(table.c.body).where(table.c.id == dictionary_id)
    return _dictionary(dictionary_id, connection.execute(query).scalar_one())


@lru_cache(maxsize=32)
def _dictionary(dictionary_id: int, body: bytes) -> Dictionary:
    """Parsed once; keyed by the content too, since tests open many stores in one process."""
    return Dictionary(dictionary_id, zstandard.ZstdCompressionDict(body))
