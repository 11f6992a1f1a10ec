"""Change what lies in blocks: spans go, later versions come in, and small blocks become full ones.

A block is never changed in place but replaced, in the transaction of what made that necessary.
Packing is work of the background: from a cursor that moves in the transaction of what was packed,
behind the newest spans, whose later versions are still to come.  Each span is packed once, so it
can be compressed with more effort than while a sender waits.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from sqlalchemy import Connection

from weave_core.server.store.blocks import (
    BLOCK_COLUMNS,
    ENCODING_BLOCK,
    Block,
    Item,
    opened,
)
from weave_core.server.store.dialects import Dialect
from weave_core.server.store.dictionaries import Dictionaries
from weave_core.server.store.fitting import fitted
from weave_core.server.store.pacing import StepSize
from weave_core.server.store.payloads import Dictionary, unpack
from weave_core.server.store.stored_texts import IN_LIST, StoredTexts, texts_in

__all__ = ["PayloadPacker", "remove_texts"]

_CURSOR = "blocks"
_VERSION = 2
"""Of the way in which blocks are made: those of an older one are packed again."""
_NEWEST = 2_000
"""Spans that are left as they came: most that has a later version has it by then."""
_WORTH_IT = 2_000
"""Spans that a turn waits for, so that not every few make a block."""
_BLOCKS_A_STEP = 50
"""Most blocks that one step reads."""
_ALONE_A_STEP = 400
"""Most payloads that lie alone, likewise."""
_SPANS_A_STEP, _LEAST_SPANS_A_STEP = 800, 128
"""Spans of either, at most and at least: of fewer no full blocks could be made."""

_LAST = "SELECT MAX(id) FROM span"
_POSITION = "SELECT position FROM background_cursor WHERE name = ? AND version = ?"
_ALONE = """
SELECT span_row_id, 1, dictionary_id, body FROM span_payload
WHERE span_row_id > ? AND span_row_id <= ? ORDER BY span_row_id LIMIT ?
"""
_IN_BLOCKS = """
SELECT first_row_id, span_count, dictionary_id, body FROM payload_block
WHERE first_row_id > ? AND first_row_id <= ? ORDER BY first_row_id LIMIT ?
"""
_FOLLOWING = "SELECT MIN(first_row_id) FROM payload_block WHERE first_row_id > ?"
_PROJECT = "SELECT project_id FROM span WHERE id = ?"
_DELETE_ALONE = "DELETE FROM span_payload WHERE span_row_id = ?"
_DELETE_BLOCK = "DELETE FROM payload_block WHERE first_row_id = ?"


def remove_texts(connection: Connection, dialect: Dialect, row_ids: Sequence[int]) -> None:
    """Take payloads out, while the rows of their spans are still there."""
    connection.exec_driver_sql(dialect.sql(_DELETE_ALONE), [(row_id,) for row_id in row_ids])
    stored = texts_in(connection)
    for start in range(0, len(row_ids), IN_LIST):
        gone = set(row_ids[start : start + IN_LIST])
        for block in stored.blocks(gone):
            left = [item for item in block.items if item[0] not in gone]
            if len(left) < len(block.items):
                _delete_blocks(connection, dialect, [block.first_row_id])
                _add_blocks(connection, dialect, left, stored.dictionary(block.dictionary_id))


def _delete_blocks(connection: Connection, dialect: Dialect, first_row_ids: Iterable[int]) -> None:
    keys = [(first_row_id,) for first_row_id in first_row_ids]
    if keys:
        connection.exec_driver_sql(dialect.sql(_DELETE_BLOCK), keys)


def _add_blocks(
    connection: Connection, dialect: Dialect, items: Sequence[Item], dictionary: Dictionary | None
) -> list[Block]:
    dictionary_id = dictionary.id if dictionary else None
    blocks = list(fitted(items, dictionary))
    rows = [
        (block.first_row_id, block.span_count, ENCODING_BLOCK, dictionary_id, block.body)
        for block in blocks
    ]
    if rows:
        dialect.insert_rows(connection, "payload_block", BLOCK_COLUMNS, rows)
    return blocks


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stored block, or a payload that lies alone, as its row has it."""

    row_id: int
    """Of its first span."""
    span_count: int
    dictionary_id: int | None
    body: bytes
    is_block: bool


