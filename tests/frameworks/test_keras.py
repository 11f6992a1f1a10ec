"""Keras' trainings as runs."""

from typing import Any

import keras
import numpy as np
import pytest
from support.trainings import points

import weave_core
from weave_core import Client
from weave_core.compat import wandb
from weave_core.integrations.keras import WeaveCallback

X = np.random.default_rng(1).normal(size=(16, 3)).astype("float32")
Y = X.sum(axis=1, keepdims=True)


def model() -> keras.Model:
    """A small one, the same each time."""
    keras.utils.set_random_seed(1)
    made = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(1)])
    made.compile(keras.optimizers.SGD(0.05), loss="mse", metrics=["mae"])
    return made


def fit(made: keras.Model, *callbacks: Any, epochs: int = 3) -> Any:
    """Two batches an epoch."""
    options = {"batch_size": 8, "epochs": epochs, "verbose": 0, "validation_data": (X, Y)}
    return made.fit(X, Y, callbacks=list(callbacks), **options)


@pytest.mark.usefixtures("traced")
def test_each_epoch_is_a_step(client: Client, project: str) -> None:
    """What `fit` gives back, exactly, with the learning rate; a run is begun and finished."""
    made = model()
    history = fit(made, WeaveCallback(name="epochs")).history
    [run] = client.runs(project)
    found = points(client, project, run.run_id)
    for key in ("loss", "val_mae"):
        assert found[key] == dict(enumerate(history[key]))
    assert found["learning_rate"][2] == pytest.approx(0.05)
    assert (run.name, run.state) == ("epochs", "finished")
    assert run.config["epochs"] == 3
    assert run.config["optimizer"]["name"] == "sgd"
    assert run.config["model"]["parameters"] == 4


@pytest.mark.usefixtures("traced")
def test_batches_are_steps_and_epochs_their_own_axis(client: Client, project: str) -> None:
    """Where batches are asked for, both have the right x-axis in the run that is open."""
    with weave_core.run() as run:
        fit(model(), WeaveCallback(log_freq=1))
        assert run.state == "running"
    found = points(client, project, run.id)
    assert set(found["batch/loss"]) == {1, 2, 3, 4, 5, 6}
    assert found["epoch"] == {2: 0, 4: 1, 6: 2}
    assert set(found["epoch/val_loss"]) == {2, 4, 6}
    assert client.run(run.id, project).info.metrics["epoch/*"].step_metric == "epoch"


@pytest.mark.usefixtures("traced")
def test_a_stop_ends_the_training(client: Client, project: str) -> None:
    """What was asked for in the app ends `fit` as early stopping does."""
    callback = WeaveCallback()

    class Press(keras.callbacks.Callback):  # type: ignore[misc]  # Not installed where types are checked.
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
            if epoch == 1:
                callback._training.run.stop_requested = True  # type: ignore[union-attr]

    history = fit(model(), Press(), callback, epochs=50)
    assert len(history.history["loss"]) == 2
    assert [run.state for run in client.runs(project)] == ["killed"]


@pytest.mark.usefixtures("traced")
def test_a_failure_of_ours_is_a_warning(broken_run: Any) -> None:
    """The losses are the same as without us."""
    assert fit(model(), WeaveCallback(broken_run, log_freq=1)).history == fit(model()).history


@pytest.mark.usefixtures("traced")
def test_scripts_of_wandb_keep_their_callbacks(client: Client, project: str) -> None:
    """The same metrics by the same names, in the run that `wandb.init` began."""
    with wandb.init(project=project) as run:
        history = fit(model(), wandb.integration.keras.WandbMetricsLogger()).history
    assert points(client, project, run.id)["epoch/loss"] == dict(enumerate(history["loss"]))
    with wandb.init(project=project) as run:
        history = fit(model(), wandb.keras.WandbCallback(save_model=False)).history
    assert points(client, project, run.id)["val_loss"] == dict(enumerate(history["val_loss"]))
