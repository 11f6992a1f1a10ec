"""Blocks of payloads that have settled, cut so that they fill the pages of the database.

What does not fit into the rest of a page begins a new one, so blocks of any size leave a sixth of
the file empty.  How far a text can be compressed is known only afterwards: a block is cut by what
its neighbours came to, and again if that was wrong.
"""

from collections.abc import Iterator, Sequence
from itertools import accumulate

from weave_core.server.store.blocks import BLOCK_BYTES, MAX_DISTANCE, Block, Item, packed
from weave_core.server.store.payloads import Dictionary
from weave_core.server.store.sqlite import PAGE_BYTES

__all__ = ["fitted"]

_SPANS = 24
"""Spans that a block aims at; of twice as many one takes 2 % less, and twice as long to open."""
_MAX_SPANS = 512
"""Spans of a block whose texts are next to nothing."""
_MAX_SHARES = 8
"""Most blocks that a page is divided among."""
_ROOM = PAGE_BYTES - 8
_OF_A_ROW = 28
"""Bytes of a row beside the block: its columns, their types and its place in the page."""
_TRIES = 3
_AIM = 0.97
"""Of the room, so that most blocks are right at once."""
_FULL = 0.94
_FIRST_RATIO = 0.1
"""Compressed to sent, before anything is known."""


def fitted(items: Sequence[Item], dictionary: Dictionary | None) -> Iterator[Block]:
    """`items`, which are in the order of their ids, in full blocks; the last may be any size."""
    ratio, start = _FIRST_RATIO, 0
    while start < len(items):
        last_id = items[start][0] + MAX_DISTANCE
        near = [item for item in items[start : start + _MAX_SPANS] if item[0] <= last_id]
        block, ratio = _fill(near, ratio, dictionary)
        yield block
        start += block.span_count


def _fill(
    items: Sequence[Item], ratio: float, dictionary: Dictionary | None
) -> tuple[Block, float]:
    """A block that begins with the first of `items`, and its ratio of compressed to sent."""
    ends = list(accumulate(len(text) for _, text in items))
    room = _room(ratio * ends[_within(ends[:_SPANS], BLOCK_BYTES) - 1])
    count, too_many = _within(ends, min(room * _AIM / ratio, BLOCK_BYTES)), len(items) + 1
    best: Block | None = None
    for _ in range(_TRIES):
        [block] = packed([items[:count]], dictionary, is_settled=True)
        size_bytes = len(block.body)
        ratio = max(size_bytes, 1) / max(ends[count - 1], 1)
        if size_bytes > room:
            too_many = count
        elif best is None or count > best.span_count:
            best = block
        following = _within(ends, min(room * _AIM / ratio, BLOCK_BYTES))
        following = max(1, min(following, too_many - 1))
        if following == count or _FULL * room <= size_bytes <= room:
            break
        count = following
    best = best or block
    return best, ratio


def _room(size_bytes: float) -> float:
    """Bytes for a block that would have about `size_bytes`: a whole part of a page."""
    if size_bytes > 2 * _ROOM:
        return size_bytes  # SQLite fills the pages of such a row itself.
    shares = max(1, min(round(_ROOM / size_bytes), _MAX_SHARES))
    return _ROOM / shares - _OF_A_ROW


def _within(ends: Sequence[int], size_bytes: float) -> int:
    """How many of the texts that end there stay within a size; at least one."""
    return max(1, sum(1 for end in ends if end <= size_bytes))
