"""What was tried and what came of it, as a search looks at it: less is better."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from weave_core.server.sweeps.configs import Metric, SweepConfig
from weave_core.server.sweeps.spaces import Point

__all__ = ["Past", "read_past"]


@dataclass(frozen=True, slots=True)
class Past:
    """Points with a result, and points that are being tried."""

    points: tuple[Point, ...]
    values: tuple[float, ...]
    """One a point; less is better."""
    pending: tuple[Point, ...] = ()

    def capped(self, *, best: int, latest: int) -> "Past":
        """The same with at most so many results, in their order."""
        count = len(self.values)
        if count <= best + latest:
            return self
        kept = set(sorted(range(count), key=self.values.__getitem__)[:best])
        kept |= set(range(count - latest, count))
        places = sorted(kept)
        points = tuple(self.points[place] for place in places)
        return replace(self, points=points, values=tuple(self.values[place] for place in places))


def read_past(config: SweepConfig, trials: Sequence[Any]) -> Past:
    """The past of a sweep.

    A trial that failed counts as `metric.impute` says, so that a search keeps away from where
    programs crash; before anything has succeeded, failures say nothing.

    Args:
        config: Of the sweep.
        trials: Rows with `state`, `params` and `value`, in their order.
    """
    metric = config.metric or Metric("")
    sign = -1.0 if metric.is_maximized else 1.0
    known: list[tuple[Point, float | None]] = []
    pending: list[Point] = []
    for row in trials:
        point = config.space.point_of(row.params)
        if point is None:
            continue
        value = None if row.value is None or not math.isfinite(row.value) else sign * row.value
        if row.state in {"running", "waiting"}:
            pending.append(point)
        elif row.state in {"finished", "stopped"} and value is not None:
            known.append((point, value))
        elif row.state == "failed":
            known.append((point, value if metric.impute == "latest" else None))
    finite = [value for _, value in known if value is not None]
    if not finite:
        return Past((), (), tuple(pending))
    imputed = min(finite) if metric.impute == "best" else max(finite)
    return Past(
        points=tuple(point for point, _ in known),
        values=tuple(imputed if value is None else value for _, value in known),
        pending=tuple(pending),
    )
