"""The table of evaluations: from what is stored to rows."""

from collections.abc import Sequence
from typing import Any

import orjson

from weave_core.app import evaluation_words as words
from weave_core.app.components.bundles import bundle
from weave_core.app.formats import money
from weave_core.app.state import evaluation_url, versus_url
from weave_core.model import ScorerSummary, StoredEvaluation

__all__ = ["evaluation_list", "evaluation_rows", "scale_of"]

MAX_SCORES = 4
"""Scorers drawn in a row of the list; the page of the evaluation has all of them."""
_DOTS = {"running": "pending", "done": "ok", "stopped": "unset", "failed": "error"}


def evaluation_list(rows: bytes, *, key: str) -> None:
    """Draw the rows of `evaluation_rows`."""
    bundle("evaluation_list", "table", "interval")(key=key, data=rows)


def evaluation_rows(
    project: str, evaluations: Sequence[StoredEvaluation], *, empty: str, is_ranked: bool = False
) -> bytes:
    """JSON of one page of evaluations.

    Args:
        project: Theirs.
        evaluations: In the order of the rows.
        empty: What to say when there are none.
        is_ranked: Whether the order is a ranking.
    """
    scales = _common_scales(evaluations)
    return orjson.dumps(
        {
            "rows": [_row(project, each, scales) for each in evaluations],
            "empty": empty,
            "is_ranked": is_ranked,
            "compare_url": versus_url(project, []),
        }
    )


def scale_of(summary: ScorerSummary) -> tuple[float, float]:
    """The ends of the bar that a scorer's number is drawn in: 0 to 1 where it fits."""
    found = summary.estimate
    if found is None:
        return (0.0, 1.0)
    low = min(found.value, found.value if found.low is None else found.low)
    high = max(found.value, found.value if found.high is None else found.high)
    if low >= 0 and high <= 1:
        return (0.0, 1.0)
    return (min(0.0, low), max(0.0, high))


def _common_scales(evaluations: Sequence[StoredEvaluation]) -> dict[str, tuple[float, float]]:
    """By scorer, ends that all its bars fit in: rows are compared by eye."""
    scales: dict[str, tuple[float, float]] = {}
    for each in evaluations:
        for name, summary in (each.summary.scorers if each.summary else {}).items():
            low, high = scale_of(summary)
            known = scales.get(name, (low, high))
            scales[name] = (min(low, known[0]), max(high, known[1]))
    return scales


def _row(
    project: str, evaluation: StoredEvaluation, scales: dict[str, tuple[float, float]]
) -> dict[str, Any]:
    summary = evaluation.summary
    p95 = summary.latency_ms.get("p95") if summary else None
    gate = evaluation.gate
    done = summary.examples if summary else 0
    state: str = evaluation.state
    if state == "running" and evaluation.planned:
        state = f"running, {done:,} of {evaluation.planned:,}" if done else "running"
    return {
        "id": evaluation.evaluation_id,
        "name": evaluation.name,
        "url": evaluation_url(project, evaluation.evaluation_id),
        "dot": _DOTS.get(evaluation.state, "unset"),
        "state_words": state,
        "task": words.subject(evaluation.task),
        "dataset": words.subject(evaluation.dataset),
        "scores": _scores(summary.scorers if summary else {}, scales),
        "items": summary.items if summary else 0,
        "errors": summary.errors if summary else 0,
        "error_words": _error_words(summary.error_types if summary else {}),
        "p95": p95.value if p95 else None,
        "cost": money(summary.total_cost_usd) if summary else "",
        "branch": evaluation.branch or "",
        "branch_words": f"{evaluation.branch or ''} {evaluation.revision or ''}".strip(),
        "started_ms": evaluation.started_ns / 1e6,
        "verdict": words.verdict(gate.verdict) if gate else "",
        "verdict_name": gate.verdict if gate else "",
        "gate": gate.text if gate else "",
    }


def _scores(
    scorers: dict[str, ScorerSummary], scales: dict[str, tuple[float, float]]
) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "value": summary.estimate.value,
            "low": summary.estimate.low,
            "high": summary.estimate.high,
            "n": summary.estimate.n,
            "words": words.estimate(summary.estimate, is_rate=summary.is_rate),
            "interval": words.interval(summary.estimate, is_rate=summary.is_rate),
            "scale": scales[name],
        }
        for name, summary in list(scorers.items())[:MAX_SCORES]
        if summary.estimate is not None
    ]


def _error_words(types: dict[str, int]) -> str:
    return "\n".join(f"{name}: {count:,}" for name, count in types.items())
