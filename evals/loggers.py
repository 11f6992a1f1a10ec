"""`EvaluationLogger`: the results of a loop that is yours, kept like those of an `Evaluation`."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from weave_core.errors import ConfigError
from weave_core.evals.datasets import Dataset
from weave_core.evals.endings import Ending
from weave_core.evals.records import begin_tracing, new_record
from weave_core.evals.results import EvaluationResult, baseline_of
from weave_core.evals.runner import Example
from weave_core.evals.scores import error_of, read_scores
from weave_core.evals.spans import EvaluationSpans
from weave_core.model import EvaluatedItem, ItemError, ItemScore, Subject
from weave_core.tracing import SpanHandle

__all__ = ["EvaluationLogger", "LoggedExample"]


class LoggedExample:
    """One example under way."""

    def __init__(self, span: SpanHandle) -> None:
        self.span = span
        """The root of its trace."""
        self.output: Any = None
        """Set it to what came out."""
        self.scores: dict[str, ItemScore] = {}

    def score(self, name: str, answer: Any) -> None:
        """Say how good it was: bool, number, text, dict or `Score`, as a scorer answers."""
        self.scores |= read_scores(name, answer)


class EvaluationLogger:
    """Log examples one by one; the numbers, the comparison and the gate come at the end.

    Example:
        >>> log = weave_core.EvaluationLogger("routing", task="router-v2")
        >>> for row in rows:
        ...     with log.example(row) as example:
        ...         example.output = route(row["question"])
        ...         example.score("right", example.output == row["expected"])
        >>> print(log.finish())

    Args:
        name: Evaluations of one name are compared.
        dataset: What the rows are called.
        task: What is judged.
        version: Of the task.
        tags: Names to find it by.
        cluster: A column: items with the same value are not independent.
        slices: Columns to compare within.
        baseline: As in `Evaluation`.
        gate: As in `Evaluation`.

    Raises:
        ConfigError: If the baseline can't be used.
        NotFound: If it is not stored.
    """

    def __init__(
        self,
        name: str,
        *,
        dataset: str = "logged",
        task: str = "logged",
        version: str | None = None,
        tags: Sequence[str] = (),
        cluster: str | None = None,
        slices: Sequence[str] = (),
        baseline: Any = None,
        gate: str | None = None,
    ) -> None:
        begin_tracing()
        self._baseline = baseline_of(baseline, name)
        self._gate, self._cluster, self._slices = gate, cluster, tuple(slices)
        self._record = new_record(
            name,
            dataset=Subject(name=dataset),
            task=Subject(name=task, version=version),
            tags=[str(tag) for tag in tags],
            baseline_id=None if self._baseline is None else self._baseline.evaluation_id,
        )
        self._spans = EvaluationSpans(self._record)
        self._spans.begin(self._record)
        self._examples: list[Example] = []
        self._epochs: Counter[str] = Counter()
        self._positions: dict[str, int] = {}
        self._is_finished = False

    @contextmanager
    def example(self, row: Mapping[str, Any]) -> Iterator[LoggedExample]:
        """Run one example as a trace of its own; the same row again is its next epoch.

        What is raised within is recorded as the example's failure, and goes on to your loop.

        Raises:
            ConfigError: If the row is no mapping, or the logger has finished.
        """
        if self._is_finished:
            raise ConfigError("this evaluation has finished", "make a new EvaluationLogger")
        item = Dataset([row]).items[0]
        epoch = self._epochs[item.key]
        self._epochs[item.key] += 1
        span = self._spans.begin_example(self._record.task.name, item.row)
        logged = LoggedExample(span.handle)
        error: BaseException | None = None
        began_s = time.perf_counter()
        span.enter()
        try:
            yield logged
        except BaseException as failure:
            error = failure
            raise
        finally:
            latency_ms = (time.perf_counter() - began_s) * 1000
            span.leave()
            told: ItemError | None = None if error is None else error_of(error)
            cluster = None if self._cluster is None else item.row.get(self._cluster)
            evaluated = EvaluatedItem(
                item=item.key,
                index=self._positions.setdefault(item.key, len(self._positions)),
                epoch=epoch,
                outcome="ok" if error is None else "error",
                error=told,
                latency_ms=round(latency_ms, 3),
                cluster=None if cluster is None else str(cluster)[:200],
                slices={c: str(item.row[c])[:200] for c in self._slices if c in item.row},
                scores=logged.scores,
                **span.ids,
            )
            span.end(evaluated, logged.output, error)
            self._examples.append(Example(item, logged.output, evaluated))

    def finish(self) -> EvaluationResult:
        """Work out the numbers and the verdict, and store them.

        Raises:
            ConfigError: If nothing was logged, or the gate names what there is not.
        """
        if not self._examples:
            raise ConfigError("nothing was logged", "log examples before finish()")
        self._is_finished = True
        scorers = dict.fromkeys(name for each in self._examples for name in each.item.scores)
        record = self._record.model_copy(
            update={
                "scorers": [Subject(name=name) for name in scorers],
                "epochs": max(self._epochs.values()),
                "planned": len(self._examples),
            }
        )
        return Ending(
            record=record,
            examples=self._examples,
            spans=self._spans,
            baseline=self._baseline,
            gate=self._gate,
        ).result()
