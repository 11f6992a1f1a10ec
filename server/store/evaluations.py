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

from weave_core.model import StoredEvaluation, Subject
from weave_core.server.store.batches import Batch
from weave_core.server.store.dialects import Dialect
from weave_core.server.store.evaluation_words import ITEM, MAX_NAME, SCORE, EvaluationWord
from weave_core.server.store.identities import Identities

__all__ = ["EvaluationInserter"]

_log = logging.getLogger(__name__)

_MAX_CACHED = 10_000

_EVALUATION = ("name", "state", "branch", "started_ns", "body")
_OWNER = "evaluation_row_id"
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
            "evaluation_item", (_OWNER, *ITEM), (_OWNER, "item", "epoch")
        )
        self._upsert_score = dialect.upsert(
            "score", (_OWNER, *SCORE), (_OWNER, "scorer", "item", "epoch")
        )

    def forget(self) -> None:
        """Drop every remembered id, after a transaction that was rolled back."""
        self._rows.clear()

    def write(self, connection: Connection, batches: Iterable[Batch]) -> None:
        """Store what spans say of evaluations."""
        items: dict[Row, Row] = {}
        scores: dict[Row, Row] = {}
        for batch in batches:
            for word in batch.evaluation_words:
                self._take(connection, batch.project, word, items, scores)
        # By their keys, since one statement may not meet a row twice.
        if items:
            connection.exec_driver_sql(self._upsert_item, list(items.values()))
        if scores:
            connection.exec_driver_sql(self._upsert_score, list(scores.values()))

    def _take(
        self,
        connection: Connection,
        project: str,
        word: EvaluationWord,
        items: dict[Row, Row],
        scores: dict[Row, Row],
    ) -> None:
        problem: object = word.problem
        try:
            if word.record is not None:
                self._put(connection, project, _read_record(word.record, word))
            elif word.item is not None:
                row_id = self._row_id(connection, project, word)
                items[row_id, *word.item[:2]] = (row_id, *word.item)
                for row in word.scores:
                    scores[row_id, *row[:3]] = (row_id, *row)
        except ValidationError as error:
            problem = error
        if problem is not None:
            _log.warning("a span of %r tells an evaluation wrongly: %s", word.name, problem)

    def _row_id(self, connection: Connection, project: str, word: EvaluationWord) -> int:
        """The row of an example's evaluation; made where its own span has not come yet."""
        key = (self._identities.project_id(connection, project), word.evaluation_id)
        found = self._rows.get(key)
        if found is None:
            row = connection.exec_driver_sql(self._find, key).one_or_none()
            found = int(row[0]) if row else self._put(connection, project, _unknown(word))
            self._remember(key, found)
        return found

    def _put(self, connection: Connection, project: str, record: StoredEvaluation) -> int:
        key = (self._identities.project_id(connection, project), record.evaluation_id)
        body = orjson.dumps(record.model_dump(exclude_none=True)).decode()
        values = (record.name[:MAX_NAME], record.state, record.branch, record.started_ns, body)
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


def _read_record(text: str, word: EvaluationWord) -> StoredEvaluation:
    record = StoredEvaluation.model_validate_json(text)
    ended_ns = record.ended_ns or word.end_ns or None
    return record.model_copy(
        update={"trace_id": word.trace_id.hex(), "ended_ns": ended_ns}
        if record.state != "running"
        else {"trace_id": word.trace_id.hex()}
    )


def _unknown(word: EvaluationWord) -> StoredEvaluation:
    """What an example alone says of its evaluation."""
    return StoredEvaluation(
        evaluation_id=word.evaluation_id,
        name=word.name,
        dataset=Subject(name=""),
        task=Subject(name=""),
        started_ns=word.start_ns,
    )
