"""Ray Train's runs: a callback in the controller, which hears all workers and how the run ends.

`ray.train.UserCallback` hears neither begin nor end, so the controller's own hooks are taken; Ray
Train calls them of any callback that has them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from weave_core import tracing
from weave_core.integrations._trainings import TrainingRun, guarded, missing, numbers_of
from weave_core.tracing.failures import warn_once
from weave_core.tracing.runs import current_run

try:
    from ray.train.v2._internal.execution.callback import ControllerCallback, ReportCallback
except ImportError as error:
    raise missing("ray[train], 2.51 or newer", "ray") from error

__all__ = ["WeaveTrainCallback"]


class WeaveTrainCallback(ControllerCallback, ReportCallback):  # type: ignore[misc]  # Not installed where types are checked.
    """Makes a run of a training of Ray Train, and logs what its workers report.

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

    def __getstate__(self) -> dict[str, Any]:
        """As Ray sends it to its controller: with where the program's spans go, and its run."""
        return {**self.__dict__, "_training": None, **self._told_on()}

    def _told_on(self) -> dict[str, Any]:
        if not tracing.is_active():
            return {}
        from weave_core.tracing.lifecycle import settings_in_force

        settings, run = settings_in_force(), current_run()
        options = dict(self._options)
        if run is not None:
            options |= {"project": run.project, "id": run.id}
        target = {"project": settings.project, "endpoint": settings.endpoint}
        return {"_target": target, "_options": options}

    @guarded
    def after_controller_start(self, train_run_context: Any) -> None:
        """The training begins."""
        if self._target and not tracing.is_active():
            tracing.init(self._target["project"], self._target["endpoint"])
        name = train_run_context.run_config.name
        # The first of its programs: what the workers are is not known here.
        self._training = TrainingRun(shares=False, **{"name": name, **self._options})
        self._training.begin(_config(train_run_context), is_first=True, job_type="train")

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

    @guarded
    def after_controller_finish(self, result: Any) -> None:
        """The training is over."""
        error = getattr(result, "error", None)
        self._end(None if error is None else str(error))

    @guarded
    def before_controller_abort(self) -> None:
        """Somebody has pressed Ctrl-C."""
        self._end("the training was aborted")

    def _end(self, error: str | None) -> None:
        training, self._training = self._training, None
        if training is not None:
            training.end(error)
            if not tracing.flush():
                warn_once("ray train", "not all of a training's run has reached the server yet")


def _config(context: Any) -> dict[str, Any]:
    loop = context.train_loop_config
    scaling = context.scaling_config
    workers = {"num_workers": scaling.num_workers, "use_gpu": scaling.use_gpu}
    return {**(loop if isinstance(loop, Mapping) else {}), "scaling": workers}
