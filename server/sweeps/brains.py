"""Answers agents that ask what to try: compute a suggestion, then hand it out in one transaction.

What takes time is done in the thread of the request, on a snapshot, so that neither the writer nor
the event loop waits for it.  Of one sweep one suggestion is computed at a time: the next one has to
know what this one has handed out.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from sqlalchemy import Connection

from weave_core.errors import Overloaded
from weave_core.model import TrialQuestion
from weave_core.server.store.queries.sweeps import FoundSweep, find_sweep, read_trials
from weave_core.server.store.stores import Store
from weave_core.server.store.trials import (
    Suggestion,
    hand_out,
    last_place,
    next_number,
)
from weave_core.server.sweeps.configs import SweepConfig, read_config
from weave_core.server.sweeps.pasts import read_past
from weave_core.server.sweeps.suggesters import suggest
from weave_core.server.sweeps.suggesters.grid import grid_point, next_place

__all__ = ["MAX_ASKING", "SweepBrain"]

MAX_ASKING = 8
"""Agents whose questions are in work at a time, of all sweeps; one more is told to come back."""
_STRIPES = 64
_TRIES = 3


class SweepBrain:
    """Answers agents; one a server."""

    def __init__(self) -> None:
        self._places = threading.BoundedSemaphore(MAX_ASKING)
        self._locks = [threading.Lock() for _ in range(_STRIPES)]

    def ask(
        self, store: Store, *, project: str, sweep_id: str, question: TrialQuestion
    ) -> dict[str, Any]:
        """What an agent is to do.

        Raises:
            NotFound: If there is no such project, or no such sweep in it.
            Overloaded: If too many ask at the same time.
        """
        with self._place(), self._locks[hash((project, sweep_id)) % _STRIPES]:
            for _ in range(_TRIES):
                suggestion, is_exhausted = _suggest(store, project, sweep_id)
                work = partial(
                    hand_out,
                    project=project,
                    sweep_id=sweep_id,
                    question=question,
                    suggestion=suggestion,
                    is_exhausted=is_exhausted,
                )
                answer = store.run(work).result()
                if answer is not None:
                    return answer
        raise Overloaded("the sweep changed while a trial was chosen", "ask again")

    @contextmanager
    def _place(self) -> Iterator[None]:
        if not self._places.acquire(blocking=False):
            raise Overloaded(f"{MAX_ASKING} agents ask already", "ask again in a second")
        try:
            yield
        finally:
            self._places.release()


def _suggest(store: Store, project: str, sweep_id: str) -> tuple[Suggestion | None, bool]:
    """What to try next, and whether there is nothing more to try."""
    with store.reading() as connection:
        sweep = find_sweep(connection, project, sweep_id)
        config = read_config(sweep.config)
        number = next_number(connection, sweep, config)
        if number is None:
            return None, False
        if config.method == "grid":
            return _next_of_grid(connection, sweep, config, number)
        learns = config.method not in {"random", "sobol"}
        past = read_past(config, read_trials(connection, sweep, config) if learns else ())
    point = suggest(config, past, seed=int(sweep.seed), number=number)
    return Suggestion(number, config.space.params_of(point)), False


def _next_of_grid(
    connection: Connection, sweep: FoundSweep, config: SweepConfig, number: int
) -> tuple[Suggestion | None, bool]:
    place = next_place(config.space, last_place(connection, sweep) + 1)
    if place is None:
        return None, True
    params = config.space.params_of(grid_point(config.space, place))
    return Suggestion(number, params, place), False
