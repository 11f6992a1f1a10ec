"""What `wandb.plot` computes: confusion matrices, and curves of how well classes are told apart.

In plain Python, so that a script needs neither scikit-learn nor numpy for them; rows and columns
are those that wandb's own functions make.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from weave_core.errors import ConfigError

__all__ = ["confusion_rows", "listed", "precision_rows", "roc_rows"]

MAX_CURVE_POINTS = 2_000
"""Points of one class's ROC curve; of more the evenly chosen ones, first and last among them."""

Rows = list[list[Any]]


def listed(values: Any) -> list[Any]:
    """A list of arrays, tensors, series and the like, down to plain numbers."""
    if hasattr(values, "detach"):
        values = values.detach().cpu()
    for name in ("tolist", "to_list"):
        if hasattr(values, name):
            values = getattr(values, name)()
            break
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise ConfigError(f"{str(values)[:100]!r} was given", "give a list or an array")
    return [listed(each) if _is_nested(each) else each for each in values]


def _is_nested(value: Any) -> bool:
    return isinstance(value, list | tuple) or hasattr(value, "tolist") or hasattr(value, "detach")


def confusion_rows(
    probs: Any, y_true: Any, preds: Any, class_names: Sequence[Any] | None
) -> tuple[Rows, list[str]]:
    """How often which class was taken for which: actual, predicted, count; and the names.

    Raises:
        ConfigError: If the lists do not go together.
    """
    if (probs is None) == (preds is None):
        raise ConfigError("a confusion matrix needs probs or preds", "give one of them")
    scores = None if probs is None else listed(probs)
    told = _flat(preds) if scores is None else [row.index(max(row)) for row in scores]
    true = _flat(y_true if y_true is not None else ())
    if len(told) != len(true):
        raise ConfigError(
            f"a confusion matrix of {len(true)} labels and {len(told)} predictions",
            "give one prediction for each label",
        )
    # Labels are places among the names, where there are names; else each that occurs has its own.
    classes = _ordered({*told, *true})
    if class_names is not None:
        names = [str(name) for name in listed(class_names)]
        if set(classes) <= set(range(len(names))):
            classes = list(range(len(names)))
        elif set(classes) <= set(names):
            classes = list(names)
        elif len(classes) > len(names):
            raise ConfigError(f"{len(classes)} classes and {len(names)} names", "give a name each")
    else:
        names = [f"Class_{place + 1}" for place in range(len(classes))]
    counts = Counter(zip(true, told, strict=True))
    rows = [
        [actual_name, told_name, counts[actual, guess]]
        for actual_name, actual in zip(names, classes, strict=False)
        for told_name, guess in zip(names, classes, strict=False)
    ]
    return rows, names


def precision_rows(
    y_true: Any, y_probas: Any, labels: Any, classes_to_plot: Any, size: int
) -> Rows:
    """Class, precision and recall at `size` even recalls; the best precision at no less recall."""
    rows: Rows = []
    for name, found in _by_class(y_true, y_probas, labels, classes_to_plot):
        total = found[-1][1] if found else 0
        if not total:
            continue
        # As scikit-learn has it: from the lowest threshold to the highest, then (1, 0).
        points = [(true / (true + false), true / total) for false, true in reversed(found)]
        points.append((1.0, 0.0))
        best, steps = 0.0, []
        for precision, recall in points:
            best = max(best, precision)
            steps.append((recall, best))
        steps.reverse()
        recalls = [recall for recall, _ in steps]
        for place in range(size - 1, -1, -1):
            recall = place / (size - 1) if size > 1 else 0.0
            at = min(bisect_left(recalls, recall), len(steps) - 1)
            rows.append([name, round(steps[at][1], 3), round(recall, 3)])
    return rows


def roc_rows(y_true: Any, y_probas: Any, labels: Any, classes_to_plot: Any) -> Rows:
    """Class, false and true positive rate, at each score where the curve bends."""
    rows: Rows = []
    for name, found in _by_class(y_true, y_probas, labels, classes_to_plot):
        falses, trues = found[-1] if found else (0, 0)
        if not falses or not trues:
            continue  # A class of which all or none are there has no curve.
        points = _bends([(0, 0), *found])
        step = max(1, -(-len(points) // MAX_CURVE_POINTS))
        chosen = [*points[:-1:step], points[-1]]
        rows += [[name, round(false / falses, 3), round(true / trues, 3)] for false, true in chosen]
    return rows


def _bends(points: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Points without those on a straight line between their neighbours."""
    kept = points[:1]
    for before, point, after in zip(points, points[1:], points[2:], strict=False):
        first = point[0] - before[0], point[1] - before[1]
        if first != (after[0] - point[0], after[1] - point[1]):
            kept.append(point)
    return [*kept, *points[-1:]] if len(points) > 1 else kept


def _by_class(
    y_true: Any, y_probas: Any, labels: Any, classes_to_plot: Any
) -> Iterator[tuple[Any, list[tuple[int, int]]]]:
    """Each class's name, with its false and true positives at each score, from the highest down."""
    true, chances = _flat(y_true), listed(y_probas)
    if len(true) != len(chances):
        raise ConfigError(
            f"a curve of {len(true)} labels and {len(chances)} rows of scores", "give a row each"
        )
    classes = _ordered(set(true))
    wanted = None if classes_to_plot is None else set(listed(classes_to_plot))
    names = None if labels is None else listed(labels)
    is_flat = bool(chances) and not isinstance(chances[0], list)
    for place, each in enumerate(classes):
        if wanted is not None and each not in wanted:
            continue
        if is_flat and (place == 0 and len(classes) > 1):
            continue  # Scores of one class alone: they are of the last one.
        if not is_flat and chances and place >= len(chances[0]):
            raise ConfigError(
                f"class {each!r} is number {place + 1}, and a row has {len(chances[0])} scores",
                "give a score for each class",
            )
        scores = chances if is_flat else [row[place] for row in chances]
        is_place = names is not None and isinstance(each, int) and 0 <= each < len(names)
        yield names[each] if is_place and names is not None else each, _counts(true, scores, each)


def _counts(true: list[Any], scores: list[Any], each: Any) -> list[tuple[int, int]]:
    """False and true positives, down to each score that occurs."""
    found: list[tuple[int, int]] = []
    falses = trues = 0
    last: float | None = None
    for score, label in sorted(zip(scores, true, strict=True), key=lambda pair: -pair[0]):
        if last is not None and score != last:
            found.append((falses, trues))
        last = score
        trues += label == each
        falses += label != each
    return [*found, (falses, trues)]


def _flat(values: Any) -> list[Any]:
    """Labels: a list, or the only column of a table of them."""
    return [
        each[0] if isinstance(each, list) and len(each) == 1 else each for each in listed(values)
    ]


def _ordered(values: set[Any]) -> list[Any]:
    try:
        return sorted(values)
    except TypeError:  # Numbers and texts.
        return sorted(values, key=str)
