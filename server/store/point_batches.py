"""Logged steps as a run sent them, opened: `weave_core.points` says how they lie."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from weave_core.points import SYSTEM_PREFIX, read_head

__all__ = [
    "MAX_STORED_KEY",
    "TIME_KEY",
    "Column",
    "Contents",
    "columns_of",
    "contents_of",
    "is_system",
]

TIME_KEY = "_time"
"""The key under which the time of each step is kept, in milliseconds since the epoch: finer ones
would take a byte a step, and no chart shows them."""
_NS_PER_MS = 1_000_000


MAX_STORED_KEY = 500
"""Characters kept of a metric's key."""


class Contents(NamedTuple):
    """How much lies in a batch."""

    points: int
    """Values, not counting times."""
    last_step: int | None
    """Of what was logged; what is measured of the machine has no steps."""


class Column(NamedTuple):
    """Values of one key as they were sent: in any order of steps."""

    key: str
    steps: NDArray[np.int64]
    values: NDArray[np.float64]


def is_system(key: str) -> bool:
    """Whether a key is measured of the machine: its steps are milliseconds since the epoch."""
    return key.startswith(SYSTEM_PREFIX)


def contents_of(body: bytes) -> Contents:
    """How much lies in `body`.

    Raises:
        ValueError: If it is no batch, or is cut off; likewise KeyError and TypeError.
    """
    groups, start = read_head(body)
    points, last_step = 0, None
    for keys, count in groups:
        points += count * len(keys)
        if count and not all(map(is_system, keys)):
            largest = int(np.frombuffer(body, "<i8", count, start).max())
            last_step = largest if last_step is None else max(last_step, largest)
        start += 8 * count * (2 + len(keys))
    return Contents(points, last_step)


def columns_of(body: bytes) -> Iterator[Column]:
    """Every key of a batch, and the times of its steps."""
    groups, start = read_head(body)
    for keys, count in groups:
        steps = np.frombuffer(body, "<i8", count, start).astype(np.int64)
        times = np.frombuffer(body, "<i8", count, start + 8 * count)
        if not all(map(is_system, keys)):
            yield Column(TIME_KEY, steps, (times // _NS_PER_MS).astype(np.float64))
        start += 16 * count
        for given in keys:
            key = _storable(given)
            values = np.frombuffer(body, "<f8", count, start).astype(np.float64)
            yield Column(key, steps, values)
            start += 8 * count


def _storable(key: str) -> str:
    """A key as databases take it; that of the times is ours alone."""
    text = key.replace("\0", "")[:MAX_STORED_KEY]
    return f"{text}_" if text == TIME_KEY else text
