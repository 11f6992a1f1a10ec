"""Runs a task on every item and its scorers on every output, many at a time.

A failure belongs to its item: what one item or one scorer does never ends the others' work.
"""

import asyncio
import inspect
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from weave_core.evals.attempts import Attempts, error_within
from weave_core.evals.budgets import Budget, Spending
from weave_core.evals.calls import Call
from weave_core.evals.datasets import Item
from weave_core.evals.early_stops import EarlyStop
from weave_core.evals.journals import Journal, Remembered
from weave_core.evals.scores import read_scores
from weave_core.evals.spans import EvaluationSpans, ExampleSpan
from weave_core.model import EvaluatedItem, ItemError, ItemScore, Span
from weave_core.model.values import lean
from weave_core.tracing.captures import captured_spans
from weave_core.tracing.lifecycle import settings_in_force
from weave_core.tracing.usages import UsageMeter

__all__ = ["SPANS", "Example", "Plan", "Runner"]

_LAST_ROUNDS = (4, 2, 1, 0)
"""With so many examples left for each place, what has ended is sent without waiting for more."""
_QUICK_S = 0.002
_SLOW_S = 0.02

SPANS = "spans"
"""What a scorer calls the parameter that gets the spans of the task."""

_METER = UsageMeter()


@dataclass(frozen=True, slots=True)
class Example:
    """One item in one epoch, as it was run."""

    source: Item
    output: Any
    item: EvaluatedItem

    @property
    def row(self) -> dict[str, Any]:
        """The row that it was run for."""
        return self.source.row


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to run, and how."""

    items: Sequence[Item]
    epochs: int
    task: Call
    scorers: Sequence[Call]
    cluster: str | None
    slices: Sequence[str]
    concurrency: int
    timeout_s: float | None
    retries: int
    budget: Budget

    @property
    def size(self) -> int:
        """Examples that there are."""
        return len(self.items) * self.epochs


@dataclass(slots=True)
class _Pace:
    """How long a scorer takes: a quick one need not have a thread."""

    calls: int = 0
    fastest_s: float = 1.0
    is_slow: bool = False
    first: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by the call that shows how long one takes: the others wait for what it shows."""

    @property
    def is_quick(self) -> bool:
        return not self.is_slow and self.fastest_s < _QUICK_S

    def took(self, seconds: float) -> None:
        # The fastest, since a machine that has much to do makes any call look slow.
        self.is_slow = self.is_slow or (self.is_quick and seconds > _SLOW_S)
        self.calls += 1
        self.fastest_s = min(self.fastest_s, seconds)


