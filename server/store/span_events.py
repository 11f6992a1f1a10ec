"""Log records of spans, read as events of them: whichever came first, a reader sees both.

Nothing is copied when the two meet; what was sent stays as it was sent.
"""

from collections.abc import Mapping

from sqlalchemy import ColumnElement, Connection, and_, select

from weave_core.server.normalise import event_of_log
from weave_core.server.otlp.records import RawEvent, RawSpan
from weave_core.server.store.log_records import MAX_OF_SPAN
from weave_core.server.store.log_values import read_log
from weave_core.server.store.payloads import unpack
from weave_core.server.store.tables import SpanRow, table_of
from weave_core.server.store.telemetry_tables import LogRecordRow

__all__ = ["add_log_events", "has_logs"]

_SPAN, _LOG = table_of(SpanRow), table_of(LogRecordRow)
_MAX_OF_CHUNK = 50_000
"""Events read for one chunk of spans; those beyond are left out of this answer."""

_BY_SPAN = and_(
    _LOG.c.project_id == _SPAN.c.project_id,
    _LOG.c.trace_id == _SPAN.c.trace_id,
    _LOG.c.span_id == _SPAN.c.span_id,
    _LOG.c.is_event.is_(True),
)
# Two instrumentations that report one call agree in the reply's id; each shows what is said of it.
_BY_RESPONSE = and_(
    _LOG.c.project_id == _SPAN.c.project_id,
    _LOG.c.response_id == _SPAN.c.response_id,
    _LOG.c.is_event.is_(True),
    _SPAN.c.kind == "llm",
)


def has_logs(connection: Connection) -> bool:
    """Whether the store holds any log record, which most do not."""
    return connection.scalar(select(_LOG.c.id).limit(1)) is not None


def add_log_events(connection: Connection, raws: Mapping[int, RawSpan]) -> None:
    """Append to `raws`, spans by row id, the events that came as log records, in time order.

    At most a few hundred spans at once: they are one IN of the query.
    """
    sent = {row_id: list(raw.events) for row_id, raw in raws.items() if raw.events}
    for condition in (_BY_SPAN, _BY_RESPONSE):
        for row_id, event in _events(connection, raws, condition):
            events = raws[row_id].events
            # A span that was exported as readers see it, and imported, brings them as its own.
            if event in sent.get(row_id, ()):
                continue
            if len(events) < MAX_OF_SPAN * 2:
                events.append(event)


def _events(
    connection: Connection, raws: Mapping[int, RawSpan], condition: ColumnElement[bool]
) -> list[tuple[int, RawEvent]]:
    query = (
        select(_SPAN.c.id, _LOG.c.time_ns, _LOG.c.body)
        .select_from(_SPAN.join(_LOG, condition))
        .where(_SPAN.c.id.in_(list(raws)))
        .order_by(_LOG.c.time_ns, _LOG.c.id)
        .limit(_MAX_OF_CHUNK)
    )
    found: list[tuple[int, RawEvent]] = []
    for row_id, time_ns, body in connection.execute(query):
        log = read_log(unpack(body))
        event = event_of_log(log.event_name, time_ns, log.attributes, log.body)
        if event is not None:
            found.append((row_id, event))
    return found
