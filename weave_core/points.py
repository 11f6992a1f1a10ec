"""Logged steps of a run as bytes: columns that the sender fills and the server reads as they are.

    "WCP1", length of the head (32 bits), the head as JSON, then numbers of 8 bytes, little-endian

The head says `[{"keys": [...], "n": rows}, ...]`, one entry for each set of keys that was logged
together.  For each come `n` steps and `n` times (integers, times in nanoseconds since the epoch),
then `n` doubles for each key.  Written with the standard library alone: a training program needs no
numpy for it.
"""

import sys
from array import array
from collections.abc import Iterable, Sequence
from struct import Struct
from typing import NamedTuple

import orjson

__all__ = ["EVEN_STEPS", "MAGIC", "SYSTEM_PREFIX", "Group", "group_of", "pack_points", "read_head"]

MAGIC = b"WCP1"
SYSTEM_PREFIX = "system/"
"""Begins the keys of what is measured of the machine: their steps are milliseconds since the epoch,
so that they have an axis of their own and no part in what a run has got to."""
EVEN_STEPS = "even_steps"
"""Metadata of a table of points without a column of steps: the first one and from each to the next,
with a comma between."""
_LENGTH = Struct("<I")


class Group(NamedTuple):
    """Steps at which the same keys were logged, as columns."""

    keys: tuple[str, ...]
    steps: "array[int]"
    times: "array[int]"
    columns: "list[array[float]]"


def group_of(keys: tuple[str, ...], rows: Iterable[tuple[int, int, Sequence[float]]]) -> Group:
    """Columns of `rows`, each a step, a time and a value for every one of `keys`.

    Raises:
        TypeError: If a value is no number; OverflowError where it is too large for a double.
    """
    steps, times, values = zip(*rows, strict=True)
    columns = [array("d", column) for column in zip(*values, strict=True)]
    return Group(keys, array("q", steps), array("q", times), columns)


def pack_points(groups: Sequence[Group]) -> bytes:
    """All of `groups` as bytes."""
    head = orjson.dumps([{"keys": group.keys, "n": len(group.steps)} for group in groups])
    parts = [MAGIC, _LENGTH.pack(len(head)), head]
    for group in groups:
        parts += (_little(group.steps), _little(group.times))
        parts += (_little(column) for column in group.columns)
    return b"".join(parts)


def _little(column: "array[int] | array[float]") -> bytes:
    if sys.byteorder == "big":
        column = column[:]
        column.byteswap()
    return column.tobytes()


def read_head(body: bytes) -> tuple[list[tuple[list[str], int]], int]:
    """Keys and number of rows of each group in `body`, and where its numbers begin.

    Raises:
        ValueError: If `body` was not made by `pack_points`, or is cut off.
    """
    if body[:4] != MAGIC or len(body) < 8:  # noqa: PLR2004  # Mark and length.
        raise ValueError("points do not begin with WCP1")
    (length,) = _LENGTH.unpack_from(body, 4)
    start = 8 + length
    groups: list[tuple[list[str], int]] = []
    for told in orjson.loads(body[8:start]):
        keys, count = told["keys"], told["n"]
        if type(count) is not int or count < 0 or not all(type(key) is str for key in keys):
            raise ValueError("the head of points is none")
        groups.append((keys, count))
    wanted = start + 8 * sum(count * (2 + len(keys)) for keys, count in groups)
    if len(body) != wanted:
        raise ValueError(f"points have {len(body)} bytes instead of {wanted}")
    return groups, start
