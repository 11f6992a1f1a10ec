"""Scores, curves and nested fits of scikit-learn as runs."""

import time
from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.cluster import KMeans
from sklearn.datasets import make_classification, make_regression
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, roc_auc_score, silhouette_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from support.trainings import points

import weave_core
from weave_core import Client
from weave_core.integrations.sklearn import WeaveCallback, log_estimator

X, Y = make_classification(120, n_features=4, random_state=1)


@pytest.mark.usefixtures("traced")
def test_a_classifier_is_told_by_scores_and_curves(client: Client, project: str) -> None:
    """What scikit-learn itself computes; curves have an axis of their own."""
    model = LogisticRegression().fit(X[:80], Y[:80])
    with weave_core.run(config={"C": "mine"}) as run:
        told = log_estimator(model, X[80:], Y[80:], prefix="test/")
    found = client.run(run.id, project).info
    chances = model.predict_proba(X[80:])[:, 1]
    assert told["accuracy"] == accuracy_score(Y[80:], model.predict(X[80:]))
    assert found.summary["test/roc_auc"] == roc_auc_score(Y[80:], chances)
    assert sum(each for key, each in told.items() if key.startswith("confusion/")) == 40
    assert found.config["C"] == "mine"
    assert found.config["estimator_class"] == "LogisticRegression"
    assert found.metrics["test/roc/true_positives"].step_metric == "test/roc/false_positives"
    curves = points(client, project, run.id)
    assert curves["test/roc/true_positives"][0] == 0.0
    assert max(curves["test/roc/true_positives"].values()) == 1.0
    assert set(curves["test/calibration/told"]) == set(curves["test/calibration/true"])
    assert len([key for key in found.summary if key.startswith("test/importance/")]) == 4


@pytest.mark.usefixtures("traced")
def test_classes_regressors_and_clusters_have_scores_of_their_own(
    client: Client, project: str
) -> None:
    """Each begins a run where none is open, which is finished."""
    many, labels = make_classification(
        150, n_features=6, n_informative=4, n_classes=3, random_state=1
    )
    classes = log_estimator(LogisticRegression().fit(many, labels), many, labels, name="classes")
    rx, ry = make_regression(60, n_features=3, random_state=1)
    line = log_estimator(make_pipeline(StandardScaler(), Ridge()).fit(rx, ry), rx, ry, name="line")
    means = KMeans(3, n_init=1, random_state=1).fit(X)
    clusters = log_estimator(means, X, name="clusters")
    found = {run.name: run for run in client.runs(project)}
    assert {run.state for run in found.values()} == {"finished"}
    assert 0.5 < classes["roc_auc"] <= 1
    assert "roc/2/true_positives" in points(client, project, found["classes"].run_id)
    assert line["r2"] > 0.99
    assert found["line"].summary["importance/x0"] > 0
    assert clusters["silhouette"] == silhouette_score(X, means.labels_)


class Odd(BaseEstimator):  # type: ignore[misc]  # Not installed where types are checked.
    """An estimator that can't tell anything."""

    _estimator_type = "classifier"
    classes_ = np.array([0, 1])

    def predict(self, x: Any) -> Any:
        """Fail."""
        raise ValueError(x)


@pytest.mark.usefixtures("traced")
def test_what_cannot_be_scored_is_left_out(broken_run: Any) -> None:
    """Neither an estimator that fails nor a run that breaks raises."""
    assert log_estimator(Odd(), X, Y, run=broken_run) == {}


@pytest.mark.usefixtures("traced")
def test_the_fits_of_a_search_are_spans_and_its_candidates_steps(
    client: Client, project: str
) -> None:
    """A trace of the search with its folds below their candidates, and all scores at their step."""
    pipeline = make_pipeline(StandardScaler(), LogisticRegression())
    grid = {"logisticregression__C": [0.1, 1.0, 10.0]}
    search = GridSearchCV(pipeline, grid, cv=2).set_callbacks(WeaveCallback())
    search.fit(X, Y)
    weave_core.flush()
    [run] = client.runs(project)
    found = points(client, project, run.run_id)
    assert list(found["mean_test_score"].values()) == list(search.cv_results_["mean_test_score"])
    assert found["param/logisticregression__C"] == {0: 0.1, 1: 1.0, 2: 10.0}
    assert run.state == "finished"
    assert run.summary["best_score"] == search.best_score_
    assert (
        run.summary["best_params/logisticregression__C"]
        == search.best_params_["logisticregression__C"]
    )
    assert run.config["estimator_class"] == "GridSearchCV"

    until = time.monotonic() + 10
    while not (traces := client.list_traces(project).items) and time.monotonic() < until:
        time.sleep(0.05)  # The list is made of sums that may come a moment later.
    [summary] = [each for each in traces if each.name.startswith("GridSearchCV")]
    spans = client.get_trace(project, summary.trace_id).spans
    by_id = {span.span_id: span for span in spans}
    fits = [span for span in spans if span.name.startswith("LogisticRegression")]
    assert len(fits) >= 3 * 2 + 1
    for span in fits:
        parent, names = span, []
        while parent.parent_span_id is not None:
            parent = by_id[parent.parent_span_id]
            names.append(parent.name.split()[0])
        assert "Pipeline" in names
        assert names[-1] == "GridSearchCV"


@pytest.mark.usefixtures("traced")
def test_a_search_over_processes_has_its_scores(client: Client, project: str) -> None:
    """The callback goes to the processes and back, and nothing breaks."""
    model = GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=2, n_jobs=2)
    model.set_callbacks(WeaveCallback()).fit(X, Y)
    [run] = client.runs(project)
    assert len(points(client, project, run.run_id)["mean_test_score"]) == 2


@pytest.mark.usefixtures("traced")
def test_a_fit_that_fails_is_the_programs_own_failure(client: Client, project: str) -> None:
    """What scikit-learn raises comes through, and the run has failed with it."""
    model = GridSearchCV(LogisticRegression(), {"C": [-1.0]}, cv=2, error_score="raise")
    with pytest.raises(ValueError, match="'C' parameter"):
        model.set_callbacks(WeaveCallback()).fit(X, Y)
    [run] = client.runs(project)
    assert run.state == "failed"
    assert "'C' parameter" in str(run.error)
