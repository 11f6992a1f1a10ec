"""Log what scikit-learn has trained: an estimator's scores and curves, and its nested fits.

from weave_core.integrations.sklearn import WeaveCallback, log_estimator

search = GridSearchCV(pipeline, grid).set_callbacks(WeaveCallback())  # scikit-learn 1.9
search.fit(x, y)
log_estimator(search, held_out_x, held_out_y)
"""

import sys
from typing import Any

from opentelemetry import trace

from weave_core.integrations._sklearn_scores import curves_of, importances_of, scores_of
from weave_core.integrations._trainings import TrainingRun, guarded, numbers_of
from weave_core.tracing import Run
from weave_core.tracing.failures import warn_once
from weave_core.tracing.run_outcomes import outcome_of
from weave_core.versions import package_version

__all__ = ["WeaveCallback", "log_estimator"]

MAX_CANDIDATES = 10_000
"""Settings of a search that are logged, a step each."""
MAX_OPEN_FITS = 10_000
"""Fits that have begun and not ended; further ones get no span."""


def log_estimator(
    estimator: Any,
    x: Any,
    y: Any = None,
    *,
    run: Run | None = None,
    prefix: str = "",
    curves: bool = True,
    **options: Any,
) -> dict[str, float]:
    """Score a fitted estimator on held-out data, and log scores, curves and importances.

    What is told depends on what it is: a classifier (accuracy, precision, recall, F1, ROC and PR
    curves, calibration, confusion matrix), a regressor (R2, errors, residuals), a clustering
    (silhouette and the like).  Scores are the summary; a curve's points are steps with an x-axis of
    their own.  What can't be computed is left out; nothing is raised.

    Example:
        >>> log_estimator(model, x_test, y_test, prefix="test/")
        {'accuracy': 0.97, ...}

    Args:
        estimator: A fitted estimator; a search is its best one.
        x: Data that it was not trained on.
        y: What is true of them; none for a clustering.
        run: Where to log; None: the program's open run, else a new one.
        prefix: What the names begin with, where one run has several estimators.
        curves: Whether curves are logged too.
        **options: What `weave_core.run` takes, for a new run.

    Returns:
        The scores.
    """
    training = TrainingRun(run, **options)
    training.begin(_config_of(estimator))
    scores = scores_of(estimator, x, y)
    told = {**scores, **importances_of(estimator)}
    training.summarize({f"{prefix}{key}": value for key, value in told.items()})
    if curves:
        for curve in curves_of(estimator, x, y):
            training.define(f"{prefix}{curve.y_name}", step_metric=f"{prefix}{curve.x_name}")
            for step, (at, value) in enumerate(curve.points):
                training.log(
                    {f"{prefix}{curve.x_name}": at, f"{prefix}{curve.y_name}": value}, step=step
                )
    training.end()
    return scores


def _config_of(estimator: Any) -> dict[str, Any]:
    try:
        return {**estimator.get_params(), "estimator_class": type(estimator).__name__}
    except Exception as error:  # noqa: BLE001  # An estimator of somebody's own; it is scored all the same.
        warn_once("sklearn config", "parameters of an estimator can't be told", error=error)
        return {"estimator_class": type(estimator).__name__}


