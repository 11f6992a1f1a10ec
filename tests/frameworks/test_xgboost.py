"""XGBoost's trainings as runs."""

from typing import Any

import numpy as np
import pytest
import xgboost
from support.trainings import points

import weave_core
from weave_core import Client
from weave_core.compat import wandb
from weave_core.integrations.xgboost import WeaveCallback
from weave_core.model import RunChanges

RANDOM = np.random.default_rng(1)
X = RANDOM.normal(size=(80, 4))
Y = (X[:, 0] + X[:, 1] > 0).astype(int)
PARAMS = {
    "objective": "binary:logistic",
    "max_depth": 2,
    "eta": 0.3,
    "eval_metric": ["logloss", "auc"],
}


def data() -> xgboost.DMatrix:
    """A small problem that can be learnt."""
    return xgboost.DMatrix(X, Y, feature_names=["a", "b", "c", "d"])


@pytest.mark.usefixtures("traced")
def test_each_round_is_a_step_of_the_run_that_is_open(client: Client, project: str) -> None:
    """All metrics of all rounds, exactly; the booster's config is added to the program's own."""
    heard: dict[str, Any] = {}
    with weave_core.run(config={"max_depth": "mine"}) as run:
        booster = xgboost.train(
            PARAMS,
            data(),
            num_boost_round=5,
            evals=[(data(), "val")],
            evals_result=heard,
            verbose_eval=False,
            callbacks=[WeaveCallback(prefix="one/")],
        )
        assert run.state == "running"
        run.log({"after": 1.0})
    found = client.run(run.id, project).info
    told = points(client, project, run.id)
    assert told.pop("after") == {5: 1.0}
    assert told == {
        f"one/val/{metric}": dict(enumerate(history)) for metric, history in heard["val"].items()
    }
    assert found.config["max_depth"] == "mine"
    assert found.config["objective"] == "binary:logistic"
    assert found.config["eta"] == 0.3
    assert found.summary["one/importance/a"] == pytest.approx(
        booster.get_score(importance_type="gain")["a"]
    )


@pytest.mark.usefixtures("traced")
def test_a_run_is_begun_and_ended_where_none_is_open(client: Client, project: str) -> None:
    """An estimator with early stopping: its run is finished, with the best round."""
    model = xgboost.XGBClassifier(
        n_estimators=50,
        early_stopping_rounds=2,
        learning_rate=1.0,
        callbacks=[WeaveCallback(tags=["trees"])],
    )
    model.fit(X[:40], Y[:40], eval_set=[(X[40:], Y[40:])], verbose=False)
    [found] = client.runs(project)
    assert found.state == "finished"
    assert found.tags == ["trees"]
    assert found.summary["best_iteration"] == model.best_iteration
    assert found.config["max_depth"] == 6
    assert found.last_step == model.best_iteration + 2


@pytest.mark.usefixtures("traced")
def test_folds_are_told_by_mean_and_spread(client: Client, project: str) -> None:
    """`cv` logs what it gives back."""
    with weave_core.run() as run:
        told = xgboost.cv(PARAMS, data(), 3, nfold=2, callbacks=[WeaveCallback()], as_pandas=False)
    found = points(client, project, run.id)
    assert list(found["test/auc"].values()) == told["test-auc-mean"]
    assert list(found["test/auc-std"].values()) == told["test-auc-std"]


@pytest.mark.usefixtures("traced")
def test_a_stop_ends_the_training(client: Client, project: str) -> None:
    """What is pressed in the app reaches the booster, which ends as if it were done."""

    class Press(xgboost.callback.TrainingCallback):  # type: ignore[misc]  # Not installed here.
        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:  # noqa: ARG002
            if epoch == 2:
                weave_core.flush()
                [run] = client.runs(project)
                client.change_run(project, run.run_id, RunChanges(stop=True))
                callback._training.run.ask()  # type: ignore[union-attr]  # Not five seconds later.
            return False

    callback = WeaveCallback()
    booster = xgboost.train(PARAMS, data(), 500, callbacks=[Press(), callback])
    [found] = client.runs(project)
    assert found.state == "killed"
    assert booster.num_boosted_rounds() < 10


@pytest.mark.usefixtures("traced")
def test_a_failure_of_ours_is_a_warning(broken_run: Any) -> None:
    """The booster is the same as without us."""
    given = {"params": PARAMS, "dtrain": data(), "num_boost_round": 3}
    alone = xgboost.train(**given)
    with_us = xgboost.train(
        **given, evals=[(data(), "val")], verbose_eval=False, callbacks=[WeaveCallback(broken_run)]
    )
    assert with_us.get_dump() == alone.get_dump()


@pytest.mark.usefixtures("traced")
def test_scripts_of_wandb_keep_their_callback(client: Client, project: str) -> None:
    """The same metrics, in the run that `wandb.init` began."""
    heard: dict[str, Any] = {}
    with wandb.init(project=project) as run:
        callback = wandb.xgboost.WandbCallback(log_model=False, define_metric=True)
        options: dict[str, Any] = {"evals_result": heard, "verbose_eval": False}
        xgboost.train(PARAMS, data(), 3, evals=[(data(), "val")], callbacks=[callback], **options)
    assert points(client, project, run.id)["val/auc"] == dict(enumerate(heard["val"]["auc"]))