@dataclass(repr=False)  # A thousand examples are no name.
class Runner:
    """One run of a plan."""

    plan: Plan
    spans: EvaluationSpans
    journal: Journal | None
    on_done: Callable[[EvaluatedItem], None]
    examples: list[Example] = field(default_factory=list)
    """What has been run so far, in the order in which it ended."""
    stopped_by: str | None = None
    """The bound of the budget that was met."""
    early_stop: EarlyStop | None = None
    is_decided: bool = False
    """Whether the gate was decided before the last example."""

    async def run(self) -> None:
        """Run all that is to be run; cancelled, it leaves what has ended in `examples`."""
        _METER.join()
        self._spending = Spending(self.plan.budget)
        self._attempts = Attempts(self.plan.concurrency)
        self._paces = {call.name: _Pace() for call in self.plan.scorers}
        self._versions = {call.name: call.subject.version or "" for call in self.plan.scorers}
        self._wants_spans = any(SPANS in call.known for call in self.plan.scorers)
        self._project = settings_in_force().project
        waiting = iter(self._todo())
        workers = [
            asyncio.create_task(self._work(waiting))
            for _ in range(min(self.plan.concurrency, self.plan.size))
        ]
        try:
            await asyncio.gather(*workers)
            self.spans.hurry()
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
            if self.journal is not None:
                self.journal.flush()

    def _todo(self) -> Iterator[tuple[Item, int]]:
        # Epoch by epoch, so that a run that is stopped has seen every item as often as it could.
        left = self.plan.size
        last = {self.plan.concurrency * rounds for rounds in _LAST_ROUNDS}
        for epoch in range(self.plan.epochs):
            for item in self.plan.items:
                left -= 1
                if left in last:
                    self.spans.hurry()
                yield item, epoch

    async def _work(self, waiting: Iterator[tuple[Item, int]]) -> None:
        for item, epoch in waiting:
            if self.stopped_by is None:
                self.stopped_by = self._spending.exhausted
            if self.stopped_by is not None or self.is_decided:
                return
            known = self.journal.find(item.key, epoch) if self.journal is not None else None
            if known is not None and known.item.outcome == "ok":
                await self._use(item, known)
            else:
                await self._run(item, epoch)

    async def _use(self, item: Item, known: Remembered) -> None:
        """Take an output that is known; score it where a scorer is new."""
        is_resumed = self.journal is not None and known.evaluation_id == self.journal.resumed_id
        is_scored = known.scorers == self._versions
        if is_resumed and is_scored:
            self._done(Example(item, known.output, known.item), is_new=False)
            return
        span = self.spans.begin_example(self.plan.task.name, item.row)
        old = known.item
        scores = old.scores
        if not is_scored:
            scores = await self._scores(item, known.output, span, known, spans=known.spans)
        evaluated = old.model_copy(
            update={"scores": scores, "is_cached": True, "index": item.index, **span.ids}
        )
        span.end(evaluated, known.output, None)
        self._done(Example(item, known.output, evaluated), spans=known.spans)

    async def _run(self, item: Item, epoch: int) -> None:
        row = item.row
        span = self.spans.begin_example(self.plan.task.name, row)
        trace_id = span.ids.get("trace_id", "")
        usage = _METER.watch(trace_id, keeps_spans=self._wants_spans)
        output: Any = None
        error: BaseException | None = None
        values = {**row, "row": row}
        began_s = time.perf_counter()
        span.enter()
        try:
            output = await self._call(self.plan.task, values)
        except Exception as failure:  # noqa: BLE001  # It belongs to this item: the others go on.
            error = failure
        except BaseException:
            _METER.forget(trace_id)
            raise
        finally:
            span.leave()
        latency_ms = (time.perf_counter() - began_s) * 1000
        # Before the scorers begin, whose spans are no part of what is judged.
        spans = None if usage.spans is None else captured_spans(usage.spans, self._project)
        usage.spans = None
        scores = {}
        if error is None:
            scores = await self._scores(item, output, span, spans=spans)
        _METER.forget(trace_id)
        evaluated = EvaluatedItem(
            item=item.key,
            index=item.index,
            epoch=epoch,
            outcome=_outcome(error),
            error=None if error is None else self._told(error),
            latency_ms=round(latency_ms, 3),
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cost_usd=usage.cost_usd,
            cluster=_text(row.get(self.plan.cluster)) if self.plan.cluster else None,
            slices={
                column: _text(row[column]) or "" for column in self.plan.slices if column in row
            },
            scores=scores,
            **span.ids,
        )
        self._spending.add(
            (usage.input_tokens or 0) + (usage.output_tokens or 0), usage.cost_usd or 0.0
        )
        span.end(evaluated, output, error)
        self._done(Example(item, output, evaluated), spans=spans)

    def _done(
        self, example: Example, *, is_new: bool = True, spans: list[Span] | None = None
    ) -> None:
        lean(example.item)
        for score in example.item.scores.values():
            lean(score)
        self.examples.append(example)
        if is_new and self.journal is not None:
            self.journal.add(example.item, example.output, self._versions, spans)
        self.on_done(example.item)
        if self.early_stop is not None and not self.is_decided:
            self.is_decided = self.early_stop.see(example.item)

    async def _scores(
        self,
        item: Item,
        output: Any,
        span: ExampleSpan,
        known: Remembered | None = None,
        *,
        spans: list[Span] | None,
    ) -> dict[str, ItemScore]:
        """What each scorer says; of scorers that have not changed, what they said before."""
        row = item.row
        values = {**row, "row": row, "output": output}
        values.setdefault("expected", None)
        if spans is not None:
            values.setdefault(SPANS, spans)  # A column of that name is the row's own.
        found: dict[str, ItemScore] = {}
        for call in self.plan.scorers:
            if known is not None and known.scorers.get(call.name) == call.subject.version:
                found |= _said_before(call.name, known.item)
                continue
            span.enter()
            try:
                answer = await self._score(call, values)
            except Exception as failure:  # noqa: BLE001  # A failed score is a state of its own; the other scorers go on.
                found[call.name] = ItemScore(error=self._told(failure))
            else:
                found |= read_scores(call.name, answer)
            finally:
                span.leave()
        return found

    async def _score(self, call: Call, values: dict[str, Any]) -> Any:
        if call.is_async:
            return await self._call(call, values)
        pace = self._paces[call.name]
        if not pace.calls:
            async with pace.first:
                if not pace.calls:
                    return await self._call(call.timed(pace.took), values)
        began_s = time.perf_counter()
        if pace.is_quick:
            answer = call.inline(values)
            pace.took(time.perf_counter() - began_s)
            return await answer if inspect.isawaitable(answer) else answer
        return await self._call(call.timed(pace.took), values)

    async def _call(self, call: Call, values: dict[str, Any]) -> Any:
        """Call it within its limit and time, again where that may help."""
        plan = self.plan
        return await self._attempts.call(
            call, values, timeout_s=plan.timeout_s, retries=plan.retries
        )

    def _told(self, error: BaseException) -> ItemError:
        return error_within(error, self.plan.timeout_s)


def _outcome(error: BaseException | None) -> Any:
    if error is None:
        return "ok"
    return "timeout" if isinstance(error, TimeoutError) else "error"


def _text(value: Any) -> str | None:
    return None if value is None else str(value)[:200]


def _said_before(name: str, item: EvaluatedItem) -> dict[str, ItemScore]:
    return {
        key: score
        for key, score in item.scores.items()
        if key == name or key.startswith(f"{name}.")
    }
