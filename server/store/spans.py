"""Write decoded spans in the writer's transaction: never a second row for one span.

The writer is the only one that inserts, so it gives out row ids itself and a span's payload needs
no second question to the database.  Of two records of one span the ended one wins over the pending
one, then the later end, then the longer payload; the order of arrival decides nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

from sqlalchemy import Connection, func, select

from weave_core.server.otlp.records import RawOrigin, RawSpan
from weave_core.server.store.blocks import BLOCK_COLUMNS, ENCODING_BLOCK, Item
from weave_core.server.store.dialects import Dialect
from weave_core.server.store.dictionaries import Dictionaries
from weave_core.server.store.identities import Identities
from weave_core.server.store.minutes import MinuteRollups
from weave_core.server.store.payloads import ENCODING_ZSTD_JSON, compress, payload_json
from weave_core.server.store.rollup_tables import BackgroundCursorRow
from weave_core.server.store.rows import SPAN_COLUMNS, cleaned, span_row
from weave_core.server.store.stored_texts import texts_in
from weave_core.server.store.tables import SpanRow, table_of
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
        dictionaries: Dictionaries,
        minutes: MinuteRollups,
        texts: TextIndex,
    ) -> None:
        self._dialect = dialect
        self._texts = texts
        self._minutes = minutes
        self._dictionaries = dictionaries
        self._identities = identities
        self._next_id: int | None = None
        self._update_span = dialect.update("span", SPAN_COLUMNS[1:], "id")
        self._replace_payload = dialect.upsert("span_payload", _PAYLOAD, ("span_row_id",))
        self._insert_dirty = dialect.insert(
            "trace_dirty", ("project_id", "trace_id"), on_conflict="ON CONFLICT DO NOTHING"
        )

    def forget(self) -> None:
        """Drop the remembered id, after a transaction that was rolled back."""
        self._next_id = None

    def write(
        self,
        connection: Connection,
        batches: Iterable[Mapping[str, Sequence[RawSpan]]],
        *,
        clean: bool = False,
    ) -> list[tuple[int, bytes]]:
        """Store spans, given by project.

        Returns:
            Project and trace of those that are stored now, each once.

        Args:
            connection: In the transaction that the caller commits.
            batches: Project name to its spans.
            clean: Make rows harmless first, after the database refused them.
        """
        rows, texts = self._rows(connection, batches)
        if not rows:
            return []
        if clean:
            rows = [cleaned(row) for row in rows]
        inserted = self._dialect.insert_rows(
            connection, "span", SPAN_COLUMNS, rows, skips_known=True
        )
        self._next_id = rows[-1][_ID] + 1
        if inserted == len(rows):
            self._add_payloads(connection, rows, texts)
            changed = rows
        else:
            changed = self._resolve(connection, rows, texts)
        keys = list({(row[_PROJECT], row[_TRACE]) for row in changed})
        if keys:
            connection.exec_driver_sql(self._insert_dirty, keys)
        return keys

    def _rows(
        self, connection: Connection, batches: Iterable[Mapping[str, Sequence[RawSpan]]]
    ) -> tuple[list[Row], list[bytes]]:
        row_id = self._first_free_id(connection)
        rows: list[Row] = []
        texts: list[bytes] = []
        # All of a project in a row, since a block is of neighbours and of one project.
        by_project: dict[str, list[Sequence[RawSpan]]] = {}
        for batch in batches:
            for project, spans in batch.items():
                if spans:
                    by_project.setdefault(project, []).append(spans)
        for project, lists in by_project.items():
            project_id = self._identities.project_id(connection, project)
            origin: RawOrigin | None = None
            origin_id = 0
            for raw in chain.from_iterable(lists):
                if raw.origin is not origin:
                    origin = raw.origin
                    origin_id = self._identities.origin_id(connection, origin)
                rows.append(
                    span_row(raw, row_id=row_id, project_id=project_id, origin_id=origin_id)
                )
                texts.append(payload_json(raw))
                row_id += 1
        return rows, texts

    def _add_payloads(
        self, connection: Connection, rows: Sequence[Row], texts: Sequence[bytes]
    ) -> None:
        by_project: dict[int, list[Item]] = {}
        for row, text in zip(rows, texts, strict=True):
            by_project.setdefault(row[_PROJECT], []).append((row[_ID], text))
        added: list[Row] = []
        for project_id, items in by_project.items():
            dictionary_id, blocks = self._dictionaries.pack(connection, project_id, items)
            added += [
                (block.first_row_id, block.span_count, ENCODING_BLOCK, dictionary_id, block.body)
                for block in blocks
            ]
        self._dialect.insert_rows(connection, "payload_block", BLOCK_COLUMNS, added)

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
        if new:
            self._add_payloads(connection, changed, [text for _, text in new])
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
        connection.exec_driver_sql(self._update_span, (*row[1:], row_id))
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


def _rank(
    start_ns: int, duration_ns: int | None, text: bytes, origin_id: int
) -> tuple[int, int, int, bytes, int]:
    """What decides between two records of one span; the greater stays, equal ones are the same."""
    if duration_ns is None:
        return (0, 0, len(text), text, origin_id)
    return (1, start_ns + duration_ns, len(text), text, origin_id)
