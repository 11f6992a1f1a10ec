"""Fewer points for a chart, so that none of those that matter is missing.

Each stretch of the axis keeps its least and its largest point, so a spike of one point is drawn
whatever the width; the triangles of LTTB, which look smoother, lose the smaller of two spikes that
point up and down within one stretch.  What is no number is kept as well, one of each run of it.
"""

import numpy as np
from numpy.typing import NDArray
from tsdownsample import MinMaxDownsampler

__all__ = ["sampled"]

_MAX_STRANGE_SHARE = 4
"""One point in so many may be NaN or infinite; of more only the first ones are kept."""


def sampled(x: NDArray[np.float64], values: NDArray[np.float64], wanted: int) -> NDArray[np.int64]:
    """Places of at most `wanted` of the points, ascending; all where there are no more.

    Args:
        x: Where the points lie, ascending.
        values: One for each.
        wanted: At least 8.
    """
    count = len(values)
    if count <= wanted:
        return np.arange(count)
    is_finite = np.isfinite(values)
    if is_finite.all():
        return _least_and_largest(x, values, wanted)
    strange = np.flatnonzero(~is_finite)
    # Of several in a row the first and the last say where they begin and end.
    is_edge = np.append(True, np.diff(strange) > 1) | np.append(np.diff(strange) > 1, True)
    strange = strange[is_edge][: wanted // _MAX_STRANGE_SHARE]
    places = np.flatnonzero(is_finite)
    room = wanted - len(strange)
    if len(places) > room:
        places = places[_least_and_largest(x[places], values[places], room)]
    return np.sort(np.concatenate([places, strange]))


def _least_and_largest(
    x: NDArray[np.float64], values: NDArray[np.float64], wanted: int
) -> NDArray[np.int64]:
    """The same for numbers alone; the first and the last point are always among them."""
    even = (wanted - 2) // 2 * 2
    chooser = MinMaxDownsampler()  # type: ignore[no-untyped-call]  # Its methods have types.
    columns = (x, values) if x[-1] > x[0] else (values,)
    picked = chooser.downsample(*columns, n_out=even)
    return np.unique(np.concatenate([[0], picked.astype(np.int64), [len(values) - 1]]))
