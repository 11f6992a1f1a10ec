"""`Evaluation`: a dataset, a task and scorers; `run` gives the numbers and the verdict."""

import asyncio
import random
import threading
from collections.abc import Sequence
from typing import Any, Self

from weave_core import tracing
from weave_core.digests import digest_json
from weave_core.errors import ConfigError
from weave_core.evals.budgets import Budget
from weave_core.evals.calls import Call, call_of
from weave_core.evals.datasets import Dataset
from weave_core.evals.early_stops import EarlyStop
from weave_core.evals.endings import FLUSH_S, Ending, ended
from weave_core.evals.gates import check_names
from weave_core.evals.journals import Journal, warn_unwritable
from weave_core.evals.progress import Progress
from weave_core.evals.records import begin_tracing, new_record
from weave_core.evals.results import Baseline, EvaluationResult, baseline_of
from weave_core.evals.runner import SPANS, Plan, Runner
from weave_core.evals.spans import EvaluationSpans
from weave_core.model import StoredEvaluation, Subject
from weave_core.tracing.disabled import is_disabled
from weave_core.tracing.lifecycle import settings_in_force

__all__ = ["Evaluation"]

_SEED = 20_260_103
MAX_REPEATS = 1_000
"""Repeated rows of a dataset that a result names."""


