"""Logged steps between the program that logs them and the journal.

`add` is what a training loop pays for: the numbers of a step as bytes, on a list.  Nothing of it is
an object that Python's garbage collector follows: 10,000 tuples made it look through all that the
program has, for 50 ms.  A thread of ours makes columns of the rows, in loops that run inside the
interpreter's own C code.
"""

import threading
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain, count, groupby
from operator import itemgetter
from struct import Struct, error
from typing import Any

from weave_core.points import Group, group_of, pack_points
from weave_core.tracing.logged_values import Tell, checked_keys, read_values

__all__ = ["MAX_BUFFERED_ROWS", "MAX_KEYS", "PackedSteps", "StepBuffer"]

MAX_BUFFERED_ROWS = 50_000
"""Logged steps in memory; the program that logs more at once packs them itself, so none is lost."""
MAX_BODY_BYTES = 1024 * 1024
MAX_KEYS = 20_000
"""Different keys of one run; further ones are left out, and the run says so."""
_MAX_SHAPES = 10_000
_NUMBER = Struct("=q")
_HEAD_WORDS = 3
"""Words of 8 bytes before the values of a packed row: number of its shape, step and time."""
_ROW_BYTES = 16

Row = tuple[tuple[Any, ...], int, int, tuple[Any, ...]]
"""Keys, step, time in nanoseconds, a value for each key: the rare way."""
Shape = bytes | tuple[Any, ...]
"""Of rows with the same keys: their number as packed rows begin with it, or the keys themselves."""


class PackedSteps:
    """Steps as bytes, with the times of the first and the last."""

    __slots__ = ("body", "first_ns", "last_ns", "rows")

    def __init__(self, groups: list[Group]) -> None:
        self.body = pack_points(groups)
        self.rows = sum(len(group.steps) for group in groups)
        self.first_ns = min(min(group.times) for group in groups)
        self.last_ns = max(max(group.times) for group in groups)


