"""Metrics of DeepEval."""

import asyncio
import copy
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from deepeval.test_case import LLMTestCase

from weave_core.evals.adapters.foreign import DOCUMENTS, OUTPUT, Foreign
from weave_core.evals.scorers.contract import text_of
from weave_core.evals.scores import Score
from weave_core.model import Span

__all__ = ["DeepEval"]

_TEXTS = ("input", "actual_output", "expected_output")


@dataclass(frozen=True, kw_only=True)
class DeepEval(Foreign):
    """A metric of DeepEval on one turn: its score with its reason; its threshold is not applied.

    Range: 0 to 1 for most; whether it passed its own threshold stands in the detail.  A metric that
    skips gives none.  The test case has `input` of the column `question`, `expected_output` of
    `expected`, `retrieval_context` and `context` of the documents.  Each output is measured with a
    copy of the metric, which keeps its result in itself.

    Example:
        >>> DeepEval(metric=FaithfulnessMetric(model=model))

    Source: https://github.com/confident-ai/deepeval
    """

    library: ClassVar[str] = "deepeval"
    usual: ClassVar[Mapping[str, str]] = {
        "input": "question",
        "actual_output": OUTPUT,
        "expected_output": "expected",
        "retrieval_context": DOCUMENTS,
        "context": DOCUMENTS,
    }

    def own_name(self) -> str:
        """What it calls itself."""
        return str(getattr(self.metric, "__name__", None) or type(self.metric).__name__)

    async def score(
        self, output: Any, row: Mapping[str, Any], spans: Sequence[Span] | None = None
    ) -> Score | None:
        """Judge one output."""
        given = self.fields(output, row, spans)
        given.setdefault("input", "")  # It wants one, whatever it measures.
        for name in _TEXTS:
            if name in given:
                given[name] = text_of(given[name])
        case = LLMTestCase(**given)
        metric = copy.copy(self.metric)
        if getattr(metric, "async_mode", True):
            await metric.a_measure(case, **_quietly(metric.a_measure))
        else:
            await asyncio.to_thread(metric.measure, case, **_quietly(metric.measure))
        if getattr(metric, "skipped", False):
            return None
        if metric.score is None:
            raise ValueError(f"{self.name} gave no score: {getattr(metric, 'error', None)}")
        reason = getattr(metric, "reason", None)
        detail = {"passed": bool(metric.is_successful()), "threshold": metric.threshold}
        return Score(float(metric.score), reason=reason, detail=detail)


def _quietly(measure: Any) -> dict[str, bool]:
    """No bar for each output; a metric of the user's own may not know the word."""
    known = inspect.signature(measure).parameters
    return {"_show_indicator": False} if "_show_indicator" in known else {}
