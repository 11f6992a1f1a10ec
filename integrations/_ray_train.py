"""Ray Train's runs: a callback in the controller, which hears all workers and how the run ends.

`ray.train.UserCallback` hears neither begin nor end, so the controller's own hooks are taken; Ray
Train calls them of any callback that has them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from weave_core import tracing
from weave_core.errors import RunStopped
from weave_core.integrations._trainings import TrainingRun, guarded, missing, numbers_of
from weave_core.tracing.failures import warn_once
from weave_core.tracing.run_joins import join
from weave_core.tracing.runs import current_run

try:
    from ray.train.v2._internal.execution.callback import ControllerCallback, ReportCallback
    from ray.train.v2._internal.execution.controller.state import ShuttingDownState
except ImportError as error:
    raise missing("ray[train], 2.51 or newer", "ray") from error

__all__ = ["WeaveTrainCallback"]


class WeaveTrainCallback(ControllerCallback, ReportCallback):  # type: ignore[misc]  # Not installed where types are checked.
    """Makes a run of a training of Ray Train, and logs what its workers report.

    Where the program has a run open, the training is a part of that one, which the program ends.
    A stop that is asked for ends the workers; `fit` raises `ray.train.ControllerError`, which has a
    `RunStopped` as its `controller_failure`.

    Args:
        every_rank: Whether what workers other than the first report is logged too, as
            `rank_1/loss`.
        **options: What `weave_core.run` takes, such as `project`, `name` and `tags`.
    """

    def __init__(self, *, every_rank: bool = False, **options: Any) -> None:
        self._every_rank = every_rank
        self._options = options
        self._training: TrainingRun | None = None
        self._reports = 0
        self._target: dict[str, str | None] = {}
        self._joins: tuple[str, str] | None = None
        """Project and id of the run that the program has open."""
        self._joined: tracing.Run | None = None

    def __getstate__(self) -> dict[str, Any]:
        """As Ray sends it to its controller: with where the program's spans go, and its run."""
        return {**self.__dict__, "_training": None, **self._told_on()}

    def _told_on(self) -> dict[str, Any]:
        if not tracing.is_active():
            return {}
        from weave_core.tracing.lifecycle import settings_in_force

        settings, run = settings_in_force(), current_run()
        target = {"project": settings.project, "endpoint": settings.endpoint}
        return {"_target": target, "_joins": None if run is None else (run.project, run.id)}

    @guarded
    def after_controller_start(self, train_run_context: Any) -> None:
        """The training begins."""
        if self._target and not tracing.is_active():
            tracing.init(self._target["project"], self._target["endpoint"])
        name = train_run_context.run_config.name
        if self._joins is not None:
            self._joined = join(*self._joins)
        # The first of its programs: what the workers are is not known here.
        options = {"name": name, **self._options}
        self._training = TrainingRun(self._joined, shares=False, **options)
        self._training.begin(_config(train_run_context), is_first=True, job_type="train")
        if self._training.run is not None:
            # Behind what was reported before: Ray goes on from a checkpoint without telling which.
            self._reports = max(0, self._training.run.step - 1)

    @guarded
    def after_report(self, training_report: Any, metrics: Sequence[Mapping[str, Any]]) -> None:
        """All workers have reported."""
        if self._training is None:
            return
        self._reports += 1
        for rank, told in enumerate(metrics):
            if rank and not self._every_rank:
                break
            prefix = f"rank_{rank}/" if rank else ""
            flat = {key: each for key, each in told.items() if not isinstance(each, Mapping)}
            nested = {key: each for key, each in told.items() if isinstance(each, Mapping) and each}
            named = {f"{prefix}{key}": each for key, each in {**numbers_of(flat), **nested}.items()}
            self._training.log(named, step=self._reports)
        if training_report.checkpoint is not None:
            self._training.summarize({"checkpoint": training_report.checkpoint.path})

    def after_controller_state_update(self, previous_state: Any, current_state: Any) -> None:  # noqa: ARG002
        """The controller has looked at its workers, as it does every two seconds.

        Raises:
            RunStopped: If somebody asked for a stop: what a callback raises ends a training, and is
                the only word that Ray takes from one.
        """
        is_ending = isinstance(current_state, ShuttingDownState) or current_state.is_terminal()
        if self._training is None or is_ending or not self._training.stop_requested:
            return
        self._end(None)
        raise RunStopped("a stop of this training was asked for", "fit() again goes on with it")

    @guarded
    def after_controller_finish(self, result: Any) -> None:
        """The training is over."""
        error = getattr(result, "error", None)
        self._end(None if error is None else str(error))

    @guarded
    def before_controller_abort(self) -> None:
        """Somebody has pressed Ctrl-C."""
        if self._training is not None:
            self._training.end("the training was aborted", state="killed")
        self._end(None)

    @guarded
    def _end(self, error: str | None) -> None:
        training, self._training = self._training, None
        if training is not None:
            training.end(error)
            if self._joined is not None:
                self._joined.finish()
            if not tracing.flush():
                warn_once("ray train", "not all of a training's run has reached the server yet")


def _config(context: Any) -> dict[str, Any]:
    loop = context.train_loop_config
    scaling = context.scaling_config
    workers = {"num_workers": scaling.num_workers, "use_gpu": scaling.use_gpu}
    return {**(loop if isinstance(loop, Mapping) else {}), "scaling": workers}
