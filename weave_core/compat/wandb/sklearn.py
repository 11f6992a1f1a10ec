"""`wandb.sklearn`: what estimators can do, as charts and scores of the run that is going on.

Charts need no scikit-learn; `plot_classifier` and `plot_regressor` score with it.
"""

from collections.abc import Sequence
from typing import Any

from weave_core.compat.wandb import plot
from weave_core.compat.wandb_curves import listed
from weave_core.compat.wandb_missing import not_provided
from weave_core.compat.wandb_sessions import current, open_run
from weave_core.compat.wandb_tables import Table
from weave_core.tracing.failures import warn_once

__all__ = [
    "plot_classifier",
    "plot_confusion_matrix",
    "plot_feature_importances",
    "plot_precision_recall",
    "plot_regressor",
    "plot_roc",
]


def plot_confusion_matrix(
    y_true: Any = None, y_pred: Any = None, labels: Sequence[Any] | None = None, **_ignored: Any
) -> None:
    """How often which class was taken for which, as `confusion_matrix`."""
    chart = plot.confusion_matrix(y_true=y_true, preds=y_pred, class_names=labels)
    current("sklearn").log({"confusion_matrix": chart})


def plot_precision_recall(
    y_true: Any = None, y_probas: Any = None, labels: Any = None, **options: Any
) -> None:
    """Precision over recall, as `precision_recall`."""
    wanted = options.get("classes_to_plot")
    chart = plot.pr_curve(y_true, y_probas, labels=labels, classes_to_plot=wanted)
    current("sklearn").log({"precision_recall": chart})


def plot_roc(y_true: Any = None, y_probas: Any = None, labels: Any = None, **options: Any) -> None:
    """True over false positive rate, as `roc`."""
    wanted = options.get("classes_to_plot")
    chart = plot.roc_curve(y_true, y_probas, labels=labels, classes_to_plot=wanted)
    current("sklearn").log({"roc": chart})


def plot_feature_importances(
    model: Any = None,
    feature_names: Sequence[Any] | None = None,
    title: str = "Feature Importance",
    max_num_features: int = 50,
) -> None:
    """How much each feature counts, the largest first, as `feature_importances`."""
    found = getattr(model, "feature_importances_", None)
    if found is None:
        found = getattr(model, "coef_", None)
    if found is None:
        told = "wandb.sklearn: a %s does not say how much its features count"
        warn_once("wandb importances", told, type(model).__name__)
        return
    weights = [each[0] if isinstance(each, list) else each for each in listed(found)]
    names = [f"x{n}" for n in range(len(weights))] if feature_names is None else feature_names
    pairs = sorted(zip(names, weights, strict=False), key=lambda pair: -abs(pair[1]))
    rows = [[str(name), float(weight)] for name, weight in pairs[:max_num_features]]
    table = Table(columns=["feature", "importance"], data=rows)
    chart = plot.bar(table, "feature", "importance", title=title)
    current("sklearn").log({"feature_importances": chart})


def plot_classifier(  # noqa: PLR0917  # As wandb has them.
    model: Any,
    X_train: Any,  # noqa: ARG001, N803
    X_test: Any,  # noqa: N803
    y_train: Any,  # noqa: ARG001
    y_test: Any,
    y_pred: Any,
    y_probas: Any = None,
    labels: Any = None,
    is_binary: object = None,  # noqa: ARG001
    model_name: str = "Classifier",
    feature_names: Any = None,
    log_learning_curve: object = None,  # noqa: ARG001
) -> None:
    """Scores of a classifier, its confusion matrix, curves and importances."""
    current("sklearn").config.update({"model": model_name}, allow_val_change=True)
    _score(model, X_test, y_test)
    plot_confusion_matrix(y_test, y_pred, labels)
    if y_probas is not None:
        plot_roc(y_test, y_probas, labels)
        plot_precision_recall(y_test, y_probas, labels)
    if hasattr(model, "feature_importances_") or hasattr(model, "coef_"):
        plot_feature_importances(model, feature_names)


def plot_regressor(  # noqa: PLR0917
    model: Any,
    X_train: Any,  # noqa: ARG001, N803
    X_test: Any,  # noqa: N803
    y_train: Any,  # noqa: ARG001
    y_test: Any,
    model_name: str = "Regressor",
) -> None:
    """Scores of a regressor and the spread of what it is off by."""
    current("sklearn").config.update({"model": model_name}, allow_val_change=True)
    _score(model, X_test, y_test)


def _score(model: Any, x: Any, y: Any) -> None:
    from weave_core.integrations.sklearn import log_estimator  # Loads scikit-learn.

    log_estimator(model, x, y, run=open_run(), curves=False)


def __getattr__(name: str) -> Any:
    """What is not there says so."""
    raise not_provided("wandb.sklearn", name)
