"""What a generator yielded, recorded while it streams: bounded, each item as it was at its time."""

from typing import Any

from weave_core.jsonable import MAX_ITEMS, to_jsonable

__all__ = ["MAX_RECORDED_ITEMS", "Recording"]

MAX_RECORDED_ITEMS = MAX_ITEMS - 1
"""Items of one stream that are recorded; the stream itself has no bound."""

_IMMUTABLE = (str, int, float, bool, type(None))


class Recording:
    """The items of one stream.

    Args:
        keeps_values: Keep the items themselves, for a hook that joins them; else JSON-like copies,
            since a program may change an item after it was yielded.
    """

    __slots__ = ("_count", "_items", "_keeps_values")

    def __init__(self, *, keeps_values: bool) -> None:
        self._items: list[Any] = []
        self._count = 0
        self._keeps_values = keeps_values

    def add(self, item: Any) -> None:
        """Take one item; never raises."""
        if self._count < MAX_RECORDED_ITEMS:
            plain = self._keeps_values or type(item) in _IMMUTABLE
            self._items.append(item if plain else to_jsonable(item))
        self._count += 1

    def output(self) -> list[Any]:
        """The recorded items; a last one says so where some were left out."""
        left_out = self._count - len(self._items)
        if left_out and not self._keeps_values:
            self._items.append(f"__truncated__: {left_out} more items")
        return self._items
