"""Evaluations as their spans tell them, for tests that only read."""

import json
import time
from collections.abc import Sequence
from typing import Any

from support.sent_spans import otlp_span, send_spans
from weave_core.model import EvaluatedItem, Subject
from weave_core.statistics.summaries import summarize

__all__ = ["send_evaluation"]

_BATCH = 5_000


def send_evaluation(
    url: str,
    project: str,
    evaluation_id: str,
    scores: Sequence[float],
    *,
    name: str,
    scorer: str = "exact",
    said: str = "answer",
    detail: Any = None,
    **more: Any,
) -> None:
    """Send an evaluation whose items have these scores of one scorer, true or false.

    Args:
        url: The server's.
        project: Where to.
        evaluation_id: Hex digits; two of them begin the ids of its spans.
        scores: One an item.
        name: Of the evaluation.
        scorer: Of the scorer.
        said: What the task answered.
        detail: What stands behind each score.
        **more: Fields of the record.
    """
    base = int(evaluation_id[:4], 16) * 10_000 + 1
    now = time.time_ns()
    examples = [
        {
            "item": f"item{number}",
            "index": number,
            "scores": {scorer: {"value": score, "is_rate": True, "reason": said, "detail": detail}},
            "slices": {"lang": ("de", "fr")[number % 2]},
            "latency_ms": 12.5,
        }
        for number, score in enumerate(scores)
    ]
    judges = [Subject.model_validate(each) for each in more.get("scorers", ())]
    items = [EvaluatedItem.model_validate(each) for each in examples]
    summary = summarize(items, scorers=judges)
    record = {
        "summary": summary.model_dump() if examples else None,
        "evaluation_id": evaluation_id,
        "name": name,
        "state": "done",
        "dataset": {"name": "golden", "version": "sha256:1"},
        "task": {"name": "answer", "version": f"sha256:{evaluation_id}"},
        "scorers": [{"name": scorer}],
        "started_ns": now,
        **more,
    }
    attributes = {
        "weave_core.kind": "evaluation",
        "weave_core.evaluation.id": evaluation_id,
        "weave_core.evaluation.record": json.dumps(record),
    }
    spans = [otlp_span(base, base, name=name, start_ns=now, attributes=attributes)]
    for number, (item, score) in enumerate(zip(examples, scores, strict=True)):
        told = {
            "weave_core.evaluation.id": evaluation_id,
            "weave_core.evaluation.name": name,
            "weave_core.evaluation.example": json.dumps(item),
            "weave_core.inputs": json.dumps({"question": f"question {number}"}),
            "weave_core.outputs": json.dumps(f"{said} {score}"),
        }
        trace = base + 1 + number
        spans.append(otlp_span(trace, trace, name="answer", start_ns=now, attributes=told))
    for start in range(0, len(spans), _BATCH):
        send_spans(url, project, spans[start : start + _BATCH])
