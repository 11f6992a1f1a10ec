"""What every callback promises: a training is as it is without us, whatever happens to its record.

One small training of each library, which a test may spoil as a callback of the program's own would.
"""

import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import catboost
import keras
import lightgbm
import lightning
import numpy as np
import pytest
import torch
import transformers
import xgboost
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from support.servers import ServerProcess
from support.small_disks import small_disk
from support.trainings import points, training
from torch.utils.data import DataLoader, TensorDataset

import weave_core
from weave_core import Client
from weave_core.integrations.catboost import WeaveCallback as CatBoostCallback
from weave_core.integrations.keras import WeaveCallback as KerasCallback
from weave_core.integrations.lightgbm import WeaveCallback as LightGBMCallback
from weave_core.integrations.lightning import WeaveLogger
from weave_core.integrations.sklearn import WeaveCallback as SklearnCallback
from weave_core.integrations.transformers import WeaveCallback as TransformersCallback
from weave_core.integrations.xgboost import WeaveCallback as XGBoostCallback
from weave_core.tracing.spool import sync

X = np.random.default_rng(1).normal(size=(40, 3)).astype("float32")
Y = (X[:, 0] > 0).astype(int)
Put = Callable[[str, Any], None]
"""Adds a metric to what a library is about to tell its callbacks."""
Spoil = Callable[[Put], None]
Fit = Callable[[Any, Spoil], list[float]]
"""A training with a callback of ours, or None; gives what it came to."""


def leave(put: Put) -> None:
    """Spoil nothing."""


def put_text(put: Put) -> None:
    """A metric that is no number."""
    put("odd", "text")
    put("odder", object())


def break_off(put: Put) -> None:  # noqa: ARG001
    """An error of the program's own."""
    raise ValueError("the data are broken")


def fit_catboost(callback: Any, spoil: Spoil) -> list[float]:
    """Three iterations."""

    class Spoiler:
        def after_iteration(self, info: Any) -> bool:
            spoil(lambda key, value: info.metrics["learn"].update({key: [value]}))
            return True

    model = catboost.CatBoostClassifier(
        iterations=3, depth=2, verbose=0, random_seed=1, allow_writing_files=False
    )
    try:
        model.fit(X, Y, callbacks=[Spoiler(), *([callback] if callback else [])])
    except catboost.CatBoostError as error:
        raise ValueError(str(error)) from error
    return list(model.predict_proba(X)[:, 0])


def fit_keras(callback: Any, spoil: Spoil) -> list[float]:
    """Three epochs."""

    class Spoiler(keras.callbacks.Callback):  # type: ignore[misc]  # Not installed where types are checked.
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if epoch:
                spoil(lambda key, value: logs.update({key: value}))

    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.05), loss="mse")
    callbacks = [Spoiler(), *([callback] if callback else [])]
    told = model.fit(X, Y, epochs=3, batch_size=20, verbose=0, callbacks=callbacks)
    return list(told.history["loss"])


def fit_lightgbm(callback: Any, spoil: Spoil) -> list[float]:
    """Three iterations."""

    def spoiler(env: Any) -> None:
        if env.iteration:
            [first, *_] = told = env.evaluation_result_list
            spoil(lambda key, value: told.append(type(first)("val", key, value, False, None)))

    spoiler.order = 20  # type: ignore[attr-defined]  # Before ours.
    data = lightgbm.Dataset(X, Y, params={"min_data_in_leaf": 2})
    params = {"objective": "binary", "verbose": -1, "num_leaves": 3, "seed": 1}
    callbacks = [spoiler, *([callback] if callback else [])]
    model = lightgbm.train(params, data, 3, valid_sets=[data], callbacks=callbacks)
    return list(model.predict(X))


def fit_lightning(callback: Any, spoil: Spoil) -> list[float]:
    """Four steps in two epochs."""
    warnings.filterwarnings("ignore", module="lightning")
    losses: list[float] = []

    class Line(lightning.LightningModule):  # type: ignore[misc]  # As above.
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(1)
            self.layer = torch.nn.Linear(2, 1)

        def training_step(self, batch: Any, batch_idx: int) -> Any:
            if batch_idx:
                spoil(lambda key, value: self.logger and self.logger.log_metrics({key: value}, 1))
            loss = (self.layer(batch[0]) - 1).square().mean()
            losses.append(float(loss.detach()))
            self.log("loss", loss)
            return loss

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), lr=0.1)

    quiet = {"enable_progress_bar": False, "enable_model_summary": False}
    trainer = lightning.Trainer(
        max_epochs=2,
        logger=callback or False,
        accelerator="cpu",
        log_every_n_steps=1,
        enable_checkpointing=False,
        **quiet,
    )
    trainer.fit(Line(), DataLoader(TensorDataset(torch.ones(4, 2)), batch_size=2))
    return losses


