"""Questions about feedback: a list, one of it, its sums."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, func, select

from weave_core.errors import BadRequest, NotFound
from weave_core.server.filters import FEEDBACK, compile_filter
from weave_core.server.filters.feedback import FEEDBACK_TABLE
from weave_core.server.filters.parsing import suggest
from weave_core.server.filters.searching import equal_names
from weave_core.server.store.queries.pages import next_cursor, ordered_page, read_order
from weave_core.server.store.queries.projects import get_project_id
from weave_core.server.store.queries.stats import read_bucket_ns

__all__ = [
    "FEEDBACK_GROUPS",
    "find_feedback",
    "get_feedback",
    "list_feedback",
    "read_feedback",
    "sum_feedback",
]

_MAX_ROWS = 10_000
_IN_LIST = 500
FEEDBACK_GROUPS = ("name", "label", "source", "author")
"""What feedback can be summed up by; by name it always is."""
_SAID = (
    *("feedback_id", "name", "value", "label", "text", "source", "author"),
    *("created_ns", "updated_ns", "queue_id"),
)
_TARGET = ("trace_id", "span_id", "run_id", "session_id")
_COLUMNS = tuple(FEEDBACK_TABLE.c[name] for name in (*_SAID, *_TARGET))
_ROW = FEEDBACK_TABLE.c


def list_feedback(  # The parts of a list's address.
    connection: Connection,
    project: str,
    *,
    filter_text: str | None,
    order_by: str,
    limit: int,
    cursor: str | None,
) -> dict[str, Any]:
    """A page of feedback; newest first it is one range of the index `newest_feedback`.

    Raises:
        NotFound: If there is no such project.
        BadFilter: If the filter is wrong; BadRequest and BadCursor likewise.
    """
    condition = compile_filter(filter_text, FEEDBACK)
    order = read_order(order_by, FEEDBACK, _ROW.id)
    if {*_TARGET, "queue_id"} & set(equal_names(filter_text)):
        order = order.unindexed()
    project_id = get_project_id(connection, project)
    query = select(*_COLUMNS, order.column.label("place"), order.tie)
    query = query.where(_ROW.project_id == project_id)
    if condition is not None:
        query = query.where(condition)
    page = ordered_page(query, order, cursor, limit, dialect=connection.dialect.name)
    rows = connection.execute(page).all()
    return {
        "items": [_shape(project, row) for row in rows[:limit]],
        "next_cursor": next_cursor(order, rows, limit),
    }


def find_feedback(connection: Connection, project: str, feedback_id: str) -> Row[Any]:
    """The row of feedback.

    Raises:
        NotFound: If there is no such project, or no such feedback in it.
    """
    project_id = get_project_id(connection, project)
    is_it = (_ROW.project_id == project_id, _ROW.feedback_id == feedback_id)
    query: Select[Any] = select(*_COLUMNS, _ROW.id).where(*is_it)
    row: Row[Any] | None = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound(
            f"there is no feedback {feedback_id[:200]!r} in project {project!r}",
            "it may have been taken back, or deleted with its trace",
        )
    return row


def get_feedback(connection: Connection, project: str, feedback_id: str) -> dict[str, Any]:
    """One feedback.

    Raises:
        NotFound: If there is no such project, or no such feedback in it.
    """
    return _shape(project, find_feedback(connection, project, feedback_id))


def read_feedback(
    connection: Connection, project: str, project_id: int, ids: Sequence[str]
) -> list[dict[str, Any]]:
    """Feedback by their ids; those that are not stored are left out."""
    found: list[dict[str, Any]] = []
    for start in range(0, len(ids), _IN_LIST):
        some = _ROW.feedback_id.in_(ids[start : start + _IN_LIST])
        query = select(*_COLUMNS).where(_ROW.project_id == project_id, some)
        found += [_shape(project, row) for row in connection.execute(query)]
    return found


def sum_feedback(
    connection: Connection,
    project: str,
    *,
    group_by: str | None,
    bucket: str | None,
    filter_text: str | None,
) -> dict[str, Any]:
    """Counts and values of feedback by name, by more where asked, and by when it was given.

    Raises:
        NotFound: If there is no such project.
        BadFilter: If the filter is wrong.
        BadRequest: If a group or bucket is wrong, or there would be more than 10,000 rows.
    """
    condition = compile_filter(filter_text, FEEDBACK)
    bucket_ns = read_bucket_ns(bucket)
    names = ["name", *_groups(group_by)]
    keys: list[ColumnElement[Any]] = [_ROW[name] for name in names]
    if bucket_ns:
        keys.insert(0, (_ROW.created_ns - _ROW.created_ns % bucket_ns).label("bucket_ns"))
    values = (func.avg(_ROW.value), func.min(_ROW.value), func.max(_ROW.value))
    query = select(*keys, func.count(), *values).group_by(*keys)
    query = query.where(_ROW.project_id == get_project_id(connection, project))
    if condition is not None:
        query = query.where(condition)
    query = query.order_by(*keys[:1] if bucket_ns else (), func.count().desc(), *keys)
    rows = connection.execute(query.limit(_MAX_ROWS + 1)).all()
    if len(rows) > _MAX_ROWS:
        raise BadRequest(
            f"the answer has more than {_MAX_ROWS} rows",
            "ask for a larger bucket or fewer groups, or filter",
        )
    labels = [*(["bucket_ns"] if bucket_ns else []), *names, "count", "mean", "min", "max"]
    return {"items": [dict(zip(labels, row, strict=True)) for row in rows], "next_cursor": None}


def _groups(group_by: str | None) -> list[str]:
    names = [name.strip() for name in (group_by or "").split(",") if name.strip()]
    for name in names:
        if name not in FEEDBACK_GROUPS:
            raise BadRequest(
                f"feedback can't be grouped by {name[:60]!r}",
                f"{suggest(name, FEEDBACK_GROUPS)}known: {', '.join(FEEDBACK_GROUPS)}",
            )
    return [name for name in dict.fromkeys(names) if name != "name"]


def _shape(project: str, row: Row[Any]) -> dict[str, Any]:
    said = row[: len(_SAID)]
    trace_id, span_id, run_id, session_id = row[len(_SAID) : len(_COLUMNS)]
    return {
        "project": project,
        **dict(zip(_SAID, said, strict=True)),
        "target": {
            "trace_id": trace_id.hex() if trace_id else None,
            "span_id": span_id.hex() if span_id else None,
            "run_id": run_id,
            "session_id": session_id,
        },
    }
