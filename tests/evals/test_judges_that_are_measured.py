"""Judges held against people: the corrected rate of an evaluation, and a judge that has moved."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.commands import run_command
from support.servers import ServerProcess

from weave_core import Client, Dataset, Evaluation
from weave_core.errors import ConfigError, NotFound
from weave_core.evals import Anchors, Calibrated, calibrate
from weave_core.evals.reports import markdown_report
from weave_core.evals.scorers import Rubric
from weave_core.statistics.agreement import (
    prediction_powered_mean,
    rectified_mean,
    rectifier_of,
)

PEOPLE = [1, 1, 0, 1, 0, 1, 1, 0, 1, 1, 0, 1, 1, 1, 0, 1, 0, 1, 1, 1]
SAID = [1, 1, 0, 1, 1, 1, 1, 0, 1, 0, 0, 1, 1, 1, 1, 1, 0, 1, 1, 1]


class TestPredictionPowered:
    """The number itself."""

    def test_it_is_that_of_its_authors(self) -> None:
        """`ppi_py.ppi_mean_ci` 0.2.3 of the same; it divides by n, so is narrower by that."""
        found = prediction_powered_mean(PEOPLE, SAID, [1, 0, 1, 1, 1, 0, 1, 1] * 25)
        assert found.value == pytest.approx(0.7)
        assert (found.low, found.high) == pytest.approx((0.53942404, 0.86057596), abs=0.005)
        random = np.random.default_rng(0)
        people = np.round(random.normal(0.6, 0.2, 30), 3)
        said = np.round(people + random.normal(0.05, 0.1, 30), 3)
        rest = np.round(random.normal(0.65, 0.22, 300), 3)
        found = prediction_powered_mean(people, said, rest)
        assert found.value == pytest.approx(0.56966584, abs=3e-4)
        assert (found.low, found.high) == pytest.approx((0.52705119, 0.61228049), abs=8e-4)

    def test_groups_make_it_wider_and_a_rate_stays_one(self) -> None:
        """Ten copies of an item are one; no more than all can be right."""
        known = rectifier_of(PEOPLE, SAID)
        rest = [1, 1, 1, 0] * 50
        plain = rectified_mean(known, rest)
        grouped = rectified_mean(known, rest * 10, clusters=[*range(200)] * 10)
        assert (plain.low, plain.high) == pytest.approx((grouped.low, grouped.high), abs=0.02)
        sure = rectified_mean(rectifier_of([1, 1, 1, 0], [1, 1, 1, 0]), [1] * 9, is_rate=True)
        assert sure.high == 1.0


ROWS = [{"question": f"question {n}", "is_polite": n % 10 < 6} for n in range(200)]
"""Six of ten answers are polite, as people see it."""


def kind_judge(output: str) -> bool:
    """A judge that takes every third rude answer for a polite one."""
    number = int(output.split()[1])
    return number % 10 < 6 or number % 3 == 0


class Kind:
    """The same as an object."""

    name = "polite"

    def score(self, output: str, row: dict[str, Any]) -> bool:
        """What the judge says."""
        del row
        return kind_judge(output)


def labelled(count: int = 60) -> Calibrated:
    """The judge with what people said of other answers of the kind."""
    texts = [f"answer {n}" for n in range(1_000, 1_000 + count)]
    people = [n % 10 < 6 for n in range(count)]
    return Calibrated(judge=Kind(), people=people, said=[kind_judge(text) for text in texts])


def answer(question: str) -> str:
    """A task."""
    return question.replace("question", "answer")


def test_an_evaluation_tells_the_rate_that_people_would_give(
    client: Client, traced: str, server: ServerProcess
) -> None:
    """Beside the judge's own, with its interval: in summary, reports, gate, command and API."""
    result = Evaluation(
        dataset=ROWS,
        task=answer,
        scorers=[labelled()],
        name="politeness",
        gate="polite.corrected > 0.45 and polite.corrected < 0.7",
    ).run(progress=False)

    summary = result.summary.scorers["polite"]
    assert summary.estimate is not None
    assert summary.estimate.value == pytest.approx(0.73, abs=0.02)
    corrected = summary.corrected
    assert corrected is not None
    assert corrected.method == "prediction powered"
    assert corrected.value == pytest.approx(0.6, abs=0.03)
    assert corrected.low is not None
    assert corrected.high is not None
    assert corrected.low < 0.6 < corrected.high
    assert result.verdict == "pass"
    shown = f"polite.corrected | {corrected.value:.1%}"
    assert shown in markdown_report(result.report)
    assert "polite.corrected" in str(result)
    stored = client.get_evaluation(traced, result.evaluation.evaluation_id)
    assert stored.summary == result.summary
    assert stored.scorers[0].rectifier == labelled().rectifier
    listed = run_command("eval", "list", "--server", server.url, "--project", traced)
    assert f"(corrected {corrected.value:.1%})" in " ".join(listed.stdout.split())


