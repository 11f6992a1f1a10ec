"""Evaluations: run a task on a dataset, judge it, and say whether it is better.

This file is the layer's door; names are imported on first use.
"""

from typing import TYPE_CHECKING

from weave_core.evals.doors import imported

if TYPE_CHECKING:
    from weave_core.evals.anchors import Anchors as Anchors
    from weave_core.evals.anchors import Drift as Drift
    from weave_core.evals.budgets import Budget as Budget
    from weave_core.evals.calibrations import Calibrated as Calibrated
    from weave_core.evals.calibrations import calibrate as calibrate
    from weave_core.evals.datasets import Dataset as Dataset
    from weave_core.evals.evaluations import Evaluation as Evaluation
    from weave_core.evals.loggers import EvaluationLogger as EvaluationLogger
    from weave_core.evals.models import Model as Model
    from weave_core.evals.results import EvaluationResult as EvaluationResult
    from weave_core.evals.reviewed import calibrate_on_reviews as calibrate_on_reviews
    from weave_core.evals.scorers.contract import Scorer as Scorer
    from weave_core.evals.scores import Score as Score

_HOME = {
    "Anchors": "anchors",
    "Budget": "budgets",
    "Calibrated": "calibrations",
    "Dataset": "datasets",
    "Drift": "anchors",
    "Evaluation": "evaluations",
    "EvaluationLogger": "loggers",
    "EvaluationResult": "results",
    "Model": "models",
    "Score": "scores",
    "Scorer": "scorers.contract",
    "calibrate": "calibrations",
    "calibrate_on_reviews": "reviewed",
}

__all__ = [
    "Anchors",
    "Budget",
    "Calibrated",
    "Dataset",
    "Drift",
    "Evaluation",
    "EvaluationLogger",
    "EvaluationResult",
    "Model",
    "Score",
    "Scorer",
    "calibrate",
    "calibrate_on_reviews",
]


def __getattr__(name: str) -> object:
    """Import a name on first use.

    Raises:
        MissingExtra: If scipy or numpy is not installed.
    """
    value = imported(__name__, _HOME, name, libraries=("numpy", "scipy"))
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
