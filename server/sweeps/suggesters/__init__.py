"""Ways to choose what to try next, one file each; `suggest` knows which one a sweep asks for."""

from weave_core.server.sweeps.configs import SweepConfig
from weave_core.server.sweeps.pasts import Past
from weave_core.server.sweeps.spaces import Point
from weave_core.server.sweeps.suggesters.draws import random_point, sobol_point

__all__ = ["MAX_BAYES_GP", "suggest"]

MAX_BAYES_GP = 200
"""Trials with a result up to which `bayes` takes a Gaussian process; then TPE, which is as good
there and whose cost does not grow with the cube."""


def suggest(config: SweepConfig, past: Past, *, seed: int, number: int) -> Point:
    """The point that trial `number` is to try; grids count by themselves.

    Raises:
        MissingExtra: If the method needs a library that is not installed.
    """
    method = config.method
    if method == "random":
        return random_point(config.space, seed=seed, number=number)
    if method == "sobol":
        return sobol_point(config.space, seed=seed, number=number)
    # Late: they load numpy and scipy, or Optuna.
    if method == "gp" or (method == "bayes" and len(past.values) <= MAX_BAYES_GP):
        from weave_core.server.sweeps.suggesters import gp

        return gp.suggest(config.space, past, seed=seed, number=number)
    from weave_core.server.sweeps.suggesters import tpe

    return tpe.suggest(config.space, past, seed=seed, number=number)
