"""How much of the writer's time the background gets: what nobody wants, and a share under load.

Senders wait for the writer, and whoever reads can do without full text and with sums that are a
moment old; so a load comes first, and readers come before what can wait.  The background works in
steps that are as large as a moment allows, by its own clock, and after each the writer looks for
senders.  A load that never ends must not leave it behind without bound, though: its share grows
with what waits, until it keeps up, and senders are answered that much later.
"""

from dataclasses import dataclass

__all__ = ["MAX_PAUSE_S", "TURN_S", "Behind", "Pace", "StepSize"]

TURN_S = 0.015
"""A step of the background is made so large that it takes about so long, and a sender who comes
meanwhile waits for its end."""
QUIET_TURN_S = 0.1
"""The same with nobody for a while: larger steps cost less."""
MAX_PAUSE_S = 2.0
"""Longest rest, however long a step took."""
_SUMS_SHARE, _MAX_SUMS_SHARE = 0.2, 0.7
_FAR_BEHIND_TRACES = 50_000
"""With so many stale sums they get the largest share, and about that many is what may wait."""
_CALM_SPANS = 50_000
"""Spans that may wait for full text before it takes more than a step now and then."""
_FAR_BEHIND_SPANS = 450_000
"""With so many it gets its largest share; a load of 12,000 spans a second levels off below."""
_MAX_TEXTS_SHARE = 0.5
_READ_SHARE = 0.2
"""What can wait gets no more than this beside readers, unless it is far behind."""
_WEIGHT = 0.3
"""Of the last step, in what is known of the time of the next."""


@dataclass(frozen=True, slots=True)
class Behind:
    """What the background has yet to do."""

    traces: int
    """With stale sums; counted up to some bound."""
    spans: int
    """That wait for full text."""


class StepSize:
    """How many items make a step of some length, learned from the steps before.

    Args:
        first: Of the first step.
        least: However slow they are: what a step costs by itself, much in PostgreSQL, would
            otherwise be taken for the items', and steps become ever smaller.
        most: However fast they are.
    """

    def __init__(self, first: int, *, least: int, most: int) -> None:
        self._least = least
        self._most = most
        self._item_s = TURN_S / first

    def of(self, turn_s: float) -> int:
        """Items of a step that takes about `turn_s`."""
        return max(self._least, min(int(turn_s / self._item_s), self._most))

    def learn(self, count: int, took_s: float) -> None:
        """A step of `count` items took so long."""
        if count:
            # Few items say little: the most of a small step is what every step costs.
            weight = _WEIGHT * min(1.0, count * self._item_s / TURN_S)
            self._item_s += weight * (took_s / count - self._item_s)


@dataclass(frozen=True, slots=True)
class Pace:
    """What the background may take.

    Args:
        behind: What waits.
        is_quiet: Whether nobody has come for a while, neither a sender nor a reader.
        is_read: Whether a reader has: it works beside the writer and waits for Python's lock.
    """

    behind: Behind
    is_quiet: bool = False
    is_read: bool = False

    @property
    def turn_s(self) -> float:
        """How long a step may take."""
        return QUIET_TURN_S if self.is_quiet else TURN_S

    def sums_pause_s(self, took_s: float) -> float:
        """How long sums rest after a step that took `took_s`."""
        over = min(1.0, self.behind.traces / _FAR_BEHIND_TRACES)
        share = _SUMS_SHARE + (_MAX_SUMS_SHARE - _SUMS_SHARE) * over
        return _pause_s(took_s, _MAX_SUMS_SHARE if self.is_quiet else share)

    def texts_pause_s(self, took_s: float, *, is_free: bool) -> float:
        """The same of what can wait.

        Args:
            took_s: By its last step.
            is_free: Whether no sender waits now.
        """
        over = max(0, self.behind.spans - _CALM_SPANS) / (_FAR_BEHIND_SPANS - _CALM_SPANS)
        share = min(over, 1.0) * _MAX_TEXTS_SHARE
        if is_free and self.is_read:
            share = max(share, _READ_SHARE)
        elif is_free:
            share = _MAX_SUMS_SHARE if self.is_quiet else _MAX_TEXTS_SHARE
        return _pause_s(took_s, share)


def _pause_s(took_s: float, share: float) -> float:
    return min(took_s * (1 - share) / share, MAX_PAUSE_S) if share else MAX_PAUSE_S
