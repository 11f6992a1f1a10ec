"""The numbers are right: published reference values, other libraries', and simulated coverage."""

import math

import numpy as np
import pytest
from scipy import stats

from weave_core.statistics.agreement import (
    cohen_kappa,
    krippendorff_alpha,
    prediction_powered_mean,
)
from weave_core.statistics.estimates import clustered_mean, estimate_mean, mean, percentile, rate
from weave_core.statistics.multiplicity import benjamini_hochberg, holm
from weave_core.statistics.paired import compare, mcnemar_exact, sign_flip
from weave_core.statistics.power import detectable_effect, needed_items
from weave_core.statistics.sequences import ConfidenceSequence

SIMULATIONS = 2_000
# Of 2,000 intervals that hold in 95 %, the share that holds is within this in 999 of 1,000 runs.
NOISE = 3.3 * math.sqrt(0.95 * 0.05 / SIMULATIONS)
SLEEP = {  # Student 1908: hours of sleep gained with each of two drugs, by ten patients.
    "first": [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0],
    "second": [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4],
}


class TestReferences:
    """Values that others have published."""

    @pytest.mark.parametrize(
        ("successes", "n", "low", "high"),
        [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611)],
    )
    def test_wilson(self, successes: int, n: int, low: float, high: float) -> None:
        """Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I."""
        found = rate(successes, n)
        assert found.low == pytest.approx(low, abs=5e-5)
        assert found.high == pytest.approx(high, abs=5e-5)

    def test_students_sleep(self) -> None:
        """Student 1908: mean 1.58, t = 4.06 on 9 degrees of freedom, interval 0.70 to 2.46."""
        diff = np.subtract(SLEEP["second"], SLEEP["first"])
        found = mean(diff)
        assert (found.value, found.low, found.high) == pytest.approx((1.58, 0.70, 2.46), abs=5e-3)

    def test_bca_is_that_of_scipy(self) -> None:
        """Of values with a long tail, within what other resamples change."""
        sample = np.random.default_rng(9).lognormal(sigma=1.2, size=150)
        found = mean(sample, method="bca")
        reference = stats.bootstrap(
            (sample,), np.mean, n_resamples=20_000, method="BCa", rng=np.random.default_rng(1)
        ).confidence_interval
        width = reference.high - reference.low
        assert found.method == "bca"
        assert found.low == pytest.approx(reference.low, abs=0.04 * width)
        assert found.high == pytest.approx(reference.high, abs=0.04 * width)
        plain = mean(sample)
        assert reference.high - (plain.high or 0) > 0.08 * width, "Student's is another one"

    def test_mcnemar(self) -> None:
        """121 against 59 changed their mind (Agresti 1990, by R's binom.test); and by hand."""
        assert mcnemar_exact(121, 59) == pytest.approx(4.4346e-06, rel=0.05)
        assert mcnemar_exact(0, 5) == pytest.approx(2 / 32)
        assert mcnemar_exact(0, 0) == 1.0

    def test_sign_flips_are_all_counted_where_they_are_few(self) -> None:
        """By hand for three; by scipy's exact permutation test for Student's ten patients."""
        assert sign_flip(np.array([1.0, 2.0, 3.0])) == pytest.approx(2 / 8)
        diff = np.subtract(SLEEP["second"], SLEEP["first"])
        reference = stats.permutation_test(
            (diff,), np.mean, permutation_type="samples", n_resamples=np.inf
        )
        assert sign_flip(diff) == pytest.approx(reference.pvalue)

    def test_holm(self) -> None:
        """R's p.adjust(c(0.01, 0.02, 0.03, 0.04, 0.05), "holm"), and an order that is not kept."""
        found = holm({"a": 0.01, "b": 0.02, "c": 0.03, "d": 0.04, "e": 0.05})
        assert list(found.values()) == pytest.approx([0.05, 0.08, 0.09, 0.09, 0.09])
        assert list(holm({"x": 0.6, "y": 0.001}).items()) == [("x", 0.6), ("y", 0.002)]

    def test_benjamini_hochberg(self) -> None:
        """R's p.adjust(c(0.01, 0.02, 0.03, 0.04, 0.05), "BH")."""
        found = benjamini_hochberg(dict(zip("abcde", [0.01, 0.02, 0.03, 0.04, 0.05], strict=True)))
        assert list(found.values()) == pytest.approx([0.05] * 5)
        assert benjamini_hochberg({}) == {}

    def test_power(self) -> None:
        """G*Power, t-test of matched pairs, two-sided, power 0.8: d = 0.5 takes 34, 0.2 199."""
        assert needed_items(0.5, 1.0) == 34
        assert needed_items(0.2, 1.0) == 199
        assert detectable_effect(1.0, 34) == pytest.approx(0.4953, abs=5e-4)
        assert needed_items(0.0, 1.0) is None

    def test_cohens_kappa(self) -> None:
        """Two readers of 50 proposals, 20 yes and 15 no alike, 5 and 10 not: 0.40."""
        first = ["yes"] * 25 + ["no"] * 25
        second = ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15
        assert cohen_kappa(first, second) == pytest.approx(0.4)
        assert cohen_kappa(["a"], ["a"]) is None

    def test_krippendorffs_alpha(self) -> None:
        """Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", section C: 0.743."""
        missing = None
        observers = [
            [1, 2, 3, 3, 2, 1, 4, 1, 2, missing, missing, missing],
            [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, missing, 3],
            [missing, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, missing],
            [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, missing],
        ]
        units = [[o for o in unit if o is not None] for unit in zip(*observers, strict=True)]
        assert krippendorff_alpha(units) == pytest.approx(0.743, abs=5e-4)
        # Section D, by the interval metric.
        assert krippendorff_alpha(units, is_interval=True) == pytest.approx(0.849, abs=5e-4)

    def test_clusters_of_one_are_no_clusters(self) -> None:
        """With each item on its own the error is that of the mean; doubled items change nothing."""
        values = [0.1, 0.5, 0.9, 0.4, 0.6]
        alone = clustered_mean(values, range(5))
        plain = mean(values)
        assert (alone.low, alone.high) == pytest.approx((plain.low, plain.high))
        doubled = clustered_mean(values * 2, [*range(5), *range(5)])
        assert (doubled.low, doubled.high) == pytest.approx((alone.low, alone.high))

    def test_a_percentiles_interval_is_of_values_that_were_seen(self) -> None:
        """Of 1 to 100 the median lies between the 40th and 61st value (Conover 1999)."""
        found = percentile(range(1, 101), 50)
        assert found is not None
        assert (found.value, found.low, found.high) == (50.5, 40.0, 61.0)
        small = percentile([1.0, 2.0, 3.0], 95)
        assert small is not None
        assert small.high is None


