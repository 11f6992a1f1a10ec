"""What has changed in a list of traces since the last look, for a page that stays open.

Nothing of a reader is kept here: what it has seen is in the token that it gives back.  A look costs
a few short range queries, whatever the project holds.  New spans are found by their row ids, which
are the order of arrival; traces that were not complete, and those whose sums were behind, stand in
the token and are looked at again, since an update of a span has no new row id.
"""

import base64
import binascii
import struct
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from weave_core.errors import BadCursor
from weave_core.server.filters import TRACES, compile_filter
from weave_core.server.store.queries.projects import get_project_id
from weave_core.server.store.queries.scores import add_trace_scores
from weave_core.server.store.queries.shapes import TRACE_COLUMNS, trace_shape
from weave_core.server.store.tables import SpanRow, TraceDirtyRow, TraceRow, table_of

__all__ = ["MAX_WATCHED", "list_changes"]

MAX_WATCHED = 100
"""Traces that one token keeps an eye on; the newest are kept."""
MAX_SPANS_A_LOOK = 5_000
"""New spans that one look takes in; what is left comes with the next."""
_ID_BYTES = 16
_HEAD = struct.Struct(">BQ")
_VERSION = 1
_SPAN, _TRACE, _DIRTY = table_of(SpanRow), table_of(TraceRow), table_of(TraceDirtyRow)


def list_changes(
    connection: Connection, project: str, *, filter_text: str | None, since: str | None
) -> dict[str, Any]:
    """Traces that are new or changed since the look that gave `since`; without it, from now on.

    Raises:
        NotFound: If there is no such project.
        BadFilter: If the filter is wrong.
        BadCursor: If `since` is none of ours.
    """
    condition = compile_filter(filter_text, TRACES)
    project_id = get_project_id(connection, project)
    if since is None:
        last_id = connection.scalar(select(func.max(_SPAN.c.id))) or 0
        token = _token(last_id, _unsettled(connection, project_id))
        return {"items": [], "left": [], "next": token}
    last_id, watched = _read_token(since)
    last_id, arrived = _arrived(connection, project_id, last_id)
    looked_at = list(dict.fromkeys([*watched, *arrived]))
    dirty = _dirty_among(connection, project_id, looked_at)
    settled = [trace_id for trace_id in looked_at if trace_id not in dirty]
    items, left, running = _now(connection, project, project_id, settled, condition)
    waiting = [each for each in looked_at if each in dirty or each in running]
    return {"items": items, "left": left, "next": _token(last_id, waiting[-MAX_WATCHED:])}


def _arrived(connection: Connection, project_id: int, last_id: int) -> tuple[int, list[bytes]]:
    """The last row id looked at, and the traces of this project with spans up to it."""
    new = (
        select(_SPAN.c.id, _SPAN.c.project_id, _SPAN.c.trace_id)
        .where(_SPAN.c.id > last_id)
        .order_by(_SPAN.c.id)
        .limit(MAX_SPANS_A_LOOK)
    )
    traces: dict[bytes, None] = {}
    for row_id, of_project, trace_id in connection.execute(new):
        last_id = row_id
        if of_project == project_id:
            traces[trace_id] = None
    return last_id, list(traces)


def _unsettled(connection: Connection, project_id: int) -> list[bytes]:
    """Traces that may change without a new span: running ones, and those whose sums are behind."""
    running = (
        select(_TRACE.c.trace_id)
        .where(_TRACE.c.project_id == project_id, _TRACE.c.is_complete.is_(False))
        .order_by(_TRACE.c.start_ns.desc())
        .limit(MAX_WATCHED)
    )
    dirty = select(_DIRTY.c.trace_id).where(_DIRTY.c.project_id == project_id).limit(MAX_WATCHED)
    found = dict.fromkeys([*connection.scalars(dirty), *connection.scalars(running)])
    return list(found)[:MAX_WATCHED]


def _dirty_among(connection: Connection, project_id: int, traces: list[bytes]) -> set[bytes]:
    if not traces:
        return set()
    query = select(_DIRTY.c.trace_id).where(
        _DIRTY.c.project_id == project_id, _DIRTY.c.trace_id.in_(traces)
    )
    return set(connection.scalars(query))


def _now(
    connection: Connection,
    project: str,
    project_id: int,
    traces: list[bytes],
    condition: ColumnElement[bool] | None,
) -> tuple[list[dict[str, Any]], list[str], set[bytes]]:
    """How `traces` are now: those that pass, the ids of those that don't, and which still run."""
    if not traces:
        return [], [], set()
    of_these = (_TRACE.c.project_id == project_id, _TRACE.c.trace_id.in_(traces))
    running = set(
        connection.scalars(
            select(_TRACE.c.trace_id).where(*of_these, _TRACE.c.is_complete.is_(False))
        )
    )
    query = select(*TRACE_COLUMNS).where(*of_these)
    if condition is not None:
        query = query.where(condition)
    rows = {row.trace_id: row for row in connection.execute(query)}
    left = [trace_id.hex() for trace_id in traces if trace_id not in rows]
    items = [trace_shape(row, project) for row in rows.values()]
    add_trace_scores(connection, project_id, items)
    return items, left, running


def _token(last_id: int, watched: list[bytes]) -> str:
    raw = _HEAD.pack(_VERSION, last_id) + b"".join(watched)
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _read_token(text: str) -> tuple[int, list[bytes]]:
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        version, last_id = _HEAD.unpack_from(raw)
    except (binascii.Error, struct.error, ValueError):
        raise _foreign(text) from None
    rest = raw[_HEAD.size :]
    is_whole = len(rest) % _ID_BYTES == 0 and len(rest) <= MAX_WATCHED * _ID_BYTES
    if version != _VERSION or not is_whole or last_id >= 2**63:
        raise _foreign(text)
    return last_id, [rest[at : at + _ID_BYTES] for at in range(0, len(rest), _ID_BYTES)]


def _foreign(text: str) -> BadCursor:
    return BadCursor(
        f"since is {text[:40]!r}, which no answer gave", "leave it out to begin from now"
    )
