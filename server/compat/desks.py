"""What clients are served from: the store, and what was heard of runs a moment ago."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from sqlalchemy import Connection

from weave_core.model import RunChanges
from weave_core.server.compat.run_places import RunPlace
from weave_core.server.compat.signatures import Signer
from weave_core.server.otlp.records import RawSpan
from weave_core.server.store.queries import runs
from weave_core.server.store.queries.run_edits import replace_config
from weave_core.server.store.queries.run_sessions import RunSession, find_session
from weave_core.server.store.stores import Store
from weave_core.server.sweeps.brains import SweepBrain
from weave_core.settings import Settings

__all__ = ["Desk"]

MAX_HEARD_RUNS = 10_000
"""Runs of wandb clients of which it is remembered when they logged last."""


@dataclass(slots=True)
class Desk:
    """One for the server; used from threads that may wait."""

    store: Store
    settings: Settings
    signer: Signer
    brain: SweepBrain
    """Chooses what agents of clients try."""
    environments: Lock = field(default_factory=Lock)
    """Held while it is said what a program runs with, of which each file tells a part."""
    awaiting: dict[tuple[str, str], bool] = field(default_factory=dict)
    """Project and run to whether files of its media are still to come, where that is known."""
    heard_ns: dict[tuple[str, str], int] = field(default_factory=dict)
    """Project and run to the time of what was logged last, which may be long ago."""

    def session(self, place: RunPlace) -> RunSession | None:
        """The run of a place; None where there is none."""
        with self.store.reading() as connection:
            return find_session(connection, place.project, place.run_id)

    def tell(self, place: RunPlace, spans: Sequence[RawSpan], size_bytes: int = 0) -> None:
        """Store what spans say; returns when it is committed.

        Raises:
            Overloaded: If too much waits already; StoreError where the database can't be written.
        """
        if spans:
            request = self.store.add_spans(place.project, spans, size_bytes=size_bytes)
            request.result()

    def change(self, place: RunPlace, given: Mapping[str, Any]) -> None:
        """Change what readers may: fields of `RunChanges`, and all of the `config`."""
        told = dict(given)
        config = told.pop("config", None)

        def work(connection: Connection) -> None:
            named = {"project": place.project, "run_id": place.run_id}
            if config is not None:
                replace_config(connection, config=config, **named)
            runs.change_run(connection, changes=RunChanges(**told), **named)

        self.store.run(work).result()

    def note_awaiting(self, place: RunPlace, *, is_awaiting: bool) -> None:
        """Remember whether files of a run's media are still to come."""
        self.awaiting[place.project, place.run_id] = is_awaiting
        while len(self.awaiting) > MAX_HEARD_RUNS:
            self.awaiting.pop(next(iter(self.awaiting)), None)

    def hear(self, place: RunPlace, times_ns: Sequence[int]) -> int:
        """Remember when something was logged; gives the latest time, or now."""
        key = (place.project, place.run_id)
        latest = max((self.heard_ns.pop(key, 0), *times_ns), default=0)
        if latest:
            self.heard_ns[key] = latest
        while len(self.heard_ns) > MAX_HEARD_RUNS:
            self.heard_ns.pop(next(iter(self.heard_ns)), None)
        return latest or time.time_ns()