class TestCoverage:
    """95 % of the intervals hold the truth, which is known here because it was simulated."""

    @pytest.mark.parametrize(("n", "share"), [(50, 0.8), (200, 0.95), (400, 0.5)])
    def test_wilson(self, n: int, share: float) -> None:
        """Wilson's interval is discrete: it is exact on the average over shares nearby."""
        random = np.random.default_rng(1)
        held = 0
        for _ in range(SIMULATIONS):
            true = share + random.uniform(-0.03, 0.03)
            found = rate(int(random.binomial(n, true)), n)
            held += (found.low or 0) <= true <= (found.high or 0)
        assert held / SIMULATIONS == pytest.approx(0.95, abs=0.01 + NOISE / 2)

    def test_student(self) -> None:
        """Of values that are skewed as scores are."""
        random = np.random.default_rng(2)
        held = 0
        for _ in range(SIMULATIONS):
            found = mean(random.beta(4, 2, size=60))
            held += (found.low or 0) <= 4 / 6 <= (found.high or 0)
        assert held / SIMULATIONS == pytest.approx(0.95, abs=0.01)

    def test_bca(self) -> None:
        """Of differences of paired scores, many of them 0."""
        random = np.random.default_rng(3)
        held, runs = 0, 1_500
        for _ in range(runs):
            diff = random.choice([-1.0, 0.0, 0.5, 1.0], p=[0.1, 0.6, 0.1, 0.2], size=150)
            found = mean(diff, method="bca")
            assert found.method == "bca"
            held += (found.low or 0) <= 0.15 <= (found.high or 0)
        assert held / runs == pytest.approx(0.95, abs=0.01 + NOISE)

    def test_clusters(self) -> None:
        """Items of one group share a level; the interval that forgets it holds far less often."""
        random = np.random.default_rng(4)
        held = forgot = 0
        groups = np.repeat(np.arange(40), 10)
        for _ in range(SIMULATIONS):
            values = random.normal(0, 1, size=40)[groups] + random.normal(0, 1, size=400)
            found, plain = clustered_mean(values, groups.tolist()), mean(values)
            held += (found.low or 0) <= 0 <= (found.high or 0)
            forgot += (plain.low or 0) <= 0 <= (plain.high or 0)
        assert held / SIMULATIONS == pytest.approx(0.95, abs=0.01 + NOISE / 2)
        assert forgot / SIMULATIONS < 0.7

    def test_percentile(self) -> None:
        """At least 95 %, since order statistics are discrete, and not many more."""
        random = np.random.default_rng(5)
        held = 0
        for _ in range(SIMULATIONS):
            found = percentile(random.exponential(size=200), 90)
            assert found is not None
            held += (found.low or 0) <= math.log(10) <= (found.high or 0)
        assert 0.94 < held / SIMULATIONS < 0.98

    def test_a_sequence_holds_at_every_moment(self) -> None:
        """Looked at after each of 300 values; an ordinary interval looked at so often fails."""
        random = np.random.default_rng(6)
        held = ordinary = 0
        runs = 300
        for _ in range(runs):
            values = random.binomial(1, 0.7, size=300).astype(float)
            seen = ConfidenceSequence(0, 1)
            for start in range(0, 300, 20):
                seen.add(values[start : start + 20].tolist())
            held += seen.interval[0] <= 0.7 <= seen.interval[1]
            counts = np.cumsum(values)
            looks = [rate(int(counts[n - 1]), n) for n in range(10, 301, 10)]
            ordinary += all((e.low or 0) <= 0.7 <= (e.high or 0) for e in looks)
        assert held / runs >= 0.94
        assert ordinary / runs < 0.9
        assert seen.interval[1] - seen.interval[0] < 0.25

    def test_prediction_powered(self) -> None:
        """A judge that is wrong in one of five, on 1,000 items of which people checked 150."""
        random = np.random.default_rng(7)
        held, narrower = 0, 0.0
        for _ in range(SIMULATIONS):
            truth = random.binomial(1, 0.7, size=1_000).astype(float)
            judge = np.where(random.random(1_000) < 0.2, 1 - truth, truth)
            found = prediction_powered_mean(truth[:150], judge[:150], judge[150:])
            assert found.low is not None
            assert found.high is not None
            held += found.low <= 0.7 <= found.high
            plain = mean(truth[:150])
            narrower += (found.high - found.low) / ((plain.high or 0) - (plain.low or 0))
        assert held / SIMULATIONS == pytest.approx(0.95, abs=0.01 + NOISE / 2)
        assert narrower / SIMULATIONS < 0.9

    def test_tests_cry_wolf_as_often_as_they_say(self) -> None:
        """Without any difference a permutation test finds one in 5 of 100, McNemar's in fewer."""
        random = np.random.default_rng(8)
        flips = changes = 0
        runs = 400
        for _ in range(runs):
            flips += sign_flip(random.normal(size=40)) < 0.05
            same = random.binomial(20, 0.5)
            changes += mcnemar_exact(int(same), 20 - int(same)) < 0.05
        assert flips / runs == pytest.approx(0.05, abs=0.035)
        assert changes / runs < 0.06


