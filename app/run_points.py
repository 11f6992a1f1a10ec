"""The points that charts of runs show: what is in sight, at the detail that the screen has."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from weave_core.app.components.chart_grid import Looked
from weave_core.app.run_charts import AUTO, axis_of
from weave_core.app.state import client
from weave_core.errors import BadRequest
from weave_core.model import MetricDefinition, RunSeries

__all__ = ["read_points", "read_saved"]

MAX_SAVED_POINTS: Final = 1_000_000
"""Points of a chart that the page hands over as a file, those of all lines together; of more each
line is thinned, and the name of the file says so."""
_MAX_SERIES_POINTS: Final = 100_000
_RUNS_AT_ONCE: Final = 200
_SERIES_AT_ONCE: Final = 1_000


def read_points(
    project: str,
    run_ids: Sequence[str],
    looked: Looked,
    metrics: Mapping[str, MetricDefinition],
    *,
    points: int | None = None,
    ranks: int = 1,
) -> dict[str, list[RunSeries]]:
    """By key, the series of all runs, those of one run in the order of ranks.

    Args:
        project: Of the runs.
        run_ids: Which runs.
        looked: What is in sight; a part of an axis is meant by charts along that axis alone.
        metrics: Definitions, for the axis of each key.
        points: Most of a series; None: as the screen has room for.
        ranks: How many a run has at most, as far as that is known.
    """
    found: dict[str, list[RunSeries]] = {key: [] for key in looked.keys}
    near = [key for key in found if axis_of(key, metrics, looked.x) == looked.zoom_axis]
    parts = [(list(found), False)]
    if looked.zoom is not None:
        parts = [(near, True), ([key for key in found if key not in near], False)]
    for keys, is_near in parts:
        low, high = looked.bounds if is_near else (None, None)
        series = _series(
            project, run_ids, keys, ranks, points=points or looked.points, x=_asked(looked.x),
            x_from=low, x_to=high,
        )  # fmt: skip
        for each in sorted(series, key=lambda each: each.rank):
            found[each.key].append(each)
    return found


def read_saved(
    project: str,
    run_ids: Sequence[str],
    key: str,
    x: str,
    *,
    ranks: int = 1,
) -> list[RunSeries]:
    """The points of one chart for a file: all of them, as far as a page can hand them over."""
    most = min(_MAX_SERIES_POINTS, MAX_SAVED_POINTS // max(1, len(run_ids) * ranks))
    return _series(project, run_ids, [key], ranks, points=most, x=_asked(x))


def _series(
    project: str, run_ids: Sequence[str], keys: Sequence[str], ranks: int, **asked: Any
) -> list[RunSeries]:
    """What the server has of these runs and keys, in as many answers as it takes.

    How many ranks runs have is not known of a list of them: where an answer would hold too many
    series, smaller portions are asked for.
    """
    while True:
        try:
            return [
                each
                for some_ids, some_keys in _portions(run_ids, keys, ranks)
                for each in client().read_run_history(project, some_ids, some_keys, **asked).series
            ]
        except BadRequest:
            if ranks >= _SERIES_AT_ONCE:
                raise
            ranks = min(_SERIES_AT_ONCE, 8 * ranks)


def _portions(
    run_ids: Sequence[str], keys: Sequence[str], ranks: int
) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
    """Runs and keys in portions of which the server answers each at once."""
    many = max(1, min(len(keys), _SERIES_AT_ONCE // ranks))
    for key in range(0, len(keys), many):
        runs = max(1, min(_RUNS_AT_ONCE, _SERIES_AT_ONCE // (many * ranks)))
        for start in range(0, len(run_ids), runs):
            yield run_ids[start : start + runs], keys[key : key + many]


def _asked(x: str) -> str:
    return "" if x == AUTO else x
