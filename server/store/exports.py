"""All spans of a project in pages of bounded size, each read in a short transaction of its own.

A long read would keep SQLite's log from being folded into the file.  So an export is no snapshot:
what comes or goes while it runs may or may not be in it.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, TypeVar

from sqlalchemy import ColumnElement, Connection, Engine, Row, and_, func, or_, select, tuple_

from weave_core.server.filters import SPANS, TRACES, compile_filter
from weave_core.server.otlp.records import RawLog, RawOrigin
from weave_core.server.store.log_values import read_log
from weave_core.server.store.payloads import unpack, unpack_origin
from weave_core.server.store.queries.keyed import of_project
from weave_core.server.store.queries.projects import get_project_id
from weave_core.server.store.queries.shapes import SPAN_COLUMNS
from weave_core.server.store.span_keys import leads_to_rows
from weave_core.server.store.tables import (
    OriginRow,
    PayloadBlockRow,
    SpanPayloadRow,
    SpanRow,
    TraceRow,
    table_of,
)
from weave_core.server.store.telemetry_tables import LogRecordRow

__all__ = ["Of", "SpanPages", "read_logs_of_spans"]

T = TypeVar("T")
Of = Literal["spans", "traces"]

_SPANS_A_PAGE = 500
_PAGE_BYTES = 2 * 1024 * 1024
"""Compressed payloads of one page, but for a single larger span."""

_SPAN, _TRACE = table_of(SpanRow), table_of(TraceRow)
_PAYLOAD, _BLOCK = table_of(SpanPayloadRow), table_of(PayloadBlockRow)
_LOG, _ORIGIN = table_of(LogRecordRow), table_of(OriginRow)


class SpanPages:
    """The spans of a project in start order, page by page.

    Args:
        engine: Of the readers.
        project: Its name.
        filter_text: None: all spans.
        of: What the filter speaks of; of traces, all spans of those that pass are taken.

    Raises:
        NotFound: If there is no such project.
        BadFilter: If the filter is wrong.
    """

    def __init__(self, engine: Engine, project: str, filter_text: str | None, of: Of) -> None:
        self._engine = engine
        chosen = compile_filter(filter_text, TRACES if of == "traces" else SPANS)
        with engine.connect() as connection:
            self.project_id = get_project_id(connection, project)
        if chosen is not None and of == "traces":
            chosen = self._of_traces(chosen)
        condition = of_project(self.project_id, is_led=leads_to_rows(chosen))
        if chosen is not None:
            condition = and_(condition, chosen)
        size = func.coalesce(func.length(_PAYLOAD.c.body), _share_of_block()).label("size_bytes")
        self._query = (
            select(*SPAN_COLUMNS, size, _SPAN.c.start_ns.label("begin_ns"), _SPAN.c.id)
            .select_from(_SPAN.outerjoin(_PAYLOAD, _PAYLOAD.c.span_row_id == _SPAN.c.id))
            .where(condition)
            .order_by(_SPAN.c.start_ns, _SPAN.c.id)
            .limit(_SPANS_A_PAGE)
        )

    def _of_traces(self, chosen: ColumnElement[bool]) -> ColumnElement[bool]:
        passing = select(_TRACE.c.trace_id).where(_TRACE.c.project_id == self.project_id, chosen)
        return _SPAN.c.trace_id.in_(passing.correlate(None))

    def each(self, encode: Callable[[Connection, Sequence[Row[Any]]], T]) -> Iterator[T]:
        """What `encode` makes of each page; rows are `SPAN_COLUMNS`, their row id comes last."""
        place = tuple_(_SPAN.c.start_ns, _SPAN.c.id)
        query = self._query
        while True:
            with self._engine.connect() as connection:
                rows = _fitting(list(connection.execute(query)))
                if not rows:
                    return
                encoded = encode(connection, rows)
            # Handed on with no transaction open: a slow reader holds nothing up.
            yield encoded
            query = self._query.where(place > tuple_(rows[-1].begin_ns, rows[-1].id))


def _share_of_block() -> ColumnElement[Any]:
    """About what a span takes of the block it lies in."""
    return (
        select(func.length(_BLOCK.c.body) / _BLOCK.c.span_count)
        .where(_BLOCK.c.first_row_id <= _SPAN.c.id)
        .order_by(_BLOCK.c.first_row_id.desc())
        .limit(1)
        .correlate(_SPAN)
        .scalar_subquery()
    )


def _fitting(rows: Sequence[Row[Any]]) -> Sequence[Row[Any]]:
    """The first of `rows` that one page takes, at least one."""
    size_bytes = 0
    for count, row in enumerate(rows):
        size_bytes += row.size_bytes or 0
        if count and size_bytes > _PAGE_BYTES:
            return rows[:count]
    return rows


def read_logs_of_spans(connection: Connection, row_ids: Sequence[int]) -> Iterator[RawLog]:
    """Log records that name one of the spans, or the reply of one; as they were sent."""
    of_span = and_(
        _LOG.c.project_id == _SPAN.c.project_id,
        or_(
            and_(_LOG.c.trace_id == _SPAN.c.trace_id, _LOG.c.span_id == _SPAN.c.span_id),
            and_(_LOG.c.response_id == _SPAN.c.response_id, _SPAN.c.kind == "llm"),
        ),
    )
    query = (
        select(
            *(_LOG.c.trace_id, _LOG.c.span_id, _LOG.c.time_ns, _LOG.c.severity_number),
            *(_LOG.c.origin_id, _LOG.c.body, _ORIGIN.c.body.label("origin"), _LOG.c.id),
        )
        .select_from(_SPAN.join(_LOG, of_span).join(_ORIGIN, _ORIGIN.c.id == _LOG.c.origin_id))
        .where(_SPAN.c.id.in_(row_ids))
        .order_by(_LOG.c.id)
    )
    origins: dict[int, RawOrigin] = {}
    last_id = None
    for row in connection.execute(query):
        if row.id == last_id:  # Two spans with one reply id are both spoken of.
            continue
        last_id = row.id
        if row.origin_id not in origins:
            origins[row.origin_id] = unpack_origin(row.origin)
        said = read_log(unpack(row.body))
        if said.sent_ns is None:
            said = said._replace(sent_ns=row.time_ns)
        yield RawLog(
            trace_id=row.trace_id,
            span_id=row.span_id,
            time_ns=row.time_ns,
            severity_number=row.severity_number,
            origin=origins[row.origin_id],
            **said._asdict(),
        )
