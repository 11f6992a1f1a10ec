"""Feedback as it is shown beside what it is of: the `scores` of spans, traces, runs, sessions."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from itertools import groupby
from typing import Any, Literal

from sqlalchemy import Connection, Select, bindparam, func, select

from weave_core.server.store.feedback_tables import FeedbackRow
from weave_core.server.store.feedback_words import EVENT_ID
from weave_core.server.store.queries.projects import get_project_id
from weave_core.server.store.tables import table_of

__all__ = ["MAX_SHOWN", "SpanScores", "add_scores", "add_trace_scores"]

MAX_SHOWN = 100
"""Feedback that answers show of one trace, run or session, the newest; its own list has all."""
_IN_LIST = 500
_FEEDBACK = table_of(FeedbackRow)
_SAID = ("name", "value", "label", "text", "feedback_id", "source", "author", "created_ns")
_KEYS = ("name", "value", "label", "explanation", "feedback_id", "source", "author", "created_ns")
Scores = list[dict[str, Any]]


class SpanScores:
    """Adds feedback to spans of one project, for one answer.

    Args:
        connection: In the snapshot of the query.
        project: Its name.
        unjudged: Ids of traces of which it is known that they have no feedback.
    """

    def __init__(
        self, connection: Connection, project: str, unjudged: Collection[bytes] = ()
    ) -> None:
        self._connection = connection
        self._project = project
        self._seen = set(unjudged)
        self._scores: dict[tuple[bytes, bytes], Scores] = {}

    def add(self, ids: Sequence[tuple[bytes, bytes]], shapes: Iterable[dict[str, Any]]) -> None:
        """Put feedback behind the scores that came with each span.

        Args:
            ids: Of the trace and of the span, of each.
            shapes: Spans as dicts, in the same order.
        """
        wanted = {trace_id for trace_id, _ in ids} - self._seen
        if wanted:
            self._seen |= wanted
            project_id = get_project_id(self._connection, self._project)
            found = _read(self._connection, project_id, "trace_id", wanted, of_spans=True)
            for trace_id, scores in found.items():
                for score in scores:
                    key = (trace_id, bytes.fromhex(score["span_id"]))
                    self._scores.setdefault(key, []).append(score)
        if not self._scores:
            return
        for key, shape in zip(ids, shapes, strict=True):
            if given := self._scores.get(key):
                # What came as an event is feedback since then, and is shown once.
                told = {
                    (each["name"], each["value"], each["label"])
                    for each in given
                    if each["feedback_id"].startswith(EVENT_ID)
                }
                own = [
                    each
                    for each in shape["scores"]
                    if (each["name"], each["value"], each["label"]) not in told
                ]
                shape["scores"] = [*own, *given]


def add_trace_scores(
    connection: Connection, project_id: int, traces: Sequence[dict[str, Any]]
) -> None:
    """Put feedback on traces and on their spans into TraceSummaries."""
    shapes = {bytes.fromhex(each["trace_id"]): each for each in traces}
    for trace_id, scores in _read(connection, project_id, "trace_id", shapes).items():
        shapes[trace_id]["scores"] = scores


def add_scores(
    connection: Connection,
    project_id: int,
    of: Literal["run_id", "session_id"],
    shapes: Sequence[dict[str, Any]],
) -> None:
    """Put feedback into runs or sessions, each with its id under the name `of`."""
    found = _read(connection, project_id, of, [each[of] for each in shapes])
    for shape in shapes:
        shape["scores"] = found.get(shape[of], [])


def _read(
    connection: Connection,
    project_id: int,
    of: str,
    ids: Iterable[Any],
    *,
    of_spans: bool = False,
) -> Mapping[Any, Scores]:
    """The newest scores of each target that has some, in the order they were given."""
    wanted = list(ids)
    found: dict[Any, Scores] = {}
    for start in range(0, len(wanted), _IN_LIST):
        given = {"project_id": project_id, "ids": wanted[start : start + _IN_LIST]}
        newest = connection.execute(_newest(of, of_spans=of_spans), given)
        for key, rows in groupby(newest, lambda row: row[0]):
            found[key] = [
                {
                    **dict(zip(_KEYS, row[3 : 3 + len(_KEYS)], strict=True)),
                    "span_id": row[1].hex() if row[1] else None,
                }
                for row in rows
            ]
    return found


@cache
def _newest(of: str, *, of_spans: bool) -> Select[Any]:
    # Made once: nearly every list asks this, mostly for nothing, and to make it took longer.
    target = _FEEDBACK.c[of]
    place = func.row_number().over(partition_by=target, order_by=_FEEDBACK.c.id.desc())
    each = (
        select(target.label("target"), _FEEDBACK.c.span_id, _FEEDBACK.c.id)
        .add_columns(*(_FEEDBACK.c[name] for name in _SAID), place.label("place"))
        .where(
            _FEEDBACK.c.project_id == bindparam("project_id"),
            target.in_(bindparam("ids", expanding=True)),
        )
    )
    if of_spans:
        each = each.where(_FEEDBACK.c.span_id.is_not(None))
    rows = each.subquery()
    return select(rows).where(rows.c.place <= MAX_SHOWN).order_by(rows.c.target, rows.c.id)
