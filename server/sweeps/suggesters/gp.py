"""GP: where, by a Gaussian process, most can be expected to be won; the choice for few trials.

Points that are being tried count as if they had come to what is expected of them, so agents that
ask side by side get different ones.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError
from scipy.optimize import minimize
from scipy.special import erfcx, log_ndtr

from weave_core.server.sweeps.distributions import Choices, Curve, Levels
from weave_core.server.sweeps.gaussian_processes import Floats, GaussianProcess, fit
from weave_core.server.sweeps.pasts import Past
from weave_core.server.sweeps.spaces import Point, Space
from weave_core.server.sweeps.suggesters.draws import random_point, sobol_point

__all__ = ["MAX_GP_TRIALS", "suggest"]

MAX_GP_TRIALS = 200
"""Trials that a Gaussian process looks at: the best and the latest, half and half."""
_LEAST_START = 8
"""Trials before the first suggestion, or as many as there are parameters, if those are more."""
_DRAWS = 768
_NEAR_DRAWS = 32
"""Draws around each of the best points."""
_STARTS = 8
_STEPS = 12
"""As many as tell which start leads highest; 60 found nothing better."""
_ROUNDS = 2
_FINE = 32
"""Levels from which on a parameter is searched as if it were continuous."""
_FAR = -1e4
_LOG_ROOT_2PI = 0.5 * math.log(2 * math.pi)


def suggest(space: Space, past: Past, *, seed: int, number: int) -> Point:
    """Where most can be expected to be won.

    Source:
        Jones, Schonlau and Welch 1998; its logarithm as in Ament et al. 2023, "Unexpected
        improvements to expected improvement".
    """
    past = past.capped(best=MAX_GP_TRIALS // 2, latest=MAX_GP_TRIALS // 2)
    if len(past.values) < max(_LEAST_START, len(space.varied)):
        return sobol_point(space, seed=seed, number=number)
    values = np.array(past.values)
    spread = values.std()
    if not space.varied or spread == 0 or not math.isfinite(spread):
        return random_point(space, seed=seed, number=number)
    grid = _Grid(space)
    chance = np.random.default_rng([seed, number])
    try:
        known = grid.rows_of(past.points)
        model = fit(known, (values - values.mean()) / spread, grid.is_choice)
        pending = grid.rows_of(past.pending)
        search = _Search(
            grid=grid,
            model=model.with_believed(pending),
            best=float((values.min() - values.mean()) / spread),
            chance=chance,
            seen={tuple(row) for row in np.concatenate([known, pending]).tolist()},
        )
        order = np.argsort(values)[:_STARTS]
        row = search.run(known[order])
    except LinAlgError:
        row = None
    return random_point(space, seed=seed, number=number) if row is None else grid.point_of(row)


class _Grid:
    """Points of a space as rows: levels from 0 to 1, choices as their numbers."""

    def __init__(self, space: Space) -> None:
        kinds = [each.distribution for each in space.varied]
        self.is_choice = np.array([isinstance(each, Choices) for each in kinds], bool)
        self.counts = np.array([0 if isinstance(each, Curve) else each.count for each in kinds])
        self.is_level = np.array([isinstance(each, Levels) for each in kinds], bool)
        is_curve = np.array([isinstance(each, Curve) for each in kinds], bool)
        self.is_moved = is_curve | (self.is_level & (self.counts > _FINE))
        """Dimensions that are searched along their slope."""
        self.is_finite = not any(isinstance(each, Curve) for each in kinds)

    def rows_of(self, points: "tuple[Point, ...]") -> Floats:
        """One row a point."""
        rows = np.array(points, dtype=float).reshape(len(points), len(self.counts))
        counts = self.counts[self.is_level]
        rows[:, self.is_level] = (rows[:, self.is_level] + 0.5) / counts
        return rows

    def point_of(self, row: Floats) -> Point:
        """The point of a row."""
        places = row.copy()
        counts = self.counts[self.is_level]
        places[self.is_level] = np.clip(np.floor(row[self.is_level] * counts), 0, counts - 1)
        return tuple(places.tolist())

    def snapped(self, rows: Floats) -> Floats:
        """Rows with levels at the middle of theirs."""
        counts = self.counts[self.is_level]
        found = rows.copy()
        levels = np.clip(np.floor(rows[:, self.is_level] * counts), 0, counts - 1)
        found[:, self.is_level] = (levels + 0.5) / counts
        return found

    def drawn(self, chance: np.random.Generator, count: int) -> Floats:
        """Random rows."""
        rows = chance.random((count, len(self.counts)))
        choices = self.is_choice
        rows[:, choices] = np.floor(rows[:, choices] * self.counts[choices])
        return self.snapped(rows)

    def others_of(self, row: Floats, place: int, chance: np.random.Generator) -> Floats:
        """The row with every other value at one place that can't be moved along a slope."""
        count = int(self.counts[place])
        numbers = chance.permutation(count)[:_FINE].astype(float)
        rows = np.repeat(row[None], len(numbers), axis=0)
        rows[:, place] = numbers if self.is_choice[place] else (numbers + 0.5) / count
        return rows


