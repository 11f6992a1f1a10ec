"""Judges of answers: grades by steps and probabilities, facts against an expert's, a criterion."""

import asyncio
import json
from typing import Any

import openai
import pytest

import weave_core
from weave_core import Client, Dataset, Evaluation, Score
from weave_core.errors import ConfigError
from weave_core.evals import Anchors
from weave_core.evals.prompts import JudgePrompt
from weave_core.evals.scorers import ChatModel, ClosedQA, Factuality, GEval
from weave_core.evals.versions import version_of

ROW = {"question": "When did it open?", "expected": "In 1889."}
CRITERIA = "Coherence: each sentence builds on the one before."
SURE = "Coherence in 4 sentences."
"""With the first number of the prompt, which is the grade that the local model gives."""


class Grader:
    """A model that tells two steps, and then grades in turn; `asked` holds its prompts."""

    def __init__(self, *grades: Any) -> None:
        self.asked: list[str] = []
        self.left = list(grades)

    async def __call__(self, prompt: str) -> str:
        """The answer to either prompt of `GEval`."""
        self.asked.append(prompt)
        await asyncio.sleep(0)
        if '{"steps"' in prompt:
            return json.dumps({"steps": ["Read it.", " ", "Look for gaps."]})
        grade = self.left.pop(0)
        return f'So: {{"reason": "it is a {grade}", "score": {json.dumps(grade)}}}'


def judged(scorer: Any, output: Any = "In 1889.", **row: Any) -> Any:
    """What a judge says of one output."""
    return asyncio.run(scorer.score(output, {**ROW, **row}))


def test_steps_are_derived_once_and_grades_are_averaged() -> None:
    """By hand: 5, 4, 4 on 1 to 5 are (13/3 - 1) / 4; the steps are asked for once for all rows."""
    grader = Grader(5, 4, 4, 1, 1, 1)
    scorer = GEval(model=grader, criteria=CRITERIA, columns=["question"], samples=3)
    version = version_of(scorer.score)

    async def both() -> list[Score]:
        return [await scorer.score("a", ROW), await scorer.score("b", ROW)]

    async def derived() -> list[tuple[str, ...]]:
        return await asyncio.gather(*(scorer.derived() for _ in range(5)))

    assert set(asyncio.run(derived())) == {("Read it.", "Look for gaps.")}
    first, second = asyncio.run(both())
    assert first.value == pytest.approx((13 / 3 - 1) / 4)
    assert second.value == 0.0
    assert first.reason == "it is a 4", "that of the grade nearest to the mean"
    assert first.detail == {
        "steps": ["Read it.", "Look for gaps."],
        "grades": {"4": 0.666667, "5": 0.333333},
        "by": "samples",
    }
    assert sum('{"steps"' in prompt for prompt in grader.asked) == 1
    assert "the answer, the question. Think" in grader.asked[0]
    assert "1. Read it.\n2. Look for gaps.\n\n# question\nWhen did it open?" in grader.asked[1]
    assert version_of(scorer.score) == version, "what was derived is no setting"


def test_a_grade_off_the_scale_is_no_grade() -> None:
    """Nor is a word, nor no steps at all; a scale that is none is refused at once."""
    given: dict[str, Any] = {"criteria": CRITERIA, "steps": ["Read."], "samples": 1}
    with pytest.raises(ValueError, match="gave 7, which is not on the scale of 1 to 5"):
        judged(GEval(model=Grader(7), **given))
    with pytest.raises(ValueError, match=r"does not fit \(score: "):
        judged(GEval(model=Grader("good"), **given))
    with pytest.raises(ValueError, match="derived no steps from 'Coherence"):
        judged(GEval(model=lambda prompt: f'{{"steps": [{prompt[:0]}]}}', criteria=CRITERIA))
    with pytest.raises(ConfigError, match="the scale is 5 to 5, with 5 answers"):
        GEval(model=Grader(), criteria=CRITERIA, low=5)


def test_grades_are_weighed_by_their_probabilities(llm: str) -> None:
    """The local model is sure by 0.7 of its number, 0.2 of the next, 0.1 of the one before.

    On 1 to 4 the next one of 4 is off the scale: (4 * 0.7 + 3 * 0.1) / 0.8.
    """
    given: dict[str, Any] = {"criteria": SURE, "steps": ["Read."]}
    with openai.OpenAI(base_url=f"{llm}/v1", api_key="x", max_retries=0) as client:
        model = ChatModel(client=client, model="gpt-4o-mini")
        score = judged(GEval(model=model, **given))
        narrow = judged(GEval(model=model, high=4, **given))
        # A model that reasons refuses to tell; one that fails otherwise is an error.
        silent = judged(GEval(model=ChatModel(client=client, model="o4-mini"), samples=2, **given))
        sampled = judged(GEval(model=model, weighed=False, samples=2, **given))
        derived = judged(GEval(model=model, criteria=SURE))
        with pytest.raises(openai.InternalServerError):
            judged(GEval(model=ChatModel(client=client, model="error-500"), **given))

    assert score.detail["by"] == "probabilities"
    assert score.detail["grades"] == {"3": 0.1, "4": 0.7, "5": 0.2}
    assert score.value == pytest.approx((0.1 * 3 + 0.7 * 4 + 0.2 * 5 - 1) / 4)
    assert narrow.value == pytest.approx(((4 * 0.7 + 3 * 0.1) / 0.8 - 1) / 3)
    for each in (silent, sampled):
        assert (each.detail["by"], each.detail["grades"]) == ("samples", {"4": 1.0})
        assert each.value == 0.75
    assert len(derived.detail["steps"]) == 1