def fit_sklearn(callback: Any, spoil: Spoil) -> list[float]:
    """A search over two settings, one of which is no number."""

    def score(model: Any, x: Any, y: Any) -> float:
        spoil(lambda _key, _value: None)
        return float(model.score(x, y))

    grid = {"class_weight": [None, {0: 1, 1: 2}]}
    search = GridSearchCV(LogisticRegression(), grid, cv=2, scoring=score, error_score="raise")
    if callback:
        search.set_callbacks(callback)
    return list(search.fit(X, Y).cv_results_["mean_test_score"])


def fit_transformers(callback: Any, spoil: Spoil) -> list[float]:
    """Four steps."""

    class Spoiler(transformers.TrainerCallback):  # type: ignore[misc]  # As above.
        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:  # noqa: ARG002
            if state.global_step > 1:
                spoil(lambda key, value: logs.update({key: value}))

    torch.manual_seed(1)
    config = transformers.BertConfig(
        vocab_size=16,
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=8,
        max_position_embeddings=8,
    )
    args = transformers.TrainingArguments(
        output_dir=tempfile.gettempdir(),
        num_train_epochs=2,
        per_device_train_batch_size=4,
        logging_steps=1,
        save_strategy="no",
        report_to="none",
        use_cpu=True,
        disable_tqdm=True,
        dataloader_pin_memory=False,
    )
    rows = [
        {"input_ids": torch.tensor([each % 9 + 1] * 4), "labels": torch.tensor(each % 2)}
        for each in range(8)
    ]
    trainer = transformers.Trainer(
        model=transformers.BertForSequenceClassification(config),
        args=args,
        train_dataset=rows,
        callbacks=[Spoiler(), *([callback] if callback else [])],
    )
    trainer.remove_callback(transformers.PrinterCallback)
    trainer.train()
    return [each["loss"] for each in trainer.state.log_history if "loss" in each]


def fit_xgboost(callback: Any, spoil: Spoil) -> list[float]:
    """Three rounds."""

    class Spoiler(xgboost.callback.TrainingCallback):  # type: ignore[misc]  # As above.
        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:  # noqa: ARG002
            if epoch:
                spoil(lambda key, value: evals_log["val"].update({key: [value]}))
            return False

    data = xgboost.DMatrix(X, Y)
    callbacks = [Spoiler(), *([callback] if callback else [])]
    params = {"objective": "binary:logistic", "seed": 1}
    evals = [(data, "val")]
    booster = xgboost.train(params, data, 3, evals=evals, verbose_eval=False, callbacks=callbacks)
    return [float(each) for each in booster.predict(data)]


LIBRARIES: dict[str, tuple[Callable[..., Any], Fit]] = {
    "catboost": (CatBoostCallback, fit_catboost),
    "keras": (KerasCallback, fit_keras),
    "lightgbm": (LightGBMCallback, fit_lightgbm),
    "lightning": (WeaveLogger, fit_lightning),
    "sklearn": (SklearnCallback, fit_sklearn),
    "transformers": (TransformersCallback, fit_transformers),
    "xgboost": (XGBoostCallback, fit_xgboost),
}
METRICS = ("loss", "Logloss", "mean_test_score")
"""The one metric of each training."""
every_library = pytest.mark.parametrize(("callback", "fit"), LIBRARIES.values(), ids=LIBRARIES)
others = {name: each for name, each in LIBRARIES.items() if name != "lightning"}


@every_library
def test_a_training_needs_no_disk(project: str, tmp_path: Path, callback: Any, fit: Fit) -> None:
    """There is no server and the disk is full: the result is the same."""
    alone = fit(None, leave)
    with small_disk(tmp_path / "disk", 1024 * 1024) as disk:
        disk.fill()
        with training(project, "offline", disk.folder):
            assert fit(callback(), leave) == alone


