"""A worker of monitors: takes spans that came in, scores them, says what came of it, and again.

It holds nothing that would be lost with it: the server knows which spans it has, and hands them to
another when it falls silent.  What a scorer does never ends the worker, and no failure is a score.
"""

import asyncio
import os
import secrets
import socket
import time
from dataclasses import dataclass, field

from weave_core import tracing
from weave_core.client import Client
from weave_core.errors import NotFound, WeaveError
from weave_core.evals.attempts import Attempts, error_within
from weave_core.evals.calls import Call
from weave_core.evals.monitor_columns import SPANS, Columns
from weave_core.evals.monitor_scorers import ScorerShelf, asks_model
from weave_core.evals.retries import is_transient, pause_before
from weave_core.evals.scores import error_of, read_scores
from weave_core.model import (
    ItemScore,
    MonitorDefinition,
    MonitorItem,
    MonitorProblem,
    MonitorResult,
    MonitorTake,
    Span,
)
from weave_core.model.monitors import MAX_ITEM_SCORES, MAX_PROBLEM, MAX_TAKEN
from weave_core.tracing.failures import logger
from weave_core.tracing.usages import Usage, UsageMeter

__all__ = ["MonitorWorker", "Prepared", "read_span", "score_span"]

MAX_HUNG = 50
"""Calls of scorers that were left behind because their time ran out; then the worker ends, since
Python can't stop their threads, and whoever supervises it starts it anew."""
MAX_PREPARED = 200
"""Versions of monitors whose scorers a worker keeps ready."""
PROBLEM_PAUSE_S = 30.0
"""How long a worker leaves a monitor alone whose scorers can't be made."""
_STOP_S = 10.0
"""What is under way at the end may take so long; then it is handed back."""
_TELL_TRIES = 8
_MAX_WAIT_S = 30.0
_METER = UsageMeter()


@dataclass(frozen=True)
class Prepared:
    """The scorers of one version of a monitor."""

    definition: MonitorDefinition
    columns: Columns
    calls: list[Call]

    @classmethod
    def of(cls, definition: MonitorDefinition, shelf: ScorerShelf) -> "Prepared":
        """Make them.

        Raises:
            ConfigError: If a scorer can't be made.
        """
        columns = Columns.of(definition.mapping)
        return cls(definition, columns, shelf.calls(definition.scorers, columns.names))

    @property
    def wants_trace(self) -> bool:
        """Whether a scorer looks at the other spans of the trace."""
        return self.columns.wants_trace or any(SPANS in call.known for call in self.calls)


@dataclass(frozen=True)
class Scored:
    """What came of one span."""

    scores: dict[str, ItemScore]
    may_pass: bool
    """Whether a failure may pass: the network, a provider that is busy."""
    hung: int
    """Calls that were left behind."""


def read_span(
    client: Client, project: str, trace_id: str, span_id: str, prepared: Prepared
) -> tuple[Span, list[Span] | None]:
    """A span with its payload; and all of its trace, where a scorer looks at those.

    Raises:
        NotFound: If it is gone.
    """
    if prepared.wants_trace:
        spans = list(client.get_trace(project, trace_id).spans)
        for span in spans:
            if span.span_id == span_id:
                return span, spans
        raise NotFound(f"there is no span {span_id!r} in trace {trace_id!r}")
    return client.get_span(project, span_id, trace_id=trace_id), None


async def score_span(
    prepared: Prepared, span: Span, spans: list[Span] | None, attempts: Attempts
) -> Scored:
    """What each scorer says of a span; one that fails has an error, and the others go on."""
    definition = prepared.definition
    values = prepared.columns.read(span, spans)
    found: dict[str, ItemScore] = {}
    may_pass, hung = False, 0
    for call in prepared.calls:
        try:
            answer = await attempts.call(
                call, values, timeout_s=definition.timeout_s, retries=definition.retries
            )
        except Exception as failure:  # noqa: BLE001  # A failed score is a state of its own; the other scorers go on.
            found[call.name] = ItemScore(error=error_within(failure, definition.timeout_s))
            may_pass = may_pass or is_transient(failure)
            hung += isinstance(failure, TimeoutError) and not call.is_async
        else:
            found |= read_scores(call.name, answer)
    return Scored(dict(list(found.items())[:MAX_ITEM_SCORES]), may_pass, hung)


