"""Monitors and alerts in words and cells; pure."""

from datetime import UTC, datetime

from weave_core.app.components.figure_table import Cell
from weave_core.app.formats import count, money, percent
from weave_core.model import Alert, AlertEvent, Monitor, MonitorStats

__all__ = [
    "budget_words",
    "coverage_words",
    "delivery_words",
    "evidence_filter",
    "points_of",
    "rule_words",
    "state_of_alert",
    "state_of_monitor",
    "when",
]


def state_of_monitor(monitor: Monitor) -> Cell:
    """How a monitor is; what keeps it from working where a pointer rests on it."""
    if monitor.problem:
        return {"text": "can't score", "title": monitor.problem, "bad": True}
    if monitor.is_over_budget:
        told = "What waits is scored when the hour has room again."
        return {"text": "over budget", "title": told, "bad": True}
    return {"text": monitor.state, "dim": monitor.state == "paused"}


def budget_words(monitor: Monitor) -> str:
    """What the last hour took, and what it may: `90 of 200 calls, $0.0120 of $1.00`."""
    budget, spent = monitor.budget, monitor.spent
    calls = f"{count(spent.calls)} calls"
    if budget.calls_per_hour is not None:
        calls = f"{count(spent.calls)} of {count(budget.calls_per_hour)} calls"
    if budget.usd_per_hour is None:
        return calls if spent.cost_usd is None else f"{calls}, {money(spent.cost_usd)}"
    return f"{calls}, {money(spent.cost_usd or 0.0)} of {money(budget.usd_per_hour)}"


def coverage_words(monitor: Monitor) -> str:
    """How much of what matched was judged."""
    if not monitor.matched:
        # What was there before the monitor is scored without being counted as matched.
        return f"{count(monitor.scored)} scored" if monitor.scored else "nothing has matched yet"
    share = min(1.0, (monitor.scored + monitor.failed) / monitor.matched)
    return f"{percent(share)} of {count(monitor.matched)} that matched"


def points_of(stats: list[MonitorStats]) -> list[tuple[str, float, float, float]]:
    """Means over time with their intervals, of one score."""
    points = []
    for each in stats:
        if each.mean is None or each.bucket_ns is None:
            continue
        value = each.mean.value
        low = value if each.mean.low is None else each.mean.low
        high = value if each.mean.high is None else each.mean.high
        points.append((when(each.bucket_ns), value, low, high))
    return points


def when(moment_ns: int) -> str:
    """A moment as charts take it."""
    return datetime.fromtimestamp(moment_ns / 1e9, UTC).isoformat()


def evidence_filter(alert: Alert) -> str:
    """The traces that an alert over spans speaks of: those that failed, where it is of failures."""
    parts = [f"({alert.filter})"] if alert.filter else []
    if alert.measure == "error_rate":
        parts.append("status = 'error'")
    return f"any_span({' and '.join(parts)})" if parts else ""


def rule_words(alert: Alert) -> str:
    """`error_rate above 0.05 in 15 min, for 5 min`."""
    threshold = f"{alert.threshold:g}"
    if alert.condition in {"rises", "falls"}:
        threshold = f"by {alert.threshold:.0%}"
    score = f" {alert.score or ''} of {alert.monitor}".replace("  ", " ") if alert.monitor else ""
    score = f" {alert.score}" if alert.measure == "feedback" else score
    window = "" if alert.measure == "runs" else f" in {_time(alert.window_s)}"
    hold = f", for {_time(alert.for_s)}" if alert.for_s else ""
    where = f" where {alert.filter}" if alert.filter else ""
    return f"{alert.measure}{score} {alert.condition} {threshold}{window}{hold}{where}"


def state_of_alert(alert: Alert, now_ns: int) -> Cell:
    """How an alert stands."""
    if alert.problem:
        return {"text": "can't tell", "title": alert.problem, "bad": True}
    if alert.is_paused:
        return {"text": "paused", "dim": True}
    is_muted = alert.muted_until_ns is not None and alert.muted_until_ns > now_ns
    return {
        "text": f"{alert.state}, muted" if is_muted else alert.state,
        "bad": alert.state == "firing",
        "dim": alert.state in {"ok", "resolved"},
    }


def delivery_words(event: AlertEvent) -> str:
    """Who was told, and whether it arrived."""
    if event.is_muted:
        return "nobody, it is muted"
    told = [
        f"{each.kind} {each.to}: {each.state}" + (f" ({each.error})" if each.error else "")
        for each in event.deliveries
    ]
    return "; ".join(told) or "nobody"


def _time(seconds: int) -> str:
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