class PayloadPacker:
    """Packs what has settled; used by the writer's thread."""

    def __init__(self, dialect: Dialect, dictionaries: Dictionaries) -> None:
        self._dialect = dialect
        self._dictionaries = dictionaries
        self._save = dialect.upsert("background_cursor", ("name", "position", "version"), ("name",))
        self._size = StepSize(320, least=_LEAST_SPANS_A_STEP, most=_SPANS_A_STEP)

    def step(self, connection: Connection, turn_s: float) -> bool:
        """Pack some spans behind the cursor, in the caller's transaction; whether more wait."""
        began = time.perf_counter()
        position = self._query(connection, _POSITION, (_CURSOR, _VERSION)).scalar() or 0
        last = self._query(connection, _LAST).scalar() or 0
        settled = last - _NEWEST
        if settled - position >= _WORTH_IT:
            count = self._size.of(turn_s)
            end = self._pack(connection, position, settled, count)
            self._size.learn(count, time.perf_counter() - began)
            connection.exec_driver_sql(self._save, (_CURSOR, end, _VERSION))
            return position < end and settled - end >= _WORTH_IT
        return self._fold(connection, position)

    def _pack(self, connection: Connection, position: int, settled: int, count: int) -> int:
        """Make full blocks of `count` spans behind `position`; where the next step begins."""
        alone, has_more_alone = _first(
            *self._read(connection, _ALONE, position, settled, _ALONE_A_STEP), count
        )
        blocks, has_more_blocks = _first(
            *self._read(connection, _IN_BLOCKS, position, settled, _BLOCKS_A_STEP), count
        )
        end = settled
        if has_more_alone:
            end = min(end, alone[-1].row_id)
        if has_more_blocks:
            end = min(end, blocks[-1].row_id - 1)
        firsts = [piece.row_id for piece in blocks if piece.row_id <= end]
        if firsts:
            # The last one may go on behind `end`, and is left whole: where a block begins, no
            # other may lie.
            following = self._query(connection, _FOLLOWING, (firsts[-1],)).scalar()
            if following is None or end < following - 1:
                end = firsts[-1] - 1
        pieces = sorted(
            (piece for piece in (*blocks, *alone) if piece.row_id <= end),
            # A block before what is a later version of its first span.
            key=lambda piece: (piece.row_id, not piece.is_block),
        )
        made = self._join(connection, pieces) if pieces else []
        # What was left for the last one may be little: the next step begins with it.
        return made[-1].first_row_id - 1 if len(made) > 1 else end

    def _fold(self, connection: Connection, position: int) -> bool:
        """Put later versions of spans that were packed into their blocks; whether more wait."""
        late, has_more = self._read(connection, _ALONE, 0, position, _ALONE_A_STEP)
        if not late:
            return False
        stored = texts_in(connection)
        texts = dict(_texts(late, stored))
        for block in stored.blocks(texts):
            mine = {row_id for row_id, _ in block.items} & texts.keys()
            if mine:
                items = [(row_id, texts.pop(row_id, text)) for row_id, text in block.items]
                _delete_blocks(connection, self._dialect, [block.first_row_id])
                dictionary = stored.dictionary(block.dictionary_id)
                _add_blocks(connection, self._dialect, items, dictionary)
        for item in texts.items():  # Its block is gone, with all of its neighbours.
            _add_blocks(connection, self._dialect, [item], None)
        self._delete(connection, late)
        return has_more

    def _join(self, connection: Connection, pieces: Sequence[_Piece]) -> list[Block]:
        """Replace `pieces` by blocks that are as full as may be."""
        stored = texts_in(connection)
        texts = dict(_texts(pieces, stored))  # Of two versions the one that lies alone comes last.
        self._delete(connection, pieces)
        project_id = self._query(connection, _PROJECT, (pieces[0].row_id,)).scalar()
        dictionary = (
            None if project_id is None else self._dictionaries.current(connection, project_id)
        )
        return _add_blocks(connection, self._dialect, sorted(texts.items()), dictionary)

    def _delete(self, connection: Connection, pieces: Sequence[_Piece]) -> None:
        firsts = [piece.row_id for piece in pieces if piece.is_block]
        _delete_blocks(connection, self._dialect, firsts)
        alone = [(piece.row_id,) for piece in pieces if not piece.is_block]
        if alone:
            connection.exec_driver_sql(self._dialect.sql(_DELETE_ALONE), alone)

    def _read(
        self, connection: Connection, text: str, after: int, until: int, limit: int
    ) -> tuple[list[_Piece], bool]:
        """Pieces in the order of their ids, and whether there may be more."""
        rows = self._query(connection, text, (after, until, limit)).all()
        is_block = text == _IN_BLOCKS
        pieces = [
            _Piece(row_id, span_count, dictionary_id, bytes(body), is_block)
            for row_id, span_count, dictionary_id, body in rows
        ]
        return pieces, len(rows) == limit

    def _query(self, connection: Connection, text: str, values: tuple[Any, ...] = ()) -> Any:
        return connection.exec_driver_sql(self._dialect.sql(text), values)


def _first(pieces: list[_Piece], has_more: bool, count: int) -> tuple[list[_Piece], bool]:  # noqa: FBT001  # As it is read.
    """Those of `pieces` that have the first `count` spans, and whether there may be more."""
    for index, held in enumerate(accumulate(piece.span_count for piece in pieces), 1):
        if held >= count and index < len(pieces):
            return pieces[:index], True
    return pieces, has_more


def _texts(pieces: Iterable[_Piece], stored: StoredTexts) -> Iterator[Item]:
    for piece in pieces:
        dictionary = stored.dictionary(piece.dictionary_id)
        if piece.is_block:
            yield from opened(piece.row_id, piece.body, dictionary)
        else:
            yield piece.row_id, unpack(piece.body, dictionary)
