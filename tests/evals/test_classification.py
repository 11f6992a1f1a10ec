"""Labels over a whole evaluation: precision, recall and F1, with intervals, stored and gated."""

import numpy as np
import pytest
from scipy import stats

from weave_core import Client, Evaluation
from weave_core.evals.scorers import Classification
from weave_core.model import Classification as Found
from weave_core.statistics.classifications import MAX_CLASSES, classify

PAIRS = [("cat", "cat")] * 6 + [("cat", "dog")] * 2 + [("dog", "dog")] * 3 + [("dog", "cat")]
"""Right label and told one, twelve of them."""


def found(pairs: list[tuple[str, str]], clusters: list[int] | None = None) -> Found:
    """What is known of labels; there is something."""
    classification = classify(pairs, clusters=clusters)
    assert classification is not None
    return classification


def test_by_hand() -> None:
    """Cat: 6 of 7 told, 6 of 8 found; dog: 3 of 5 told, 3 of 4 found."""
    told = found(PAIRS)
    cat, dog = told.classes
    assert (cat.label, cat.support, dog.label, dog.support) == ("cat", 8, "dog", 4)
    values = [each.value for each in (cat.precision, cat.recall, cat.f1) if each]
    assert values == pytest.approx([6 / 7, 6 / 8, 12 / 15])
    averages = {
        name: [each.value for each in (a.precision, a.recall, a.f1) if each]
        for name, a in told.averages.items()
    }
    assert averages["macro"] == pytest.approx(
        [(6 / 7 + 3 / 5) / 2, (6 / 8 + 3 / 4) / 2, (12 / 15 + 6 / 9) / 2]
    )
    assert averages["weighted"] == pytest.approx(
        [(8 * 6 / 7 + 4 * 3 / 5) / 12, 9 / 12, (8 * 12 / 15 + 4 * 6 / 9) / 12]
    )
    assert averages["micro"] == pytest.approx([9 / 12] * 3)
    assert {(c.expected, c.told): c.count for c in told.confusion} == {
        ("cat", "cat"): 6,
        ("cat", "dog"): 2,
        ("dog", "dog"): 3,
        ("dog", "cat"): 1,
    }


def test_a_class_that_is_never_told_has_a_precision_of_nothing() -> None:
    """As scikit-learn counts by default: 0, in the mean over classes as well."""
    told = found([("a", "a"), ("a", "a"), ("b", "a")])
    assert [each.f1 and each.f1.value for each in told.classes] == pytest.approx([0.8, 0.0])
    macro = told.averages["macro"].precision
    assert macro is not None
    assert macro.value == pytest.approx(1 / 3)


def drawn(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Right and told classes: 60, 30 and 10 %, of which four in five are told rightly."""
    random = np.random.default_rng(seed)
    right = random.choice(3, p=[0.6, 0.3, 0.1], size=n)
    told = np.where(random.random(n) < 0.8, right, random.choice(3, size=n))
    return right, told


def macro_f1(right: np.ndarray, told: np.ndarray) -> np.ndarray:
    """As the definition has it, over the last axis."""
    each = [
        2 * ((right == k) & (told == k)).sum(-1) / ((right == k).sum(-1) + (told == k).sum(-1))
        for k in range(3)
    ]
    return np.asarray(np.mean(each, axis=0))


def test_the_interval_of_an_average_is_scipys() -> None:
    """BCa over counts of pairs is BCa over examples, as `scipy.stats.bootstrap` draws them."""
    right, told = drawn(400, 1)
    theirs = stats.bootstrap(
        (right, told),
        lambda a, b, axis=-1: macro_f1(a, b),  # noqa: ARG005  # Their signature.
        paired=True,
        vectorized=True,
        n_resamples=9_999,
        method="BCa",
        rng=np.random.default_rng(2),
    ).confidence_interval
    names = "abc"
    ours = found([(names[a], names[b]) for a, b in zip(right, told, strict=True)])
    f1 = ours.averages["macro"].f1
    assert f1 is not None
    assert f1.method == "bca"
    assert f1.value == pytest.approx(float(macro_f1(right, told)))
    assert (f1.low, f1.high) == pytest.approx((theirs.low, theirs.high), abs=0.005)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """Of 100 evaluations of 300 examples about 95 % hold the F1 that a million examples show."""
    truth = float(macro_f1(*drawn(1_000_000, 3)))
    names = "abc"
    held = 0
    for seed in range(100):
        right, told = drawn(300, 1_000 + seed)
        f1 = found([(names[a], names[b]) for a, b in zip(right, told, strict=True)])
        each = f1.averages["macro"].f1
        assert each is not None
        assert each.low is not None
        assert each.high is not None
        held += each.low <= truth <= each.high
    assert 0.89 <= held / 100 <= 1.0


def test_no_error_seen_is_not_no_error_possible() -> None:
    """A bootstrap of what never failed says 1 to 1; here the lower end is that of the classes."""
    f1 = found([("a", "a")] * 50 + [("b", "b")] * 10).averages["macro"].f1
    assert f1 is not None
    assert (f1.value, f1.high) == (1.0, 1.0)
    assert f1.low is not None
    assert 0.85 < f1.low < 0.95


def test_examples_of_one_group_are_not_independent() -> None:
    """Ten copies of each example tell no more than the examples."""
    right, told = drawn(100, 5)
    pairs = [("abc"[a], "abc"[b]) for a, b in zip(right, told, strict=True)]
    once, copied = found(pairs), found(pairs * 10, [*range(100)] * 10)
    for average in ("macro", "micro"):
        a, b = once.averages[average].f1, copied.averages[average].f1
        assert a is not None
        assert b is not None
        assert a.low is not None
        assert b.low is not None
        assert a.low == pytest.approx(b.low, abs=0.02)


def test_texts_are_no_classes() -> None:
    """More different words than any classifier has are counted as words, and no more."""
    assert classify([(f"a{n}", f"b{n}") for n in range(MAX_CLASSES)]) is None
    assert classify([]) is None


def test_a_task_that_chooses_is_measured_as_a_whole(client: Client, traced: str) -> None:
    """Accuracy by item, F1 by class in the summary, the report and the gate; stored as it is."""
    rows = [
        {"text": f"{right} {told}", "expected": right} for right, told in PAIRS for _ in range(5)
    ]

    def choose(text: str) -> dict[str, str]:
        return {"class": text.partition(" ")[2].upper()}

    scorer = Classification(key="class", labels=["cat", "dog"])
    result = Evaluation(
        dataset=rows, task=choose, scorers=[scorer], gate="label.f1_macro >= 0.5 and label > 0.5"
    ).run(progress=False)

    summary = result.summary.scorers["label"]
    assert summary.estimate is not None
    assert summary.estimate.value == pytest.approx(0.75)
    assert summary.classification is not None
    assert summary.classification.examples == 60
    assert result.verdict == "pass"
    assert "label.f1_macro" in str(result)
    stored = client.get_evaluation(traced, result.evaluation.evaluation_id)
    assert stored.summary == result.summary
    item = client.list_evaluated(traced, stored.evaluation_id).items[0]
    assert (item.scores["label"].label, item.scores["label"].expected) == ("cat", "cat")
    with pytest.raises(ValueError, match="'bird' is none of the classes cat, dog"):
        scorer.score({"class": "bird"}, {"expected": "cat"})
