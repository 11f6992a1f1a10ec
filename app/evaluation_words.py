"""Numbers of evaluations as people read them; pure functions, no Streamlit."""

from typing import Any

from weave_core.app import formats
from weave_core.model import Estimate, ItemScore, Subject

__all__ = [
    "difference",
    "difference_interval",
    "estimate",
    "interval",
    "p_value",
    "reasons",
    "short_version",
    "subject",
    "verdict",
]

_VERDICTS = {"pass": "pass", "fail": "fail", "inconclusive": "can't tell yet"}
_VERSION_DIGITS = 7
_ENOUGH = 100
_LEAST_P = 0.001


def estimate(value: Estimate | None, *, is_rate: bool) -> str:
    """`84.0 %` or `0.713`; empty where nothing was scored."""
    return "" if value is None else _number(value.value, is_rate=is_rate)


def interval(value: Estimate | None, *, is_rate: bool) -> str:
    """`78.1 to 88.6 %`; says so where there are too few items to tell."""
    if value is None:
        return ""
    if value.low is None or value.high is None:
        return "too few items for an interval"
    if is_rate:
        return f"{value.low * 100:.1f} to {value.high * 100:.1f} %"
    return f"{_plain(value.low)} to {_plain(value.high)}"


def difference(value: Estimate, *, is_rate: bool) -> str:
    """`+2.4 points` or `-0.031`."""
    if is_rate:
        return f"{value.value * 100:+.1f} points"
    return _signed(value.value)


def difference_interval(value: Estimate, *, is_rate: bool) -> str:
    """`+6.9 to +21.0 points`: an interval whose signs tell."""
    if value.low is None or value.high is None:
        return "too few items for an interval"
    if is_rate:
        return f"{value.low * 100:+.1f} to {value.high * 100:+.1f} points"
    return f"{_signed(value.low)} to {_signed(value.high)}"


def p_value(value: float | None) -> str:
    """`0.012` or `<0.001`; empty where nothing was tested."""
    if value is None:
        return ""
    return f"{value:.3f}" if value >= _LEAST_P else f"<{_LEAST_P}"


def verdict(name: str | None) -> str:
    """A gate's verdict in words; empty where there is no gate."""
    return _VERDICTS.get(name or "", name or "")


def subject(value: Subject) -> str:
    """`answer@ab12cd3`: a name and the beginning of its version."""
    version = short_version(value.version)
    return f"{value.name}@{version}" if version else value.name


def short_version(version: str | None) -> str:
    """The beginning of a digest."""
    return (version or "").removeprefix("sha256:")[:_VERSION_DIGITS]


def _signed(value: float) -> str:
    return ("+" if value >= 0 else "-") + _plain(abs(value))


def _number(value: float, *, is_rate: bool) -> str:
    return f"{value * 100:.1f} %" if is_rate else _plain(value)


def _plain(value: float) -> str:
    if abs(value) >= _ENOUGH:
        return formats.count(round(value)) if value >= 0 else f"-{formats.count(round(-value))}"
    return f"{value:.3f}".rstrip("0").rstrip(".") if value else "0"


def reasons(score: ItemScore) -> str:
    """Why a score is what it is: its reason, and each part of what stands behind it."""
    parts = score.detail if isinstance(score.detail, list) else []
    lines = [
        f"{'yes' if part.get('holds') else 'no'}: {part['claim']} ({part.get('reason') or '-'})"
        for part in parts
        if isinstance(part, dict) and "claim" in part
    ]
    if isinstance(score.detail, dict):
        told = [f"{name}: {_in_a_line(value)}" for name, value in score.detail.items()]
        return "\n".join([*([score.reason] if score.reason else []), *told])
    # A reason that only counts the parts says nothing beside them.
    return "\n".join(lines or [score.reason or ""])


def _in_a_line(value: Any) -> str:
    """A part of a detail: a list by its members, a mapping by its pairs."""
    if isinstance(value, list):
        return "; ".join(map(_in_a_line, value))
    if isinstance(value, dict):
        return ", ".join(f"{name} {_in_a_line(each)}" for name, each in value.items())
    return f"{value:.3g}" if isinstance(value, float) else str(value)
