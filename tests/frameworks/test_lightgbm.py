"""LightGBM's trainings as runs."""

from importlib.util import find_spec
from typing import Any

import lightgbm
import numpy as np
import pytest
from support.trainings import points

import weave_core
from weave_core import Client
from weave_core.compat import wandb
from weave_core.integrations.lightgbm import WeaveCallback

RANDOM = np.random.default_rng(1)
X = RANDOM.normal(size=(120, 4))
Y = (X[:, 0] + X[:, 1] > 0).astype(int)
PARAMS = {
    "objective": "binary",
    "num_leaves": 3,
    "metric": ["auc", "binary_logloss"],
    "verbosity": -1,
}


def data(rows: slice = slice(None)) -> lightgbm.Dataset:
    """A small problem that can be learnt."""
    return lightgbm.Dataset(X[rows], Y[rows], feature_name=["a", "b", "c", "d"])


@pytest.mark.usefixtures("traced")
def test_each_iteration_is_a_step_of_the_run_that_is_open(client: Client, project: str) -> None:
    """All metrics of all iterations, exactly, with the parameters as config."""
    heard: dict[str, Any] = {}
    with weave_core.run() as run:
        booster = lightgbm.train(
            PARAMS,
            data(),
            5,
            valid_sets=[data()],
            valid_names=["val"],
            callbacks=[WeaveCallback(), lightgbm.record_evaluation(heard)],
        )
    found = client.run(run.id, project).info
    assert points(client, project, run.id) == {
        f"val/{metric}": dict(enumerate(history)) for metric, history in heard["val"].items()
    }
    assert found.config["num_leaves"] == 3
    assert found.summary["importance/a"] == pytest.approx(booster.feature_importance("gain")[0])


@pytest.mark.usefixtures("traced")
def test_early_stopping_ends_the_run_that_was_begun(client: Client, project: str) -> None:
    """LightGBM tells no callback of it; the run is finished all the same, with what was best."""
    booster = lightgbm.train(
        {**PARAMS, "learning_rate": 2.0},
        data(slice(60)),
        200,
        valid_sets=[data(slice(60, None))],
        valid_names=["val"],
        callbacks=[WeaveCallback(name="stops"), lightgbm.early_stopping(2, verbose=False)],
    )
    [found] = client.runs(project)
    assert (found.name, found.state) == ("stops", "finished")
    assert booster.best_iteration < 200
    assert found.summary["best_iteration"] == booster.best_iteration - 1
    assert found.summary["best/val/auc"] == booster.best_score["val"]["auc"]


@pytest.mark.usefixtures("traced")
def test_folds_are_told_by_mean_and_spread(client: Client, project: str) -> None:
    """`cv`, whose results have a field more, logs what it gives back."""
    with weave_core.run() as run:
        told = lightgbm.cv(
            PARAMS, data(), 3, nfold=2, stratified=False, callbacks=[WeaveCallback()]
        )
    found = points(client, project, run.id)
    assert list(found["valid/auc"].values()) == told["valid auc-mean"]
    assert list(found["valid/auc-std"].values()) == told["valid auc-stdv"]


@pytest.mark.skipif(find_spec("sklearn") is None, reason="its estimators need scikit-learn")
@pytest.mark.usefixtures("traced")
def test_an_estimator_takes_it_too(client: Client, project: str) -> None:
    """`LGBMClassifier.fit` ends its run as `train` does."""
    model = lightgbm.LGBMClassifier(n_estimators=3, verbosity=-1)
    model.fit(X, Y, eval_set=[(X, Y)], callbacks=[WeaveCallback()])
    [found] = client.runs(project)
    assert (found.state, found.last_step) == ("finished", 2)


@pytest.mark.usefixtures("traced")
def test_a_second_training_is_behind_the_first(client: Client, project: str) -> None:
    """In one run, where both count from 0; with a prefix of their own they lie side by side."""
    with weave_core.run() as run:
        for prefix in ("", "", "other/"):
            callbacks = [WeaveCallback(prefix=prefix)]
            lightgbm.train(PARAMS, data(), 2, valid_sets=[data()], callbacks=callbacks)
    found = points(client, project, run.id)
    losses = next(each for key, each in found.items() if not key.startswith("other/"))
    assert list(losses) == [0, 1, 2, 3]
    assert (losses[2], losses[3]) == (losses[0], losses[1])
    assert {tuple(each) for key, each in found.items() if key.startswith("other/")} == {(0, 1)}


@pytest.mark.usefixtures("traced")
def test_what_breaks_off_has_failed_when_the_next_begins(client: Client, project: str) -> None:
    """LightGBM tells nobody that a callback of the program's own has raised."""

    def fail(env: Any) -> None:
        raise ValueError(f"iteration {env.iteration} is broken")

    fail.order = 30  # type: ignore[attr-defined]  # Behind ours.
    with pytest.raises(ValueError, match="is broken"):
        lightgbm.train(PARAMS, data(), 2, callbacks=[WeaveCallback(name="first"), fail])
    lightgbm.train(PARAMS, data(), 2, callbacks=[WeaveCallback(name="second")])
    states = {run.name: run.state for run in client.runs(project)}
    assert states == {"first": "failed", "second": "finished"}


@pytest.mark.usefixtures("traced")
def test_a_failure_of_ours_is_a_warning(broken_run: Any) -> None:
    """The booster is the same as without us."""
    alone = lightgbm.train(PARAMS, data(), 3).model_to_string()
    with_us = lightgbm.train(
        PARAMS, data(), 3, valid_sets=[data()], callbacks=[WeaveCallback(broken_run)]
    )
    assert with_us.model_to_string() == alone


@pytest.mark.usefixtures("traced")
def test_scripts_of_wandb_keep_their_callback(client: Client, project: str) -> None:
    """The same metrics, in the run that `wandb.init` began."""
    heard: dict[str, Any] = {}
    with wandb.init(project=project) as run:
        callback = wandb.lightgbm.wandb_callback(log_params=True, define_metric=True)
        callbacks = [callback, lightgbm.record_evaluation(heard)]
        options: dict[str, Any] = {"valid_sets": [data()], "valid_names": ["val"]}
        lightgbm.train(PARAMS, data(), 3, callbacks=callbacks, **options)
        wandb.lightgbm.log_summary(None, save_model_checkpoint=False)
    assert points(client, project, run.id)["val/auc"] == dict(enumerate(heard["val"]["auc"]))
