"""Log a training of XGBoost: `callbacks=[WeaveCallback()]`, in `train`, `cv` and the estimators.

    import xgboost
    from weave_core.integrations.xgboost import WeaveCallback

    xgboost.train(params, data, evals=[(held_out, "val")], callbacks=[WeaveCallback()])

The step is the round.  Parameters of the booster are the config.
"""

import json
from collections.abc import Mapping
from typing import Any

from weave_core.integrations._trainings import TrainingRun, guarded, missing, most_important

try:
    from xgboost.callback import TrainingCallback
except ModuleNotFoundError as error:
    raise missing("xgboost", "xgboost") from error

__all__ = ["WeaveCallback"]


class WeaveCallback(TrainingCallback):  # type: ignore[misc]  # Not installed where types are checked.
    """Logs every metric of every round, the parameters, the best round and the importances.

    Args:
        run: The run to log to; None: the program's open one, else a new one.
        prefix: What the names begin with, where one run has several trainings.
        importance: `gain`, `weight`, `cover`...: the kind that is told; None: none.
        log_model: Whether the trained model is stored, as the artifact `model-ID`.
        **options: What `weave_core.run` takes, for a new run; `every_rank=True` to log from all
            programs of a distributed training.
    """

    def __init__(
        self,
        run: Any = None,
        *,
        prefix: str = "",
        importance: str | None = "gain",
        log_model: bool = False,
        **options: Any,
    ) -> None:
        super().__init__()
        self._training = TrainingRun(run, kind="xgboost", **options)
        self._prefix = prefix
        self._importance = importance
        self._keeps_model = log_model

    def before_training(self, model: Any) -> Any:
        """The run is there, with the parameters as its config."""
        self._training.begin(is_new=True)
        self._configure(model)
        return model

    def after_iteration(self, model: Any, epoch: int, evals_log: Mapping[str, Any]) -> bool:  # noqa: ARG002
        """A round is over; gives whether the training should stop."""
        self._tell(epoch, evals_log)
        return self._training.stop_requested

    def after_training(self, model: Any) -> Any:
        """What the training came to."""
        self._conclude(model)
        if self._keeps_model and hasattr(model, "save_model"):
            self._training.keep_model("model.ubj", model.save_model)
        self._training.end()
        return model

    @guarded
    def _configure(self, model: Any) -> None:
        folds = getattr(model, "cvfolds", None)
        booster = folds[0].bst if folds else model
        told = json.loads(booster.save_config())["learner"]
        config = {"objective": told["objective"].get("name")}
        for part in told.get("gradient_booster", {}).values():
            if isinstance(part, Mapping):
                config |= {key: _setting(each) for key, each in part.items() if key != "updater"}
        self._training.configure({key: each for key, each in config.items() if each is not None})

    @guarded
    def _tell(self, epoch: int, evals_log: Mapping[str, Any]) -> None:
        values: dict[str, float] = {}
        for data, metrics in evals_log.items():
            for metric, history in metrics.items():
                name, last = f"{self._prefix}{data}/{metric}", history[-1]
                if isinstance(
                    last, tuple
                ):  # Of `cv`: the mean over folds, and how far they lie apart.
                    values |= {name: last[0], f"{name}-std": last[1]}
                else:
                    values[name] = last
        self._training.log(values, step=epoch)

    @guarded
    def _conclude(self, model: Any) -> None:
        if getattr(model, "cvfolds", None):
            return
        best = {"best_score": "best_score", "best_iteration": "best_iteration"}
        found = model.attributes()
        told = {
            f"{self._prefix}{key}": _number(found[name])
            for key, name in best.items()
            if name in found
        }
        if self._importance is not None and self._training.run is not None:
            scores = model.get_score(importance_type=self._importance)
            kept = most_important(scores.items())
            told |= {f"{self._prefix}{key}": each for key, each in kept.items()}
        self._training.summarize(told)


def _setting(text: Any) -> Any:
    """As it was given: XGBoost keeps settings in four bytes, and tells 0.300000012 of 0.3."""
    found = _number(text)
    return float(f"{found:.7g}") if isinstance(found, float) else found


def _number(text: Any) -> Any:
    """Settings are texts in XGBoost's own telling."""
    if not isinstance(text, str):
        return None
    try:
        number = float(text)
    except ValueError:
        return text
    return int(number) if number.is_integer() else number
