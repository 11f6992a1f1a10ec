"""Random: a point drawn anew for each trial, or the next of a sequence that fills the space evenly.

What trial number n gets depends on the sweep's seed and n alone, whoever asks and whenever.
"""

import random

from weave_core.server.sweeps.spaces import Point, Space

__all__ = ["random_point", "sobol_point"]

_MAX_SOBOL_PLACES = 2**30
"""After so many points the sequence begins again."""


def random_point(space: Space, *, seed: int, number: int) -> Point:
    """An independent draw."""
    chance = random.Random(f"{seed} {number}")  # noqa: S311  # No secret.
    return space.point_at([chance.random() for _ in space.varied])


def sobol_point(space: Space, *, seed: int, number: int) -> Point:
    """The point of this number in a scrambled Sobol sequence.

    Source:
        Owen 1998, "Scrambling Sobol' and Niederreiter-Xing points".
    """
    if not space.varied:
        return ()
    from scipy.stats.qmc import Sobol  # A second of imports, not for a server without sweeps.

    sequence = Sobol(len(space.varied), scramble=True, rng=seed)
    if number % _MAX_SOBOL_PLACES:  # scipy can't go forward by nothing.
        sequence.fast_forward(number % _MAX_SOBOL_PLACES)
    return space.point_at(sequence.random(1)[0].tolist())