class Evaluation:
    """A task, run on every item of a dataset and judged by scorers.

    Example:
        >>> def exact(output: str, expected: str) -> bool:
        ...     return output == expected
        >>> result = weave_core.Evaluation(
        ...     dataset=[{"question": "2 + 2?", "expected": "4"}],
        ...     task=lambda question: "4",
        ...     scorers=[exact],
        ...     gate="exact >= 0.5",
        ... ).run()
        >>> print(result)

    Args:
        dataset: A `Dataset`, or what one is made of.
        task: What is judged: a function, coroutine function or operation, or an object with
            `predict`.  It is called with the columns that its parameters are named after; a single
            parameter that is no column gets the whole row.
        scorers: Functions, or objects with `score`.  They may take `output`, `row`, and any column,
            such as `expected`, and `spans`: what the task did, as `weave_core.model.Span`s; they
            answer bool, number, text, dict, `Score` or None.
        name: Evaluations of one name are compared; default: the task's.
        epochs: How often each item is run, to see how steady the task is.
        cluster: A column: items with the same value are not independent (one document's).
        slices: Columns to compare within.
        baseline: What to compare with: an evaluation's id, a branch or tag (the last one of the
            same name that is done there), a JSON report's path, or a result.
        gate: What must hold, such as `accuracy >= 0.9 and accuracy.delta > -0.02`.
        tags: Names to find it by.
        concurrency: Most calls at a time; fewer where a provider says that it is too many.
        timeout_s: Longest call of the task or of a scorer; None: as long as it takes.
        retries: How often a call that failed on the way (network, busy server) is tried again.
        budget: Bounds in time, tokens and cost.
        stop_when_decided: Run the items in a random order, and no more of them once the gate is
            decided, by intervals that hold at every moment; for gates on scores from 0 to 1.
        cache: Use outputs that the same version of the task gave for the same item before.  Where
            nothing has changed at all, it is the same evaluation again, and only what failed is
            run.  Without it only an evaluation that was broken off goes on where it was.

    Raises:
        ConfigError: If an argument can't be used.
        BadRequest: If the gate can't be read.
    """

    def __init__(
        self,
        *,
        dataset: Any,
        task: Any,
        scorers: Sequence[Any],
        name: str | None = None,
        epochs: int = 1,
        cluster: str | None = None,
        slices: Sequence[str] = (),
        baseline: Any = None,
        gate: str | None = None,
        tags: Sequence[str] = (),
        concurrency: int = 32,
        timeout_s: float | None = 600.0,
        retries: int = 3,
        budget: Budget | None = None,
        cache: bool = False,
        stop_when_decided: bool = False,
    ) -> None:
        # All arguments as they were given, for `changed`; before any other name is bound.
        self._given: dict[str, Any] = {k: v for k, v in locals().items() if k != "self"}
        self.dataset = dataset if isinstance(dataset, Dataset) else Dataset(dataset)
        columns = self.dataset.columns | {"row"}
        self._task = call_of(task, role="task", columns=columns)
        given = columns | {"output", "expected", SPANS}
        self._scorers = [call_of(each, role="scorer", columns=given) for each in scorers]
        _check(self._scorers, epochs, concurrency)
        for column in (*((cluster,) if cluster else ()), *slices):
            if column not in columns:
                raise ConfigError(
                    f"no row has a column {column!r}", f"there are {', '.join(sorted(columns))}"
                )
        if gate is not None:
            check_names(gate, [call.name for call in self._scorers])
        items = [*self.dataset.items]
        if stop_when_decided:
            if gate is None or epochs > 1:
                raise ConfigError("stop_when_decided needs a gate, and items that are run once")
            EarlyStop(gate)
            random.Random(_SEED).shuffle(items)  # noqa: S311  # A fair sample, the same each time.
        self._stops_early = stop_when_decided
        self.name = name or self._task.name
        self.baseline = baseline
        self.gate = gate
        self.tags = [str(tag) for tag in tags]
        self._uses_cache = cache
        self._plan = Plan(
            items=items,
            epochs=epochs,
            task=self._task,
            scorers=self._scorers,
            cluster=cluster,
            slices=tuple(slices),
            concurrency=concurrency,
            timeout_s=timeout_s,
            retries=retries,
            budget=budget or Budget(),
        )

    def changed(self, **changes: Any) -> Self:
        """The same evaluation with other arguments, as a command line gives them.

        Raises:
            ConfigError: If there is no such argument, or it can't be used.
            BadRequest: If the gate can't be read.
        """
        unknown = changes.keys() - self._given.keys()
        if unknown:
            raise ConfigError(
                f"an evaluation has no {', '.join(sorted(unknown))}",
                f"it has {', '.join(self._given)}",
            )
        return type(self)(**{**self._given, **changes})

    def run(self, *, progress: bool = True) -> EvaluationResult:
        """Run it to the end; also within a running event loop, such as a notebook's.

        Ctrl-C stops it with nothing lost: the same evaluation goes on from there.

        Args:
            progress: Tell on standard error how far it is.

        Raises:
            ConfigError: If the gate names what there is not.
            NotFound: If the baseline is not stored.
        """
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return asyncio.run(self.arun(progress=progress))
        found: list[EvaluationResult] = []
        failed: list[BaseException] = []

        def work() -> None:
            try:
                found.append(asyncio.run(self.arun(progress=progress)))
            except BaseException as error:  # noqa: BLE001  # Raised again below, where it is waited for.
                failed.append(error)

        thread = threading.Thread(target=work, name="weave-core-evaluation", daemon=True)
        thread.start()
        thread.join()
        if failed:
            raise failed[0]
        return found[0]

    async def arun(self, *, progress: bool = True) -> EvaluationResult:
        """The same within an event loop of your own."""
        begin_tracing()
        baseline = baseline_of(self.baseline, self.name)
        journal = self._journal()
        record = self._record(journal, baseline)
        spans = EvaluationSpans(record)
        spans.begin(record)
        if journal is not None:
            journal.begin(record.evaluation_id)
        shown = Progress(self.name, self._plan.size, is_shown=progress)
        runner = Runner(self._plan, spans, journal, shown.advance)
        if self._stops_early and self.gate is not None:
            runner.early_stop = EarlyStop(self.gate)
        try:
            with shown:
                await runner.run()
        except BaseException as error:
            is_stopped = isinstance(error, asyncio.CancelledError | KeyboardInterrupt)
            state = "stopped" if is_stopped else "failed"
            if is_stopped and journal is not None:
                shown.say("stopped; run it again, and it goes on from there")
            spans.end(ended(record, state, runner.examples))
            tracing.flush(FLUSH_S, is_patient=False)
            raise
        return await asyncio.to_thread(self._finish, record, runner, spans, baseline)

    def _finish(
        self,
        record: StoredEvaluation,
        runner: Runner,
        spans: EvaluationSpans,
        baseline: Baseline | None,
    ) -> EvaluationResult:
        if runner.journal is not None and runner.stopped_by is None:
            runner.journal.end()
        return Ending(
            record=record,
            examples=runner.examples,
            spans=spans,
            baseline=baseline,
            gate=self.gate,
            stopped_by=runner.stopped_by,
            intervals=runner.early_stop.intervals if runner.early_stop is not None else None,
            problems=[problem.message for problem in self.dataset.problems],
            repeats=self._repeats(),
        ).result()

    def _repeats(self) -> list[int]:
        """Rows that say what another one says, where nothing groups them."""
        if self._plan.cluster is not None:
            return []
        return [item.index for item in self.dataset.repeats[:MAX_REPEATS]]

    def _journal(self) -> Journal | None:
        version = self._task.subject.version
        if version is None or is_disabled():
            return None
        settings = settings_in_force()
        told = [settings.project, self.name, self.dataset.digest, self._plan.epochs]
        path = settings.home / "evals" / f"{version.removeprefix('sha256:')[:32]}.jsonl"
        scorers = digest_json([[each.name, each.subject.version] for each in self._scorers])
        try:
            return Journal(
                path, plan=digest_json(told), scorers=scorers, uses_finished=self._uses_cache
            )
        except OSError as error:
            warn_unwritable(path, error)
            return None

    def _record(self, journal: Journal | None, baseline: Baseline | None) -> StoredEvaluation:
        plan = self._plan
        resumed_id = journal.resumed_id if journal is not None else None
        return new_record(
            self.name,
            evaluation_id=resumed_id,
            dataset=Subject(name=self.dataset.name, version=self.dataset.digest),
            task=self._task.subject,
            scorers=[call.subject for call in self._scorers],
            epochs=plan.epochs,
            tags=self.tags,
            baseline_id=None if baseline is None else baseline.evaluation_id,
            planned=plan.size,
            config={"concurrency": plan.concurrency, "timeout_s": plan.timeout_s},
        )


def _check(scorers: Sequence[Call], epochs: int, concurrency: int) -> None:
    names = [call.name for call in scorers]
    twice = {name for name in names if names.count(name) > 1}
    if not names:
        raise ConfigError("an evaluation was given no scorers", "give at least one function")
    if twice:
        raise ConfigError(f"two scorers are called {twice.pop()!r}", "give each a name of its own")
    if epochs < 1 or concurrency < 1:
        raise ConfigError(f"epochs is {epochs} and concurrency {concurrency}", "give 1 or more")
