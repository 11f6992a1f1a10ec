"""Sums over spans read from the roll-up, with the few spans that it can't stand for added.

It stands for whole minutes and for the spans before its cursor; the rest of the asked time, and
what came after the cursor, is read from the spans in the same snapshot, so an answer is never
behind.  Percentiles are within `sketches.RELATIVE_ERROR` of the exact ones, all else is exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, false, func, or_, select, true

from weave_core.errors import BadFilter
from weave_core.server.filters import SPANS, Field, Vocabulary, compile_filter
from weave_core.server.filters.constructs import Unindexed
from weave_core.server.store.minutes import CURSOR, MEASURED, WIDTHS_S, Sums
from weave_core.server.store.rollup_tables import BackgroundCursorRow, RollupGroupRow, RollupRow
from weave_core.server.store.tables import SpanRow, table_of

__all__ = ["EXACT_UP_TO", "FACETED", "GROUPED", "rolled_sums"]

EXACT_UP_TO = 20_000
"""Spans of a period that are read one by one, for exact percentiles: that takes some 50 ms."""
_MAX_READ = 100_000
"""Spans that may be read beside the roll-up; with more, the database sums up all of them."""
_NS_PER_S = 1_000_000_000
_SPAN, _GROUP, _ROLLUP = table_of(SpanRow), table_of(RollupGroupRow), table_of(RollupRow)
_CURSOR = table_of(BackgroundCursorRow)

GROUPED: dict[str, str] = {
    "agent": "agent_name",
    "environment": "environment",
    "kind": "kind",
    "model": "request_model",
    "op": "op_name",
    "provider": "provider",
    "response_model": "model",
    "service": "service_name",
    "status": "status",
}
"""Names of groups to the columns that the roll-up has for them."""
FACETED: dict[str, str] = {
    **{name: name for name in ("kind", "status", "provider", "service_name", "environment")},
    **{name: name for name in ("agent_name", "op_name")},
    "model": "request_model",
    "response_model": "model",
}
"""Fields of filters to the same."""
_GROUPS = Vocabulary(
    "spans",
    {
        name: Field(name, "text", _GROUP.c[column], values=SPANS.fields[name].values)
        for name, column in FACETED.items()
    },
    (),
)


@dataclass(frozen=True)
class _Cover:
    """How a period is put together."""

    pieces: Sequence[tuple[int, int | None, int | None]]
    """Width, first and end in seconds, of what the roll-up has."""
    edges: Sequence[tuple[int | None, int | None]]
    """Ranges in nanoseconds that are read from the spans."""
    inner: tuple[int | None, int | None]
    """All pieces together, in nanoseconds."""


def rolled_sums(  # What a chart asks, resolved.
    connection: Connection,
    project_id: int,
    *,
    columns: Sequence[str],
    bucket_ns: int | None,
    filter_text: str | None,
    from_ns: int | None,
    to_ns: int | None,
    exact_up_to: int = EXACT_UP_TO,
) -> dict[tuple[Any, ...], Sums] | None:
    """Sums by bucket, if there is one, and by `columns`; None where the spans must be asked.

    Args:
        connection: In one snapshot.
        project_id: Of the project.
        columns: Of `minutes.DIMENSIONS`.
        bucket_ns: Width of a bucket; None: no buckets.
        filter_text: A filter of spans, which may have been checked or not.
        from_ns: First start time; None: no bound.
        to_ns: Behind the last one; None: no bound.
        exact_up_to: With no more spans than this in the period the answer is None.
    """
    condition = _condition(filter_text)
    cursor = connection.scalar(select(_CURSOR.c.position).where(_CURSOR.c.name == CURSOR))
    if condition is None or cursor is None or (bucket_ns or 0) % (WIDTHS_S[0] * _NS_PER_S):
        return None
    widest_ns = bucket_ns or WIDTHS_S[-1] * _NS_PER_S
    widths = [width for width in WIDTHS_S if widest_ns % (width * _NS_PER_S) == 0]
    cover = _cover(from_ns, to_ns, widths)
    stored = _stored(project_id, cover)
    total = connection.scalar(select(func.sum(_ROLLUP.c.count)).where(stored))
    if (total or 0) <= exact_up_to or _has_rest(connection, project_id):
        return None
    rest = _rest(connection, project_id, cover, cursor, filter_text)
    if rest is None:
        return None
    found: dict[tuple[Any, ...], Sums] = {}
    query = (
        select(_ROLLUP.c.start_s, *(_GROUP.c[name] for name in columns))
        .add_columns(_ROLLUP.c.count, _ROLLUP.c.error_count, _ROLLUP.c.sums, _ROLLUP.c.sketch)
        .select_from(_ROLLUP.join(_GROUP, _GROUP.c.id == _ROLLUP.c.group_id))
        .where(stored, condition)
    )
    for start_s, *rest_of_row in connection.execute(query):
        values, numbers = rest_of_row[: len(columns)], rest_of_row[len(columns) :]
        key = _key(start_s * _NS_PER_S, values, bucket_ns)
        _at(found, key).merge(Sums.of_row(*numbers))
    indexes = [MEASURED.index(name) for name in columns]
    for measured in rest:
        key = _key(measured[0], [measured[index] for index in indexes], bucket_ns)
        _at(found, key).add(measured)
    return found


def _condition(filter_text: str | None) -> ColumnElement[bool] | None:
    """The filter on groups; None where it speaks of more than they have."""
    if filter_text and "text_search" in filter_text.lower():
        return None
    try:
        found = compile_filter(filter_text, _GROUPS)
    except BadFilter:
        return None
    return true() if found is None else found


def _cover(from_ns: int | None, to_ns: int | None, widths: Sequence[int]) -> _Cover:
    """The fewest pieces: minutes up to the first hour, hours up to the first day, and back."""
    minute_ns = widths[0] * _NS_PER_S
    first = None if from_ns is None else -(-from_ns // minute_ns) * widths[0]
    end = None if to_ns is None else to_ns // minute_ns * widths[0]
    if first is not None and end is not None and first >= end:
        return _Cover((), ((from_ns, to_ns),), (0, 0))
    head: list[tuple[int, int | None, int | None]] = []
    tail: list[tuple[int, int | None, int | None]] = []
    low, high = first, end
    for width, wider in zip(widths, (*widths[1:], None), strict=True):
        if wider is None:
            head.append((width, low, high))
            break
        next_low = None if low is None else -(-low // wider) * wider
        next_high = None if high is None else high // wider * wider
        if next_low is not None and next_high is not None and next_low >= next_high:
            head.append((width, low, high))
            break
        if low != next_low:
            head.append((width, low, next_low))
        if high != next_high:
            tail.append((width, next_high, high))
        low, high = next_low, next_high
    inner = (
        None if first is None else first * _NS_PER_S,
        None if end is None else end * _NS_PER_S,
    )
    edges = [edge for edge in ((from_ns, inner[0]), (inner[1], to_ns)) if edge[0] != edge[1]]
    return _Cover((*head, *tail), edges, inner)


def _stored(project_id: int, cover: _Cover) -> ColumnElement[bool]:
    pieces = [
        and_(_ROLLUP.c.width_s == width, *_within(_ROLLUP.c.start_s, low, high))
        for width, low, high in cover.pieces
    ]
    return and_(_ROLLUP.c.project_id == project_id, or_(false(), *pieces))


def _within(column: ColumnElement[Any], low: int | None, high: int | None) -> list[Any]:
    bounds = [] if low is None else [column >= low]
    return bounds if high is None else [*bounds, column < high]


def _has_rest(connection: Connection, project_id: int) -> bool:
    query = select(_GROUP.c.id).where(_GROUP.c.project_id == project_id, _GROUP.c.is_rest)
    return connection.execute(query.limit(1)).first() is not None


def _rest(
    connection: Connection, project_id: int, cover: _Cover, cursor: int, filter_text: str | None
) -> list[Any] | None:
    """`MEASURED` of the spans that the roll-up has not; None where they are too many."""
    counted = (
        select(*(_SPAN.c[name] for name in MEASURED))
        .where(_SPAN.c.project_id == project_id, _SPAN.c.is_duplicate == false())
        .limit(_MAX_READ + 1)
    )
    condition = compile_filter(filter_text, SPANS)
    if condition is not None:
        counted = counted.where(condition)
    queries = [counted.where(*_within(_SPAN.c.start_ns, low, high)) for low, high in cover.edges]
    if cover.pieces:
        behind = select(_SPAN.c.id).where(_SPAN.c.id > cursor).limit(_MAX_READ + 1)
        ids = connection.execute(behind).scalars().all()
        if len(ids) > _MAX_READ:
            return None
        if ids:
            late = counted.where(_SPAN.c.id > cursor)
            queries.append(late.where(*_within(Unindexed(_SPAN.c.start_ns), *cover.inner)))
    rows: list[Any] = []
    for query in queries:
        rows += connection.execute(query).all()
        if len(rows) > _MAX_READ:
            return None
    return rows


def _key(start_ns: int, values: Sequence[Any], bucket_ns: int | None) -> tuple[Any, ...]:
    return (start_ns - start_ns % bucket_ns, *values) if bucket_ns else tuple(values)


def _at(found: dict[tuple[Any, ...], Sums], key: tuple[Any, ...]) -> Sums:
    sums = found.get(key)
    if sums is None:
        sums = found[key] = Sums()
    return sums