class StepBuffer:
    """Rows of one writer; any thread adds, one at a time takes.

    Args:
        tell: Hears of what is left out.
    """

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self.rows: list[bytes | Row] = []
        self._lock = threading.Lock()
        self._packers: dict[tuple[Any, ...], Callable[..., bytes | Row]] = {}
        self._numbers = count()
        self._shapes: dict[bytes, tuple[str, ...]] = {}
        """The keys of packed rows, by their number."""
        self._keys: set[str] = set()
        self.last: dict[str, float] = {}
        """The value that was logged last under each key."""

    def start_anew(self) -> None:
        """In a forked child: what is here is the parent's to send."""
        self.rows.clear()
        self._lock = threading.Lock()

    def add(self, keys: tuple[Any, ...], step: int, time_ns: int, values: tuple[Any, ...]) -> None:
        """Put the numbers of a step behind the others."""
        pack = self._packers.get(keys)
        if pack is None:
            pack = self._new_packer(keys)
        try:
            row = pack(step, time_ns, *values)
        except (OverflowError, error):  # A number beyond what its place holds, or none at all.
            row = (keys, step, time_ns, values)
        self.rows.append(row)

    def _new_packer(self, keys: tuple[Any, ...]) -> Callable[..., bytes | Row]:
        if len(self._packers) >= _MAX_SHAPES:
            return lambda step, time_ns, *values: (keys, step, time_ns, values)
        number = next(self._numbers)
        pack = partial(_row_of(keys).pack, number)
        # In this order, as a thread that finds a packer adds at once.
        self._shapes[_NUMBER.pack(number)] = checked_keys(keys)
        self._packers[keys] = pack
        return pack

    def take(self) -> list[PackedSteps]:
        """All rows, packed."""
        with self._lock:
            # The list stays the same one: a thread may have looked it up and be about to add.
            rows = self.rows[:]
            del self.rows[: len(rows)]
            return [PackedSteps(groups) for groups in map(self._groups, _bodies(rows)) if groups]

    def _groups(self, rows: Sequence[bytes | Row]) -> list[Group]:
        """Columns of `rows`, in as few groups as there are shapes."""
        shapes: dict[Shape, list[Any]] = {}
        for shape, run in groupby(rows, _shape_of):
            shapes.setdefault(shape, []).extend(run)
        groups = [each for shape, found in shapes.items() for each in self._columns(shape, found)]
        if len(groups) > 1 and _disagree(groups):
            # Of two values at one step the later one stays, and the later group tells which it is.
            runs = groupby(rows, _shape_of)
            groups = [each for shape, run in runs for each in self._columns(shape, list(run))]
        for group in sorted(groups, key=lambda group: group.times[-1]):
            self.last.update(zip(group.keys, map(itemgetter(-1), group.columns), strict=True))
        return groups

    def _columns(self, shape: Shape, rows: list[Any]) -> list[Group]:
        """Columns of rows of one shape; none where nothing of them is kept."""
        is_packed = isinstance(shape, bytes)
        keys = self._shapes[shape] if isinstance(shape, bytes) else checked_keys(shape)
        if len(set(keys)) == len(keys) and self._admit(keys):
            try:
                found = _unpacked(keys, rows) if is_packed else group_of(keys, map(_TOLD, rows))
            except (TypeError, OverflowError):
                pass
            else:
                return [found]
        if is_packed:
            words = map(_row_of(keys).unpack, rows)
            rows = [(keys, step, time_ns, values) for _, step, time_ns, *values in words]
        return self._one_by_one(keys, rows)

    def _one_by_one(self, keys: tuple[str, ...], rows: list[Row]) -> list[Group]:
        """The rare way: a value of a kind that was not expected, or one key too many."""
        columns = []
        for _, step, time_ns, values in rows:
            numbers = read_values(dict(zip(keys, values, strict=True)), self._tell)
            kept = {key: value for key, value in numbers.items() if self._admit((key,))}
            if kept:
                columns.append(group_of(tuple(kept), [(step, time_ns, tuple(kept.values()))]))
        return columns

    def _admit(self, keys: tuple[str, ...]) -> bool:
        """Whether all of `keys` are kept."""
        if self._keys.issuperset(keys):
            return True
        new = set(keys) - self._keys
        if len(self._keys) + len(new) > MAX_KEYS:
            self._tell(
                "*", f"more than {MAX_KEYS:,} different keys were logged: the others are left out"
            )
            return False
        self._keys |= new
        return True


def _row_of(keys: tuple[Any, ...]) -> Struct:
    return Struct(f"={_HEAD_WORDS}q{len(keys)}d")


_TOLD = itemgetter(slice(1, None))
"""A row of the rare way without its keys."""


def _shape_of(row: bytes | Row) -> Shape:
    return row[: _NUMBER.size] if isinstance(row, bytes) else row[0]


def _bodies(rows: Sequence[bytes | Row]) -> Iterator[Sequence[bytes | Row]]:
    """`rows` in parts, each as large as one body may be."""
    start = size = 0
    for end, row in enumerate(rows, 1):
        size += _ROW_BYTES + 8 * len(row[0]) if isinstance(row, tuple) else len(row) - _NUMBER.size
        if size >= MAX_BODY_BYTES:
            yield rows[start:end]
            start, size = end, 0
    if start < len(rows):
        yield rows[start:]


def _unpacked(keys: tuple[str, ...], rows: Iterable[bytes]) -> Group:
    """Columns of packed rows of one shape: every so many words of all of them."""
    data = b"".join(rows)
    words, numbers = array("q", data), array("d", data)
    width = _HEAD_WORDS + len(keys)
    columns = [numbers[place::width] for place in range(_HEAD_WORDS, width)]
    return Group(keys, words[1::width], words[2::width], columns)


def _disagree(groups: Sequence[Group]) -> bool:
    """Whether two of `groups` have a value of one key at one step."""
    times = Counter(chain.from_iterable(group.keys for group in groups))
    known: dict[str, set[int]] = {key: set() for key, found in times.items() if found > 1}
    for group in groups:
        for key in known.keys() & group.keys:
            if not known[key].isdisjoint(group.steps):
                return True
            known[key].update(group.steps)
    return False
