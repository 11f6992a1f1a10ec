"""Evaluations out of their spans, in the transaction that stores the spans.

An evaluation is what its spans say, whoever sent them and in whatever order they come: one span
for the whole (`weave_core.evaluation.record`), one per example (`weave_core.evaluation.example`).
So results that waited in a spool arrive like any others, and a resend changes nothing.
"""

import logging
from collections.abc import Iterable
from typing import Any

import orjson
from pydantic import ValidationError
from sqlalchemy import Connection

from weave_core import semconv
from weave_core.model import EvaluatedItem, ItemError, StoredEvaluation, Subject
from weave_core.server.otlp.records import RawSpan
from weave_core.server.store.batches import Batch
from weave_core.server.store.dialects import Dialect
from weave_core.server.store.identities import Identities

__all__ = ["EvaluationInserter"]

_log = logging.getLogger(__name__)

MAX_REASON = 4_000
"""Characters kept of the reason of a score, and of the message of an error of an evaluation."""
MAX_SCORE_DETAIL_BYTES = 128 * 1024
"""JSON kept of what stands behind a score; a longer one is left out."""
MAX_SCORES = 200
"""Scores kept of one example."""
_MAX_NAME = 200
_MAX_CACHED = 10_000

_ITEM = (
    *("evaluation_row_id", "item", "epoch", "position", "outcome", "error_type", "error_message"),
    *("latency_ms", "input_tokens", "output_tokens", "cost_usd", "cluster", "slices", "is_cached"),
    *("trace_id", "span_id"),
)
_SCORE = (
    *("evaluation_row_id", "scorer", "item", "epoch", "value", "label", "is_rate", "reason"),
    *("error_type", "error_message", "expected", "detail"),
)
_EVALUATION = ("name", "state", "branch", "started_ns", "body")
_IDENTITY = ("project_id", "evaluation_id")

Row = tuple[Any, ...]


class EvaluationInserter:
    """Writes rows of evaluations; used by the writer's thread."""

    def __init__(self, dialect: Dialect, identities: Identities) -> None:
        self._identities = identities
        self._rows: dict[tuple[int, str], int] = {}
        self._find = dialect.sql(
            "SELECT id, state FROM evaluation WHERE project_id = ? AND evaluation_id = ?"
        )
        self._insert = dialect.insert("evaluation", (*_IDENTITY, *_EVALUATION))
        self._update = dialect.update("evaluation", _EVALUATION, "id")
        self._upsert_item = dialect.upsert(
            "evaluation_item", _ITEM, ("evaluation_row_id", "item", "epoch")
        )
        self._upsert_score = dialect.upsert(
            "score", _SCORE, ("evaluation_row_id", "scorer", "item", "epoch")
        )

    def forget(self) -> None:
        """Drop every remembered id, after a transaction that was rolled back."""
        self._rows.clear()

    def write(self, connection: Connection, batches: Iterable[Batch]) -> None:
        """Store what spans say of evaluations."""
        items: dict[Row, Row] = {}
        scores: dict[Row, Row] = {}
        for batch in batches:
            for raw in batch.evaluation_spans:
                self._take(connection, batch.project, raw, items, scores)
        # By their keys, since one statement may not meet a row twice.
        if items:
            connection.exec_driver_sql(self._upsert_item, list(items.values()))
        if scores:
            connection.exec_driver_sql(self._upsert_score, list(scores.values()))

    def _take(
        self,
        connection: Connection,
        project: str,
        raw: RawSpan,
        items: dict[Row, Row],
        scores: dict[Row, Row],
    ) -> None:
        attributes = raw.attributes
        record, example = (
            attributes.get(key) for key in (semconv.EVALUATION_RECORD, semconv.EVALUATION_EXAMPLE)
        )
        try:
            if isinstance(record, str):
                self._put(connection, project, _read_record(record, raw))
            elif isinstance(example, str):
                item = EvaluatedItem.model_validate_json(example)
                row_id = self._row_id(connection, project, raw)
                items[row_id, item.item, item.epoch] = _item_row(row_id, item, raw)
                for row in _score_rows(row_id, item):
                    scores[row[:4]] = row
        except ValidationError as error:
            _log.warning("the span %r tells an evaluation wrongly: %s", raw.name, error)

    def _row_id(self, connection: Connection, project: str, raw: RawSpan) -> int:
        """The row of an example's evaluation; made where its own span has not come yet."""
        evaluation_id = str(raw.attributes[semconv.EVALUATION_ID])
        key = (self._identities.project_id(connection, project), evaluation_id)
        found = self._rows.get(key)
        if found is None:
            row = connection.exec_driver_sql(self._find, key).one_or_none()
            found = int(row[0]) if row else self._put(connection, project, _unknown(raw))
            self._remember(key, found)
        return found

    def _put(self, connection: Connection, project: str, record: StoredEvaluation) -> int:
        key = (self._identities.project_id(connection, project), record.evaluation_id)
        body = orjson.dumps(record.model_dump(exclude_none=True)).decode()
        values = (record.name[:_MAX_NAME], record.state, record.branch, record.started_ns, body)
        row = connection.exec_driver_sql(self._find, key).one_or_none()
        if row is None:
            connection.exec_driver_sql(self._insert, (*key, *values))
            row = connection.exec_driver_sql(self._find, key).one()
        elif record.state != "running" or row[1] == "running":
            # A record of the beginning that comes late must not undo the end.
            connection.exec_driver_sql(self._update, (*values, row[0]))
        self._remember(key, int(row[0]))
        return int(row[0])

    def _remember(self, key: tuple[int, str], row_id: int) -> None:
        if len(self._rows) >= _MAX_CACHED:
            self._rows.clear()
        self._rows[key] = row_id


