"""Two traces laid over each other: which span of the one is which of the other.  Pure.

Spans are the same when they stand in the same place of the tree under the same name: the second
call of `search` below the first `answer` is compared with the second call of `search` below the
first `answer`.  Timing, ids and order of neighbours play no part, so a retry shows as one span
more and not as a tree that differs from there on.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from weave_core.app.components.span_tree import parent_rows
from weave_core.model import SpanColumns

__all__ = ["Pair", "align"]


@dataclass(frozen=True, slots=True)
class Pair:
    """A span of either trace, or of both."""

    a: int | None
    """Its row in the first trace; None: only the second has it."""
    b: int | None
    depth: int
    name: str


def align(a: SpanColumns, b: SpanColumns) -> list[Pair]:
    """All spans of both, parents before their children, neighbours in the order they began.

    Costs as many steps as there are spans; depth costs no recursion.
    """
    sides = (_Side(a), _Side(b))
    pairs: list[Pair] = []
    stack = _matched(sides, sides[0].tops, sides[1].tops, 0)[::-1]
    while stack:
        pair = stack.pop()
        pairs.append(pair)
        below_a = sides[0].kids[pair.a] if pair.a is not None else ()
        below_b = sides[1].kids[pair.b] if pair.b is not None else ()
        stack.extend(reversed(_matched(sides, below_a, below_b, pair.depth + 1)))
    return pairs


class _Side:
    """One trace, to be walked from the top."""

    def __init__(self, spans: SpanColumns) -> None:
        self.names = spans.name
        # The same call of another model is the same place: comparing models is what people do.
        names = [
            name.replace(model, "*") if model else name
            for name, model in zip(spans.name, spans.model, strict=True)
        ]
        self.keys = list(zip(spans.kind, names, strict=True))
        self.kids: list[list[int]] = [[] for _ in spans.span_id]
        self.tops: list[int] = []
        for row, parent in enumerate(parent_rows(spans.span_id, spans.parent_span_id)):
            (self.kids[parent] if parent >= 0 else self.tops).append(row)

    def counted(self, rows: Iterable[int]) -> dict[tuple[str, str, int], int]:
        """Rows by kind, name and how many of these came before among the neighbours."""
        seen: dict[tuple[str, str], int] = {}
        found: dict[tuple[str, str, int], int] = {}
        for row in rows:
            key = self.keys[row]
            seen[key] = number = seen.get(key, 0) + 1
            found[*key, number] = row
        return found


def _matched(
    sides: tuple[_Side, _Side], rows_a: Sequence[int], rows_b: Sequence[int], depth: int
) -> list[Pair]:
    """Neighbours of both in one order: as in the second, what only the first has where it stood."""
    found_a, found_b = sides[0].counted(rows_a), sides[1].counted(rows_b)
    coming = iter(found_b.items())
    done: set[tuple[str, str, int]] = set()
    pairs: list[Pair] = []
    for key, row_a in found_a.items():
        if key not in found_b:
            pairs.append(Pair(row_a, None, depth, sides[0].names[row_a]))
        while key in found_b and key not in done:
            next_key, row_b = next(coming)
            done.add(next_key)
            same_a = found_a.get(next_key)
            pairs.append(Pair(same_a, row_b, depth, _name(sides, same_a, row_b)))
    return pairs + [Pair(None, row_b, depth, sides[1].names[row_b]) for _, row_b in coming]


def _name(sides: tuple[_Side, _Side], row_a: int | None, row_b: int) -> str:
    name = sides[1].names[row_b]
    before = name if row_a is None else sides[0].names[row_a]
    return name if before == name else f"{before} → {name}"
