"""CatBoost's trainings as runs."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from catboost import CatBoostClassifier, CatBoostError, CatBoostRanker
from support.trainings import points

import weave_core
from weave_core import Client
from weave_core.integrations.catboost import WeaveCallback

X = np.random.default_rng(1).normal(size=(60, 3))
Y = (X[:, 0] > 0).astype(int)


def model(iterations: int = 4) -> CatBoostClassifier:
    """A small one."""
    return CatBoostClassifier(
        iterations=iterations, depth=2, verbose=0, random_seed=1, allow_writing_files=False
    )


@pytest.mark.usefixtures("traced")
def test_each_iteration_is_a_step(client: Client, project: str) -> None:
    """All metrics, exactly, parameters, best scores and importances; the run is finished."""
    made = model()
    made.fit(X, Y, eval_set=(X, Y), callbacks=[WeaveCallback(name="cats", config={"mine": 1})])
    [run] = client.runs(project)
    found = points(client, project, run.run_id)
    told = made.get_evals_result()
    assert found["learn/Logloss"] == dict(enumerate(told["learn"]["Logloss"]))
    assert found["validation/Logloss"] == dict(enumerate(told["validation"]["Logloss"]))
    assert (run.name, run.state) == ("cats", "finished")
    assert (run.config["depth"], run.config["mine"]) == (2, 1)
    assert run.config["learning_rate"] == pytest.approx(made.learning_rate_)
    assert run.summary["best_iteration"] == made.get_best_iteration()
    assert run.summary["importance/0"] == pytest.approx(made.get_feature_importance()[0])


class Broken:
    """A callback of somebody else's that fails."""

    def after_iteration(self, info: Any) -> bool:
        """Fail at the second iteration."""
        if info.iteration == 2:
            raise ValueError("the data are broken")
        return True


@pytest.mark.usefixtures("traced")
def test_a_fit_that_fails_is_a_failed_run(client: Client, project: str) -> None:
    """CatBoost's own exception comes through, and the run is what it was until then."""
    with pytest.raises(CatBoostError):
        model().fit(X, Y, callbacks=[WeaveCallback(), Broken()])
    [run] = client.runs(project)
    assert run.state == "failed"
    assert "the data are broken" in str(run.error)
    assert list(points(client, project, run.run_id)["learn/Logloss"]) == [0, 1]


@pytest.mark.usefixtures("traced")
def test_a_ranking_has_its_importances(client: Client, project: str) -> None:
    """CatBoost tells none of a ranking by itself; `finish` of older programs does no harm."""
    callback = WeaveCallback()
    ranker = CatBoostRanker(
        loss_function="QuerySoftMax", iterations=2, verbose=0, allow_writing_files=False
    )
    ranker.fit(X, Y, group_id=np.arange(60) // 6, callbacks=[callback])
    callback.finish(ranker)
    [run] = client.runs(project)
    assert run.state == "finished"
    assert run.summary["importance/0"] > 0


@pytest.mark.usefixtures("traced")
def test_a_stop_ends_the_training(client: Client, project: str, tmp_path: Path) -> None:
    """CatBoost ends by its callback's answer; the program's own run stays open."""
    assert tmp_path.exists()
    with weave_core.run(on_stop="flag") as run:
        run.stop_requested = True
        made = model(100)
        made.fit(X, Y, callbacks=[WeaveCallback()])
        assert made.tree_count_ < 5
        assert run.state == "running"
    assert [each.run_id for each in client.runs(project)] == [run.id]


@pytest.mark.usefixtures("traced")
def test_a_failure_of_ours_is_a_warning(broken_run: Any) -> None:
    """The model is the same as without us."""
    alone, with_us = model(), model()
    alone.fit(X, Y)
    with_us.fit(X, Y, callbacks=[WeaveCallback(broken_run)])
    assert (with_us.predict_proba(X) == alone.predict_proba(X)).all()
