"""What an alert watches, measured, and whether its condition holds.

Never of a handful, and where that can be said, never of what chance explains.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from weave_core.client import Client
from weave_core.errors import BadRequest
from weave_core.model import AlertMeasurement, AlertRule, Estimate, Stats
from weave_core.statistics.estimates import of_count, rate

__all__ = ["Sample", "decide", "measure"]

MAX_COUNTED_RUNS = 500
"""Runs that an alert counts; more are as many."""
_NS = 1_000_000_000
_SHARES = {"latency_p50_ms": 0.5, "latency_p95_ms": 0.05, "latency_p99_ms": 0.01}
"""Of spans that are slower than the percentile."""
_NEED_NONE = ("count", "cost_usd", "total_tokens", "runs")
"""What can be said of any number of spans, of none as well."""
_UNITS = {"ms": "ms", "usd": "USD"}


@dataclass(frozen=True)
class Sample:
    """One window."""

    value: float | None
    n: int = 0
    """Spans, scores or runs."""
    low: float | None = None
    high: float | None = None
    """Of its interval; None where there is none."""
    slower: Estimate | None = None
    """Of a percentile: the share of the spans that are slower than it is compared with."""
    names: tuple[str, ...] = ()
    """Of runs, the first."""


def measure(client: Client, project: str, rule: AlertRule) -> AlertMeasurement:
    """What is so now.

    Raises:
        WeaveError: If it can't be asked: the project, the monitor or a field is gone.
    """
    at_ns = time.time_ns()
    window_ns = rule.window_s * _NS
    ask = _asker(client, project, rule)
    before = None
    limit = rule.threshold
    if rule.condition in {"rises", "falls"}:
        before = ask(at_ns - 2 * window_ns, at_ns - window_ns, None)
        limit = before.value if before.value is not None else math.inf
    now = ask(at_ns - window_ns, at_ns, limit)
    is_breached = decide(rule, now, before)
    return AlertMeasurement(
        at_ns=at_ns,
        value=now.value,
        low=now.low,
        high=now.high,
        n=now.n,
        before=before.value if before else None,
        before_n=before.n if before else 0,
        is_breached=is_breached,
        text=_told(rule, now, before, is_breached=is_breached)[:2000],
    )


def decide(rule: AlertRule, now: Sample, before: Sample | None) -> bool | None:
    """Whether the condition holds; None where there is too little to say."""
    needs = 0 if rule.measure in _NEED_NONE else rule.min_samples
    if now.value is None or now.n < needs:
        return None
    is_up = rule.condition in {"above", "rises"}
    if before is None:
        is_beyond = now.value > rule.threshold if is_up else now.value < rule.threshold
        return is_beyond and (not rule.is_sure or _is_sure(rule, now, is_up=is_up))
    if before.value is None or before.n < max(needs, 1) or now.n < 1:
        return None
    moved = now.value - before.value if is_up else before.value - now.value
    # Of nothing, any rise is beyond every share.
    is_beyond = moved > 0 and moved >= rule.threshold * abs(before.value)
    return is_beyond and (not rule.is_sure or _has_moved(rule, now, before, is_up=is_up))


def _is_sure(rule: AlertRule, now: Sample, *, is_up: bool) -> bool:
    """Whether the whole interval lies beyond the threshold; true where there is none."""
    if now.slower is not None:
        return _is_beyond(now.slower, _SHARES[rule.measure], is_up=is_up)
    if rule.measure == "count":
        return True  # It was counted, not drawn.
    if now.low is None or now.high is None:
        return True
    return now.low > rule.threshold if is_up else now.high < rule.threshold


def _is_beyond(found: Estimate, share: float, *, is_up: bool) -> bool:
    end = found.low if is_up else found.high
    return end is not None and (end > share if is_up else end < share)


def _has_moved(rule: AlertRule, now: Sample, before: Sample, *, is_up: bool) -> bool:
    """Whether chance does not explain the difference; true where nothing can be said of it.

    Source: Newcombe 1998, method 10, for rates; Zou and Donner 2008 for any two intervals.
    """
    if now.slower is not None:
        return _is_beyond(now.slower, _SHARES[rule.measure], is_up=is_up)
    first, second = (now, before) if is_up else (before, now)
    if first.value is None or second.value is None:
        return False
    if first.low is None or second.high is None:
        # Of all alike there is no interval; then there is one of neither, or they differ.
        return (now.low is None) == (before.low is None)
    reach = math.hypot(first.value - first.low, second.high - second.value)
    return first.value - second.value > reach


Ask = Callable[[int, int, float | None], Sample]


def _asker(client: Client, project: str, rule: AlertRule) -> Ask:
    """How a window is asked for: from, to, and what a percentile is compared with."""
    if rule.measure == "runs":
        return lambda _from, _to, _limit: _runs(client, project, rule)
    if rule.measure == "feedback":
        return lambda from_ns, to_ns, _limit: _feedback(client, project, rule, from_ns, to_ns)
    if rule.measure in {"score", "score_errors"}:
        return lambda from_ns, to_ns, _limit: _score(client, project, rule, from_ns, to_ns)
    return lambda from_ns, to_ns, limit: _spans(client, project, rule, (from_ns, to_ns), limit)


def _runs(client: Client, project: str, rule: AlertRule) -> Sample:
    page = client.list_runs(project, filter=rule.filter, limit=MAX_COUNTED_RUNS)
    names = tuple(run.name or run.run_id for run in page.items[:5])
    return Sample(float(len(page.items)), len(page.items), names=names)


def _score(client: Client, project: str, rule: AlertRule, from_ns: int, to_ns: int) -> Sample:
    monitor = rule.monitor or ""
    found = client.list_monitor_stats(
        project, monitor, score=rule.score, from_ns=from_ns, to_ns=to_ns
    )
    if rule.measure == "score_errors":
        errors = sum(each.error_count for each in found)
        n = errors + sum(each.count for each in found)
        return _of_estimate(rate(errors, n)) if n else Sample(None)
    scored = [each for each in found if each.mean is not None]
    if len(scored) > 1:
        raise BadRequest(
            f"monitor {monitor!r} has several scores: {', '.join(each.name for each in scored)}",
            "name one in the alert's `score`",
        )
    return _of_estimate(scored[0].mean) if scored and scored[0].mean else Sample(None)


def _feedback(client: Client, project: str, rule: AlertRule, from_ns: int, to_ns: int) -> Sample:
    name = (rule.score or "").replace("'", "''")
    asked = f"name = '{name}' and value is not null"
    asked += f" and created_ns >= {from_ns} and created_ns < {to_ns}"
    if rule.filter:
        asked = f"({rule.filter}) and {asked}"
    [*found] = client.sum_feedback(project, filter=asked)
    if not found or found[0].mean is None:
        return Sample(None)
    mean, n = found[0].mean, found[0].count
    if (found[0].min or 0.0) < 0 or (found[0].max or 0.0) > 1:
        return Sample(mean, n)
    # Of what lies between 0 and 1 none varies more than a yes or no: no interval is wider.
    return replace(_of_estimate(rate(round(mean * n), n)), value=mean)


def _of_estimate(found: Estimate) -> Sample:
    return Sample(found.value, found.n, found.low, found.high)


def _spans(
    client: Client, project: str, rule: AlertRule, window: tuple[int, int], limit: float | None
) -> Sample:
    stats = _stats(client, project, rule.filter, window)
    count = stats.count if stats else 0
    measure = rule.measure
    if measure == "count":
        return _of_estimate(of_count(count))
    if measure == "total_tokens":
        tokens = stats.tokens.total_tokens if stats and stats.tokens else 0
        return Sample(float(tokens or 0), count)
    if measure == "cost_usd":
        return Sample((stats.cost_usd if stats else None) or 0.0, count)
    if stats is None:
        return Sample(None)
    if measure == "error_rate":
        return _of_estimate(rate(stats.error_count, count))
    name = measure.removeprefix("latency_").removesuffix("_ms")
    sample = Sample(getattr(stats.latency_ms, name), count)
    if measure not in _SHARES or limit is None or not math.isfinite(limit):
        return sample
    slow = f"latency_ms > {limit!r}"
    both = f"({rule.filter}) and {slow}" if rule.filter else slow
    slower = _stats(client, project, both, window)
    return replace(sample, slower=rate(slower.count if slower else 0, count))


def _stats(client: Client, project: str, text: str | None, window: tuple[int, int]) -> Stats | None:
    from_ns, to_ns = window
    found = client.list_stats(project, filter=text, from_ns=from_ns, to_ns=to_ns)
    return found[0] if found and found[0].count else None


def _told(rule: AlertRule, now: Sample, before: Sample | None, *, is_breached: bool | None) -> str:
    """The measurement in one line."""
    what = rule.measure if rule.score is None else f"{rule.measure} {rule.score}"
    if now.value is None:
        return f"{what}: nothing in {_time(rule.window_s)}"
    said = f"{what} is {_number(rule, now.value)}"
    if now.low is not None and now.high is not None and rule.measure != "count":
        said += f" [{_number(rule, now.low)}, {_number(rule, now.high)}]"
    if rule.measure == "runs":
        said += f": {', '.join(now.names)}" if now.names else ""
    else:
        of = "" if rule.measure == "count" else f" of {now.n:,}"
        said += f"{of} in {_time(rule.window_s)}"
    if before is not None:
        was = "unknown" if before.value is None else _number(rule, before.value)
        said += f", {was} before; told of when it {rule.condition} by {rule.threshold:.0%}"
    else:
        said += f"; told of {rule.condition} {_number(rule, rule.threshold)}"
    return f"{said} (too few to say)" if is_breached is None else said


def _number(rule: AlertRule, value: float) -> str:
    if rule.measure in {"error_rate", "score_errors"}:
        return f"{value:.2%}"
    unit = _UNITS.get(rule.measure.rpartition("_")[2], "")
    return f"{value:,.4g} {unit}".rstrip() if abs(value) < 1e4 else f"{value:,.0f} {unit}".rstrip()  # noqa: PLR2004


def _time(seconds: int) -> str:
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
