"""How much of the writer's time the background gets: little under load, more the further behind.

Senders wait for the writer, and whoever reads can do without full text and with sums that are a
moment old; so a load comes first.  A load that never ends must not leave the background behind
without bound, though: its share grows with what waits, until it keeps up, and senders are answered
that much later.
"""

from dataclasses import dataclass

__all__ = ["Behind", "Pace"]

BUSY_PAUSE_S = 0.2
"""The background rests this long between two turns while senders wait for the writer."""
MAX_PAUSE_S = 2.0
"""Longest rest, however long a turn took."""
_SUMS_SHARE, _MAX_SUMS_SHARE = 0.2, 0.7
_FAR_BEHIND_TRACES = 50_000
"""With so many stale sums they get the largest share, and about that many is what may wait."""
_CALM_SPANS = 50_000
"""Spans that may wait for full text before it takes more than a step now and then."""
_FAR_BEHIND_SPANS = 450_000
"""With so many it gets its largest share; a load of 12,000 spans a second levels off below."""
_MAX_TEXTS_SHARE = 0.5
_MAX_TEXTS_TURN_S = 0.3
_MAX_PATIENCE_S = 2.0
"""What can wait gets a step after this long, however busy the senders are."""
_WORTH_IT_S = 0.02


@dataclass(frozen=True, slots=True)
class Behind:
    """What the background has yet to do."""

    traces: int
    """With stale sums; counted up to some bound."""
    spans: int
    """That wait for full text."""


@dataclass(frozen=True, slots=True)
class Pace:
    """What a turn of the background may take.

    Args:
        behind: What waits as the turn begins.
        is_quiet: Whether no sender has come for a while.
    """

    behind: Behind
    is_quiet: bool = False

    @property
    def sums_s(self) -> float:
        """Begin no further step of sums after so long."""
        return BUSY_PAUSE_S * self._sums_share / (1 - self._sums_share)

    def texts_s(self, since_s: float, *, is_free: bool) -> float | None:
        """Begin no further step of what can wait after so long; None: not even one.

        Args:
            since_s: How long ago the last one was.
            is_free: Whether nothing else is to be done.
        """
        over = max(0, self.behind.spans - _CALM_SPANS) / (_FAR_BEHIND_SPANS - _CALM_SPANS)
        turn_s = min(since_s * min(over, 1.0) * _MAX_TEXTS_SHARE, _MAX_TEXTS_TURN_S)
        if is_free or since_s > _MAX_PATIENCE_S or turn_s > _WORTH_IT_S:
            return turn_s
        return None

    def pause_s(self, took_s: float, *, is_busy: bool) -> float:
        """How long to rest after a turn that took `took_s`."""
        share = _MAX_SUMS_SHARE if self.is_quiet else self._sums_share
        pause_s = min(took_s * (1 - share) / share, MAX_PAUSE_S)
        return max(pause_s, BUSY_PAUSE_S) if is_busy else pause_s

    @property
    def _sums_share(self) -> float:
        over = min(1.0, self.behind.traces / _FAR_BEHIND_TRACES)
        return _SUMS_SHARE + (_MAX_SUMS_SHARE - _SUMS_SHARE) * over
