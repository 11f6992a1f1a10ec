"""A Gaussian process: what a function may be between the points where it is known.

Matern 5/2 with a length of its own for each dimension; a dimension of choices only knows same and
different.  Lengths, scale and noise are the most probable ones under priors.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_solve, cholesky
from scipy.optimize import minimize

__all__ = ["GaussianProcess", "fit"]

Floats = NDArray[np.float64]

_SQRT_5 = 5**0.5
_LEAST_NOISE = 1e-6
_MAX_STEPS = 12
"""More of them make a suggestion a quarter dearer and no better, by 25 seeds of the benchmark."""
_LOG_BOUNDS = (-9.0, 9.0)


@dataclass(frozen=True, slots=True)
class GaussianProcess:
    """One that was fitted; y has mean 0 and deviation 1."""

    x: Floats
    """Known points, one a row."""
    is_choice: NDArray[np.bool_]
    """Dimensions without an order."""
    weights: Floats
    """One over the square of each dimension's length."""
    scale: float
    noise: float
    alpha: Floats
    inverse: Floats
    """Of the covariance of the known points."""

    def predict(self, at: Floats) -> tuple[Floats, Floats]:
        """Mean and variance at each row."""
        covariance, _ = self._covariance(at)
        mean = covariance @ self.alpha
        variance = self.scale - ((covariance @ self.inverse) * covariance).sum(axis=1)
        return mean, np.maximum(variance, 1e-12)

    def predict_slopes(self, at: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Mean, variance, and the slope of each along every dimension that has an order."""
        covariance, slope = self._covariance(at)
        pulled = covariance @ self.inverse
        mean = covariance @ self.alpha
        variance = np.maximum(self.scale - (pulled * covariance).sum(axis=1), 1e-12)
        factor = 2 * self.weights * ~self.is_choice
        of_mean = slope * self.alpha
        mean_slopes = factor * (at * of_mean.sum(axis=1, keepdims=True) - of_mean @ self.x)
        of_variance = pulled * slope
        raw = at * of_variance.sum(axis=1, keepdims=True) - of_variance @ self.x
        return mean, variance, mean_slopes, -2 * factor * raw

    def with_believed(self, points: Floats) -> "GaussianProcess":
        """The same, were the function at `points` what is expected of it now.

        So points that are being tried are known well enough not to be tried again.
        """
        if not len(points):
            return self
        mean, _ = self.predict(points)
        values = np.concatenate([self._values(), mean])
        return _conditioned(
            np.concatenate([self.x, points]),
            values,
            is_choice=self.is_choice,
            weights=self.weights,
            scale=self.scale,
            noise=self.noise,
        )

    def _values(self) -> Floats:
        """What is known at the known points."""
        covariance, _ = self._covariance(self.x)
        values: Floats = covariance @ self.alpha + self.noise * self.alpha
        return values

    def _covariance(self, at: Floats) -> tuple[Floats, Floats]:
        """With the known points, and its slope along the squared distance."""
        squared = np.zeros((len(at), len(self.x)))
        ordered = ~self.is_choice
        if ordered.any():
            roots = np.sqrt(self.weights[ordered])
            a, b = at[:, ordered] * roots, self.x[:, ordered] * roots
            squared += (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T
        for place in np.flatnonzero(self.is_choice):
            differs = at[:, place][:, None] != self.x[:, place]
            squared += self.weights[place] * differs
        return _matern(np.maximum(squared, 0.0), self.scale)


def fit(x: Floats, y: Floats, is_choice: NDArray[np.bool_]) -> GaussianProcess:
    """The most probable Gaussian process.

    Args:
        x: Points, one a row, each dimension from 0 to 1 or the number of a choice.
        y: Their values, of mean 0 and deviation 1.
        is_choice: Dimensions without an order.

    Source:
        Rasmussen and Williams 2006, equations 5.8 and 5.9; the priors are those of Optuna's
        GPSampler (`optuna/_gp/prior.py`).
    """
    count = x.shape[1]
    apart = x.T[:, :, None] - x.T[:, None, :]
    squares = np.where(is_choice[:, None, None], (apart != 0).astype(float), apart**2)
    flat = squares.reshape(count, -1)

    def loss(logs: Floats) -> tuple[float, Floats]:
        weights, scale, noise = np.exp(logs[:count]), np.exp(logs[-2]), np.exp(logs[-1])
        pure, slope = _matern((weights @ flat).reshape(len(x), len(x)), scale)
        try:
            lower = cholesky(pure + (noise + _LEAST_NOISE) * np.eye(len(x)), lower=True)
        except LinAlgError:
            return 1e25, np.zeros_like(logs)
        inverse = cho_solve((lower, True), np.eye(len(x)))
        alpha = inverse @ y
        pull = inverse - np.outer(alpha, alpha)
        value = 0.5 * y @ alpha + np.log(np.diag(lower)).sum()
        grads = np.empty_like(logs)
        grads[:count] = 0.5 * weights * (flat @ (pull * slope).ravel())
        grads[-2] = 0.5 * (pull * pure).sum()
        grads[-1] = 0.5 * noise * np.trace(pull)
        value += (0.1 / weights + 0.1 * weights).sum() - np.log(scale) + scale
        value += 30 * noise - 0.1 * np.log(noise)
        grads[:count] += 0.1 * weights - 0.1 / weights
        grads[-2] += scale - 1
        grads[-1] += 30 * noise - 0.1
        return float(value), grads

    start = np.concatenate([np.zeros(count), [0.0, np.log(1e-2)]])
    bounds = [_LOG_BOUNDS] * (count + 1) + [(np.log(_LEAST_NOISE), 0.0)]
    options = {"maxiter": _MAX_STEPS, "ftol": 1e-6, "gtol": 1e-3}
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    best = np.exp(found.x)
    return _conditioned(
        x,
        y,
        is_choice=is_choice,
        weights=best[:count],
        scale=float(best[-2]),
        noise=float(best[-1]) + _LEAST_NOISE,
    )


def _conditioned(
    x: Floats,
    y: Floats,
    *,
    is_choice: NDArray[np.bool_],
    weights: Floats,
    scale: float,
    noise: float,
) -> GaussianProcess:
    nothing = np.zeros(len(x))
    model = GaussianProcess(x, is_choice, weights, scale, noise, nothing, np.zeros((len(x),) * 2))
    covariance, _ = model._covariance(x)  # noqa: SLF001  # Its class stands above.
    for jitter in (0.0, 1e-8, 1e-6, 1e-4):
        try:
            lower = cholesky(covariance + (noise + jitter) * np.eye(len(x)), lower=True)
        except LinAlgError:
            continue
        inverse = cho_solve((lower, True), np.eye(len(x)))
        return GaussianProcess(x, is_choice, weights, scale, noise, inverse @ y, inverse)
    raise LinAlgError("the covariance of the trials can't be inverted")


def _matern(squared: Floats, scale: float) -> tuple[Floats, Floats]:
    """Matern 5/2 of squared distances, and its slope along them."""
    scaled = _SQRT_5 * np.sqrt(squared)
    decay = scale * np.exp(-scaled)
    return decay * (1 + scaled + (5 / 3) * squared), decay * (-5 / 6) * (1 + scaled)