def _read_record(text: str, raw: RawSpan) -> StoredEvaluation:
    record = StoredEvaluation.model_validate_json(text)
    ended_ns = record.ended_ns or raw.end_ns or None
    return record.model_copy(
        update={"trace_id": raw.trace_id.hex(), "ended_ns": ended_ns}
        if record.state != "running"
        else {"trace_id": raw.trace_id.hex()}
    )


def _unknown(raw: RawSpan) -> StoredEvaluation:
    """What an example alone says of its evaluation."""
    name = str(raw.attributes.get(semconv.EVALUATION_NAME) or raw.name)
    return StoredEvaluation(
        evaluation_id=str(raw.attributes[semconv.EVALUATION_ID]),
        name=name,
        dataset=Subject(name=""),
        task=Subject(name=""),
        started_ns=raw.start_ns,
    )


def _item_row(row_id: int, item: EvaluatedItem, raw: RawSpan) -> Row:
    return (
        row_id,
        item.item[:_MAX_NAME],
        item.epoch,
        item.index,
        item.outcome,
        *_told(item.error),
        item.latency_ms,
        item.input_tokens,
        item.output_tokens,
        item.cost_usd,
        item.cluster,
        orjson.dumps(item.slices).decode(),
        item.is_cached,
        raw.trace_id,
        raw.span_id,
    )


def _score_rows(row_id: int, item: EvaluatedItem) -> Iterable[Row]:
    for name, score in list(item.scores.items())[:MAX_SCORES]:
        reason = None if score.reason is None else score.reason[:MAX_REASON]
        yield (
            row_id,
            name[:_MAX_NAME],
            item.item[:_MAX_NAME],
            item.epoch,
            score.value,
            score.label if score.label is None else score.label[:_MAX_NAME],
            score.is_rate,
            reason,
            *_told(score.error),
            score.expected if score.expected is None else score.expected[:_MAX_NAME],
            _detail(score.detail),
        )


def _detail(detail: Any) -> str | None:
    text = None if detail is None else orjson.dumps(detail)
    return None if text is None or len(text) > MAX_SCORE_DETAIL_BYTES else text.decode()


def _told(error: ItemError | None) -> tuple[str | None, str | None]:
    return (None, None) if error is None else (error.type[:_MAX_NAME], error.message[:MAX_REASON])
