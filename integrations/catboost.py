"""Log a training of CatBoost: `fit(..., callbacks=[WeaveCallback()])`.

    from catboost import CatBoostClassifier
    from weave_core.integrations.catboost import WeaveCallback

    model.fit(data, eval_set=held_out, callbacks=[WeaveCallback()])

The step is the iteration.  CatBoost tells a callback neither its parameters nor its end: importing
this module wraps the method that all of its `fit` train by, which hears both, a failure too.  On
GPUs CatBoost takes no callbacks.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from weave_core.integrations import _patching
from weave_core.integrations._trainings import (
    TrainingRun,
    guarded,
    missing,
    most_important,
    numbers_of,
)
from weave_core.tracing.failures import warn_once
from weave_core.tracing.run_outcomes import outcome_of

try:
    from catboost import CatBoost
except ModuleNotFoundError as error:
    raise missing("catboost", "catboost") from error

__all__ = ["WeaveCallback"]

_TRAIN = "_train"
"""The method of `CatBoost` that every `fit` trains by."""


class WeaveCallback:
    """Logs every metric of every iteration, the parameters, best scores and importances.

    Args:
        run: The run to log to; None: the program's open one, else a new one.
        prefix: What the names begin with, where one run has several trainings.
        config: What the run was started with, beside the parameters.
        log_model: Whether the trained model is stored, as the artifact `model-ID`.
        **options: What `weave_core.run` takes, for a new run; `every_rank=True` to log from all
            programs of a distributed training.
    """

    def __init__(
        self,
        run: Any = None,
        *,
        prefix: str = "",
        config: Mapping[str, Any] | None = None,
        log_model: bool = False,
        **options: Any,
    ) -> None:
        self._training = TrainingRun(run, kind="catboost", **options)
        self._prefix = prefix
        self._config = config
        self._keeps_model = log_model

    def after_iteration(self, info: Any) -> bool:
        """An iteration is over; gives whether the training should go on."""
        self._training.begin(self._config)
        self._tell(info)
        return not self._training.stop_requested

    @guarded
    def _tell(self, info: Any) -> None:
        values = {
            f"{self._prefix}{data}/{metric}": history[-1]
            for data, metrics in (info.metrics or {}).items()
            for metric, history in metrics.items()
            if history
        }
        # CatBoost counts from 1; a run of ours from 0, as all other libraries.
        self._training.log(values, step=int(info.iteration) - 1)

    @guarded
    def _begin(self, model: Any) -> None:
        self._training.begin({**model.get_params(), **(self._config or {})}, is_new=True)

    def _break_off(self, error: BaseException) -> None:
        state, told = outcome_of(error)
        self._training.end(told, state=state)

    def finish(self, model: Any = None) -> None:
        """The training is over; a run that was begun for it ends.

        `fit` calls it; call it yourself where another library trains by CatBoost's inner classes.

        Args:
            model: What was trained: its parameters become the config, its best iteration, scores
                and importances the summary.
        """
        if model is not None:
            self._conclude(model)
            self._tell_importances(model)
            if self._keeps_model:
                self._training.keep_model("model.cbm", model.save_model)
        self._training.end()

    @guarded
    def _conclude(self, model: Any) -> None:
        # With what CatBoost chose itself, such as the learning rate.
        self._training.configure({**model.get_params(), **model.get_all_params()})
        told: dict[str, Any] = {"best_iteration": model.get_best_iteration()}
        for data, scores in (model.get_best_score() or {}).items():
            told |= {f"best/{data}/{metric}": score for metric, score in scores.items()}
        self._summarize(told)

    @guarded
    def _tell_importances(self, model: Any) -> None:
        # By name: what a ranking is asked for by itself needs its data again.
        scores = model.get_feature_importance(type="PredictionValuesChange")
        self._summarize(most_important(zip(model.feature_names_, scores, strict=True)))

    def _summarize(self, told: Mapping[str, Any]) -> None:
        found = numbers_of(told)
        self._training.summarize({f"{self._prefix}{key}": each for key, each in found.items()})


def _heard(original: Callable[..., Any]) -> Callable[..., Any]:
    def train(model: Any, *args: Any, **kwargs: Any) -> Any:
        callbacks = _ours_in((*args, *kwargs.values()))
        for each in callbacks:
            each._begin(model)  # noqa: SLF001  # Its class stands above.
        try:
            result = original(model, *args, **kwargs)
        except BaseException as error:
            for each in callbacks:
                each._break_off(error)  # noqa: SLF001  # As above.
            raise
        for each in callbacks:
            each.finish(model)
        return result

    return train


def _ours_in(given: Iterable[Any]) -> list[WeaveCallback]:
    """Those of ours among the callbacks of a training, each once."""
    found = [each["callbacks"] for each in given if isinstance(each, dict) and "callbacks" in each]
    callbacks = [each for wrapper in found for each in getattr(wrapper, "_callbacks", None) or ()]
    return list(dict.fromkeys(each for each in callbacks if isinstance(each, WeaveCallback)))


if hasattr(CatBoost, _TRAIN):
    _patching.wrap(_patching.defining_class(CatBoost, _TRAIN), _TRAIN, _heard)
else:
    warn_once("catboost end", "this CatBoost trains another way: call callback.finish(model)")
