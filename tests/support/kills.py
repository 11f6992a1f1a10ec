"""A server that is killed again and again while it is sent to, and what it has in the end."""

import random
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from support.floods import PROJECT, Flood, stored_ids
from support.servers import start_server
from weave_core import Client

__all__ = ["KillOutcome", "kill_under_load"]

LONGEST_S = 1.0
"""A server lives so long at most once it is ready; half of them less than half of it."""


@dataclass(frozen=True)
class KillOutcome:
    """What was there in the end."""

    acknowledged: int
    """Spans that a server had said it has, before anything was sent again."""
    lost: set[str]
    """And of them those that are not there after the last restart."""
    doubled: set[str]
    """Stored more than once, before or after the rest was sent again."""
    missing: set[str]
    """Not there once everything was sent until it was acknowledged."""
    unasked: int
    """Stored, and never sent."""
    miscounted: int
    """How far the sums are from what is stored."""
    refusals: Counter[int]
    """Answers that were no success, by status."""
    silent_refusals: int
    """Of them those that did not say when to come back."""

    @property
    def is_sound(self) -> bool:
        """Whether nothing is lost, doubled, miscounted, or refused in another way than with 503."""
        wrong = (self.lost, self.doubled, self.missing, self.unasked, self.miscounted)
        return not any(wrong) and set(self.refusals) <= {503} and not self.silent_refusals


def kill_under_load(
    home: Path,
    store_env: Mapping[str, str],
    *,
    door: str,
    kills: int,
    seed: int,
    stops: bool = False,
) -> KillOutcome:
    """SIGKILL a server under four senders, start it on the same data, again and again.

    Args:
        home: The server's folder.
        store_env: What makes it use a database other than its own SQLite.
        door: Where the spans go in: `http` or `grpc`.
        kills: How often.
        seed: The moments follow from it.
        stops: Every other time the server is told to stop instead, which it has to do in order.
    """
    moments = random.Random(seed)
    flood = Flood()
    for number in range(kills):
        with start_server(home, env=store_env) as server:
            flood.start(server.url if door == "http" else server.grpc_address)
            time.sleep(moments.uniform(0, LONGEST_S))  # The moment is the point.
            if stops and number % 2:
                assert server.stop() == 0
            else:
                server.kill()
            flood.stop()
    with start_server(home, env=store_env) as server, Client(server.url, timeout_s=120) as client:
        known = set(flood.acknowledged_ids)
        before = stored_ids(client)
        flood.finish(server.url)
        after = stored_ids(client)
        [sums] = client.list_stats(PROJECT)
    return KillOutcome(
        acknowledged=len(known),
        lost=known - before.keys(),
        doubled={span for found in (before, after) for span, count in found.items() if count > 1},
        missing=flood.acknowledged_ids - after.keys(),
        unasked=len(after.keys() - flood.acknowledged_ids),
        miscounted=abs(sums.count - after.total()),
        refusals=flood.refusals,
        silent_refusals=int(None in flood.waits),
    )
