"""From labels and the right ones to precision, recall and F1, each with its interval.

An average over classes is no mean of examples, so its interval is a bootstrap's.  All resamples of
examples with the same two labels are alike: they are drawn as counts of such pairs, which costs the
same for a hundred examples and for a million.
"""

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from weave_core.model.classifications import (
    Average,
    Classification,
    ClassScores,
    Confusion,
    LabelScores,
)
from weave_core.model.estimates import Estimate
from weave_core.statistics.bootstraps import bca_ends
from weave_core.statistics.estimates import CONFIDENCE, estimated, rate

__all__ = ["MAX_CLASSES", "classify"]

MAX_CLASSES = 200
"""Labels of one scorer that are classes; where there are more, they are counted as words only."""
MAX_CONFUSED = 400
"""Pairs of labels that a classification names, the most frequent first."""
_MAX_TOLD = 50
_MAX_DRAWN = 4_000_000
_RESAMPLES = 5_000  # They are cheap here.
_SEED = 20_261_126

Array = np.ndarray[Any, np.dtype[np.float64]]
_METRICS = ("precision", "recall", "f1")


def classify(
    pairs: Sequence[tuple[str, str]],
    *,
    clusters: Sequence[Hashable] | None = None,
    confidence: float = CONFIDENCE,
) -> Classification | None:
    """How well labels were told.

    Precision of a class is the share of the examples told to be of it that are, recall the share of
    its examples that were told, F1 = 2 tp / (2 tp + fp + fn); where nothing was told, or is right,
    0.  Macro is their mean over classes, weighted the mean by support; micro counts examples.

    Rates have Wilson's interval, F1 of a class as well: with J = tp / (tp + fp + fn), a rate, it is
    2 J / (1 + J).  Averages over classes have a bootstrap's (BCa); where no example is wrong, which
    a bootstrap takes for certain, they lie between the mean of the classes' lower ends and 1.  With
    clusters all have a bootstrap's, over clusters.

    Args:
        pairs: The right label and the one that was told, of each example.
        clusters: Groups of examples that are not independent.
        confidence: Of the intervals.

    Returns:
        None where there is no pair, or more classes than `MAX_CLASSES`.

    Source: van Rijsbergen 1979; Sokolova and Lapalme 2009 for the averages; Efron 1987 for BCa.
    """
    cells = Counter(pairs)
    totals: Counter[str] = Counter()
    for (expected, told), count in cells.items():
        totals.update({expected: count})
        totals.update({told: count})
    labels = [label for label, _ in totals.most_common()]
    if not labels or len(labels) > MAX_CLASSES:
        return None
    known = list(cells)
    counts = np.array([cells[cell] for cell in known], dtype=float)
    shape = _Shape(known, labels)
    is_clustered = clusters is not None and len(set(clusters)) < len(pairs)
    if is_clustered and clusters is not None:
        units = _Units.of_clusters(pairs, clusters, known)
    else:
        units = _Units(np.eye(len(known)), counts)
    wilson = None if is_clustered else _of_classes(shape, counts, confidence)
    found = _bootstrapped(shape, units, counts, confidence)
    values = shape.statistics(counts[None])[0]
    intervals = [
        _interval(n, values, found, wilson=wilson, shape=shape, counts=counts, sure=confidence)
        for n in range(len(values))
    ]
    names: tuple[Average, ...] = ("macro", "weighted", "micro")
    of_classes = [_scores(intervals[n : n + 3]) for n in range(9, len(intervals), 3)]
    return Classification(
        examples=len(pairs),
        averages={name: _scores(intervals[3 * n : 3 * n + 3]) for n, name in enumerate(names)},
        classes=[
            LabelScores(label=label, support=int(support), **dict(scores))
            for label, support, scores in zip(
                labels, counts @ shape.expected, of_classes, strict=True
            )
        ][:_MAX_TOLD],
        confusion=[
            Confusion(expected=expected, told=told, count=count)
            for (expected, told), count in cells.most_common(MAX_CONFUSED)
        ],
    )


class _Shape:
    """Which pair of labels counts for which class."""

    def __init__(self, cells: Sequence[tuple[str, str]], labels: Sequence[str]) -> None:
        places = {label: n for n, label in enumerate(labels)}
        size = (len(cells), len(labels))
        self.expected, self.told, self.both = np.zeros(size), np.zeros(size), np.zeros(size)
        for row, (expected, told) in enumerate(cells):
            self.expected[row, places[expected]] = 1
            self.told[row, places[told]] = 1
            if expected == told:
                self.both[row, places[told]] = 1

    def statistics(self, counts: Array) -> Array:
        """Macro, weighted and micro precision, recall and F1, then those of each class.

        Args:
            counts: One row a sample, one column a pair of labels.
        """
        hits, support, told = counts @ self.both, counts @ self.expected, counts @ self.told
        of_class = [_share(hits, told), _share(hits, support), _share(2 * hits, support + told)]
        is_there = (support + told > 0).astype(float)  # Of this sample, which may lack a class.
        total = counts.sum(axis=1)
        columns = [
            _share((each * weight).sum(axis=1), weight.sum(axis=1))
            for weight in (is_there, support)
            for each in of_class
        ]
        columns += [_share(hits.sum(axis=1), total)] * 3  # One label each: all three are accuracy.
        columns += [each[:, n] for n in range(support.shape[1]) for each in of_class]
        return np.stack(columns, axis=1)


