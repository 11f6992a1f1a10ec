"""How an alert moves, with a clock of the test's."""

import pytest

from weave_core.model import AlertRule
from weave_core.server.store.alert_states import Step, next_step

S = 1_000_000_000


def moves(rule: AlertRule, seen: str) -> list[str]:
    """States after one measurement a minute: `!` the condition holds, `.` not, `?` unknown."""
    step, states = Step("ok", 0), []
    for minute, sign in enumerate(seen, start=1):
        is_breached = {"!": True, ".": False, "?": None}[sign]
        step = next_step(step, rule, is_breached=is_breached, at_ns=minute * 60 * S)
        states.append(f"{step.state}{'*' if step.event else ''}")
    return states


@pytest.mark.parametrize(
    ("for_s", "seen", "expected"),
    [
        (0, "!!.", "firing* firing resolved*"),
        (0, "!?!", "firing* firing firing"),
        (120, "!!!", "pending pending firing*"),
        (120, "!.!!!", "pending ok pending pending firing*"),
        (120, "!!!.!.", "pending pending firing* firing firing firing"),
        (120, "!!!...", "pending pending firing* firing firing resolved*"),
        (120, "!?!", "pending pending firing*"),
        (0, "!.!", "firing* resolved* firing*"),
    ],
)
def test_it_fires_and_is_resolved_when_that_has_held(for_s: int, seen: str, expected: str) -> None:
    """`*` is told; what swings about the threshold is not told of at each turn."""
    rule = AlertRule(measure="count", condition="above", threshold=1, for_s=for_s)
    assert moves(rule, seen) == expected.split()


def test_a_reminder_comes_while_it_fires() -> None:
    """Every two minutes, where that was asked for."""
    rule = AlertRule(measure="count", condition="above", threshold=1, renotify_s=120)
    assert moves(rule, "!!!!!") == ["firing*", "firing", "firing*", "firing", "firing*"]
