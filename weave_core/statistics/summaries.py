"""From the items of an evaluation to its numbers, and from two evaluations to their difference."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from weave_core.model.calibrations import Rectifier
from weave_core.model.classifications import Classification
from weave_core.model.estimates import Comparison, Estimate
from weave_core.model.evaluations import (
    MAX_FLAKY,
    EvaluatedItem,
    EvaluationComparison,
    EvaluationSummary,
    FlakyItem,
    FlippedItem,
    ScorerSummary,
    SliceComparison,
    Subject,
)
from weave_core.statistics.agreement import rectified_mean
from weave_core.statistics.classifications import classify
from weave_core.statistics.estimates import (
    CONFIDENCE,
    clustered_mean,
    estimate_mean,
    mean,
    percentile,
)
from weave_core.statistics.multiplicity import benjamini_hochberg, holm
from weave_core.statistics.paired import compare

__all__ = ["compare_items", "item_means", "summarize"]

MAX_FLIPPED = 100
"""Items that a comparison names as changed, the largest changes first."""
MAX_SLICES = 200
"""Slices that a comparison tests, those with the most items."""
_MIN_SLICE = 5
"""Shared items of the smallest slice that is compared."""


def summarize(
    items: Sequence[EvaluatedItem],
    confidence: float = CONFIDENCE,
    *,
    scorers: Sequence[Subject] = (),
) -> EvaluationSummary:
    """The numbers of an evaluation; an item with several epochs counts once, by their mean.

    Args:
        items: What was run.
        confidence: Of the intervals.
        scorers: As the record has them: a judge that people have checked brings its rectifier.
    """
    rectifiers = {each.name: each.rectifier for each in scorers if each.rectifier is not None}
    ended = [item for item in items if item.outcome == "ok"]
    failed = len(items) - len(ended)
    costs = [item.cost_usd for item in ended if item.cost_usd is not None]
    return EvaluationSummary(
        items=len({item.item for item in items}),
        examples=len(items),
        errors=failed,
        error_types=dict(
            Counter(item.error.type for item in items if item.error is not None).most_common(20)
        ),
        error_rate=_error_rate(items, confidence),
        scorers={
            name: _scorer(items, name, confidence, rectifiers.get(name))
            for name in _scorer_names(items)
        },
        latency_ms=_spread(
            [item.latency_ms for item in ended if item.latency_ms is not None], confidence
        ),
        cost_usd=_spread(costs, confidence),
        total_cost_usd=float(sum(costs)) if costs else None,
        input_tokens=_total(item.input_tokens for item in items),
        output_tokens=_total(item.output_tokens for item in items),
        flaky=_flaky(items),
    )


def compare_items(
    candidate: Sequence[EvaluatedItem],
    baseline: Sequence[EvaluatedItem],
    *,
    ids: tuple[str, str],
    confidence: float = CONFIDENCE,
) -> EvaluationComparison:
    """Compare two evaluations on the items that both have, by content.

    Args:
        candidate: The items of the new one.
        baseline: Those of the old one.
        ids: Of the candidate and of the baseline.
        confidence: Of the intervals.
    """
    names = [name for name in _scorer_names(candidate) if name in set(_scorer_names(baseline))]
    new = {name: item_means(candidate, name) for name in names}
    old = {name: item_means(baseline, name) for name in names}
    clusters = {item.item: item.cluster for item in candidate if item.cluster is not None} or None
    found = {
        name: comparison
        for name in names
        if (comparison := compare(new[name], old[name], clusters=clusters, confidence=confidence))
    }
    adjusted = holm({n: c.p_value for n, c in found.items() if c.p_value is not None})
    shared = {item.item for item in candidate} & {item.item for item in baseline}
    return EvaluationComparison(
        candidate=ids[0],
        baseline=ids[1],
        shared=len(shared),
        scorers={name: _adjusted(each, adjusted.get(name)) for name, each in found.items()},
        slices=_slices(candidate, new, old, clusters=clusters, confidence=confidence),
        flipped=_flipped(candidate, baseline, new, old),
    )


def item_means(items: Iterable[EvaluatedItem], scorer: str) -> dict[str, float]:
    """The mean over epochs of what `scorer` gave, by item; items without a score are left out."""
    sums: dict[str, list[float]] = {}
    for item in items:
        score = item.scores.get(scorer)
        if score is not None and score.value is not None:
            sums.setdefault(item.item, []).append(score.value)
    return {key: sum(values) / len(values) for key, values in sums.items()}


def _scorer_names(items: Iterable[EvaluatedItem]) -> list[str]:
    return list(dict.fromkeys(name for item in items for name in item.scores))


def _error_rate(items: Sequence[EvaluatedItem], confidence: float) -> Estimate | None:
    """The share of examples that failed; of items, where they were run several times."""
    failed: dict[str, list[float]] = {}
    for item in items:
        failed.setdefault(item.item, []).append(float(item.outcome != "ok"))
    return estimate_mean([sum(v) / len(v) for v in failed.values()], confidence=confidence)


def _scorer(
    items: Sequence[EvaluatedItem], name: str, confidence: float, rectifier: Rectifier | None
) -> ScorerSummary:
    scores = [item.scores[name] for item in items if name in item.scores]
    given = [score for score in scores if score.error is None]
    means = item_means(items, name)
    is_rate = bool(given) and all(score.is_rate for score in given)
    corrected = None
    if rectifier is not None and means:
        clusters = _groups(items, means)
        corrected = rectified_mean(
            rectifier,
            list(means.values()),
            clusters=clusters,
            is_rate=is_rate,
            confidence=confidence,
        )
    return ScorerSummary(
        estimate=_estimate(items, means, confidence),
        corrected=corrected,
        is_rate=is_rate,
        scored=len(given),
        errors=len(scores) - len(given),
        labels=dict(
            Counter(score.label for score in given if score.label is not None).most_common(50)
        ),
        classification=_classification(items, name, confidence),
    )


def _classification(
    items: Sequence[EvaluatedItem], name: str, confidence: float
) -> Classification | None:
    pairs: list[tuple[str, str]] = []
    groups: list[str] = []
    for item in items:
        score = item.scores.get(name)
        if score is not None and score.label is not None and score.expected is not None:
            pairs.append((score.expected, score.label))
            groups.append(item.cluster or item.item)  # Epochs of an item are no new examples.
    return classify(pairs, clusters=groups, confidence=confidence)


def _estimate(
    items: Sequence[EvaluatedItem], means: Mapping[str, float], confidence: float
) -> Estimate | None:
    groups = _groups(items, means)
    values = list(means.values())
    if values and groups is not None and len(set(groups)) < len(values):
        return clustered_mean(values, groups, confidence)
    return estimate_mean(values, confidence=confidence)


def _groups(items: Sequence[EvaluatedItem], keys: Iterable[str]) -> list[str] | None:
    """The cluster of each item, itself where it has none; None where none has one."""
    clusters = {item.item: item.cluster for item in items if item.cluster is not None}
    return [clusters.get(key, key) for key in keys] if clusters else None


def _spread(values: Sequence[float], confidence: float) -> dict[str, Estimate]:
    if not values:
        return {}
    found = {
        "mean": mean(values, confidence, method="bca"),
        "p50": percentile(values, 50, confidence),
        "p95": percentile(values, 95, confidence),
    }
    return {name: each for name, each in found.items() if each is not None}


def _total(counts: Iterable[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _flaky(items: Sequence[EvaluatedItem]) -> list[FlakyItem]:
    """Items whose epochs differ, by how much."""
    seen: dict[tuple[str, str], list[float]] = {}
    index: dict[str, int] = {}
    for item in items:
        index.setdefault(item.item, item.index)
        for name, score in item.scores.items():
            if score.value is not None:
                seen.setdefault((item.item, name), []).append(score.value)
    unsteady = [
        FlakyItem(
            item=key,
            index=index[key],
            scorer=name,
            mean=float(np.mean(values)),
            deviation=float(np.std(values, ddof=1)),
            epochs=len(values),
        )
        for (key, name), values in seen.items()
        if len(values) > 1 and min(values) != max(values)
    ]
    return sorted(unsteady, key=lambda each: (-each.deviation, each.index))[:MAX_FLAKY]


def _adjusted(comparison: Comparison, p_value: float | None) -> Comparison:
    return comparison.model_copy(update={"adjusted_p_value": p_value})


def _slices(
    items: Sequence[EvaluatedItem],
    new: Mapping[str, Mapping[str, float]],
    old: Mapping[str, Mapping[str, float]],
    *,
    clusters: Mapping[str, str] | None,
    confidence: float,
) -> list[SliceComparison]:
    members: dict[tuple[str, str], set[str]] = {}
    for item in items:
        for column, value in item.slices.items():
            members.setdefault((column, value), set()).add(item.item)
    largest = sorted(members.items(), key=lambda pair: -len(pair[1]))[:MAX_SLICES]
    found: list[SliceComparison] = []
    for (column, value), keys in largest:
        for scorer, of_items in new.items():
            chosen = {key: of_items[key] for key in keys if key in of_items}
            if len(chosen.keys() & old[scorer].keys()) < _MIN_SLICE:
                continue
            comparison = compare(chosen, old[scorer], clusters=clusters, confidence=confidence)
            if comparison is not None:
                each = SliceComparison(
                    column=column, value=value, scorer=scorer, comparison=comparison
                )
                found.append(each)
    tested = {
        str(n): each.comparison.p_value
        for n, each in enumerate(found)
        if each.comparison.p_value is not None
    }
    adjusted = benjamini_hochberg(tested)
    return [
        each.model_copy(update={"comparison": _adjusted(each.comparison, adjusted.get(str(n)))})
        for n, each in enumerate(found)
    ]


def _flipped(
    candidate: Sequence[EvaluatedItem],
    baseline: Sequence[EvaluatedItem],
    new: Mapping[str, Mapping[str, float]],
    old: Mapping[str, Mapping[str, float]],
) -> list[FlippedItem]:
    traces = {item.item: item.trace_id for item in candidate}
    old_traces = {item.item: item.trace_id for item in baseline}
    changed = [
        (abs(value - old[name][key]), name, key)
        for name, values in new.items()
        for key, value in values.items()
        if key in old[name] and value != old[name][key]
    ]
    changed.sort(key=lambda each: -each[0])
    return [
        FlippedItem(
            item=key,
            scorer=name,
            baseline=old[name][key],
            candidate=new[name][key],
            baseline_trace_id=old_traces.get(key),
            trace_id=traces.get(key),
        )
        for _, name, key in changed[:MAX_FLIPPED]
    ]
