"""Log a training of CatBoost: `fit(..., callbacks=[WeaveCallback()])`.

    from catboost import CatBoostClassifier
    from weave_core.integrations.catboost import WeaveCallback

    callback = WeaveCallback()
    model.fit(data, eval_set=held_out, callbacks=[callback])
    callback.finish(model)

The step is the iteration.  CatBoost tells a callback neither its parameters nor its end: `finish`
takes both from the model.  On GPUs CatBoost takes no callbacks.
"""

from collections.abc import Mapping
from typing import Any

from weave_core.integrations._trainings import TrainingRun, guarded, most_important, numbers_of

__all__ = ["WeaveCallback"]


class WeaveCallback:
    """Logs every metric of every iteration.

    Args:
        run: The run to log to; None: the program's open one, else a new one.
        prefix: What the names begin with, where one run has several trainings.
        config: What the run was started with, such as `model.get_params()`.
        **options: What `weave_core.run` takes, for a new run; `every_rank=True` to log from all
            programs of a distributed training.
    """

    def __init__(
        self,
        run: Any = None,
        *,
        prefix: str = "",
        config: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> None:
        self._training = TrainingRun(run, **options)
        self._prefix = prefix
        self._config = config

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

    def finish(self, model: Any = None) -> None:
        """The training is over; a run that was begun for it ends.

        Args:
            model: What was trained: its parameters become the config, its best iteration, scores
                and importances the summary.
        """
        if model is not None:
            self._conclude(model)
        self._training.end()

    @guarded
    def _conclude(self, model: Any) -> None:
        self._training.configure(model.get_params())
        told: dict[str, Any] = {"best_iteration": model.get_best_iteration()}
        for data, scores in (model.get_best_score() or {}).items():
            told |= {f"best/{data}/{metric}": score for metric, score in scores.items()}
        told |= most_important(
            zip(model.feature_names_, model.get_feature_importance(), strict=True)
        )
        found = numbers_of(told)
        self._training.summarize({f"{self._prefix}{key}": each for key, each in found.items()})
