"""What spans and log records tell of feedback, in plain values: the way to `told_feedback`.

A program that found no server sends its feedback as a span.  A `gen_ai.evaluation.result` on a span
becomes feedback on it, so that filters, monitors and sums know it like any other; what came with
the span stays as it was sent.
"""

import hashlib
import math
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from weave_core import semconv
from weave_core.model.feedback import MAX_FEEDBACK_LABEL, MAX_FEEDBACK_NAME, MAX_FEEDBACK_TEXT
from weave_core.server.normalise import event_of_log, judgements
from weave_core.server.otlp.records import RawEvent, RawSpan
from weave_core.server.otlp.requests import LogRequest

__all__ = ["EVENT_ID", "WORD", "FeedbackWord", "feedback_words", "given_word", "words_of_logs"]

MAX_JUDGEMENTS = 200
"""Judgements that come as events of one span, of which feedback is made; all are shown."""
EVENT_ID = "event-"
"""How the ids of feedback begin that came as events."""
WORD = (
    *("feedback_id", "trace_id", "span_id", "name", "value", "label", "text"),
    *("source", "created_ns", "updated_ns"),
)
"""Columns of what an event says, behind its project."""
_NOT_A_NAME = re.compile(r'[\x00-\x1f\x7f"\\]')
_MAX_INT = 2**63 - 1

Row = tuple[Any, ...]


class FeedbackWord(NamedTuple):
    """One of its two: what a program gave, or what an event says."""

    given: str | None = None
    """JSON text of a `NewFeedback`."""
    row: Row | None = None
    """Values of `WORD`."""


def given_word(raw: RawSpan) -> FeedbackWord:
    """The feedback that a span stands for; it is read where it is stored."""
    return FeedbackWord(given=str(raw.attributes[semconv.FEEDBACK]))


def feedback_words(
    trace_id: bytes, span_id: bytes, events: Sequence[RawEvent]
) -> list[FeedbackWord]:
    """What events say of a span."""
    found: list[FeedbackWord] = []
    for event, said in judgements(events):
        if len(found) < MAX_JUDGEMENTS and (row := _row(trace_id, span_id, event, said)):
            found.append(FeedbackWord(row=row))
    return found


def words_of_logs(requests: Iterable[LogRequest]) -> Iterator[tuple[str, FeedbackWord]]:
    """The same of log records that name their span, each with its project."""
    for request in requests:
        for project, records in request.records.items():
            for raw in records:
                if raw.trace_id is None or raw.span_id is None:
                    continue
                event = event_of_log(raw.event_name, raw.time_ns, raw.attributes, raw.body)
                if event is not None:
                    for word in feedback_words(raw.trace_id, raw.span_id, [event]):
                        yield project, word


def _row(trace_id: bytes, span_id: bytes, event: RawEvent, said: dict[str, Any]) -> Row | None:
    name = _NOT_A_NAME.sub(" ", said["name"] or "").strip()[:MAX_FEEDBACK_NAME]
    value, label = said["value"], _clean(said["label"], MAX_FEEDBACK_LABEL)
    text = _clean(said["explanation"], MAX_FEEDBACK_TEXT)
    if value is not None and not math.isfinite(value):
        value = None
    if not name or (value is None and label is None and text is None):
        return None
    at_ns = min(event.time_ns or time.time_ns(), _MAX_INT)
    told = f"{trace_id.hex()}\0{span_id.hex()}\0{event.time_ns}\0{name}\0{value}\0{label}"
    digest = hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()[:32]
    ids = (f"{EVENT_ID}{digest}", trace_id, span_id)
    return (*ids, name, value, label, text, "code", at_ns, at_ns)


def _clean(text: str | None, most: int) -> str | None:
    if not text:
        return None
    return text.replace("\x00", "").encode("utf-8", "replace").decode()[:most] or None
