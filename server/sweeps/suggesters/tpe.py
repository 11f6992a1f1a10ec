"""TPE: what good trials have and bad ones have not, by Optuna's sampler; for many trials.

The study is built in memory for each suggestion and thrown away: our tables are the truth.
"""

import random
import warnings
from typing import TYPE_CHECKING

from weave_core.errors import MissingExtra
from weave_core.server.sweeps.distributions import Choices, Curve
from weave_core.server.sweeps.pasts import Past
from weave_core.server.sweeps.spaces import Point, Space

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

__all__ = ["MAX_TPE_TRIALS", "suggest"]

MAX_TPE_TRIALS = 400
"""Trials that TPE looks at: the best and the latest, half and half."""
_START = 10
"""Random trials before the first suggestion."""


def suggest(space: Space, past: Past, *, seed: int, number: int) -> Point:
    """What good trials have and bad ones have not.

    Raises:
        MissingExtra: If Optuna is not installed.

    Source:
        Bergstra et al. 2011; the sampler is Optuna's `TPESampler`, multivariate.
    """
    try:
        import optuna
    except ImportError as error:
        raise MissingExtra(
            "method tpe, and bayes after many trials, needs Optuna, which is not installed",
            "pip install 'weave-core[server]'",
        ) from error

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    past = past.capped(best=MAX_TPE_TRIALS // 2, latest=MAX_TPE_TRIALS // 2)
    distributions = _distributions(space)
    with warnings.catch_warnings():
        # Of features that are experimental there; what they do is pinned by our tests.
        warnings.simplefilter("ignore")
        sampler = optuna.samplers.TPESampler(
            n_startup_trials=_START,
            multivariate=True,
            constant_liar=True,
            # Sums of both would give a sweep what its neighbour had one number before.
            seed=random.Random(f"{seed} {number}").getrandbits(32),  # noqa: S311  # No secret.
        )
        study = optuna.create_study(sampler=sampler)
        names = list(distributions)
        states = optuna.trial.TrialState
        for state, points in ((states.COMPLETE, past.points), (states.RUNNING, past.pending)):
            for place, point in enumerate(points):
                study.add_trial(
                    optuna.trial.create_trial(
                        state=state,
                        value=past.values[place] if state == states.COMPLETE else None,
                        params=dict(zip(names, _natural(space, point), strict=True)),
                        distributions=distributions,
                    )
                )
        asked = study.ask(distributions)
    return tuple(float(asked.params[name]) for name in names)


def _distributions(space: Space) -> "dict[str, BaseDistribution]":
    from optuna import distributions

    found: dict[str, BaseDistribution] = {}
    for each in space.varied:
        if isinstance(each.distribution, Curve):
            found[each.name] = distributions.FloatDistribution(0.0, 1.0)
        elif isinstance(each.distribution, Choices):
            numbers = tuple(range(each.distribution.count))
            found[each.name] = distributions.CategoricalDistribution(numbers)
        else:
            found[each.name] = distributions.IntDistribution(0, each.distribution.count - 1)
    return found


def _natural(space: Space, point: Point) -> list[float]:
    """Places as Optuna has them: whole numbers of levels and choices."""
    return [
        place if isinstance(each.distribution, Curve) else int(place)
        for each, place in zip(space.varied, point, strict=True)
    ]
