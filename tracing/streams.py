"""What a generator yielded, recorded while it streams: bounded, each item as it was at its time."""

from typing import Any

from weave_core.jsonable import MAX_ITEMS
from weave_core.tracing.content import snapshot

__all__ = ["IMMUTABLE", "MAX_RECORDED_ITEMS", "Recording"]

MAX_RECORDED_ITEMS = MAX_ITEMS - 1
"""Items of one stream that are recorded; the stream itself has no bound."""

IMMUTABLE = frozenset({str, int, float, bool, type(None)})
"""Types whose items are kept as they are."""


class Recording:
    """The items of one stream.

    Args:
        keeps_values: Keep the items themselves, for a hook that joins them; else JSON-like copies,
            since a program may change an item after it was yielded.
    """

    __slots__ = ("_keeps_values", "_left_out", "items")

    def __init__(self, *, keeps_values: bool) -> None:
        self.items: list[Any] = []
        """What is recorded so far; a reader of the stream may add an immutable item by itself,
        while there are fewer than MAX_RECORDED_ITEMS."""
        self._left_out = 0
        self._keeps_values = keeps_values

    def add(self, item: Any) -> None:
        """Take one item; never raises."""
        if len(self.items) < MAX_RECORDED_ITEMS:
            plain = self._keeps_values or type(item) in IMMUTABLE
            self.items.append(item if plain else snapshot(item))
        else:
            self._left_out += 1

    def output(self) -> list[Any]:
        """The recorded items; a last one says so where some were left out."""
        if self._left_out and not self._keeps_values:
            self.items.append(f"__truncated__: {self._left_out} more items")
        return self.items
