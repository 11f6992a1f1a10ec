"""What is said of a list of traces besides its rows: sums over all of it, and values to pick from.

Both take the filter of the list, so what they say is about what the list would show.
"""

import math
from typing import Any

from sqlalchemy import Connection, case, func, literal, select

from weave_core.errors import BadRequest
from weave_core.server.filters import TRACES, compile_filter
from weave_core.server.filters.constructs import members_of
from weave_core.server.filters.feedback import condition_on
from weave_core.server.filters.parsing import suggest
from weave_core.server.store.feedback_tables import FeedbackRow
from weave_core.server.store.queries.judged import few_traces
from weave_core.server.store.queries.projects import get_project_id
from weave_core.server.store.queries.shapes import usage_shape
from weave_core.server.store.shared_texts import spelled
from weave_core.server.store.tables import SpanRow, TraceRow, table_of

__all__ = ["MAX_FACETS", "MAX_FACET_TRACES", "MAX_FACET_VALUES", "list_facets", "sum_traces"]

MAX_FACETS = 12
MAX_FACET_VALUES = 100
MAX_FACET_TRACES = 5_000
"""Facets count the newest so many traces of the list: the cost of a look has a bound."""
_NS_PER_MS = 1_000_000
_PERCENTS = (50, 95, 99)
_TOKENS = ("input", "output", "cache_read", "cache_write", "reasoning", "audio")
_SPAN, _TRACE, _FEEDBACK = (table_of(row) for row in (SpanRow, TraceRow, FeedbackRow))
_JUDGED = "feedback"
_COUNTED_KINDS = {"text", "bool", "texts"}


def sum_traces(connection: Connection, project: str, *, filter_text: str | None) -> dict[str, Any]:
    """Sums over all traces that pass the filter; percentiles are exact, of those that have ended.

    Raises:
        NotFound: If there is no such project.
        BadFilter: If the filter is wrong.
    """
    conditions = _conditions(connection, project, filter_text)
    is_unpriced = (_TRACE.c.model_call_count > 0) & _TRACE.c.cost_usd.is_(None)
    sums = select(
        func.count(),
        func.sum(case((_TRACE.c.status == "error", 1), else_=0)),
        func.sum(case((_TRACE.c.is_complete, 0), else_=1)),
        func.sum(case((is_unpriced, 1), else_=0)),
        func.count(_TRACE.c.duration_ns),
        func.avg(_TRACE.c.duration_ns),
        func.sum(_TRACE.c.cost_usd),
        *(func.sum(_TRACE.c[f"{name}_tokens"]) for name in _TOKENS),
    ).where(*conditions)
    row = connection.execute(sums).one()
    count, error_count, running_count, unpriced_count, ended_count, mean_ns, cost_usd = row[:7]
    return {
        "count": count,
        "error_count": error_count or 0,
        "running_count": running_count or 0,
        "unpriced_count": unpriced_count or 0,
        "latency_ms": {
            **_percentiles(connection, conditions, ended_count),
            "mean": None if mean_ns is None else float(mean_ns) / _NS_PER_MS,
        },
        "tokens": usage_shape(*(None if each is None else int(each) for each in row[7:])),
        "cost_usd": cost_usd,
    }


