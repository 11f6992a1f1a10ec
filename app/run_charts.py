"""What charts of runs are made of: sections, lines and colours, means of groups; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from zlib import crc32

import numpy as np

from weave_core.app.components.value_list import value_text
from weave_core.flat_keys import flattened
from weave_core.metric_definitions import definition_of
from weave_core.model import MetricDefinition, Run, RunSeries
from weave_core.points import SYSTEM_PREFIX

__all__ = [
    "AUTO",
    "AXES",
    "SYSTEM_AXES",
    "ChartLine",
    "axes_of",
    "axis_of",
    "group_means",
    "groups_by",
    "lines_of",
    "section_of",
    "sections_of",
    "unit_of",
]

AUTO: Final = "auto"
"""The x of each chart is what `define_metric` said of its key."""
AXES: Final = {"step": "step", "time": "time", "runtime": "seconds since it began"}
"""What charts may have along x beside keys, and how it is called."""
SYSTEM_AXES: Final = {name: AXES[name] for name in ("time", "runtime")}
"""Likewise of what was measured of the machine, which has no steps."""
_COLORS: Final = (
    "#0f9d8f", "#8250df", "#d97706", "#2f7de0", "#c8447c", "#65a30d", "#dc4c3f", "#0891b2",
    "#a16207", "#7c6fd6", "#3f9d5d", "#b0578d",
)  # fmt: skip
"""Told apart on white and on black."""
_UNITS: Final = {
    "bytes_per_s": "B/s",
    "bytes": "B",
    "percent": "%",
    "c": "°C",
    "w": "W",
    "mhz": "MHz",
}
"""By the last words of a key of the machine's."""
_OF_MACHINE: Final = {"cpu", "memory", "disk", "network"}
_NS_PER_MS: Final = 1e6
_Numbers = tuple[Sequence[float], Sequence[float]]
MEAN_POINTS: Final = 200
"""Of the mean of a group; its band hides more."""


@dataclass(frozen=True)
class ChartLine:
    """A line as the legend has it."""

    line_id: str
    name: str
    color: str
    is_dashed: bool = False
    """Where all colours are taken."""


def axes_of(metrics: Mapping[str, MetricDefinition]) -> dict[str, str]:
    """The axes of a run's charts; what `define_metric` said comes first where it said anything."""
    has_own = any(each.step_metric for each in metrics.values())
    return {AUTO: "as each metric says", **AXES} if has_own else AXES


def axis_of(key: str, metrics: Mapping[str, MetricDefinition], chosen: str) -> str:
    """What lies along x of the chart of `key` where `chosen` was chosen for all."""
    return (definition_of(key, metrics).step_metric or "step") if chosen == AUTO else chosen


def unit_of(key: str) -> str:
    """The unit of what is measured of the machine, as far as its key tells; else nothing."""
    if not key.startswith(SYSTEM_PREFIX):
        return ""
    return next((unit for end, unit in _UNITS.items() if key.endswith(("_" + end, "." + end))), "")


def lines_of(names: Mapping[str, str], *, is_ordered: bool = False) -> dict[str, ChartLine]:
    """A line for each id, in the order given.

    Its colour goes by the id, not by the place: a run keeps it when others join or leave, unless
    two want the same, of which the later one takes the next that is free.

    Args:
        names: What each is called.
        is_ordered: Whether the place tells the colour after all, as that of a rank does.
    """
    found: dict[str, ChartLine] = {}
    taken: set[tuple[str, bool]] = set()
    for place, (line_id, name) in enumerate(names.items()):
        first = (place if is_ordered else crc32(line_id.encode())) % len(_COLORS)
        looks = [
            (_COLORS[(first + more) % len(_COLORS)], is_dashed)
            for is_dashed in (False, True)
            for more in range(len(_COLORS))
        ]
        color, is_dashed = next((each for each in looks if each not in taken), looks[0])
        taken.add((color, is_dashed))
        found[line_id] = ChartLine(line_id, name, color, is_dashed)
    return found


def section_of(key: str) -> str:
    """The part of a key that charts are gathered by: what is before the first `/` or `.`.

    Of what is measured of the machine: the machine, the process, or which GPU.
    """
    if key.startswith(SYSTEM_PREFIX):
        parts = key.removeprefix(SYSTEM_PREFIX).split(".")
        return "machine" if parts[0] in _OF_MACHINE else " ".join(parts[: max(1, len(parts) - 1)])
    places = [place for place in (key.find("/"), key.find(".")) if place > 0]
    return key[: min(places)] if places else ""


def sections_of(keys: Sequence[str], pins: Sequence[str] = ()) -> dict[str, list[str]]:
    """Keys by their section, both in order; pinned ones come first, then those without one."""
    found: dict[str, list[str]] = {}
    if pinned := [key for key in pins if key in keys]:
        found["pinned"] = pinned
        keys = [key for key in keys if key not in pinned]
    for key in sorted(set(keys), key=lambda key: (section_of(key), key)):
        found.setdefault(section_of(key), []).append(key)
    return found


def groups_by(runs: Sequence[Run], by: str) -> dict[str, str]:
    """The group of each run, by the run's id.

    Args:
        runs: Any.
        by: `group` (a run without one is a group of its own), `job_type`, or `config.KEY`.
    """
    if by == "group":
        return {run.run_id: run.group or run.name for run in runs}
    if by == "job_type":
        return {run.run_id: run.job_type or "none" for run in runs}
    name = by.removeprefix("config.")
    found = {run.run_id: dict(flattened(run.config)).get(name) for run in runs}
    return {each: f"{name} {value_text(value)}" for each, value in found.items()}


def group_means(
    group_of: Mapping[str, str], series: Sequence[RunSeries], *, x: str
) -> dict[str, dict[str, Any]]:
    """By group, the mean of its runs over x, with the least and the largest of them.

    Runs are read between their points, never beyond their ends.

    Args:
        group_of: The group of each run, as `groups_by` gives it.
        series: Points of one key.
        x: What lies along x; times become milliseconds.
    """
    members: dict[str, list[_Numbers]] = {}
    for each in series:
        along: Sequence[float] = each.steps if each.x is None else each.x
        pairs = [
            (place / _NS_PER_MS if x == "time" else place, float(value))
            for place, value in zip(along, each.values, strict=True)
            if not isinstance(value, str)
        ]
        if pairs:
            xs, ys = zip(*pairs, strict=True)
            members.setdefault(group_of[each.run_id], []).append((xs, ys))
    return {group: _mean(lines) for group, lines in members.items()}


def _mean(lines: Sequence[_Numbers]) -> dict[str, Any]:
    first = min(xs[0] for xs, _ in lines)
    last = max(xs[-1] for xs, _ in lines)
    count = max(2, min(MEAN_POINTS, max(len(xs) for xs, _ in lines)))
    grid = np.linspace(first, last, count if first < last else 1)
    # Read on the way between two points; nothing before the first and behind the last.
    read = np.array([np.interp(grid, xs, ys, left=np.nan, right=np.nan) for xs, ys in lines])
    is_there = ~np.isnan(read).all(axis=0)
    grid, read = grid[is_there], read[:, is_there]
    return {
        "x": grid.tolist(),
        "y": np.nanmean(read, axis=0).tolist(),
        "low": np.nanmin(read, axis=0).tolist(),
        "high": np.nanmax(read, axis=0).tolist(),
        "deviation": np.nanstd(read, axis=0).tolist(),
        "count": len(lines),
        "sampled": False,
    }
