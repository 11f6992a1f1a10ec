"""What one span tells of an evaluation, in plain values: the way from spans to `evaluations`.

An example's rows are made here, beside the other rows of its span: that takes longer than writing
them, and here it can be done by the process that decodes.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson
from pydantic import ValidationError

from weave_core import semconv
from weave_core.model import EvaluatedItem, ItemError
from weave_core.server.otlp.records import RawSpan

__all__ = ["ITEM", "MAX_NAME", "SCORE", "EvaluationWord", "evaluation_word"]

MAX_REASON = 4_000
"""Characters kept of the reason of a score, and of the message of an error of an evaluation."""
MAX_SCORE_DETAIL_BYTES = 128 * 1024
"""JSON kept of what stands behind a score; a longer one is left out."""
MAX_SCORES = 200
"""Scores kept of one example."""
MAX_NAME = 200

ITEM = (
    *("item", "epoch", "position", "outcome", "error_type", "error_message"),
    *("latency_ms", "input_tokens", "output_tokens", "cost_usd", "cluster", "slices", "is_cached"),
    *("trace_id", "span_id"),
)
"""Columns of an example, behind its evaluation's."""
SCORE = (
    *("scorer", "item", "epoch", "value", "label", "is_rate", "reason"),
    *("error_type", "error_message", "expected", "detail"),
)
"""Columns of a score, behind its evaluation's."""

Row = tuple[Any, ...]


class EvaluationWord(NamedTuple):
    """What one span tells of an evaluation."""

    evaluation_id: str
    name: str
    """Of the evaluation, where the span says it; else the span's."""
    trace_id: bytes
    start_ns: int
    end_ns: int
    record: str | None = None
    """JSON text of a `StoredEvaluation`."""
    item: Row | None = None
    """The columns `ITEM` of an example."""
    scores: tuple[Row, ...] = ()
    """The columns `SCORE` of its scores."""
    problem: str | None = None
    """Why its example can't be read."""


def evaluation_word(raw: RawSpan) -> EvaluationWord:
    """What `raw` tells; a record is read where it is stored."""
    attributes = raw.attributes
    record, example = (
        attributes.get(key) for key in (semconv.EVALUATION_RECORD, semconv.EVALUATION_EXAMPLE)
    )
    word = EvaluationWord(
        str(attributes[semconv.EVALUATION_ID]),
        str(attributes.get(semconv.EVALUATION_NAME) or raw.name),
        raw.trace_id,
        raw.start_ns,
        raw.end_ns,
    )
    if isinstance(record, str):
        return word._replace(record=record)
    if not isinstance(example, str):
        return word
    try:
        item = EvaluatedItem.model_validate_json(example)
    except ValidationError as error:
        return word._replace(problem=str(error))
    return word._replace(item=_item_row(item, raw), scores=tuple(_score_rows(item)))


def _item_row(item: EvaluatedItem, raw: RawSpan) -> Row:
    return (
        item.item[:MAX_NAME],
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


def _score_rows(item: EvaluatedItem) -> Iterator[Row]:
    for name, score in list(item.scores.items())[:MAX_SCORES]:
        reason = None if score.reason is None else score.reason[:MAX_REASON]
        yield (
            name[:MAX_NAME],
            item.item[:MAX_NAME],
            item.epoch,
            score.value,
            score.label if score.label is None else score.label[:MAX_NAME],
            score.is_rate,
            reason,
            *_told(score.error),
            score.expected if score.expected is None else score.expected[:MAX_NAME],
            _detail(score.detail),
        )


def _detail(detail: Any) -> str | None:
    text = None if detail is None else orjson.dumps(detail)
    return None if text is None or len(text) > MAX_SCORE_DETAIL_BYTES else text.decode()


def _told(error: ItemError | None) -> tuple[str | None, str | None]:
    return (None, None) if error is None else (error.type[:MAX_NAME], error.message[:MAX_REASON])
