"""Log a training of Keras 3, on any of its backends: `fit(..., callbacks=[WeaveCallback()])`.

    import keras
    from weave_core.integrations.keras import WeaveCallback

    model.fit(x, y, validation_data=(vx, vy), epochs=3, callbacks=[WeaveCallback()])

`tf.keras` of TensorFlow 2.16 and newer is this same Keras.
"""

from collections.abc import Mapping
from typing import Any

from weave_core.integrations._trainings import TrainingRun, guarded, missing, numbers_of

try:
    from keras.callbacks import Callback
except ModuleNotFoundError as error:
    raise missing("keras", "keras") from error

__all__ = ["WeaveCallback"]


class WeaveCallback(Callback):  # type: ignore[misc]  # Not installed where types are checked.
    """Logs the metrics of each epoch, of batches too where asked, and the learning rate.

    Args:
        run: The run to log to; None: the program's open one, else a new one.
        log_freq: Every how many batches their metrics are logged as `batch/...`; the step is then
            the number of batches and epochs are the axis of their own metrics.  None: epochs only,
            which are the step.
        prefix: What the names begin with, where one run has several trainings.
        log_model: Whether the trained model is stored, as the artifact `model-ID`.
        **options: What `weave_core.run` takes, for a new run; `every_rank=True` to log from all
            programs of a distributed training.
    """

    def __init__(
        self,
        run: Any = None,
        *,
        log_freq: int | None = None,
        prefix: str = "",
        log_model: bool = False,
        **options: Any,
    ) -> None:
        super().__init__()
        self._training = TrainingRun(run, kind="keras", **options)
        self._log_freq = log_freq
        self._prefix = prefix
        self._batches = 0
        self._keeps_model = log_model

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:  # noqa: ARG002
        """The run is there, with optimizer and model as its config."""
        self._training.begin(is_new=True)
        self._configure()

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:  # noqa: ARG002
        """A batch is over."""
        self._batches += 1
        if self._log_freq and self._batches % self._log_freq == 0:
            self._tell("batch/", logs, self._batches, {})
        self._heed()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """An epoch is over, validation included."""
        self._tell_epoch(epoch, logs)
        self._heed()

    def on_test_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """An evaluation of its own is over; one within a training is told at the epoch's end."""
        self._tell_test(logs)

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:  # noqa: ARG002
        """The training is over."""
        if self._keeps_model:
            self._training.keep_model("model.keras", self.model.save)
        self._training.end()

    def _heed(self) -> None:
        if self._training.stop_requested:
            self.model.stop_training = True

    @guarded
    def _configure(self) -> None:
        config: dict[str, Any] = {key: self.params.get(key) for key in ("epochs", "steps")}
        optimizer = getattr(self.model, "optimizer", None)
        if optimizer is not None:
            config["optimizer"] = optimizer.get_config()
        config["model"] = {
            "name": self.model.name,
            "parameters": self.model.count_params() if self.model.built else None,
            "layers": len(self.model.layers),
        }
        self._training.configure(config)
        if self._log_freq:
            for kind in ("epoch/*",):
                self._training.define(f"{self._prefix}{kind}", step_metric="epoch")

    @guarded
    def _tell_epoch(self, epoch: int, logs: Mapping[str, Any] | None) -> None:
        epoch = self._training.placed("epoch", epoch, [f"{self._prefix}epoch"])
        extra: dict[str, float] = {"epoch": epoch}
        optimizer = getattr(self.model, "optimizer", None)
        if optimizer is not None:
            extra |= numbers_of({f"{self._prefix}learning_rate": optimizer.learning_rate})
        if self._log_freq:
            self._tell("epoch/", logs, self._batches, extra)
        else:
            self._tell("", logs, epoch, extra)

    @guarded
    def _tell_test(self, logs: Mapping[str, Any] | None) -> None:
        if self._training.run is None:
            found = numbers_of(logs or {})
            self._training.begin()
            self._training.summarize(
                {f"{self._prefix}test/{key}": each for key, each in found.items()}
            )
            self._training.end()

    @guarded
    def _tell(
        self, kind: str, logs: Mapping[str, Any] | None, step: int, extra: Mapping[str, float]
    ) -> None:
        values = {
            f"{self._prefix}{kind}{key}": each for key, each in numbers_of(logs or {}).items()
        }
        self._training.log({**values, **extra}, step=step)