class _Units:
    """What is drawn: pairs of labels as often as they occur, or whole clusters of them."""

    def __init__(self, counts: Array, times: Array) -> None:
        self.counts, self.times = counts, times

    @classmethod
    def of_clusters(
        cls,
        pairs: Sequence[tuple[str, str]],
        clusters: Sequence[Hashable],
        cells: Sequence[tuple[str, str]],
    ) -> "_Units":
        places = {cell: n for n, cell in enumerate(cells)}
        rows: dict[Hashable, Counter[int]] = {}
        for pair, cluster in zip(pairs, clusters, strict=True):
            rows.setdefault(cluster, Counter())[places[pair]] += 1
        alike = Counter(frozenset(row.items()) for row in rows.values())
        counts = np.zeros((len(alike), len(cells)))
        for n, row in enumerate(alike):
            for place, count in row:
                counts[n, place] = count
        return cls(counts, np.array(list(alike.values()), dtype=float))


def _share(part: Array, whole: Array) -> Array:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def _bootstrapped(
    shape: _Shape, units: _Units, counts: Array, confidence: float
) -> list[tuple[float, float] | None]:
    """BCa of each statistic; None where no resample differs from the others."""
    random = np.random.default_rng(_SEED)
    n = int(units.times.sum())
    step = max(_MAX_DRAWN // max(len(units.times), shape.both.shape[1]), 1)
    drawn = [
        shape.statistics(
            random.multinomial(n, units.times / n, size=min(step, _RESAMPLES - start))
            @ units.counts
        )
        for start in range(0, _RESAMPLES, step)
    ]
    resampled = np.concatenate(drawn)
    left_out = shape.statistics(counts - units.counts)
    value = shape.statistics(counts[None])[0]
    centre = (units.times[:, None] * left_out).sum(axis=0) / n
    off = centre - left_out
    return [
        None
        if n < 2  # noqa: PLR2004
        else bca_ends(resampled[:, place], float(each), off[:, place], units.times, confidence)
        for place, each in enumerate(value)
    ]


def _of_classes(shape: _Shape, counts: Array, confidence: float) -> list[Estimate | None]:
    """Wilson's intervals of micro averages and of the classes, in the order of the statistics."""
    hits, support, told = (counts @ each for each in (shape.both, shape.expected, shape.told))
    micro = _wilson(float(hits.sum()), float(counts.sum()), confidence)
    found: list[Estimate | None] = [*([None] * 6), *([micro] * 3)]
    for hit, right, said in zip(hits, support, told, strict=True):
        found += [_wilson(hit, said, confidence), _wilson(hit, right, confidence)]
        joint = _wilson(hit, right + said - hit, confidence)
        ends = [2 * end / (1 + end) for end in _ends(joint)]
        f1 = 2 * hit / (right + said)
        found.append(
            estimated(float(f1), (ends[0], ends[1]), joint.n, "wilson", confidence)
            if joint is not None
            else None
        )
    return found


def _wilson(part: float, whole: float, confidence: float) -> Estimate | None:
    return rate(int(part), int(whole), confidence) if whole else None


def _ends(found: Estimate | None) -> tuple[float, float]:
    return (0.0, 1.0) if found is None else (found.low or 0.0, found.high or 0.0)


def _interval(
    place: int,
    values: Array,
    found: Sequence[tuple[float, float] | None],
    *,
    wilson: Sequence[Estimate | None] | None,
    shape: _Shape,
    counts: Array,
    sure: float,
) -> Estimate:
    n, value = int(counts.sum()), float(values[place])
    if wilson is not None and (known := wilson[place]) is not None:
        return known
    ends = found[place]
    if ends is not None:
        return estimated(value, ends, n, "bca", sure)
    if wilson is None or place >= 6 or value < 1:  # noqa: PLR2004  # Beyond the averages.
        return estimated(value, (None, None), n, "none", sure)
    weights = np.ones(shape.both.shape[1]) if place < 3 else counts @ shape.expected  # noqa: PLR2004
    lows = [_ends(each)[0] for each in wilson[9 + place % 3 :: 3]]
    low = float(np.average(lows, weights=weights))
    return estimated(value, (low, 1.0), n, "wilson", sure)


def _scores(found: Sequence[Estimate]) -> ClassScores:
    return ClassScores(**dict(zip(_METRICS, found, strict=True)))
