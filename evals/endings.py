"""The end of an evaluation: its numbers, its comparison, its gate, and that they are stored."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from weave_core import tracing
from weave_core.evals.gates import check_gate
from weave_core.evals.results import Baseline, EvaluationResult
from weave_core.evals.runner import Example
from weave_core.evals.spans import EvaluationSpans
from weave_core.model import Estimate, StoredEvaluation
from weave_core.statistics.summaries import compare_items, summarize
from weave_core.tracing.lifecycle import page_url

__all__ = ["FLUSH_S", "Ending", "ended"]

FLUSH_S = 30.0
"""Longest wait for the server at the end of an evaluation; what it has not then stays on disk, also
where it has answered nothing for five seconds."""


@dataclass(frozen=True, kw_only=True)
class Ending:
    """What there is when the last example has ended."""

    record: StoredEvaluation
    examples: Sequence[Example]
    spans: EvaluationSpans
    baseline: Baseline | None = None
    gate: str | None = None
    stopped_by: str | None = None
    intervals: Mapping[str, Estimate] | None = None
    """Those that the gate is checked by, where it was decided early."""
    problems: list[str] = field(default_factory=list)
    repeats: list[int] = field(default_factory=list)

    def result(self) -> EvaluationResult:
        """Work out the numbers and the verdict, and store them.

        Raises:
            ConfigError: If the gate names what the evaluation does not have.
        """
        record = ended(self.record, "stopped" if self.stopped_by else "done", self.examples)
        items = [example.item for example in self.examples]
        comparison = None
        if self.baseline is not None:
            ids = (record.evaluation_id, self.baseline.evaluation_id)
            comparison = compare_items(items, self.baseline.items, ids=ids)
        try:
            if self.gate is not None and record.summary is not None:
                gate = check_gate(self.gate, record.summary, comparison, intervals=self.intervals)
                record = record.model_copy(update={"gate": gate})
        finally:
            self.spans.end(record)
            is_stored = tracing.flush(FLUSH_S, is_patient=False)
        return EvaluationResult(
            evaluation=record,
            examples=sorted(self.examples, key=lambda each: (each.item.index, each.item.epoch)),
            comparison=comparison,
            problems=self.problems,
            repeats=self.repeats,
            stopped_by=self.stopped_by,
            url=page_url("evaluation", evaluation=self.record.evaluation_id),
            is_stored=is_stored,
        )


def ended(record: StoredEvaluation, state: str, examples: Sequence[Example]) -> StoredEvaluation:
    """`record` with its end, and the numbers of what was run."""
    # Before the numbers are worked out; a clock may have been set back meanwhile.
    ended_ns = max(record.started_ns, time.time_ns())
    items = [example.item for example in examples]
    summary = summarize(items, scorers=record.scorers) if items else None
    return record.model_copy(update={"state": state, "ended_ns": ended_ns, "summary": summary})
