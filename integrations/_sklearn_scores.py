"""Scores, curves and importances of a fitted scikit-learn estimator, by scikit-learn's own metrics.

What an estimator can't give, such as probabilities, costs only what needs it.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from weave_core.integrations._trainings import missing, most_important
from weave_core.tracing.failures import warn_once

try:
    import numpy as np
    from sklearn import base, metrics
    from sklearn.calibration import calibration_curve
except ModuleNotFoundError as error:
    raise missing("scikit-learn", "sklearn") from error

__all__ = ["Curve", "curves_of", "importances_of", "scores_of"]

MAX_CURVE_POINTS = 200
"""Points of a curve, evenly chosen; first and last are among them."""
MAX_CLASSES = 30
"""Classes of which curves and the confusion matrix are told."""
_BINS = 10
_QUANTILES = np.linspace(0.0, 1.0, 51)


class Curve(NamedTuple):
    """A line of points, in the order of their x."""

    x_name: str
    y_name: str
    points: list[tuple[float, float]]


def scores_of(estimator: Any, x: Any, y: Any) -> dict[str, float]:
    """The scores that go with what the estimator is."""
    found: dict[str, float] = {}
    for name, score in _scores(estimator, x, y):
        value = _try(name, score)
        if value is not None:
            found[name] = float(value)
    return found


def _scores(estimator: Any, x: Any, y: Any) -> Iterator[tuple[str, Callable[[], Any]]]:
    if base.is_classifier(estimator) and y is not None:
        yield from _classifier_scores(estimator, x, y)
    elif base.is_regressor(estimator) and y is not None:
        told = _try("predict", lambda: estimator.predict(x))
        for name, score in {
            "r2": metrics.r2_score,
            "mean_absolute_error": metrics.mean_absolute_error,
            "mean_squared_error": metrics.mean_squared_error,
            "root_mean_squared_error": metrics.root_mean_squared_error,
            "median_absolute_error": metrics.median_absolute_error,
            "max_error": metrics.max_error,
            "explained_variance": metrics.explained_variance_score,
        }.items():
            yield name, lambda score=score: score(y, told)  # type: ignore[misc]  # A default binds it.
    elif base.is_clusterer(estimator):
        yield from _clustering_scores(estimator, x, y)


def _classifier_scores(estimator: Any, x: Any, y: Any) -> Iterator[tuple[str, Callable[[], Any]]]:
    told = _try("predict", lambda: estimator.predict(x))
    yield "accuracy", lambda: metrics.accuracy_score(y, told)
    yield "balanced_accuracy", lambda: metrics.balanced_accuracy_score(y, told)
    yield "matthews_correlation", lambda: metrics.matthews_corrcoef(y, told)
    for name in ("precision", "recall", "f1"):
        score = getattr(metrics, f"{name}_score")
        for average in ("macro", "weighted"):
            yield (
                f"{name}_{average}",
                lambda score=score, average=average: score(  # type: ignore[misc]
                    y, told, average=average, zero_division=0
                ),
            )
    if hasattr(estimator, "predict_proba"):
        chances = _try("predict_proba", lambda: estimator.predict_proba(x))
        labels = estimator.classes_
        yield "log_loss", lambda: metrics.log_loss(y, chances, labels=labels)
        if len(labels) == 2:  # noqa: PLR2004
            yield "roc_auc", lambda: metrics.roc_auc_score(y == labels[1], chances[:, 1])
            yield (
                "average_precision",
                lambda: metrics.average_precision_score(y == labels[1], chances[:, 1]),
            )
            yield "brier", lambda: metrics.brier_score_loss(y == labels[1], chances[:, 1])
        else:
            yield (
                "roc_auc",
                lambda: metrics.roc_auc_score(y, chances, multi_class="ovr", labels=labels),
            )
    if told is not None and len(estimator.classes_) <= MAX_CLASSES:
        yield from _confusions(estimator, y, told)


def _confusions(estimator: Any, y: Any, told: Any) -> Iterator[tuple[str, Callable[[], Any]]]:
    labels = estimator.classes_
    matrix = _try("confusion_matrix", lambda: metrics.confusion_matrix(y, told, labels=labels))
    if matrix is None:
        return
    for true, row in zip(labels, matrix, strict=True):
        for guess, count in zip(labels, row, strict=True):
            yield f"confusion/{true}/{guess}", lambda count=count: count  # type: ignore[misc]


def _clustering_scores(estimator: Any, x: Any, y: Any) -> Iterator[tuple[str, Callable[[], Any]]]:
    own = getattr(estimator, "labels_", None)
    has_own = own is not None and len(own) == len(x)
    labels: Any = own if has_own else _try("predict", lambda: estimator.predict(x))
    yield "clusters", lambda: len(set(labels) - {-1})
    if hasattr(estimator, "inertia_"):
        yield "inertia", lambda: estimator.inertia_
    yield "silhouette", lambda: metrics.silhouette_score(x, labels)
    yield "calinski_harabasz", lambda: metrics.calinski_harabasz_score(x, labels)
    yield "davies_bouldin", lambda: metrics.davies_bouldin_score(x, labels)
    if y is not None:
        yield "adjusted_rand", lambda: metrics.adjusted_rand_score(y, labels)
        yield "v_measure", lambda: metrics.v_measure_score(y, labels)


def curves_of(estimator: Any, x: Any, y: Any) -> list[Curve]:
    """The curves that go with what the estimator is."""
    if y is None:
        return []
    if base.is_regressor(estimator):
        return _try("residuals", lambda: [_residuals(estimator, x, y)]) or []
    if not base.is_classifier(estimator) or not hasattr(estimator, "predict_proba"):
        return []
    return _try("curves", lambda: list(_class_curves(estimator, x, y))) or []


def _residuals(estimator: Any, x: Any, y: Any) -> Curve:
    """How far the estimator is off, from the worst below to the worst above."""
    off = np.quantile(np.asarray(y, float).ravel() - estimator.predict(x).ravel(), _QUANTILES)
    return Curve("residuals/quantile", "residuals/error", _points(_QUANTILES, off))


def _class_curves(estimator: Any, x: Any, y: Any) -> Iterator[Curve]:
    labels, chances = estimator.classes_, estimator.predict_proba(x)
    is_binary = len(labels) == 2  # noqa: PLR2004
    for place, label in list(enumerate(labels))[1 if is_binary else 0 : MAX_CLASSES]:
        is_it, chance = np.asarray(y) == label, chances[:, place]
        if not 0 < is_it.sum() < len(is_it):
            continue  # A class of which all or none are there has no curve.
        name = "" if is_binary else f"/{label}"
        false, true, _ = metrics.roc_curve(is_it, chance)
        yield Curve(f"roc{name}/false_positives", f"roc{name}/true_positives", _points(false, true))
        precision, recall, _ = metrics.precision_recall_curve(is_it, chance)
        ordered = _points(recall[::-1], precision[::-1])
        yield Curve(f"precision_recall{name}/recall", f"precision_recall{name}/precision", ordered)
        share, told = calibration_curve(is_it, chance, n_bins=_BINS)
        yield Curve(f"calibration{name}/told", f"calibration{name}/true", _points(told, share))


def _points(xs: Any, ys: Any) -> list[tuple[float, float]]:
    count = len(xs)
    chosen = np.unique(np.linspace(0, count - 1, min(count, MAX_CURVE_POINTS)).round().astype(int))
    return [(float(xs[place]), float(ys[place])) for place in chosen]


def importances_of(estimator: Any) -> dict[str, float]:
    """How much each feature counts, where the estimator says so."""
    return _try("importances", lambda: _importances(estimator)) or {}


def _importances(estimator: Any) -> dict[str, float]:
    final = getattr(estimator, "best_estimator_", estimator)
    names = getattr(final, "feature_names_in_", None)
    while hasattr(final, "steps"):
        before, final = final[:-1], final.steps[-1][1]
        if len(before):
            names = _try("names", before.get_feature_names_out)
    found = getattr(final, "feature_importances_", None)
    if found is None:
        weights = getattr(final, "coef_", None)
        if weights is None:
            return {}
        found = np.abs(np.atleast_2d(weights)).mean(axis=0)
    if names is None or len(names) != len(found):
        names = [f"x{place}" for place in range(len(found))]
    return most_important(zip(names, found, strict=True))


def _try(name: str, ask: Callable[[], Any]) -> Any:
    """What `ask` gives; None, and one warning, where it fails."""
    try:
        return ask()
    except Exception as error:  # noqa: BLE001  # One score that fails must not cost the others.
        warn_once(f"sklearn {name}", "%s of an estimator can't be told", name, error=error)
        return None
