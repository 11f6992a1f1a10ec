"""Which spans a monitor is to score: looked for by readers, so that nobody waits for it.

Rows of spans are in the order of arrival, so a place in that order is all that has to be kept:
what comes late is behind it, whatever time it speaks of.
"""

import hashlib
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, or_, select, tuple_

from weave_core.model import MonitorDefinition
from weave_core.model.monitors import MAX_SETTLE_S
from weave_core.server.filters import SPANS, compile_filter
from weave_core.server.filters.constructs import Unindexed
from weave_core.server.store.queries.monitors import ITEM
from weave_core.server.store.tables import SpanRow, table_of

__all__ = ["Arrivals", "Found", "Look", "is_sampled", "look"]

MAX_WAITING = 1_000
"""Spans of one monitor that wait to be scored; no more are looked for until some are."""
MAX_OPEN = 10_000
"""Spans of one monitor that have begun and not ended; of more the newest are not waited for."""
MAX_OPEN_S = 24 * 3600.0
"""How long a monitor waits for a span to end."""
SCAN_ROWS = 5_000
"""Rows of spans that one look goes through."""
_NOTE_S = 0.5
_OPEN_A_LOOK = 200
_SPAN = table_of(SpanRow)


class Arrivals:
    """Which rows had come at which moment, as far as it matters for monitors that wait.

    In memory: after a restart what came before is taken to have come then.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._notes: deque[tuple[float, int]] = deque()

    def note(self, row_id: int) -> None:
        """`row_id` is the last that has come by now."""
        now = time.monotonic()
        with self._lock:
            if not self._notes or now - self._notes[-1][0] >= _NOTE_S:
                self._notes.append((now, row_id))
            while len(self._notes) > 1 and now - self._notes[1][0] > MAX_SETTLE_S:
                self._notes.popleft()

    def last_before(self, age_s: float, row_id: int) -> int:
        """The last row that had come `age_s` ago; `row_id` is the last that has come now."""
        if age_s <= 0:
            return row_id
        moment = time.monotonic() - age_s
        with self._lock:
            old = [noted for at, noted in self._notes if at <= moment]
        return old[-1] if old else 0


@dataclass(frozen=True)
class Found:
    """A span that is to be scored."""

    trace_id: bytes
    span_id: bytes
    start_ns: int
    is_open: bool = False
    """Whether it has not ended: then it is looked at again."""


@dataclass(frozen=True)
class Look:
    """What one look of a monitor has found, to be written down."""

    monitor: Row[Any]
    cursor_row_id: int
    found: list[Found] = field(default_factory=list)
    matched: int = 0
    """Spans that passed, sampled or not."""
    filled: list[Found] = field(default_factory=list)
    """The same of a backfill."""
    backfill: dict[str, Any] | None = None
    """How far that is now."""
    ended: list[int] = field(default_factory=list)
    """Items whose spans have ended, and are to be scored."""
    gone: list[int] = field(default_factory=list)
    """Items whose spans are no longer to be scored."""
    later: list[int] = field(default_factory=list)
    """Items whose spans have not ended."""

    @property
    def is_nothing(self) -> bool:
        """Whether there is nothing to write down."""
        is_still = self.cursor_row_id == self.monitor.cursor_row_id and self.backfill is None
        return is_still and not (self.ended or self.gone or self.later)


def is_sampled(trace_id: bytes, rate: float) -> bool:
    """Whether a trace is among the share `rate` of all: the same for every monitor and process."""
    if rate >= 1:
        return True
    # Hashed, since ids of some senders are no random numbers.
    return int.from_bytes(hashlib.sha256(trace_id).digest()[:8], "big") < rate * 2**64


def look(connection: Connection, monitor: Row[Any], *, last_row_id: int) -> Look:
    """What an active monitor is to score of the next spans that have come.

    Args:
        connection: A reader's.
        monitor: Its row.
        last_row_id: The last span that has been there for long enough.
    """
    definition = MonitorDefinition.model_validate(monitor.definition)
    waiting, opened = _counts(connection, monitor)
    room = MAX_WAITING - waiting
    cursor, matched = monitor.cursor_row_id, 0
    found: list[Found] = []
    if last_row_id > cursor and room > 0:
        last = min(last_row_id, cursor + SCAN_ROWS)
        rows = _arrived(connection, monitor, definition, last=last, room=room, opened=opened)
        cursor = rows[-1].id if len(rows) >= room else last
        matched = sum(row.duration_ns is not None for row in rows)
        found = _chosen(rows, definition)
    ended, gone, later = _look_again(connection, monitor, definition)
    filling: dict[str, Any] | None = None
    filled: list[Found] = []
    if monitor.backfill and not monitor.backfill["is_done"] and room - len(found) > 0:
        filling, filled = _fill(connection, monitor, definition, room - len(found))
    return Look(monitor, cursor, found, matched, filled, filling, ended, gone, later)


def _counts(connection: Connection, monitor: Row[Any]) -> tuple[int, int]:
    of_it = (ITEM.c.monitor_row_id == monitor.id, ITEM.c.state.in_(("waiting", "open")))
    query = select(ITEM.c.state, func.count()).where(*of_it).group_by(ITEM.c.state)
    counts: dict[str, int] = dict(connection.execute(query).tuples().all())
    return counts.get("waiting", 0), counts.get("open", 0)


def _condition(
    definition: MonitorDefinition, within: tuple[int, int] | None = None
) -> ColumnElement[bool]:
    """What a span that has ended must fulfil; a call that was told twice counts once."""
    chosen = compile_filter(definition.filter, SPANS, within=within)
    counts = _SPAN.c.is_duplicate.is_(False)
    return counts if chosen is None else and_(chosen, counts)


def _arrived(
    connection: Connection,
    monitor: Row[Any],
    definition: MonitorDefinition,
    *,
    last: int,
    room: int,
    opened: int,
) -> Sequence[Any]:
    first = monitor.cursor_row_id + 1
    condition = _condition(definition, (first, last))
    if opened < MAX_OPEN:
        # What it will be when it has ended nobody knows, so the filter is asked then.
        condition = or_(_SPAN.c.duration_ns.is_(None), condition)
    query = select(
        _SPAN.c.id, _SPAN.c.trace_id, _SPAN.c.span_id, _SPAN.c.start_ns, _SPAN.c.duration_ns
    ).where(
        _SPAN.c.id.between(first, last),
        Unindexed(_SPAN.c.project_id) == monitor.project_id,
        condition,
    )
    return connection.execute(query.order_by(_SPAN.c.id).limit(room)).all()


def _chosen(rows: Sequence[Any], definition: MonitorDefinition) -> list[Found]:
    return [
        Found(row.trace_id, row.span_id, row.start_ns, is_open=row.duration_ns is None)
        for row in rows
        if is_sampled(row.trace_id, definition.sample_rate)
    ]


def _look_again(
    connection: Connection, monitor: Row[Any], definition: MonitorDefinition
) -> tuple[list[int], list[int], list[int]]:
    """Of items whose spans had not ended: those that are to be scored, those that are not, rest."""
    now = time.time_ns()
    query = (
        select(ITEM.c.id, ITEM.c.start_ns, _SPAN.c.id.label("row_id"), _SPAN.c.duration_ns)
        .select_from(ITEM)
        .outerjoin(
            _SPAN,
            and_(
                _SPAN.c.project_id == ITEM.c.project_id,
                _SPAN.c.trace_id == ITEM.c.trace_id,
                _SPAN.c.span_id == ITEM.c.span_id,
            ),
        )
        .where(ITEM.c.monitor_row_id == monitor.id, ITEM.c.state == "open", ITEM.c.due_ns <= now)
        .order_by(ITEM.c.due_ns)
        .limit(_OPEN_A_LOOK)
    )
    rows = connection.execute(query).all()
    items = {row.row_id: row.id for row in rows if row.duration_ns is not None}
    passed: set[int] = set()
    if items:
        condition = _condition(definition, (min(items), max(items)))
        passed = set(connection.scalars(select(_SPAN.c.id).where(_SPAN.c.id.in_(items), condition)))
    ended = [item for row_id, item in items.items() if row_id in passed]
    oldest = now - int(MAX_OPEN_S * 1e9)
    left = [row for row in rows if row.duration_ns is None]
    late = {row.id for row in left if row.row_id is None or row.start_ns < oldest}
    gone = [item for row_id, item in items.items() if row_id not in passed]
    return ended, [*gone, *late], [row.id for row in left if row.id not in late]


def _fill(
    connection: Connection, monitor: Row[Any], definition: MonitorDefinition, room: int
) -> tuple[dict[str, Any], list[Found]]:
    """The next step of a backfill, and what it has found."""
    state = monitor.backfill
    place = tuple_(_SPAN.c.start_ns, _SPAN.c.id)
    behind = (
        _SPAN.c.project_id == monitor.project_id,
        _SPAN.c.start_ns >= state["reached_ns"],  # For the index; the line below is the place.
        place > tuple_(state["reached_ns"], state["reached_row_id"]),
        _SPAN.c.start_ns < state["to_ns"],
    )
    columns = (_SPAN.c.start_ns, _SPAN.c.id)
    scanned = connection.execute(
        select(*columns).where(*behind).order_by(*columns).limit(SCAN_ROWS)
    ).all()
    if not scanned:
        return state | {"is_done": True}, []
    last: Any = scanned[-1]
    query = (
        select(*columns, _SPAN.c.trace_id, _SPAN.c.span_id, _SPAN.c.duration_ns)
        .where(*behind, place <= tuple_(last.start_ns, last.id), _condition(definition))
        .where(_SPAN.c.duration_ns.is_not(None))
        .order_by(*columns)
        .limit(room)
    )
    rows = connection.execute(query).all()
    last = rows[-1] if len(rows) >= room else last
    found = _chosen(rows, definition)
    place_now = {"reached_ns": last.start_ns, "reached_row_id": last.id}
    return state | place_now, found