def test_a_judge_without_labels_has_no_corrected_rate(traced: str) -> None:
    """A gate on it can't be told, and says why."""
    del traced
    result = Evaluation(
        dataset=ROWS[:20], task=answer, scorers=[Kind()], gate="polite.corrected > 0.5"
    ).run(progress=False)
    assert result.summary.scorers["polite"].corrected is None
    assert result.verdict == "inconclusive"
    assert "no judge that people have checked" in str(result)


def test_labels_are_part_of_the_version_and_must_fit() -> None:
    """Other labels correct otherwise."""
    assert labelled().version == labelled().version != labelled(80).version
    with pytest.raises(ConfigError, match="1 labels of people and 2 of the judge"):
        Calibrated(judge=Kind(), people=[True], said=[True, False])
    with pytest.raises(ConfigError, match="truths or numbers"):
        Calibrated(judge=Kind(), people=["a", "b"], said=["a", "b"])  # type: ignore[list-item]  # That is the point.


ANCHORS = Dataset(
    [{"output": f"answer {n}", "people": n % 10 < 6, "q": n} for n in range(120)], name="anchors"
)


def test_anchors_measure_a_judge_and_calibrate_it(traced: str) -> None:
    """What it says of them is an evaluation; agreement and the liking for long ones come of it."""
    del traced
    anchors = Anchors(dataset=ANCHORS)
    found = anchors.calibration(Kind())
    said = [kind_judge(f"answer {n}") for n in range(120)]
    people = [n % 10 < 6 for n in range(120)]
    assert found.kappa == calibrate(people, said).kappa
    assert found.confusion["False", "True"] == 16
    judge = anchors.calibrated(Kind())
    assert judge.rectifier == rectifier_of([float(p) for p in people], [float(s) for s in said])
    with pytest.raises(ConfigError, match="has a column 'answer'"):
        Anchors(dataset=ANCHORS, output="answer")
    with pytest.raises(ConfigError, match="of 0 outputs"):
        Anchors(dataset=ANCHORS, people="us").calibrated(Kind())


def model_that(strict: int) -> Any:
    """A model that judges by numbers: of ten answers it calls the first ones polite."""

    def model(prompt: str) -> str:
        number = int(prompt.partition("answer ")[2].split()[0])
        choice = "yes" if number % 10 < strict else "no"
        return f'{{"reason": "by its number", "choice": "{choice}"}}'

    return model


def test_a_judge_that_has_moved_is_told(client: Client, traced: str) -> None:
    """Another model behind the same name: mean, test, how many changed, and what people think."""
    anchors = Anchors(dataset=ANCHORS)

    def judge(strict: int) -> Rubric:
        return Rubric(name="polite", model=model_that(strict), rubric="Is it polite?")

    first = anchors.drift(judge(6))
    same = anchors.drift(judge(6))
    moved = anchors.drift(judge(8))
    beside = anchors.drift(judge(6), baseline=moved.result)

    assert first.verdict == "first"
    assert same.verdict == "same"
    assert same.changed is not None
    assert same.changed.value == 0.0
    assert moved.verdict == "moved"
    assert moved.shift is not None
    assert moved.shift.difference.value == pytest.approx(0.2)
    assert moved.shift.test == "mcnemar"
    assert moved.agreement is not None
    assert (moved.agreement.baseline, moved.agreement.candidate) == (1.0, 0.8)
    assert "24 of 120 verdicts changed" in str(moved)
    assert "mean verdict  0.600 -> 0.800  +0.200 [" in str(moved)
    assert beside.shift is not None
    assert beside.shift.difference.value == pytest.approx(-0.2)
    names = [each.name for each in client.list_evaluations(traced).items]
    assert names == ["anchors of polite"] * 4


def test_few_anchors_can_not_tell(traced: str) -> None:
    """One verdict of eight is another one: neither the same nor proof of anything."""
    del traced
    anchors = Anchors(dataset=Dataset([{"output": f"answer {n}"} for n in range(8)]))
    before = anchors.judged(Rubric(model=model_that(6), rubric="?"))
    now = anchors.drift(Rubric(model=model_that(7), rubric="?"), baseline=before)
    assert now.verdict == "can't tell"
    assert now.agreement is None
    with pytest.raises(NotFound, match="no-such"):
        anchors.drift(Rubric(model=model_that(7), rubric="?"), baseline="no-such")


def test_a_report_on_disk_is_a_baseline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    """In CI there may be no server."""
    del home
    monkeypatch.setenv("WEAVE_CORE_ENDPOINT", "offline")
    anchors = Anchors(dataset=ANCHORS)
    file = tmp_path / "anchors.json"
    file.write_text(anchors.judged(Kind()).report.model_dump_json(), encoding="utf-8")
    assert anchors.drift(Kind(), baseline=file).verdict == "same"
