"""Log a training of LightGBM: `callbacks=[WeaveCallback()]`, in `train`, `cv` and the estimators.

    import lightgbm
    from weave_core.integrations.lightgbm import WeaveCallback

    lightgbm.train(params, data, valid_sets=[held_out], callbacks=[WeaveCallback()])

The step is the iteration.  Parameters are the config.
"""

import threading
from collections.abc import Callable
from typing import Any

from weave_core.integrations import _patching
from weave_core.integrations._trainings import TrainingRun, guarded, missing, most_important

try:
    from lightgbm.callback import EarlyStopException
except ModuleNotFoundError as error:
    raise missing("lightgbm", "lightgbm") from error

__all__ = ["WeaveCallback"]

_SPREAD = 4
"""Where a result of `cv` has how far its folds lie apart; one of `train` ends before."""


class WeaveCallback:
    """Logs every metric of every iteration, the parameters, the best iteration, the importances.

    Args:
        run: The run to log to; None: the program's open one, else a new one.
        prefix: What the names begin with, where one run has several trainings.
        importance: `gain` or `split`: the kind that is told; None: none.
        log_model: Whether the trained model is stored, as the artifact `model-ID`.
        **options: What `weave_core.run` takes, for a new run; `every_rank=True` to log from all
            programs of a distributed training.
    """

    order = 25
    """Before LightGBM's early stopping (30), which ends a training by an exception."""
    before_iteration = False

    def __init__(
        self,
        run: Any = None,
        *,
        prefix: str = "",
        importance: str | None = "gain",
        log_model: bool = False,
        **options: Any,
    ) -> None:
        self._training = TrainingRun(run, kind="lightgbm", **options)
        self._prefix = prefix
        self._importance = importance
        self._keeps_model = log_model

    def __call__(self, env: Any) -> None:
        """An iteration is over.

        Raises:
            EarlyStopException: If somebody asked for a stop: LightGBM's own way to end.
        """
        if env.iteration == env.begin_iteration:
            self._training.begin(env.params, is_new=True)
        self._tell(env)
        _under_way.callback, _under_way.env = self, env
        if self._training.stop_requested:
            raise EarlyStopException(env.iteration, env.evaluation_result_list or [])
        if env.iteration + 1 == env.end_iteration:
            self._conclude(env)

    @guarded
    def _tell(self, env: Any) -> None:
        values: dict[str, float] = {}
        for result in env.evaluation_result_list or ():
            fields = tuple(result)
            name = f"{self._prefix}{fields[0]}/{fields[1]}"
            values[name] = fields[2]
            if len(fields) > _SPREAD:
                values[f"{name}-std"] = fields[_SPREAD]
        self._training.log(values, step=env.iteration)

    @guarded
    def _conclude(self, env: Any, stopped: Any = None) -> None:
        """What the training came to; `stopped` is LightGBM's word that it ends before its time."""
        _under_way.callback = _under_way.env = None
        told: dict[str, float] = {}
        if stopped is not None:
            told["best_iteration"] = stopped.best_iteration
            for result in stopped.best_score:
                told[f"best/{result[0]}/{result[1]}"] = result[2]
        is_one = not hasattr(env.model, "boosters")
        if self._importance is not None and is_one:
            scores = env.model.feature_importance(importance_type=self._importance)
            told |= most_important(zip(env.model.feature_name(), scores, strict=True))
        self._training.summarize({f"{self._prefix}{key}": each for key, each in told.items()})
        if self._keeps_model and is_one:
            best = None if stopped is None else stopped.best_iteration + 1
            self._training.keep_model(
                "model.txt", lambda path: env.model.save_model(path, num_iteration=best)
            )
        self._training.end()


class _UnderWay(threading.local):
    callback: WeaveCallback | None = None
    env: Any = None


_under_way = _UnderWay()
"""The training of this thread, which early stopping ends without a word to other callbacks."""


def _noticed(original: Callable[..., None]) -> Callable[..., None]:
    def init(stopped: Any, *args: Any, **kwargs: Any) -> None:
        original(stopped, *args, **kwargs)
        if _under_way.callback is not None:
            _under_way.callback._conclude(_under_way.env, stopped)  # noqa: SLF001  # Its class stands above.

    return init


_patching.wrap(EarlyStopException, "__init__", _noticed)
