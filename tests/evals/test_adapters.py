"""Metrics of other libraries as scorers: autoevals here, the others in tests/metrics."""

import asyncio

import autoevals
import openai
import pytest

from weave_core import Evaluation, Score
from weave_core.errors import MissingExtra
from weave_core.evals import adapters
from weave_core.evals.adapters import Autoevals

ROWS = [
    {"question": "Capital of France?", "expected": "Paris"},
    {"question": "Capital of Peru?", "expected": "Lima"},
]


def answer(question: str) -> str:
    """A task that is off by a letter."""
    return "Pariz" if "France" in question else "Lima"


def test_a_scorer_of_autoevals_is_one_of_ours(traced: str) -> None:
    """Its score, under its name, with a version that holds which one it is."""
    del traced
    result = Evaluation(
        dataset=ROWS, task=answer, scorers=[Autoevals(metric=autoevals.Levenshtein)]
    ).run(progress=False)
    scores = [each.item.scores["levenshtein"].value for each in result.examples]
    assert scores == [pytest.approx(0.8), 1.0]
    plain, other = (
        Autoevals(metric=metric) for metric in (autoevals.NumericDiff(), autoevals.ExactMatch())
    )
    assert plain.version != other.version
    assert plain.version == Autoevals(metric=autoevals.NumericDiff()).version


def test_what_a_scorer_lacks_or_raises_is_an_error_of_its_own(traced: str) -> None:
    """The other scorers and rows go on; a column that is named and is not there is told."""
    del traced
    scorers = [
        Autoevals(metric=autoevals.NumericDiff()),
        Autoevals(name="lost", metric=autoevals.Levenshtein(), columns={"expected": "right"}),
        Autoevals(metric=autoevals.Levenshtein()),
    ]
    result = Evaluation(dataset=ROWS, task=answer, scorers=scorers).run(progress=False)
    found = result.examples[0].item.scores
    assert found["numeric_diff"].error is not None
    assert found["lost"].error is not None
    assert "no column 'right'" in found["lost"].error.message
    assert found["levenshtein"].value == pytest.approx(0.8)


def test_a_judge_of_autoevals_gives_its_reason_and_choice(llm: str) -> None:
    """Over its own client; the stand-in chooses the first of what there is to choose."""

    async def judged() -> Score | None:
        async with openai.AsyncOpenAI(base_url=f"{llm}/v1", api_key="x", max_retries=0) as client:
            metric = autoevals.Factuality(client=client, model="gpt-4o-mini")
            return await Autoevals(metric=metric).score("Pariz", ROWS[0])

    score = asyncio.run(judged())
    assert score is not None
    assert score.label in {"A", "B", "C", "D", "E"}
    assert score.value in {0.4, 0.6, 0.0, 1.0}
    assert score.reason


@pytest.mark.parametrize(
    ("name", "extra"),
    [("Ragas", "ragas"), ("DeepEval", "deepeval"), ("HuggingFace", "huggingface")],
)
def test_a_library_that_is_not_there_is_told_with_its_extra(name: str, extra: str) -> None:
    """They do not go together with the newest of the others, so they are not here."""
    with pytest.raises(MissingExtra, match=rf"weave-core\[{extra}\]"):
        getattr(adapters, name)
