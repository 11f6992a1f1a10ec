"""Log a training of Lightning: `Trainer(logger=WeaveLogger())`.

    from lightning.pytorch import Trainer
    from weave_core.integrations.lightning import WeaveLogger

    Trainer(max_epochs=3, logger=WeaveLogger(project="digits")).fit(model, data)

The step is the Trainer's global step; Lightning logs the epoch along.  Works with `lightning` and
with `pytorch_lightning`, and as a logger of Fabric.
"""

from argparse import Namespace
from collections.abc import Mapping
from typing import Any, Literal

from weave_core.errors import RunStopped
from weave_core.integrations._trainings import TrainingRun, guarded, missing, numbers_of
from weave_core.tracing import Run
from weave_core.tracing.run_notes import mapping_of

try:
    from lightning.fabric.utilities.rank_zero import rank_zero_only
    from lightning.pytorch.loggers.logger import Logger
except ModuleNotFoundError:
    try:
        from lightning_fabric.utilities.rank_zero import rank_zero_only
        from pytorch_lightning.loggers.logger import Logger
    except ModuleNotFoundError as error:
        raise missing("lightning", "lightning") from error

__all__ = ["WeaveLogger"]


class WeaveLogger(Logger):  # type: ignore[misc]  # Not installed where types are checked.
    """A run as a logger of Lightning's; a test after the training goes on in the same run.

    Args:
        run: The run to log to; None: the program's open one, else a new one.
        prefix: What the names begin with.
        log_model: Whether checkpoints are stored as the artifact `model-ID`: True stores the best
            one at the end, with the alias `best`; `all` each one that is written.
        **options: What `weave_core.run` takes, for a new run; `every_rank=True` to log from all
            programs of a distributed training.
    """

    def __init__(
        self,
        run: Run | None = None,
        *,
        prefix: str = "",
        log_model: bool | Literal["all"] = False,
        **options: Any,
    ) -> None:
        super().__init__()
        self._project = options.get("project")
        self._training = TrainingRun(run, travels=True, **{"on_stop": "raise", **options})
        self._prefix = prefix
        self._watches: list[Any] = []
        self._keeps_model = log_model
        self._kept: set[str] = set()
        """Checkpoints that were stored."""
        self._best_path = ""

    @property
    def name(self) -> str | None:
        """The project."""
        run = self._training.run
        return self._project if run is None else run.project

    @property
    def version(self) -> str | None:
        """The run's id; None before it has begun."""
        run = self._training.run
        return self._training.last_id if run is None else run.id

    @property
    def experiment(self) -> Run | None:
        """The run; None in programs other than the first of a distributed training."""
        self._begin()
        return self._training.run

    def _begin(self) -> None:
        self._training.begin(is_first=rank_zero_only.rank in (None, 0), goes_on=True)

    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Log numbers at a step.

        Raises:
            RunStopped: If somebody asked for a stop; Lightning ends the training by it.
        """
        self._begin()
        self._training.log(
            {f"{self._prefix}{key}": value for key, value in metrics.items()}, step=step
        )
        if self._training.stop_requested:
            raise RunStopped(
                "a stop of this training was asked for",
                "WeaveLogger(on_stop='flag') leaves it to you",
            )

    @guarded
    def log_hyperparams(
        self, params: Mapping[str, Any] | Namespace, *_args: Any, **_options: Any
    ) -> None:
        """Take hyper-parameters as the run's config."""
        self._begin()
        self._training.configure(mapping_of(params))

    @guarded
    def after_save_checkpoint(self, checkpoint_callback: Any) -> None:
        """A checkpoint was written: which is the best one, and its score."""
        told: dict[str, Any] = {"checkpoint/best_path": checkpoint_callback.best_model_path}
        told |= numbers_of({"checkpoint/best_score": checkpoint_callback.best_model_score})
        self._training.summarize({key: value for key, value in told.items() if value})
        self._best_path = checkpoint_callback.best_model_path
        last = getattr(checkpoint_callback, "_last_checkpoint_saved", "")
        if self._keeps_model == "all" and last and last not in self._kept:
            self._kept.add(last)
            self._training.keep_files(last, ["best"] if last == self._best_path else [])

    @guarded
    def watch(self, model: Any, log: str = "gradients", log_freq: int = 100) -> None:
        """Look at the model's tensors too, until the training ends."""
        from weave_core.integrations._tensor_watches import watch_model  # Loads what it needs.

        self._begin()
        if self._training.run is not None:
            run = self._training.run
            self._watches.append(watch_model(run, model, log=log, log_freq=log_freq))

    def finalize(self, status: str) -> None:
        """The training, or a test, is over; a run that was begun for it ends."""
        watches, self._watches = self._watches, []
        for each in watches:
            each.remove()
        best, self._best_path = self._best_path, ""
        if self._keeps_model is True and best:
            self._training.keep_files(best, ["best"])
        self._training.end(error=f"Lightning: {status}" if status == "failed" else None)
