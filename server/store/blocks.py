"""Payloads of neighbouring spans as one compressed block: what repeats from span to span is free.

Spans that arrive together share prompts, histories and keys, and a zstd frame sees all of them at
once.  A block is cut by the number of spans, so that one opened span costs little, and by bytes.

    count, then row id minus the block's first and length of each, all 32 bits; then the texts
"""

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from weave_core.server.store.payloads import Dictionary, compress, unpack

__all__ = [
    "BLOCK_BYTES",
    "BLOCK_COLUMNS",
    "BLOCK_SPANS",
    "ENCODING_BLOCK",
    "MAX_DISTANCE",
    "Block",
    "Item",
    "cut",
    "opened",
    "packed",
]

ENCODING_BLOCK = 2
"""`payload_block.encoding`: zstd over what the head of this module draws."""
BLOCK_SPANS = 16
"""Of a block as it arrives; `fitting` cuts anew what has settled."""
BLOCK_BYTES = 128 * 1024
"""Texts of a block; six calls of an agent that each repeat 20 KB of history lie in one."""

BLOCK_COLUMNS = ("first_row_id", "span_count", "encoding", "dictionary_id", "body")
"""Of `payload_block`, in the order that inserts have."""

_ONE = struct.Struct("<I")
MAX_DISTANCE = 2**32 - 1
"""Between the row ids of the first and the last span of a block."""

Item = tuple[int, bytes]
"""Row id of a span and the text of its payload."""


@dataclass(frozen=True, slots=True)
class Block:
    """One row of `payload_block`, but for the dictionary."""

    first_row_id: int
    span_count: int
    body: bytes


def cut(items: Iterable[Item]) -> Iterator[list[Item]]:
    """`items`, which are in the order of their ids, in pieces that make a block each."""
    piece: list[Item] = []
    size_bytes = 0
    for item in items:
        is_full = len(piece) >= BLOCK_SPANS or size_bytes + len(item[1]) > BLOCK_BYTES
        if piece and (is_full or item[0] - piece[0][0] > MAX_DISTANCE):
            yield piece
            piece, size_bytes = [], 0
        piece.append(item)
        size_bytes += len(item[1])
    if piece:
        yield piece


def packed(
    pieces: Sequence[Sequence[Item]], dictionary: Dictionary | None, *, is_settled: bool = False
) -> list[Block]:
    """A block of each of `pieces`; settled ones are compressed with more effort."""
    texts = [_joined(piece) for piece in pieces]
    bodies = compress(texts, dictionary, is_settled=is_settled)
    return [
        Block(piece[0][0], len(piece), body) for piece, body in zip(pieces, bodies, strict=True)
    ]


def opened(first_row_id: int, body: bytes, dictionary: Dictionary | None) -> list[Item]:
    """What lies in a block."""
    text = unpack(body, dictionary)
    (count,) = _ONE.unpack_from(text)
    numbers = struct.unpack_from(f"<{2 * count}I", text, _ONE.size)
    items: list[Item] = []
    start = _ONE.size * (1 + 2 * count)
    for index in range(0, 2 * count, 2):
        end = start + numbers[index + 1]
        items.append((first_row_id + numbers[index], text[start:end]))
        start = end
    return items


def _joined(piece: Sequence[Item]) -> bytes:
    first = piece[0][0]
    head = [len(piece)]
    for row_id, text in piece:
        head += (row_id - first, len(text))
    return struct.pack(f"<{len(head)}I", *head) + b"".join(text for _, text in piece)