@dataclass
class MonitorWorker:
    """Scores for all monitors of a server until it is told to stop.

    One event loop, as many spans at a time as `concurrency`: what is in memory are those.
    """

    client: Client
    shelf: ScorerShelf
    concurrency: int = 8
    lease_s: float = 60.0
    projects: list[str] | None = None
    """Only those of these; None: all."""
    name: str = field(
        default_factory=lambda: f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
    )
    scored: int = 0
    """Spans that it has told of."""
    _prepared: dict[tuple[str, str, int], Prepared] = field(default_factory=dict)
    _broken: dict[tuple[str, str, int], float] = field(default_factory=dict)
    _hung: int = 0
    _results: list[MonitorResult] = field(default_factory=list)
    """What came of spans, yet to be told."""

    async def run(self, stop: asyncio.Event, *, until_idle: bool = False) -> None:
        """Work until `stop` is set; `until_idle`: or until there is nothing to do.

        Raises:
            WeaveError: If too many calls of scorers hang.
        """
        _METER.join()
        self._attempts = Attempts(self.concurrency)
        self._preparing = asyncio.Lock()
        self._telling = asyncio.Lock()
        under_way: dict[asyncio.Task[None], MonitorItem] = {}
        beating = asyncio.create_task(self._beat(under_way))
        failures = 0
        try:
            while not stop.is_set() and self._hung < MAX_HUNG:
                wait_s, failures = await self._turn(under_way, failures)
                if until_idle and wait_s > 0 and not under_way and not failures:
                    break
                if wait_s > 0:
                    await _first(stop, under_way, wait_s)
        finally:
            beating.cancel()
            await self._end(under_way)
        if self._hung >= MAX_HUNG:
            raise WeaveError(
                f"{self._hung} calls of scorers took longer than their time and still hang",
                "give them a time limit of their own; the monitors' pages name their errors",
            )

    async def _turn(
        self, under_way: dict["asyncio.Task[None]", MonitorItem], failures: int
    ) -> tuple[float, int]:
        """Take as much as there is room for; how long to wait, and failures in a row."""
        for task in [each for each in under_way if each.done()]:
            del under_way[task]
        room = min(self.concurrency - len(under_way), MAX_TAKEN)
        if room <= 0:
            return _MAX_WAIT_S, failures  # The first that ends wakes us.
        asked = MonitorTake(
            worker=self.name,
            limit=room,
            lease_s=self.lease_s,
            projects=self.projects,
            wants_spans=True,
        )
        try:
            claim = await asyncio.to_thread(self.client.take_items, asked)
        except WeaveError as error:
            if not failures:
                logger.warning("monitors: %s; trying again", error)
            return min(pause_before(failures + 1) + 0.2, _MAX_WAIT_S), failures + 1
        for item in claim.items:
            under_way[asyncio.create_task(self._work(item))] = item
        return claim.wait_s, 0

    async def _beat(self, under_way: dict["asyncio.Task[None]", MonitorItem]) -> None:
        while True:
            await asyncio.sleep(self.lease_s / 3)
            if under_way:
                try:
                    await asyncio.to_thread(self.client.beat_items, self.name, self.lease_s)
                except WeaveError as error:  # The next beat may get through; else they are lost.
                    logger.info("monitors: no heartbeat: %s", error)

    async def _end(self, under_way: dict["asyncio.Task[None]", MonitorItem]) -> None:
        """Let what is under way end, and hand back what does not."""
        if under_way:
            await asyncio.wait(under_way, timeout=_STOP_S)
        left = [task for task in under_way if not task.done()]
        back = [MonitorResult(token=under_way[task].token, outcome="handed_back") for task in left]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        if back:
            try:
                await asyncio.to_thread(self.client.tell_items, back)
            except WeaveError as error:  # Their lease ends by itself.
                logger.info("monitors: %d spans are not handed back: %s", len(back), error)

    async def _work(self, item: MonitorItem) -> None:
        try:
            result = await self._result(item)
        except Exception as failure:  # noqa: BLE001  # What one span does must not end the worker; it is an error of that span.
            logger.warning("monitors: a span can't be scored", exc_info=failure)
            error = ItemScore(error=error_of(failure))
            result = MonitorResult(token=item.token, outcome="scored", scores={item.monitor: error})
        await self._tell(result)

    async def _tell(self, result: MonitorResult) -> None:
        """Tell a result, together with those that have come while others were under way."""
        self._results.append(result)
        async with self._telling:
            told, self._results = self._results[:MAX_TAKEN], self._results[MAX_TAKEN:]
            if not told:  # Another has told it along.
                return
            for attempt in range(_TELL_TRIES):
                try:
                    await asyncio.to_thread(self.client.tell_items, told)
                except WeaveError as error:
                    logger.info("monitors: %d results are not taken: %s", len(told), error)
                    await asyncio.sleep(pause_before(attempt + 1))
                else:
                    self.scored += sum(each.outcome == "scored" for each in told)
                    return
        # The lease ends, and the spans are scored again.

    async def _result(self, item: MonitorItem) -> MonitorResult:
        prepared = await self._prepare(item)
        if prepared is None:
            return MonitorResult(token=item.token, outcome="handed_back", pause_s=PROBLEM_PAUSE_S)
        try:
            if item.span is not None and not prepared.wants_trace:
                span, spans = item.span, None
            else:
                span, spans = await asyncio.to_thread(
                    read_span, self.client, item.project, item.trace_id, item.span_id, prepared
                )
        except NotFound as error:
            gone = ItemScore(error=error_of(error))
            return MonitorResult(token=item.token, outcome="scored", scores={item.monitor: gone})
        except WeaveError as error:  # The server is away, or has too much to do.
            logger.info("monitors: a span can't be read: %s", error)
            return MonitorResult(token=item.token, outcome="handed_back", pause_s=1.0)
        scored, usage = await self._traced(item, prepared, span, spans)
        self._hung += scored.hung
        return MonitorResult(
            token=item.token,
            outcome="again" if scored.may_pass else "scored",
            scores=scored.scores,
            versions={call.name: call.subject.version or "" for call in prepared.calls},
            judges=[call.name for call in prepared.calls if asks_model(call)],
            cost_usd=usage.cost_usd,
            calls=len(prepared.calls),
        )

    async def _traced(
        self, item: MonitorItem, prepared: Prepared, span: Span, spans: list[Span] | None
    ) -> tuple[Scored, Usage]:
        """Score within a trace of its own, out of which is read what it costs."""
        marks = {"monitor": item.monitor, "project": item.project}
        async with tracing.span(f"monitor {item.monitor}", kind="evaluator", **marks) as handle:
            handle.set_inputs({"trace_id": item.trace_id, "span_id": item.span_id})
            usage = _METER.watch(handle.trace_id or "")
            try:
                scored = await score_span(prepared, span, spans, self._attempts)
            finally:
                _METER.forget(handle.trace_id or "")
            handle.set_outputs(
                {
                    name: each.model_dump(exclude_defaults=True)
                    for name, each in scored.scores.items()
                }
            )
        return scored, usage

    async def _prepare(self, item: MonitorItem) -> Prepared | None:
        """The scorers of a monitor's version; None where they can't be made, which is told."""
        # One at a time: of many spans of a monitor that can't score, one says so.
        async with self._preparing:
            return await self._prepare_once(item)

    async def _prepare_once(self, item: MonitorItem) -> Prepared | None:
        key = (item.project, item.monitor, item.version)
        if (known := self._prepared.get(key)) is not None:
            return known
        if time.monotonic() - self._broken.get(key, -PROBLEM_PAUSE_S) < PROBLEM_PAUSE_S:
            return None
        try:
            # In a thread, since what is imported may take its time.
            prepared = await asyncio.to_thread(Prepared.of, item.definition, self.shelf)
        except WeaveError as error:
            self._broken[key] = time.monotonic()
            await self._tell_problem(item, str(error))
            return None
        if len(self._prepared) >= MAX_PREPARED:
            self._prepared.clear()
            self._broken.clear()
        self._prepared[key] = prepared
        return prepared

    async def _tell_problem(self, item: MonitorItem, message: str) -> None:
        logger.warning("monitor %s of project %s: %s", item.monitor, item.project, message)
        problem = MonitorProblem(version=item.version, message=message[:MAX_PROBLEM])
        try:
            await asyncio.to_thread(
                self.client.tell_monitor_problem, item.project, item.monitor, problem
            )
        except WeaveError as error:
            logger.info("monitors: a problem is not told: %s", error)


async def _first(
    stop: asyncio.Event, under_way: dict["asyncio.Task[None]", MonitorItem], wait_s: float
) -> None:
    """Wait for the first that ends, for the end, or for `wait_s`."""
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait(
            [stopping, *under_way], timeout=wait_s, return_when=asyncio.FIRST_COMPLETED
        )
    finally:
        stopping.cancel()