class WeaveCallback:
    """Nested fits as spans, and a search's candidates as steps, by `set_callbacks`.

    scikit-learn has callbacks from version 1.9 on.  Each task of a fit (a candidate, a fold, a step
    of a pipeline, an iteration) is a span below the one that it is a part of.  When a search is
    over, each of its candidates is a step with its scores, and the best one is the summary.  Fits
    in other processes (`n_jobs`) have no spans; their scores are there all the same.

    Args:
        run: The run to log to; None: the program's open one, else a new one.
        prefix: What the names begin with, where one run has several trainings.
        max_depth: How many estimators deep; None: all.
        **options: What `weave_core.run` takes, for a new run.
    """

    def __init__(
        self,
        run: Run | None = None,
        *,
        prefix: str = "",
        max_depth: int | None = None,
        **options: Any,
    ) -> None:
        self._training = TrainingRun(run, **options)
        self._prefix = prefix
        self._max_depth = max_depth
        self._fits = _Fits()
        self._handled: BaseException | None = None
        """What the program was handling when the fit began, which is no failure of the fit."""

    @property
    def max_propagation_depth(self) -> int | None:
        """How many estimators deep scikit-learn hands it on."""
        return self._max_depth

    def setup(self, estimator: Any, context: Any) -> None:  # noqa: ARG002
        """The outermost fit begins."""
        self._handled = sys.exception()
        self._training.begin(_config_of(estimator), is_new=True)

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:  # noqa: ARG002
        """A part of it begins."""
        self._fits.begin(context)

    def on_fit_task_end(self, estimator: Any, context: Any) -> bool:  # noqa: ARG002
        """A part of it is over; gives whether it should stop."""
        self._fits.end(context)
        return self._training.stop_requested

    def teardown(self, estimator: Any, context: Any) -> None:  # noqa: ARG002
        """The outermost fit is over, or has failed."""
        self._fits.end_all()
        self._tell(estimator)
        # scikit-learn calls it while the fit's own exception is under way.
        error, handled, self._handled = sys.exception(), self._handled, None
        state, told = outcome_of(None if error is handled else error)
        self._training.end(told, state=None if state == "finished" else state)

    @guarded
    def _tell(self, estimator: Any) -> None:
        results = getattr(estimator, "cv_results_", None)
        if results is None:
            return
        columns = {key: each for key, each in results.items() if not key.startswith("param")}
        for step in range(min(len(results["params"]), MAX_CANDIDATES)):
            values = numbers_of({key: column[step] for key, column in columns.items()})
            params = {f"param/{key}": each for key, each in results["params"][step].items()}
            told = {**values, **numbers_of(params)}
            self._training.log({f"{self._prefix}{key}": each for key, each in told.items()}, step)
        best = {"best_index": estimator.best_index_}
        if hasattr(estimator, "best_score_"):
            best["best_score"] = estimator.best_score_
        chosen = {f"best_params/{key}": each for key, each in estimator.best_params_.items()}
        told = {**numbers_of(best), **{key: _plain(each) for key, each in chosen.items()}}
        self._training.summarize({f"{self._prefix}{key}": each for key, each in told.items()})

    def __getstate__(self) -> dict[str, Any]:
        """Without open spans: scikit-learn sends its callbacks to the processes it works with."""
        return {**self.__dict__, "_fits": _Fits(), "_handled": None}

    def __deepcopy__(self, memo: dict[int, Any]) -> "WeaveCallback":
        """Itself: scikit-learn clones estimators with their callbacks."""
        return self


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool | None) else str(value)


class _Fits:
    """The spans of fits that have begun and not ended; fits may run in threads."""

    def __init__(self) -> None:
        self._spans: dict[tuple[Any, ...], trace.Span] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        return _Fits, ()

    @guarded
    def begin(self, context: Any) -> None:
        """A task begins, below the one that it is a part of."""
        if len(self._spans) >= MAX_OPEN_FITS:
            return
        parent = None if context.parent is None else self._spans.get(_place(context.parent))
        within = None if parent is None else trace.set_span_in_context(parent)
        tracer = trace.get_tracer("weave_core.integrations.sklearn", package_version())
        place = _place(context)
        # A part of a search that is an estimator itself: both tell of the same task.
        if place in self._spans:
            return
        span = tracer.start_span(
            f"{context.estimator_name} {context.task_name}".strip(), context=within
        )
        told = {"task": context.task_name, "task_id": context.task_id}
        told |= {"estimator": context.estimator_name}
        for key, value in told.items():
            span.set_attribute(f"sklearn.{key}", value if isinstance(value, int) else str(value))
        self._spans[place] = span

    @guarded
    def end(self, context: Any) -> None:
        """A task is over."""
        span = self._spans.pop(_place(context), None)
        if span is not None:
            span.end()

    @guarded
    def end_all(self) -> None:
        """The outermost fit is over: what has not ended was broken off."""
        while self._spans:
            self._spans.popitem()[1].end()


def _place(context: Any) -> tuple[Any, ...]:
    """Where a task is in the tree of its fit."""
    place: list[Any] = []
    root = context.root_uuid
    while context is not None:
        place.append(context.task_id)
        context = context.parent
    return (root, *reversed(place))
