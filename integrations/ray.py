"""Log Ray: a run for each trial of Ray Tune, and one for each training of Ray Train.

    from ray import train, tune
    from weave_core.integrations.ray import WeaveLoggerCallback, WeaveTrainCallback

    config = train.RunConfig(callbacks=[WeaveTrainCallback(project="digits")])
    TorchTrainer(fit, scaling_config=workers, run_config=config).fit()

    config = tune.RunConfig(callbacks=[WeaveLoggerCallback(project="digits")])
    tune.Tuner(train, param_space=space, run_config=config).fit()

What the first worker of Ray Train reports is a step, counted from 1; the parameters of its loop are
the config.  Its callback runs in Ray's controller, where a server's key is known if Ray was started
with `WEAVE_CORE_API_KEY`.

Of Ray Tune the step is the training iteration; a trial's parameters are its config, the experiment
its group.  A stop that is asked for ends a trial when it reports next, a training of Train within
seconds.  In a training function the callbacks of the framework that it uses log as anywhere: the
first worker alone, unless `every_rank=True`.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from weave_core.integrations._trainings import TrainingRun, guarded, missing, numbers_of

try:
    from ray.tune.logger import LoggerCallback
except ModuleNotFoundError as error:
    raise missing("ray[tune]", "ray") from error

if TYPE_CHECKING:
    from weave_core.integrations._ray_train import WeaveTrainCallback

__all__ = ["WeaveLoggerCallback", "WeaveTrainCallback"]

_AXIS = "training_iteration"
_LEFT_OUT = {"config", "done", "pid", "date", "timestamp", "node_ip", "hostname", "trial_id"}


class WeaveLoggerCallback(LoggerCallback):  # type: ignore[misc]  # Not installed where types are checked.
    """Makes a run of each trial, and logs what it reports.

    Args:
        **options: What `weave_core.run` takes, such as `project`, `group` and `tags`.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__()
        self._options = options
        self._trials: dict[str, TrainingRun] = {}

    @guarded
    def log_trial_start(self, trial: Any) -> None:
        """A trial begins, or goes on."""
        if trial.trial_id in self._trials:
            return
        group = self._options.get("group") or getattr(trial, "experiment_dir_name", None)
        own = {"name": str(trial), "id": trial.trial_id, "job_type": "trial", "group": group}
        # Its own run in any case: several trials are under way side by side.
        training = TrainingRun(shares=False, **{**own, **self._options})
        training.begin(trial.config, is_first=True)
        self._trials[trial.trial_id] = training

    @guarded
    def on_step_begin(self, iteration: int, trials: Any, **_: Any) -> None:  # noqa: ARG002
        """Ray looks for news of its trials, as it does ten times a second."""
        asked = {key for key, training in self._trials.items() if training.stop_requested}
        for trial in trials if asked else ():
            if trial.trial_id in asked:
                # Ray's own way to end a trial: what it reports next fulfils it.
                trial.stopping_criterion = {**trial.stopping_criterion, _AXIS: 0}

    @guarded
    def log_trial_result(self, iteration: int, trial: Any, result: Mapping[str, Any]) -> None:
        """A trial has reported."""
        if trial.trial_id not in self._trials:
            self.log_trial_start(trial)
        told = {key: each for key, each in result.items() if key not in _LEFT_OUT}
        flat = {key: each for key, each in told.items() if not isinstance(each, Mapping)}
        nested = {key: each for key, each in told.items() if isinstance(each, Mapping) and each}
        step = result.get(_AXIS, iteration)
        self._trials[trial.trial_id].log({**numbers_of(flat), **nested}, step=step)

    @guarded
    def log_trial_end(self, trial: Any, failed: bool = False) -> None:  # noqa: FBT001, FBT002  # Ray's.
        """A trial is over."""
        training = self._trials.pop(trial.trial_id, None)
        if training is not None:
            training.end("the trial has failed" if failed else None)

    @guarded
    def on_experiment_end(self, trials: Any, **_: Any) -> None:  # noqa: ARG002
        """All is over: what is still under way was broken off, by Ctrl-C or a time limit."""
        while self._trials:
            self._trials.popitem()[1].end("the experiment ended before the trial", state="killed")


def __getattr__(name: str) -> Any:
    """`WeaveTrainCallback`, of a Ray that has what it needs."""
    if name == "WeaveTrainCallback":
        from weave_core.integrations._ray_train import WeaveTrainCallback

        return WeaveTrainCallback
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