def test_a_training_needs_no_server(project: str, tmp_path: Path) -> None:
    """Where nobody listens `fit` comes back; the wait at the end is the same for all libraries."""
    with training(project, "http://127.0.0.1:9", tmp_path / "home"):
        assert fit_xgboost(XGBoostCallback(), leave) == fit_xgboost(None, leave)


@every_library
def test_what_a_server_misses_is_sent_later(
    server: ServerProcess, project: str, tmp_path: Path, callback: Any, fit: Fit
) -> None:
    """A training without a server is a whole run as soon as there is one."""
    with training(project, "offline", tmp_path / "home"):
        fit(callback(), leave)
    assert sync(server.url, home=tmp_path / "home").left_bytes == 0
    with Client(server.url) as client:
        [run] = client.runs(project)
        assert run.state == "finished"
        assert points(client, project, run.run_id)


@every_library
@pytest.mark.usefixtures("traced")
def test_what_is_no_number_is_left_out(
    client: Client, project: str, callback: Any, fit: Fit
) -> None:
    """A text and an object among the metrics cost none of the others."""
    assert fit(callback(), put_text) == fit(None, leave)
    [run] = client.runs(project)
    assert run.state == "finished"
    found = points(client, project, run.run_id)
    assert any(len(each) >= 2 for each in found.values())
    assert not [key for key in found if "odd" in key]


@pytest.mark.parametrize(("callback", "fit"), others.values(), ids=others)
@pytest.mark.usefixtures("traced")
def test_a_callback_that_is_used_twice_makes_two_runs(
    client: Client, project: str, callback: Any, fit: Fit
) -> None:
    """Each is whole; a logger of Lightning's goes on in its run, as for a test."""
    ours = callback()
    assert fit(ours, leave) == fit(ours, leave)
    first, second = client.runs(project)
    assert {first.state, second.state} == {"finished"}
    told, again = (points(client, project, run.run_id) for run in (first, second))
    assert told.keys() == again.keys()
    [key] = [key for key in told if key.endswith(METRICS)]
    assert told[key] == again[key]


@every_library
@pytest.mark.usefixtures("traced")
def test_two_trainings_in_one_run_are_behind_each_other(
    client: Client, project: str, callback: Any, fit: Fit
) -> None:
    """The second does not stand instead of the first."""
    with weave_core.run() as run:
        fit(callback(), leave)
        weave_core.flush()
        once = points(client, project, run.id)
        fit(callback(), leave)
    twice = points(client, project, run.id)
    [key] = [key for key in once if key.endswith(METRICS)]
    assert len(twice[key]) == 2 * len(once[key])
    assert list(twice[key].values())[: len(once[key])] == list(once[key].values())


KEPT = {
    "catboost": "model.cbm",
    "keras": "model.keras",
    "lightgbm": "model.txt",
    "transformers": "model.safetensors",
    "xgboost": "model.ubj",
}


@pytest.mark.parametrize(("name", "file"), KEPT.items(), ids=KEPT)
@pytest.mark.usefixtures("traced")
def test_a_trained_model_is_kept_where_asked(
    client: Client, project: str, name: str, file: str
) -> None:
    """As an artifact of the run, in the library's own format; not unless it is asked for."""
    callback, fit = LIBRARIES[name]
    fit(callback(log_model="end" if name == "transformers" else True), leave)
    [run] = client.runs(project)
    kept = client.artifact(f"model-{run.run_id}:latest", project=project)
    assert (kept.type, run.state) == ("model", "finished")
    assert file in [entry.path for entry in kept.files()]


@every_library
@pytest.mark.usefixtures("traced")
def test_a_run_that_has_ended_takes_nothing(
    client: Client, project: str, callback: Any, fit: Fit
) -> None:
    """It stays as it was, and the training goes on."""
    run = weave_core.run(name="ended")
    run.finish()
    assert fit(callback(run), leave) == fit(None, leave)
    [found] = client.runs(project)
    assert (found.name, found.state, found.last_step) == ("ended", "finished", None)


@every_library
@pytest.mark.usefixtures("traced")
def test_a_training_that_breaks_off_is_a_failed_run(
    client: Client, project: str, callback: Any, fit: Fit
) -> None:
    """The program's own error comes through; the next training has a run of its own."""
    with pytest.raises(ValueError, match="data are broken"):
        fit(callback(name="first"), break_off)
    fit(callback(name="second"), leave)
    found = {run.name: run.state for run in client.runs(project)}
    assert found == {"first": "failed", "second": "finished"}
