"""Write decoded spans in the writer's transaction: never a second row for one span.

The writer is the only one that inserts, so it gives out row ids itself and a span's payload needs
no second question to the database.  Of two records of one span the ended one wins over the pending
one, then the later end, then the longer payload; the order of arrival decides nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, repeat
from typing import Any

from sqlalchemy import Connection, func, select

from weave_core.server.store.batches import Batch
from weave_core.server.store.blob_links import LINK
from weave_core.server.store.blocks import BLOCK_COLUMNS, ENCODING_BLOCK, Block, Item
from weave_core.server.store.dialects import Dialect
from weave_core.server.store.dictionaries import Dictionaries
from weave_core.server.store.identities import Identities
from weave_core.server.store.minutes import MinuteRollups
from weave_core.server.store.payloads import ENCODING_ZSTD_JSON, Dictionary, compress
from weave_core.server.store.rollup_tables import BackgroundCursorRow
from weave_core.server.store.rows import PREVIEW_COLUMNS, SPAN_COLUMNS, cleaned
from weave_core.server.store.span_keys import SpanKeys
from weave_core.server.store.stored_texts import texts_in
from weave_core.server.store.tables import SpanRow, table_of
from weave_core.server.store.text_codes import TextCodes
from weave_core.server.store.texts import TextIndex

__all__ = ["SpanInserter"]

Row = tuple[Any, ...]

_ID, _PROJECT, _TRACE, _SPAN = (
    SPAN_COLUMNS.index(name) for name in ("id", "project_id", "trace_id", "span_id")
)
_START, _DURATION, _ORIGIN = (
    SPAN_COLUMNS.index(name) for name in ("start_ns", "duration_ns", "origin_id")
)
_PAYLOAD = ("span_row_id", "encoding", "dictionary_id", "body")

_EXISTING = """
SELECT id, start_ns, duration_ns, origin_id FROM span
WHERE project_id = ? AND trace_id = ? AND span_id = ?
"""


class SpanInserter:
    """Inserts spans and gives out their row ids; used by one thread."""

    def __init__(
        self,
        dialect: Dialect,
        identities: Identities,
        *,
        codes: TextCodes,
        dictionaries: Dictionaries,
        keys: SpanKeys,
        minutes: MinuteRollups,
        texts: TextIndex,
    ) -> None:
        self._dialect = dialect
        self._keys = keys
        self._codes = codes
        self._texts = texts
        self._minutes = minutes
        self._dictionaries = dictionaries
        self._identities = identities
        self._next_id: int | None = None
        self._written: dict[str, int] = {}
        self._kept = None if dialect.keeps_previews else -len(PREVIEW_COLUMNS)
        self._columns = SPAN_COLUMNS[: self._kept]
        self._update_span = dialect.update("span", SPAN_COLUMNS[1:], "id")
        self._replace_payload = dialect.upsert("span_payload", _PAYLOAD, ("span_row_id",))
        self._insert_dirty = dialect.insert(
            "trace_dirty", ("project_id", "trace_id"), on_conflict="ON CONFLICT DO NOTHING"
        )

        self._insert_link = dialect.insert("blob_link", LINK, on_conflict="ON CONFLICT DO NOTHING")

    def forget(self) -> None:
        """Drop the remembered id, after a transaction that was rolled back."""
        self._next_id = None

    def used_dictionaries(self) -> Iterator[tuple[str, Dictionary]]:
        """Name and dictionary of each project of the last `write`, once that is committed."""
        for project, project_id in self._written.items():
            dictionary = self._dictionaries.known(project_id)
            if dictionary is not None:
                yield project, dictionary

    def write(
        self, connection: Connection, batches: Iterable[Batch], *, clean: bool = False
    ) -> list[tuple[int, bytes]]:
        """Store spans.

        Returns:
            Project and trace of those that are stored now, each once.

        Args:
            connection: In the transaction that the caller commits.
            batches: Those of requests, in any order.
            clean: Make rows harmless first, after the database refused them.
        """
        # All of a project in a row, since a block is of neighbours and of one project; and first
        # those that are packed here, which would else reach around the blocks that others made.
        batches = sorted(
            (batch for batch in batches if batch.rows),
            key=lambda batch: (batch.project, not batch.texts),
        )
        rows = self._rows(connection, batches)
        if not rows:
            return []
        if clean:
            rows = [cleaned(row) for row in rows]
        rows = self._codes.coded(connection, self._columns, rows)
        inserted = self._dialect.insert_rows(
            connection, "span", self._columns, rows, skips_known=True
        )
        self._keys.add(connection, rows[0][_ID])
        self._next_id = rows[-1][_ID] + 1
        if inserted == len(rows):
            self._add_batches(connection, rows[0][_ID], batches)
            changed = rows
        else:
            changed = self._resolve(connection, rows, self._texts_of(connection, batches))
        links = {
            (self._written[batch.project], *named) for batch in batches for named in batch.digests
        }
        if links:
            connection.exec_driver_sql(self._insert_link, sorted(links))
        keys = list({(row[_PROJECT], row[_TRACE]) for row in changed})
        if keys:
            connection.exec_driver_sql(self._insert_dirty, keys)
        return keys

    def _rows(self, connection: Connection, batches: Iterable[Batch]) -> list[Row]:
        row_id = self._first_free_id(connection)
        rows: list[Row] = []
        self._written = {}
        for batch in batches:
            project_id = self._identities.project_id(connection, batch.project)
            self._written[batch.project] = project_id
            origin_ids = chain.from_iterable(
                repeat(self._identities.origin_id(connection, origin), count)
                for origin, count in batch.origins
            )
            for values, origin_id in zip(batch.rows, origin_ids, strict=True):
                rows.append((row_id, project_id, origin_id, *values[: self._kept]))
                row_id += 1
        return rows

    def _add_batches(
        self, connection: Connection, first_row_id: int, batches: Iterable[Batch]
    ) -> None:
        """The payloads of `batches`, whose spans went in one after the other."""
        plain: dict[int, list[Item]] = {}
        added: list[Row] = []
        for batch in batches:
            project_id = self._written[batch.project]
            if batch.texts:
                items = plain.setdefault(project_id, [])
                items += enumerate(batch.texts, first_row_id)
            else:
                self._dictionaries.count(
                    connection, project_id, batch.blocks, sent_bytes=batch.sent_bytes
                )
                added += _block_rows(batch.blocks, batch.dictionary_id, first_row_id)
            first_row_id += len(batch.rows)
        self._add_payloads(connection, plain, added)

    def _add_payloads(
        self, connection: Connection, plain: dict[int, list[Item]], added: list[Row]
    ) -> None:
        """Blocks of `plain`, by project, and rows of blocks that are made already."""
        for project_id, items in plain.items():
            dictionary_id, blocks = self._dictionaries.pack(connection, project_id, items)
            added += _block_rows(blocks, dictionary_id, 0)
        self._dialect.insert_rows(connection, "payload_block", BLOCK_COLUMNS, added)

    def _texts_of(self, connection: Connection, batches: Iterable[Batch]) -> list[bytes]:
        """The payload of each span of `batches`."""
        stored = texts_in(connection)
        for batch in batches:
            if not batch.texts:
                batch.unpack(stored.dictionary(batch.dictionary_id))
        return [text for batch in batches for text in batch.texts]

    def _resolve(
        self, connection: Connection, rows: Sequence[Row], texts: Sequence[bytes]
    ) -> list[Row]:
        """Payloads of the rows that went in, and a decision for each that met its like.

        Returns:
            The rows that are stored now.
        """
        span = table_of(SpanRow)
        added = set(connection.scalars(select(span.c.id).where(span.c.id >= rows[0][_ID])))
        pairs = list(zip(rows, texts, strict=True))
        new = [(row, text) for row, text in pairs if row[_ID] in added]
        changed = [row for row, _ in new]
        plain: dict[int, list[Item]] = {}
        for row, text in new:
            plain.setdefault(row[_PROJECT], []).append((row[_ID], text))
        if plain:
            self._add_payloads(connection, plain, [])
        for row, text in pairs:
            if row[_ID] not in added and self._replace_if_better(connection, row, text):
                changed.append(row)
        self._minutes.flush(connection)
        return changed

    def _replace_if_better(self, connection: Connection, row: Row, text: bytes) -> bool:
        identity = (row[_PROJECT], row[_TRACE], row[_SPAN])
        found = connection.exec_driver_sql(self._dialect.sql(_EXISTING), identity).one()
        row_id, start_ns, duration_ns, origin_id = found
        ((_, old_text),) = texts_in(connection).find((row_id,))
        old = _rank(start_ns, duration_ns, old_text, origin_id)
        if _rank(row[_START], row[_DURATION], text, row[_ORIGIN]) <= old:
            return False
        self._minutes.subtract(connection, (row_id,))
        indexed = self._texts.subtract(connection, (row_id,))
        no_previews = (None,) * (len(SPAN_COLUMNS) - len(row))
        connection.exec_driver_sql(self._update_span, (*row[1:], *no_previews, row_id))
        self._minutes.add(connection, (row_id,))
        dictionary = self._dictionaries.current(connection, row[_PROJECT])
        [packed] = compress([text], dictionary)
        payload = (row_id, ENCODING_ZSTD_JSON, dictionary.id if dictionary else None, packed)
        connection.exec_driver_sql(self._replace_payload, payload)
        self._texts.add(connection, indexed)
        return True

    def _first_free_id(self, connection: Connection) -> int:
        if self._next_id is None:
            last = connection.scalar(select(func.max(table_of(SpanRow).c.id)))
            # An id is never given twice, deleted spans' neither: cursors have passed it.
            passed = connection.scalar(select(func.max(table_of(BackgroundCursorRow).c.position)))
            self._next_id = max(last or 0, passed or 0) + 1
        return self._next_id


def _block_rows(blocks: Iterable[Block], dictionary_id: int | None, first_row_id: int) -> list[Row]:
    """Rows of `payload_block`; the ids in `blocks` count from `first_row_id`."""
    return [
        (
            first_row_id + block.first_row_id,
            block.span_count,
            ENCODING_BLOCK,
            dictionary_id,
            block.body,
        )
        for block in blocks
    ]


def _rank(
    start_ns: int, duration_ns: int | None, text: bytes, origin_id: int
) -> tuple[int, int, int, bytes, int]:
    """What decides between two records of one span; the greater stays, equal ones are the same."""
    if duration_ns is None:
        return (0, 0, len(text), text, origin_id)
    return (1, start_ns + duration_ns, len(text), text, origin_id)
