"""Logged steps between the program that logs them and the journal.

`add` is what a training loop pays for: one tuple on a list.  Columns are made of the rows by a
thread of ours, in loops that run inside the interpreter's own C code.
"""

import threading
from collections.abc import Iterator
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
_ROW_BYTES = 16

Row = tuple[tuple[Any, ...], int, int, tuple[Any, ...]]
"""Keys, step, time in nanoseconds, a value for each key."""


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
        self.rows: list[Row] = []
        self._lock = threading.Lock()
        self._shapes: dict[tuple[Any, ...], tuple[str, ...]] = {}
        self._keys: set[str] = set()
        self.last: dict[str, float] = {}
        """The value that was logged last under each key."""

    def start_anew(self) -> None:
        """In a forked child: what is here is the parent's to send."""
        self.rows.clear()
        self._lock = threading.Lock()

    def take(self) -> list[PackedSteps]:
        """All rows, packed."""
        with self._lock:
            # The list stays the same one: a thread may have looked it up and be about to add.
            rows = self.rows[:]
            del self.rows[: len(rows)]
            return list(self._packed(rows))

    def _packed(self, rows: list[Row]) -> Iterator[PackedSteps]:
        groups: dict[tuple[Any, ...], list[Row]] = {}
        size = 0
        for row in rows:
            keys = row[0]
            known = groups.get(keys)
            if known is None:
                known = groups[keys] = []
            known.append(row)
            size += _ROW_BYTES + 8 * len(keys)
            if size >= MAX_BODY_BYTES:
                yield from self._whole(groups)
                groups, size = {}, 0
        yield from self._whole(groups)

    def _whole(self, groups: dict[tuple[Any, ...], list[Row]]) -> Iterator[PackedSteps]:
        columns = self._columns(groups)
        if columns:
            yield PackedSteps(columns)

    def _columns(self, groups: dict[tuple[Any, ...], list[Row]]) -> list[Group]:
        columns = []
        for given, rows in groups.items():
            keys = self._checked(given)
            try:
                group = group_of(keys, [row[1:] for row in rows])
            except (TypeError, OverflowError):
                columns += self._one_by_one(given, rows)
                continue
            if len(set(keys)) < len(keys) or not self._admit(keys):
                columns += self._one_by_one(given, rows)
                continue
            columns.append(group)
            self.last.update(zip(keys, rows[-1][3], strict=True))
        return columns

    def _one_by_one(self, given: tuple[Any, ...], rows: list[Row]) -> list[Group]:
        """The rare way: a value of a kind that was not expected, or one key too many."""
        columns = []
        for _, step, time_ns, values in rows:
            numbers = read_values(dict(zip(self._checked(given), values, strict=True)), self._tell)
            kept = {key: value for key, value in numbers.items() if self._admit((key,))}
            if kept:
                columns.append(group_of(tuple(kept), [(step, time_ns, tuple(kept.values()))]))
                self.last.update(kept)
        return columns

    def _checked(self, given: tuple[Any, ...]) -> tuple[str, ...]:
        known = self._shapes.get(given)
        if known is None:
            known = checked_keys(given)
            if len(self._shapes) >= _MAX_SHAPES:
                self._shapes.clear()
            self._shapes[given] = known
        return known

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
