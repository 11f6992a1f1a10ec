"""Two traces side by side as one tree: from pairs to columns, and the pair that was chosen."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from weave_core.app.alignment import Pair
from weave_core.app.components.bundles import bundle
from weave_core.model import SpanColumns

__all__ = ["Changes", "compare_columns", "compare_tree"]

_MAX_NAME = 200


@dataclass(frozen=True)
class Changes:
    """Which pairs say something else, by their rows in the list of pairs."""

    inputs: frozenset[int] = frozenset()
    outputs: frozenset[int] = frozenset()


def compare_tree(columns: bytes, *, key: str) -> int | None:
    """Draw the rows of `compare_columns` and return the row chosen there, if any."""
    result = bundle("compare_tree", "deltas", "tree_rows")(
        key=key, data=columns, on_row_change=lambda: None
    )
    chosen = result.get("row")
    return chosen if isinstance(chosen, int) and not isinstance(chosen, bool) else None


def compare_columns(
    pairs: Sequence[Pair],
    sides: tuple[SpanColumns, SpanColumns],
    changes: Changes,
    *,
    name: str,
    selected: int,
) -> bytes:
    """What the drawing needs, as JSON in columns.

    Args:
        pairs: From `weave_core.app.alignment`.
        sides: The two traces.
        changes: Where inputs or outputs differ; empty where nobody looked.
        name: Of the comparison: ties the reader's place to it.
        selected: Row of the pair to open with.
    """
    a, b = sides
    columns: dict[str, Any] = {
        "key": name,
        "selected": selected,
        "name": [pair.name[:_MAX_NAME] for pair in pairs],
        "depth": [pair.depth for pair in pairs],
        "kind": [_of(pair, a.kind, b.kind) for pair in pairs],
        "inputs": sorted(changes.inputs),
        "outputs": sorted(changes.outputs),
    }
    for side, spans, rows in (("a", a, [p.a for p in pairs]), ("b", b, [p.b for p in pairs])):
        columns[side] = {
            "has": [row is not None for row in rows],
            "dur": [None if row is None else spans.duration_ms[row] for row in rows],
            "tokens": [None if row is None else spans.total_tokens[row] for row in rows],
            "cost": [None if row is None else spans.cost_usd[row] for row in rows],
            "failed": [row is not None and spans.status[row] == "error" for row in rows],
        }
    return orjson.dumps(columns)


def _of(pair: Pair, a: Sequence[Any], b: Sequence[Any]) -> Any:
    return a[pair.a] if pair.a is not None else b[pair.b or 0]
