"""Points of a run as an Arrow table: one row a step, one column a key.

pyarrow is not needed to run a server, so it is imported here when a table is asked for.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weave_core.points import EVEN_STEPS
from weave_core.server.store.queries.run_history import Series
from weave_core.server.transfers.parquet_groups import require_pyarrow

__all__ = ["ARROW", "arrow_stream"]

ARROW = "application/vnd.apache.arrow.stream"
_MAX_TOLD_STEP = 2**62


def arrow_stream(
    series: Iterable[Series], *, axis: str, tells_even_steps: bool = False
) -> memoryview:
    """A table of `series` as an Arrow IPC stream.

    Columns are `step`, `rank` where there are several, the axis where it is not the step, and each
    key; what was not logged at a step is null, what was logged as NaN is NaN.

    Args:
        series: What it holds.
        axis: As it was asked for.
        tells_even_steps: Whether steps that go up evenly are told by `even_steps` of the metadata,
            as `first,stride`, and are no column: half of all bytes where there is one key.

    Raises:
        MissingExtra: If pyarrow is not installed.
    """
    require_pyarrow()
    import pyarrow as pa  # type: ignore[import-untyped]  # It ships no types.

    by_rank: dict[int, list[Series]] = {}
    keys: dict[str, None] = {}
    for each in series:
        by_rank.setdefault(each.rank, []).append(each)
        keys[each.key] = None
    tables = [_table(pa, rank, by_rank[rank], list(keys), axis) for rank in sorted(by_rank)]
    empty = pa.table({"step": pa.array([], pa.int64())})
    table = pa.concat_tables(tables) if tables else empty
    if len(tables) < 2 and "rank" in table.column_names:  # noqa: PLR2004
        table = table.drop_columns(["rank"])
    if tells_even_steps and len(tables) == 1:
        table = _without_even_steps(table)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return memoryview(sink.getvalue())


def _without_even_steps(table: Any) -> Any:
    steps = table["step"].combine_chunks().to_numpy()
    stride = int(steps[1] - steps[0]) if len(steps) > 1 else 1
    is_even = bool((steps[1:] - steps[:-1] == stride).all())
    # Beyond, readers count past the end of 64 bits.
    is_small = len(steps) > 0 and steps[-1] < _MAX_TOLD_STEP
    if not is_even or not is_small or table.num_columns == 1:
        return table
    told = {EVEN_STEPS: f"{steps[0]},{stride}"}
    return table.drop_columns(["step"]).replace_schema_metadata(told)


def _table(pa: Any, rank: int, series: list[Series], keys: list[str], axis: str) -> Any:
    steps = series[0].points.steps
    if any(not np.array_equal(each.points.steps, steps) for each in series[1:]):
        steps = np.unique(np.concatenate([each.points.steps for each in series]))
    columns: dict[str, Any] = {
        "step": pa.array(steps),
        "rank": pa.array(np.full(len(steps), rank, np.int32)),
    }
    found = {each.key: each for each in series}
    if axis not in {"step", ""}:
        kind = pa.timestamp("ns", "UTC") if axis == "time" else None
        x, is_there = _along(series, steps)
        columns[axis] = pa.array(x, mask=~is_there, type=kind)
    for key in keys:
        if key not in found:
            columns[key] = pa.nulls(len(steps), pa.float64())
            continue
        points = found[key].points
        if points.steps is steps or len(points.steps) == len(steps):
            columns[key] = pa.array(points.values)
            continue
        values, is_missing = np.zeros(len(steps)), np.ones(len(steps), bool)
        places = np.searchsorted(steps, points.steps)
        values[places], is_missing[places] = points.values, False
        columns[key] = pa.array(values, mask=is_missing)
    return pa.table(columns)


def _along(
    series: list[Series], steps: NDArray[np.int64]
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """The axis at each of `steps`, from whichever key was logged there."""
    first = next(each.x for each in series if each.x is not None)
    x, is_there = np.zeros(len(steps), first.dtype), np.zeros(len(steps), bool)
    for each in series:
        if each.x is not None:
            places = np.searchsorted(steps, each.points.steps)
            x[places], is_there[places] = each.x, True
    return x, is_there