class TestComparisons:
    """Two sets of scores on the same items."""

    def test_only_shared_items_count(self) -> None:
        """What one of the two lacks says nothing about a difference."""
        found = compare({"a": 1, "b": 1, "c": 0}, {"b": 0, "c": 0, "d": 1})
        assert found is not None
        assert (found.candidate, found.baseline) == (0.5, 0.0)
        assert (found.improved, found.worsened, found.unchanged) == (1, 0, 1)
        assert found.test == "mcnemar"
        assert compare({"a": 1.0}, {"b": 1.0}) is None

    def test_a_real_difference_is_found_and_an_absent_one_is_not(self) -> None:
        """Twenty of a hundred items got better; then none did."""
        old = {n: float(n % 2) for n in range(100)}
        better = {n: 1.0 if n < 40 else value for n, value in old.items()}
        found = compare(better, old)
        assert found is not None
        assert found.difference.value == pytest.approx(0.2)
        assert found.difference.low is not None
        assert found.difference.low > 0.1
        assert found.p_value is not None
        assert found.p_value < 1e-5
        same = compare(old, old)
        assert same is not None
        assert same.p_value == 1.0
        assert (same.difference.low or 0) < 0 < (same.difference.high or 0)

    def test_clusters_widen_the_interval(self) -> None:
        """Ten documents of ten questions each that move together are ten, not a hundred."""
        random = np.random.default_rng(9)
        shift = random.normal(0, 0.2, size=10)
        old = dict.fromkeys(range(100), 0.5)
        new = {n: 0.5 + shift[n // 10] + random.normal(0, 0.01) for n in range(100)}
        alone = compare(new, old)
        together = compare(new, old, clusters={n: n // 10 for n in range(100)})
        assert alone is not None
        assert together is not None
        width = (alone.difference.high or 0) - (alone.difference.low or 0)
        wide = (together.difference.high or 0) - (together.difference.low or 0)
        assert wide > 2 * width
        assert together.difference.n == 10
        assert (together.needed or 0) > 0


def test_the_order_of_the_items_says_nothing() -> None:
    """Examples end in another order each time; their numbers are the same to the last digit."""
    random = np.random.default_rng(10)
    values = random.beta(2, 3, size=60)
    shuffled = random.permutation(values)
    assert mean(values, method="bca") == mean(shuffled, method="bca")
    assert sign_flip(values - 0.4) == sign_flip(shuffled - 0.4)


def test_what_fits_is_chosen() -> None:
    """Two values: Wilson; others: Student; groups: clusters; nothing: no number."""
    assert estimate_mean([]) is None
    assert getattr(estimate_mean([1.0, 0.0]), "method", "") == "wilson"
    assert getattr(estimate_mean([0.5, 0.0]), "method", "") == "t"
    assert getattr(estimate_mean([1.0, 0.0, 1.0], clusters="aab"), "method", "") == "clustered t"
    assert getattr(estimate_mean([0.5]), "method", "") == "none"
