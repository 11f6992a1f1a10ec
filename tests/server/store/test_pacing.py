"""The background keeps out of a load's way, and never falls behind without bound."""

from itertools import pairwise

import pytest

from weave_core.server.store.pacing import MAX_PAUSE_S, TURN_S, Behind, Pace, StepSize


def share(took_s: float, pause_s: float) -> float:
    """Of the writer's time."""
    return took_s / (took_s + pause_s)


def test_sums_take_a_fifth_under_load_and_more_the_more_of_them_are_stale() -> None:
    """What waits raises the share, up to a bound that leaves room for senders."""
    shares = [
        share(TURN_S, Pace(Behind(traces, 0)).sums_pause_s(TURN_S))
        for traces in (0, 10_000, 30_000, 50_000, 10**9)
    ]
    assert shares[0] == pytest.approx(0.2)
    assert all(less < more for less, more in pairwise(shares[:4]))
    assert shares[3] == shares[4] == pytest.approx(0.7)


def test_full_text_takes_what_is_free_and_its_share_when_it_is_far_behind() -> None:
    """A step each two seconds is all it gets of a burst; of a load without end up to a half."""
    near, far, farther = (Pace(Behind(0, spans)) for spans in (40_000, 250_000, 10**9))
    assert near.texts_pause_s(TURN_S, is_free=True) == pytest.approx(TURN_S)
    assert near.texts_pause_s(TURN_S, is_free=False) == MAX_PAUSE_S
    shares = [share(TURN_S, pace.texts_pause_s(TURN_S, is_free=False)) for pace in (far, farther)]
    assert shares == pytest.approx([0.25, 0.5])


def test_who_reads_comes_before_what_can_wait() -> None:
    """A fifth is left for it while nobody sends; what is far behind keeps what it has."""
    read = Pace(Behind(0, 0), is_read=True)
    assert share(TURN_S, read.texts_pause_s(TURN_S, is_free=True)) == pytest.approx(0.2)
    far = Pace(Behind(0, 10**9), is_read=True)
    assert share(TURN_S, far.texts_pause_s(TURN_S, is_free=True)) == pytest.approx(0.5)
    assert read.turn_s == TURN_S


def test_no_rest_is_longer_than_two_seconds_and_a_quiet_time_is_used() -> None:
    """However long a step took; and without senders there is more work than rest."""
    pace = Pace(Behind(10, 10))
    assert pace.sums_pause_s(60.0) == MAX_PAUSE_S
    quiet = Pace(Behind(10, 10), is_quiet=True)
    assert quiet.turn_s > pace.turn_s
    assert quiet.sums_pause_s(0.1) < pace.sums_pause_s(0.1)


@pytest.mark.parametrize("item_us", [2, 50, 3_000])
def test_steps_come_to_take_the_time_they_may(item_us: int) -> None:
    """Whatever an item takes; one that takes longer than the step is still done."""
    size = StepSize(200, least=1, most=5_000)
    for _ in range(60):
        size.learn(size.of(TURN_S), size.of(TURN_S) * item_us / 1e6)
    assert size.of(TURN_S) == pytest.approx(min(5_000, TURN_S * 1e6 / item_us), rel=0.1)
    size.learn(1, 10.0)
    assert size.of(TURN_S) >= 1


def test_what_a_step_costs_by_itself_does_not_make_it_ever_smaller() -> None:
    """Where each takes 40 ms before its first item, few items a step would get nowhere."""
    size = StepSize(200, least=100, most=5_000)
    for _ in range(60):
        count = size.of(TURN_S)
        size.learn(count, 0.04 + count * 20e-6)
    assert size.of(TURN_S) == 100
