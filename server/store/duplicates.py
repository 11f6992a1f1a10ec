"""Mark spans that report a model call which another span reports too, in the rows themselves.

Inside a trace `weave_core.server.normalise.duplicates` decides.  Across traces only the provider's
reply id can tell: some instrumentations start a trace of their own for a call that the caller's
trace has already.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection

from weave_core.server.normalise.duplicates import Call, duplicate_ids
from weave_core.server.normalise.kinds import COUNTED_KINDS
from weave_core.server.store.dialects import Dialect
from weave_core.server.store.minutes import MinuteRollups
from weave_core.server.store.span_keys import of_reply
from weave_core.server.store.sums import SpanSums

__all__ = ["MAX_REPORTS", "DuplicateMarker"]

_WINDOW_NS = 10 * 60 * 1_000_000_000
"""Reply ids of one call are minutes apart at most; later ones are another's, or a replay."""
MAX_REPORTS = 16
"""Spans that may report one reply; an id that more have tells nothing, and each of them counts."""

# Some probes for the reply of each call of the marked traces.  Asked for IS NOT NULL, PostgreSQL
# could find the calls themselves by its index of replies, which is to walk the whole project.
# Some stand-ins for a provider give every reply the same id: without the bound each call would be
# held against all others, which took the writer seconds for some thousands of them.
_ELSEWHERE = """
SELECT s.id AS own_id, o.id, o.trace_id, o.start_ns, o.is_duplicate,
  o.input_tokens, o.output_tokens,
  COALESCE(
    o.has_content, o.input_preview IS NOT NULL OR o.output_preview IS NOT NULL
  ) AS has_content
FROM trace_dirty AS d CROSS JOIN span AS s CROSS JOIN span AS o
WHERE s.project_id = d.project_id AND s.trace_id = d.trace_id
AND (d.project_id, d.trace_id) <= (?, ?)
AND COALESCE(s.response_id, '') <> ''
AND (
  SELECT COUNT(*) FROM (
    SELECT 1 FROM span AS r
    WHERE {r_is_of_it} LIMIT ?
  ) AS reports
) <= ?
AND {o_is_of_it} AND o.kind = s.kind
AND o.trace_id <> s.trace_id AND ABS(o.start_ns - s.start_ns) <= ?
"""


class _Elsewhere(NamedTuple):
    """A span of another trace with the reply id of one of ours."""

    own_id: int
    id: int
    trace_id: bytes
    start_ns: int
    is_duplicate: bool
    input_tokens: int | None
    output_tokens: int | None
    has_content: bool


class DuplicateMarker:
    """Finds duplicates among the spans of marked traces."""

    def __init__(self, dialect: Dialect, minutes: MinuteRollups) -> None:
        self._minutes = minutes
        is_of_it = {
            f"{row}_is_of_it": of_reply(
                dialect.name, row=row, project="s.project_id", reply="s.response_id"
            )
            for row in ("r", "o")
        }
        self._elsewhere = dialect.sql(_ELSEWHERE.format(**is_of_it))
        self._update = dialect.update("span", ("is_duplicate",), "id")
        self._mark = dialect.insert(
            "trace_dirty", ("project_id", "trace_id"), on_conflict="ON CONFLICT DO NOTHING"
        )

    def mark(
        self, connection: Connection, by_trace: Mapping[tuple[int, bytes], Sequence[SpanSums]]
    ) -> set[int]:
        """Bring `is_duplicate` up to date in the rows of the marked traces.

        Args:
            connection: In the caller's transaction.
            by_trace: (project, trace) in the order of the marks to the trace's spans, by start.

        Returns:
            Row ids of all duplicates among the spans.
        """
        found: set[int] = set()
        for spans in by_trace.values():
            if _may_repeat(spans):
                repeated = duplicate_ids([_call(span) for span in spans])
                found.update(span.id for span in spans if span.span_id in repeated)
        if any(span.response_id for spans in by_trace.values() for span in spans):
            found |= self._reported_elsewhere(connection, by_trace, found)
        changed = [
            (span.id in found, span.id)
            for spans in by_trace.values()
            for span in spans
            if bool(span.is_duplicate) != (span.id in found)
        ]
        if changed:
            ids = [row_id for _, row_id in changed]
            self._minutes.subtract(connection, ids)
            connection.exec_driver_sql(self._update, changed)
            self._minutes.add(connection, ids)
        return found

    def _reported_elsewhere(
        self,
        connection: Connection,
        by_trace: Mapping[tuple[int, bytes], Sequence[SpanSums]],
        found: set[int],
    ) -> set[int]:
        last_key = max(by_trace)
        twins: dict[int, list[_Elsewhere]] = defaultdict(list)
        bounds = (MAX_REPORTS + 1, MAX_REPORTS, _WINDOW_NS)
        for row in connection.exec_driver_sql(self._elsewhere, (*last_key, *bounds)):
            twin = _Elsewhere._make(row)
            twins[twin.own_id].append(twin)
        if not twins:
            return set()
        more: set[int] = set()
        beaten: set[tuple[int, bytes]] = set()
        for (project_id, _), spans in by_trace.items():
            for span in spans:
                if span.kind not in COUNTED_KINDS or span.id in found:
                    continue
                for twin in twins.get(span.id, ()):
                    if _worth(twin) > _worth(span):
                        more.add(span.id)
                    elif not twin.is_duplicate:
                        # Its own trace's turn comes to the same end, and marks it.
                        beaten.add((project_id, twin.trace_id))
        if beaten:
            connection.exec_driver_sql(self._mark, list(beaten))
        return more


def _may_repeat(spans: Sequence[SpanSums]) -> bool:
    """Whether a closer look is needed: a call has spans below it, or a reply id comes twice."""
    calls = [span for span in spans if span.kind in COUNTED_KINDS]
    if len(calls) < 2:  # noqa: PLR2004  # A pair is the least.
        return False
    replies = [span.response_id for span in calls if span.response_id]
    if len(replies) != len(set(replies)):
        return True
    ids = {span.span_id for span in calls}
    return any(span.parent_id in ids for span in spans)


def _call(span: SpanSums) -> Call:
    return Call(
        span_id=span.span_id,
        parent_id=span.parent_id,
        kind=span.kind,
        request_model=span.request_model,
        model=span.model,
        input_tokens=span.input_tokens,
        output_tokens=span.output_tokens,
        response_id=span.response_id,
        has_content=bool(span.has_content),
    )


def _worth(span: Any) -> tuple[bool, bool, int, int]:
    """Of two reports in two traces the greater counts: usage, content, then the earlier."""
    has_usage = span.input_tokens is not None or span.output_tokens is not None
    return has_usage, bool(span.has_content), -span.start_ns, -span.id
