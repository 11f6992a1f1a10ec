"""Values that lie in memory by the hundred thousand."""

import tracemalloc
from collections.abc import Callable

from weave_core.model import EvaluatedItem, ItemScore
from weave_core.model.values import Value, lean

COUNT = 1_000


def made(number: int) -> EvaluatedItem:
    """An item as a run makes it."""
    score = ItemScore(value=1.0, is_rate=True)
    return EvaluatedItem(
        item=f"{number:032x}", index=number, epoch=0, outcome="ok", error=None, cost_usd=None,
        latency_ms=20.5, input_tokens=None, output_tokens=None, cluster=None, slices={},
        scores={"exact": score}, trace_id=f"{number:032x}", span_id=f"{number:016x}",
    )  # fmt: skip


def bytes_of(change: Callable[[EvaluatedItem], Value]) -> float:
    """What an item takes."""
    tracemalloc.start()
    kept = [change(made(number)) for number in range(COUNT)]
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return size / len(kept)


def test_a_lean_value_is_the_same_in_less_memory() -> None:
    """What is told of it, copied and compared stays, and no two share what one of them gets."""
    first, second = lean(made(1)), lean(made(2))
    assert first.model_dump(exclude_defaults=True) == made(1).model_dump(exclude_defaults=True)
    assert first.model_dump_json() == made(1).model_dump_json()
    changed = first.model_copy(update={"epoch": 3})
    assert (changed.epoch, first.epoch) == (3, 0)
    assert second.model_fields_set == set()
    assert bytes_of(lean) < bytes_of(lambda item: item) - 600
