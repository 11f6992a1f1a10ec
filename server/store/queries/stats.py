"""Sums over spans: by group and time bucket, by value, by session.

Spans marked as duplicates of another are left out, and tokens and money come from model calls
alone, so each call counts once.  A percentile is the value at rank ceil(p * n) of those that have
ended: exact where the spans are read, within 1 % where the roll-up of many answers.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    case,
    false,
    func,
    literal,
    select,
)

from weave_core.errors import BadRequest
from weave_core.server.filters import SPANS, compile_filter
from weave_core.server.filters.constructs import members_of
from weave_core.server.filters.parsing import suggest
from weave_core.server.normalise import COUNTED_KINDS
from weave_core.server.store.minutes import PICO, Sums
from weave_core.server.store.queries.judged import few_traces
from weave_core.server.store.queries.keyed import of_project
from weave_core.server.store.queries.projects import get_project_id
from weave_core.server.store.queries.rolled_sums import FACETED, GROUPED, rolled_sums
from weave_core.server.store.queries.shapes import usage_shape
from weave_core.server.store.shared_texts import spelled
from weave_core.server.store.sketches import quantile_ns
from weave_core.server.store.span_keys import leads_to_rows
from weave_core.server.store.tables import SpanRow, table_of

__all__ = ["GROUPS", "MAX_ROWS", "Period", "list_facets", "list_stats", "read_bucket_ns"]

MAX_ROWS = 10_000
"""Most rows of one answer."""
MAX_GROUPS = 3
MAX_FACETS = 10
MAX_FACET_VALUES = 100
_NS_PER_MS = 1_000_000
_SPAN = table_of(SpanRow)
_TAG = "tag"
GROUPS: dict[str, ColumnElement[Any] | None] = {
    "agent": _SPAN.c.agent_name,
    "environment": _SPAN.c.environment,
    "kind": _SPAN.c.kind,
    "model": _SPAN.c.request_model,
    "name": _SPAN.c.name,
    "op": _SPAN.c.op_name,
    "provider": _SPAN.c.provider,
    "response_model": _SPAN.c.model,
    "run": _SPAN.c.run_id,
    "service": _SPAN.c.service_name,
    "session": _SPAN.c.session_id,
    "status": _SPAN.c.status,
    "user": _SPAN.c.user_id,
    _TAG: None,
}
"""What spans can be grouped by; by tag a span counts once for each of its tags."""
_UNITS_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_PERCENTS = (50, 95, 99)
_ALL_PERCENT = 100
_TOKENS = ("input", "output", "cache_read", "cache_write", "reasoning", "audio")


@dataclass(frozen=True)
class Period:
    """A half-open range of start times; None: no bound."""

    from_ns: int | None
    to_ns: int | None


def list_stats(  # What a chart can ask.
    connection: Connection,
    project: str,
    *,
    group_by: str | None,
    bucket: str | None,
    filter_text: str | None,
    period: Period,
) -> dict[str, Any]:
    """Counts, latency, tokens and cost by group and bucket; buckets in order, then most first.

    Raises:
        NotFound: If there is no such project.
        BadRequest: If a group or bucket is wrong, or there would be more than `MAX_ROWS` rows.
    """
    names = _group_names(group_by)
    bucket_ns = read_bucket_ns(bucket)
    rolled = _rolled_stats(
        connection,
        project,
        names=names,
        bucket_ns=bucket_ns,
        filter_text=filter_text,
        period=period,
    )
    if rolled is not None:
        return {"items": rolled, "next_cursor": None}
    query = _spans(connection, project, filter_text, period)
    columns: list[Any] = []
    for name in names:
        column = GROUPS[name]
        if column is None:
            members = members_of(_SPAN.c.tags, connection.dialect.name)
            query, column = query.join(members, literal(True)), members.c["value"]
        columns.append(column.label(name))
    if bucket_ns:
        # Not `/`: ClickHouse and the others do not agree on it.
        columns.insert(0, (_SPAN.c.start_ns - _SPAN.c.start_ns % bucket_ns).label("bucket_ns"))
    chosen = query.add_columns(*columns, *_MEASURES).cte("chosen")
    labels = [str(column.name) for column in columns]
    keys = [chosen.c[label] for label in labels]
    sums = select(*keys, *_sums(chosen)).group_by(*keys)
    sums = sums.order_by(*keys[:1] if bucket_ns else (), func.count().desc(), *map(spelled, keys))
    rows = connection.execute(sums.limit(MAX_ROWS + 1)).all()
    _check_size(len(rows))
    ranked = _percentiles(connection, chosen, keys)
    width = len(keys)
    return {
        "items": [
            _stats_shape(labels, row[:width], row[width:], ranked.get(tuple(row[:width]), {}))
            for row in rows
        ],
        "next_cursor": None,
    }


def _rolled_stats(
    connection: Connection,
    project: str,
    *,
    names: Sequence[str],
    bucket_ns: int | None,
    filter_text: str | None,
    period: Period,
) -> list[dict[str, Any]] | None:
    """The items from the roll-up; None where the question goes beyond it."""
    if any(name not in GROUPED for name in names):
        return None
    found = rolled_sums(
        connection,
        get_project_id(connection, project),
        columns=[GROUPED[name] for name in names],
        bucket_ns=bucket_ns,
        filter_text=filter_text,
        from_ns=period.from_ns,
        to_ns=period.to_ns,
    )
    if found is None:
        return None
    _check_size(len(found))
    keys = ["bucket_ns", *names] if bucket_ns else list(names)
    rows = sorted(found.items(), key=lambda item: _place(item[0], item[1].count, bucket_ns))
    return [_stats_shape(keys, key, *_rolled_values(sums)) for key, sums in rows]


def _place(key: tuple[Any, ...], count: int, bucket_ns: int | None) -> tuple[Any, ...]:
    """Where a row stands: buckets in order, then most first, then by value, nothing first."""
    values = tuple((value is not None, value or "") for value in key[1:] if bucket_ns)
    if not bucket_ns:
        return (-count, *((value is not None, value or "") for value in key))
    return (key[0], -count, *values)


def _rolled_values(sums: Sums) -> tuple[tuple[Any, ...], dict[int, float | None]]:
    """What `_sums` selects, and the percentiles."""
    numbers = sums.numbers
    ended, duration_ns, priced, cost_pico = numbers[:4]
    tokens = [numbers[at + 1] if numbers[at] else None for at in range(4, len(numbers), 2)]
    values = (
        sums.count,
        sums.error_count,
        duration_ns / ended if ended else None,
        *tokens,
        cost_pico / PICO if priced else None,
    )
    ranked = {percent: quantile_ns(sums.sketch, percent) for percent in _PERCENTS}
    return values, {
        percent: None if found is None else found / _NS_PER_MS for percent, found in ranked.items()
    }


def _check_size(count: int) -> None:
    if count > MAX_ROWS:
        raise BadRequest(
            f"the answer has more than {MAX_ROWS} rows",
            "ask for a larger bucket, a shorter time, fewer groups, or filter",
        )


def list_facets(
    connection: Connection,
    project: str,
    *,
    fields: str,
    filter_text: str | None,
    period: Period,
    limit: int,
) -> dict[str, list[dict[str, Any]]]:
    """The most frequent values of each field among spans, with their counts.

    Raises:
        NotFound: If there is no such project.
        BadRequest: If a field can't be counted.
    """
    names = [name.strip() for name in fields.split(",") if name.strip()]
    if not 1 <= len(names) <= MAX_FACETS:
        raise BadRequest(f"fields names {len(names)}", f"name 1 to {MAX_FACETS}, comma between")
    known = [n for n, f in SPANS.fields.items() if f.kind in {"text", "bool", "texts"}]
    for name in names:
        if name not in known:
            raise BadRequest(
                f"the values of {name[:60]!r} can't be counted",
                f"{suggest(name, known)}known: {', '.join(sorted(known))}",
            )
    answer = _rolled_facets(
        connection, project, names=names, filter_text=filter_text, period=period, limit=limit
    )
    for name in names:
        if name in answer:
            continue
        query = _spans(connection, project, filter_text, period)
        field = SPANS.fields[name]
        value: Any = field.column
        if field.kind == "texts":
            # Told apart, so that the few spans with a list are found by their own index.
            query = query.where(field.column.is_not(None))
            members = members_of(field.column, connection.dialect.name)
            query, value = query.join(members, literal(True)), members.c.value
        counted = query.add_columns(value, func.count()).where(value.is_not(None))
        counted = counted.group_by(value).order_by(func.count().desc(), spelled(value)).limit(limit)
        rows = connection.execute(counted)
        answer[name] = [{"value": value, "count": count} for value, count in rows]
    return {name: answer[name] for name in names}


def _rolled_facets(
    connection: Connection,
    project: str,
    *,
    names: Sequence[str],
    filter_text: str | None,
    period: Period,
    limit: int,
) -> dict[str, list[dict[str, Any]]]:
    """The facets of those fields that the roll-up has; none where the spans must be asked."""
    wanted = {name: FACETED[name] for name in names if name in FACETED}
    found = wanted and rolled_sums(
        connection,
        get_project_id(connection, project),
        columns=list(wanted.values()),
        bucket_ns=None,
        filter_text=filter_text,
        from_ns=period.from_ns,
        to_ns=period.to_ns,
    )
    if not found:
        return {}
    answer: dict[str, list[dict[str, Any]]] = {}
    for index, name in enumerate(wanted):
        counts: Counter[str] = Counter()
        for key, sums in found.items():
            if key[index] is not None:
                counts[key[index]] += sums.count
        ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        answer[name] = [{"value": value, "count": count} for value, count in ranked[:limit]]
    return answer


_IS_CALL = _SPAN.c.kind.in_(sorted(COUNTED_KINDS))
_MEASURES = (
    _SPAN.c.duration_ns,
    case((_SPAN.c.status == "error", 1), else_=0).label("is_error"),
    *(case((_IS_CALL, _SPAN.c[f"{name}_tokens"])).label(f"{name}_tokens") for name in _TOKENS),
    case((_IS_CALL, _SPAN.c.cost_usd)).label("cost_usd"),
)


def _spans(
    connection: Connection, project: str, filter_text: str | None, period: Period
) -> Select[Any]:
    """The spans that count, without columns yet; the time range uses `newest_spans`."""
    condition = compile_filter(filter_text, SPANS)
    project_id = get_project_id(connection, project)
    query: Select[Any] = (
        select()
        .select_from(_SPAN)
        .where(
            of_project(project_id, is_led=leads_to_rows(condition)), _SPAN.c.is_duplicate == false()
        )
    )
    judged = few_traces(connection, project_id, filter_text)
    if judged is not None:
        query = query.where(_SPAN.c.trace_id.in_(judged))
    if condition is not None:
        query = query.where(condition)
    if period.from_ns is not None:
        query = query.where(_SPAN.c.start_ns >= period.from_ns)
    if period.to_ns is not None:
        query = query.where(_SPAN.c.start_ns < period.to_ns)
    return query


def _sums(chosen: FromClause) -> list[Any]:
    return [
        func.count(),
        func.sum(chosen.c.is_error),
        func.avg(chosen.c.duration_ns),
        *(func.sum(chosen.c[f"{name}_tokens"]) for name in _TOKENS),
        func.sum(chosen.c.cost_usd),
    ]


def _percentiles(
    connection: Connection, chosen: FromClause, keys: Sequence[Any]
) -> dict[tuple[Any, ...], dict[int, float]]:
    """Milliseconds by percent, by group."""
    rank = func.row_number().over(partition_by=keys, order_by=chosen.c.duration_ns)
    size = func.count().over(partition_by=keys)
    ranked = (
        select(*keys, chosen.c.duration_ns, rank.label("rank"), size.label("size"))
        .where(chosen.c.duration_ns.is_not(None))
        .subquery()
    )
    wanted = [
        # ceil(size * percent / 100) in whole numbers.
        ranked.c.rank * _ALL_PERCENT - ranked.c.size * percent
        for percent in _PERCENTS
    ]
    hits = [(gap >= 0) & (gap < _ALL_PERCENT) for gap in wanted]
    picked = select(*(ranked.c[key.name] for key in keys), ranked.c.duration_ns, *hits).where(
        hits[0] | hits[1] | hits[2]
    )
    found: dict[tuple[Any, ...], dict[int, float]] = {}
    for row in connection.execute(picked):
        of_group = found.setdefault(tuple(row[: len(keys)]), {})
        duration_ms = row[len(keys)] / _NS_PER_MS
        for percent, is_hit in zip(_PERCENTS, row[len(keys) + 1 :], strict=True):
            if is_hit:
                of_group[percent] = duration_ms
    return found


def _stats_shape(
    keys: Sequence[str],
    group: Sequence[Any],
    sums: Sequence[Any],
    ranked: Mapping[int, float | None],
) -> dict[str, Any]:
    count, error_count, mean_ns, *tokens, cost_usd = sums
    return {
        **dict(zip(keys, group, strict=True)),
        "count": count,
        "error_count": error_count or 0,  # Over nothing a sum is NULL.
        "latency_ms": {
            **{f"p{percent}": ranked.get(percent) for percent in _PERCENTS},
            "mean": None if mean_ns is None else float(mean_ns) / _NS_PER_MS,
        },
        "tokens": usage_shape(*tokens),
        "cost_usd": cost_usd,
    }


def _group_names(group_by: str | None) -> list[str]:
    names = [name.strip() for name in (group_by or "").split(",") if name.strip()]
    for name in names:
        if name not in GROUPS:
            raise BadRequest(
                f"spans can't be grouped by {name[:60]!r}",
                f"{suggest(name, list(GROUPS))}known: {', '.join(sorted(GROUPS))}",
            )
    if len(names) > MAX_GROUPS or len(set(names)) < len(names):
        raise BadRequest(f"group_by is {group_by!r}", f"name at most {MAX_GROUPS} different ones")
    return names


def read_bucket_ns(bucket: str | None) -> int | None:
    """Nanoseconds of a width such as `5m`; None for none.

    Raises:
        BadRequest: If it is no width.
    """
    if bucket is None:
        return None
    found = re.fullmatch(r"([1-9]\d{0,5})([smhdw])", bucket)
    if found is None:
        raise BadRequest(
            f"bucket is {bucket[:60]!r}", "a number and s, m, h, d or w: 30s, 5m, 1h, 1d"
        )
    return int(found[1]) * _UNITS_S[found[2]] * 1_000_000_000
