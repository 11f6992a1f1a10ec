"""The background keeps out of a load's way, and never falls behind without bound."""

from itertools import pairwise

from weave_core.server.store.pacing import BUSY_PAUSE_S, MAX_PAUSE_S, Behind, Pace


def share(pace: Pace) -> float:
    """Of the writer's time, that sums get under a load."""
    turn_s = pace.sums_s
    return turn_s / (turn_s + pace.pause_s(turn_s, is_busy=True))


def test_sums_take_a_fifth_under_load_and_more_the_more_of_them_are_stale() -> None:
    """What waits raises the share, up to a bound that leaves room for senders."""
    shares = [share(Pace(Behind(traces, 0))) for traces in (0, 10_000, 30_000, 50_000, 10**9)]
    assert 0.15 < shares[0] < 0.25
    assert all(less < more for less, more in pairwise(shares[:4]))
    assert 0.6 < shares[3] == shares[4] < 0.75


def test_full_text_waits_for_a_pause_and_takes_its_share_when_it_is_far_behind() -> None:
    """A step each two seconds is all it gets of a burst; of a load without end up to a half."""
    near, far, farther = (Pace(Behind(0, spans)) for spans in (40_000, 250_000, 10**9))
    assert near.texts_s(1.0, is_free=False) is None
    assert near.texts_s(1.0, is_free=True) == 0.0
    assert near.texts_s(2.1, is_free=False) == 0.0
    at_work = [pace.texts_s(0.5, is_free=False) or 0.0 for pace in (far, farther)]
    assert 0.0 < at_work[0] < at_work[1] == 0.25
    # However long it had to wait, one turn holds senders up for a moment only.
    assert farther.texts_s(60.0, is_free=False) == 0.3


def test_a_turn_is_followed_by_a_rest_while_senders_wait() -> None:
    """Short turns are not repeated at once, and no rest is longer than two seconds."""
    pace = Pace(Behind(10, 10))
    assert pace.pause_s(0.001, is_busy=True) == BUSY_PAUSE_S
    assert pace.pause_s(0.001, is_busy=False) < 0.01
    assert pace.pause_s(60.0, is_busy=True) == MAX_PAUSE_S
    quiet = Pace(Behind(10, 10), is_quiet=True)
    assert quiet.pause_s(0.1, is_busy=False) < pace.pause_s(0.1, is_busy=False)
