"""What people said beside what a judge said, as far as a rate is corrected by it."""

from weave_core.model.values import Value

__all__ = ["Rectifier"]


class Rectifier(Value):
    """Of outputs that both have judged: all that prediction-powered inference needs of them."""

    n: int
    """Outputs."""
    people_mean: float
    judge_mean: float
    people_variance: float
    """This and the others of the sample, with n - 1."""
    judge_variance: float
    covariance: float