class _Search:
    """Looks for the row from which most can be expected."""

    def __init__(
        self,
        *,
        grid: _Grid,
        model: GaussianProcess,
        best: float,
        chance: np.random.Generator,
        seen: set[tuple[float, ...]],
    ) -> None:
        self._grid = grid
        self._model = model
        self._best = best
        self._chance = chance
        self._seen = seen

    def run(self, best_rows: Floats) -> Floats | None:
        """The row; None: all there are were tried."""
        near = np.repeat(best_rows, _NEAR_DRAWS, axis=0)
        moved = self._grid.is_moved
        widths = self._chance.choice([0.01, 0.05, 0.2], (len(near), 1))
        shift = self._chance.normal(size=(len(near), int(moved.sum()))) * widths
        near[:, moved] = np.clip(near[:, moved] + shift, 0, 1)
        fresh = self._grid.drawn(self._chance, len(near))
        # Now and then another choice, too.
        swap = (self._chance.random(near.shape) < 1 / near.shape[1]) & ~moved
        near = self._grid.snapped(np.where(swap, fresh, near))
        rows = np.concatenate([self._grid.drawn(self._chance, _DRAWS), near])
        worth = self._worth(rows)
        starts = rows[np.argsort(-worth)[:_STARTS]]
        for _ in range(_ROUNDS if not moved.all() else 1):
            starts = self._climbed(starts)
            starts = np.array([self._swapped(row) for row in starts])
        found = self._grid.snapped(np.concatenate([starts, rows]))
        order = np.argsort(-np.concatenate([self._worth(found[: len(starts)]), worth]))
        unseen = (found[place] for place in order if tuple(found[place].tolist()) not in self._seen)
        return next(unseen, None)

    def _worth(self, rows: Floats) -> Floats:
        mean, variance = self._model.predict(rows)
        deviation = np.sqrt(variance)
        return np.log(deviation) + _log_gain((self._best - mean) / deviation)

    def _climbed(self, starts: Floats) -> Floats:
        """All rows moved up their slopes at once, as one problem."""
        moved = self._grid.is_moved
        if not moved.any():
            return starts
        shape = (len(starts), int(moved.sum()))

        def loss(flat: Floats) -> tuple[float, Floats]:
            rows = starts.copy()
            rows[:, moved] = flat.reshape(shape)
            worth, slopes = self._worth_slopes(rows)
            return -float(worth.sum()), -slopes[:, moved].ravel()

        bounds = [(0.0, 1.0)] * (shape[0] * shape[1])
        options = {"maxiter": _STEPS, "ftol": 1e-5}
        found = minimize(
            loss, starts[:, moved].ravel(), jac=True, method="L-BFGS-B", bounds=bounds,
            options=options,
        )  # fmt: skip
        rows = starts.copy()
        rows[:, moved] = found.x.reshape(shape)
        return rows

    def _swapped(self, row: Floats) -> Floats:
        """The row with the best value at each place that has no slope, one after the other."""
        for place in np.flatnonzero(~self._grid.is_moved):
            rows = self._grid.others_of(row, int(place), self._chance)
            row = rows[int(np.argmax(self._worth(rows)))]
        return row

    def _worth_slopes(self, rows: Floats) -> tuple[Floats, Floats]:
        mean, variance, mean_slopes, variance_slopes = self._model.predict_slopes(rows)
        deviation = np.sqrt(variance)
        z = (self._best - mean) / deviation
        gain = _log_gain(z)
        of_mean = -np.exp(log_ndtr(z) - gain) / deviation
        of_deviation = np.exp(-0.5 * z**2 - _LOG_ROOT_2PI - gain) / deviation
        slopes = of_mean[:, None] * mean_slopes
        slopes += (of_deviation / (2 * deviation))[:, None] * variance_slopes
        return np.log(deviation) + gain, slopes


def _log_gain(z: NDArray[np.float64]) -> Floats:
    """The logarithm of phi(z) + z Phi(z), also where that is far below what a float holds."""
    near = z > -1
    gain = np.empty_like(z)
    above = z[near]
    density = np.exp(-0.5 * above**2 - _LOG_ROOT_2PI)
    gain[near] = np.log(density + above * np.exp(log_ndtr(above)))
    below = z[~near]
    # The ratio of both terms; far out it is 1 - 1/z^2 to all digits.
    rest = 1 + math.sqrt(math.pi / 2) * below * erfcx(-below / math.sqrt(2))
    rest = np.where(below > _FAR, rest, 1 / below**2)
    gain[~near] = -0.5 * below**2 - _LOG_ROOT_2PI + np.log(np.maximum(rest, 1e-300))
    return gain