def list_facets(
    connection: Connection, project: str, *, fields: str, filter_text: str | None, limit: int
) -> dict[str, list[dict[str, Any]]]:
    """The most frequent values of each field among the newest `MAX_FACET_TRACES` of the list.

    Counted are traces: by a field of spans, those with such a span; by `feedback` those of which
    the same was said, and each value is the condition that finds them.

    Raises:
        NotFound: If there is no such project.
        BadRequest: If a field can't be counted; BadFilter likewise.
    """
    names = [name.strip() for name in fields.split(",") if name.strip()]
    if not 1 <= len(names) <= MAX_FACETS:
        raise BadRequest(f"fields names {len(names)}", f"name 1 to {MAX_FACETS}, comma between")
    known = [name for name, field in TRACES.fields.items() if field.kind in _COUNTED_KINDS]
    known.append(_JUDGED)
    for name in names:
        if name not in known:
            raise BadRequest(
                f"the values of {name[:60]!r} can't be counted",
                f"{suggest(name, known)}known: {', '.join(sorted(known))}",
            )
    newest = (
        select(_TRACE.c.project_id, _TRACE.c.trace_id)
        .where(*_conditions(connection, project, filter_text))
        .order_by(_TRACE.c.start_ns.desc(), _TRACE.c.trace_id.desc())
        .limit(MAX_FACET_TRACES)
        .cte("newest")
    )
    return {
        name: _verdicts(connection, newest, limit)
        if name == _JUDGED
        else _values(connection, newest, name, limit)
        for name in names
    }


def _verdicts(connection: Connection, newest: Any, limit: int) -> list[dict[str, Any]]:
    """What was said of the traces and their spans, each as the condition that finds it."""
    columns = (_FEEDBACK.c.name, _FEEDBACK.c.label, _FEEDBACK.c.value)
    of_trace = (_FEEDBACK.c.project_id == newest.c.project_id) & (
        _FEEDBACK.c.trace_id == newest.c.trace_id
    )
    count = func.count(_FEEDBACK.c.trace_id.distinct())
    query = select(*columns, count).select_from(newest.join(_FEEDBACK, of_trace))
    query = query.group_by(*columns).order_by(count.desc(), *columns).limit(limit)
    return [
        {"value": condition_on(name, label=label, value=value), "count": count}
        for name, label, value, count in connection.execute(query)
    ]


def _values(connection: Connection, newest: Any, name: str, limit: int) -> list[dict[str, Any]]:
    field = TRACES.fields[name]
    table = _SPAN if field.is_of_span else _TRACE
    # As filters of traces see it: hidden from the index on the column, which SQLite, knowing no
    # counts, would walk from end to end for each trace (minutes for 4,000 traces of 70,000 spans).
    value: Any = field.column
    is_same = (table.c.project_id == newest.c.project_id) & (table.c.trace_id == newest.c.trace_id)
    query = select().select_from(newest.join(table, is_same))
    if field.kind == "texts":
        members = members_of(value, connection.dialect.name)
        query, value = query.join(members, literal(True)), members.c["value"]
    count = func.count(table.c.trace_id.distinct()) if field.is_of_span else func.count()
    counted = query.add_columns(value, count).where(value.is_not(None))
    counted = counted.group_by(value).order_by(count.desc(), spelled(value)).limit(limit)
    return [{"value": value, "count": count} for value, count in connection.execute(counted)]


def _conditions(connection: Connection, project: str, filter_text: str | None) -> list[Any]:
    condition = compile_filter(filter_text, TRACES)
    project_id = get_project_id(connection, project)
    found: list[Any] = [_TRACE.c.project_id == project_id]
    if condition is not None:
        found.append(condition)
    judged = few_traces(connection, project_id, filter_text)
    if judged is not None:
        found.append(_TRACE.c.trace_id.in_(judged))
    return found


def _percentiles(
    connection: Connection, conditions: list[Any], ended_count: int
) -> dict[str, float | None]:
    if not ended_count:
        return {f"p{percent}": None for percent in _PERCENTS}
    ranks = {percent: math.ceil(ended_count * percent / 100) for percent in _PERCENTS}
    place = func.row_number().over(order_by=_TRACE.c.duration_ns).label("place")
    ranked = (
        select(place, _TRACE.c.duration_ns)
        .where(*conditions, _TRACE.c.duration_ns.is_not(None))
        .subquery()
    )
    wanted = select(ranked).where(ranked.c.place.in_(sorted(set(ranks.values()))))
    found: dict[int, int] = {row[0]: row[1] for row in connection.execute(wanted)}
    return {f"p{percent}": found[rank] / _NS_PER_MS for percent, rank in ranks.items()}
