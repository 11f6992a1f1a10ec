"""How an alert's state follows from what is measured.  Pure: no rows, no clock."""

from dataclasses import dataclass
from typing import Literal

from weave_core.model import AlertRule, AlertState

__all__ = ["Step", "next_step"]

_NS = 1_000_000_000


@dataclass(frozen=True)
class Step:
    """Where an alert stands."""

    state: AlertState
    since_ns: int
    clear_ns: int | None = None
    """Since when the condition no longer holds, of one that fires."""
    told_ns: int | None = None
    """When somebody was told last."""
    event: Literal["change", "reminder"] | None = None
    """What is to be told now."""


def next_step(now: Step, rule: AlertRule, *, is_breached: bool | None, at_ns: int) -> Step:
    """Where an alert stands after a measurement.

    It fires once the condition has held for `for_s`, and is resolved once it has not for as long: a
    value that swings about the threshold is told of once.  Where there is too little to say, it
    stays what it is.
    """
    for_ns = rule.for_s * _NS
    if now.state == "firing":
        return _of_firing(now, rule, is_breached=is_breached, at_ns=at_ns)
    if is_breached:
        since_ns = now.since_ns if now.state == "pending" else at_ns
        if at_ns - since_ns >= for_ns:
            return Step("firing", at_ns, told_ns=at_ns, event="change")
        return Step("pending", since_ns, told_ns=now.told_ns)
    if now.state == "pending" and is_breached is False:
        return Step("ok", at_ns, told_ns=now.told_ns)
    return Step(now.state, now.since_ns, told_ns=now.told_ns)


def _of_firing(now: Step, rule: AlertRule, *, is_breached: bool | None, at_ns: int) -> Step:
    if is_breached is False:
        clear_ns = now.clear_ns or at_ns
        if at_ns - clear_ns >= rule.for_s * _NS:
            return Step("resolved", at_ns, told_ns=at_ns, event="change")
        return Step("firing", now.since_ns, clear_ns, now.told_ns)
    kept_ns = now.clear_ns if is_breached is None else None
    due_ns = None if rule.renotify_s is None else (now.told_ns or 0) + rule.renotify_s * _NS
    if is_breached and due_ns is not None and at_ns >= due_ns:
        return Step("firing", now.since_ns, kept_ns, at_ns, "reminder")
    return Step("firing", now.since_ns, kept_ns, now.told_ns)