def relation(word: str) -> Any:
    """A model that finds this relation, or says this word."""

    def model(prompt: str) -> str:
        assert "# question\nWhen did it open?" in prompt
        assert "In 1889." in prompt
        return f'{{"reason": "read", "choice": "{word}"}}'

    return model


def test_facts_are_held_against_an_experts_answer() -> None:
    """Each relation has its value, which can be another; what is no relation is an error."""
    worth = {"subset": 0.4, "superset": 0.6, "equal": 1.0, "contradicts": 0.0, "immaterial": 1.0}
    for word, value in worth.items():
        found = judged(Factuality(model=relation(word)), "It did.")
        assert (found.value, found.label, found.reason) == (value, word, "read")
    generous = Factuality(model=relation("superset"), values={"superset": 1.0})
    assert judged(generous).value == 1.0
    assert generous.values["subset"] == 0.4
    strict = Factuality(model=relation("subset"), values={"subset": 0.0, "superset": 0.0})
    assert judged(strict).value is False, "a truth, where there are only two values"
    with pytest.raises(ValueError, match=r"does not fit \(choice: .*'equal'"):
        judged(Factuality(model=relation("similar")))
    with pytest.raises(LookupError, match="no column 'truth'"):
        judged(Factuality(model=relation("equal"), expected="truth"))
    with pytest.raises(ConfigError, match=r"\['better'\] are no relations"):
        Factuality(model=relation("equal"), values={"better": 1.0})


def test_a_criterion_is_met_or_not() -> None:
    """Given question and reference; or without one, and then the judge sees none."""
    given: dict[str, Any] = {"criterion": "It names the year."}
    met = judged(ClosedQA(model=relation("yes"), **given), "1889")
    assert (met.value, met.label, met.reason) == (True, "yes", "read")
    assert judged(ClosedQA(model=relation("no"), **given), "1889").value is False
    with pytest.raises(ValueError, match="does not fit"):
        judged(ClosedQA(model=relation("maybe"), **given), "1889")
    asked: list[str] = []

    def model(prompt: str) -> str:
        asked.append(prompt)
        return '{"reason": "read", "choice": "no"}'

    for expected in ("expected", None):
        judged(ClosedQA(model=model, expected=expected, **given), "1889")
    assert "# Reference\nIn 1889." in asked[0]
    assert "Reference" not in asked[1]
    assert all("# Criterion\nIt names the year." in prompt for prompt in asked)


def test_they_work_in_an_evaluation_over_a_real_client(
    client: Client, traced: str, llm: str
) -> None:
    """Stored with label, reason and detail; a judge that fails costs its own score alone."""
    with openai.OpenAI(base_url=f"{llm}/v1", api_key="x", max_retries=0) as provider:
        model = ChatModel(client=provider, model="gpt-4o-mini")
        broken = ChatModel(client=provider, model="error-400")
        result = Evaluation(
            dataset=[ROW],
            task=lambda question: f"{question} In 1889.",
            scorers=[
                GEval(model=model, criteria=SURE, steps=["Read."]),
                Factuality(model=model),
                ClosedQA(model=model, criterion="It names the year."),
                ClosedQA(name="broken", model=broken, criterion="It names the year."),
            ],
        ).run(progress=False)

    stored = client.list_evaluated(traced, result.evaluation.evaluation_id).items[0].scores
    assert stored["g_eval"].value == pytest.approx(0.775)
    assert stored["g_eval"].detail["grades"] == {"3": 0.1, "4": 0.7, "5": 0.2}
    # The stand-in takes the first word that it is offered and knows from the prompt.
    assert stored["factuality"].label == "subset"
    assert stored["closed_qa"].label in {"yes", "no"}
    assert stored["closed_qa"].is_rate
    assert stored["broken"].error is not None
    assert "error-400 always fails" in stored["broken"].error.message


def test_people_measure_them_and_versions_tell_them_apart(traced: str) -> None:
    """A criterion's judge against anchors; prompt, model and values are in the version."""

    def lenient(prompt: str) -> str:
        said = prompt.partition("# Answer\n")[2].partition("\n\nReply")[0]
        return f'{{"reason": "read", "choice": "{"yes" if "18" in said else "no"}"}}'

    labelled = [
        {**ROW, "output": output, "people": output == "1889"}
        for output in ("1889", "1888", "today", "1889")
    ]
    anchors = Anchors(dataset=Dataset(labelled, name="years"))
    found = anchors.calibration(ClosedQA(model=lenient, criterion="It is right."))
    assert found.agreement.value == 0.75
    assert found.confusion[("False", "True")] == 1

    small, large = (ChatModel(client=None, model=name) for name in ("small", "large"))
    terse = JudgePrompt(name="terse", text="{context} {output}")
    scorers = [
        Factuality(model=small),
        Factuality(model=large),
        Factuality(model=small, values={"superset": 1.0}),
        Factuality(model=small, prompt=terse),
        GEval(model=small, criteria=CRITERIA),
        GEval(model=small, criteria=CRITERIA, steps=["Read."]),
        GEval(model=small, criteria=CRITERIA, steps_prompt=terse),
    ]
    versions = [version_of(each.score) for each in scorers]
    assert len(set(versions)) == len(scorers)
    assert version_of(Factuality(model=small).score) == versions[0]
    ref = weave_core.publish(Factuality(model=small).prompt)
    assert (ref.project, ref.name) == (traced, "factuality")
