"""Metrics of DeepEval as scorers."""

from pathlib import Path
from typing import Any

import pytest
from deepeval.metrics import BaseMetric, ExactMatchMetric, FaithfulnessMetric
from deepeval.models import DeepEvalBaseLLM
from deepeval.test_case import LLMTestCase

from weave_core import Evaluation
from weave_core.evals.adapters import DeepEval

ROWS = [
    {"question": "Capital of France?", "expected": "Paris", "contexts": ["France: Paris"]},
    {"question": "Capital of Peru?", "expected": "Lima", "contexts": ["Peru: Lima"]},
]


@pytest.fixture(autouse=True)
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No server here: what is run waits in a folder of the test."""
    monkeypatch.setenv("WEAVE_CORE_HOME", str(tmp_path))
    monkeypatch.setenv("WEAVE_CORE_ENDPOINT", "offline")


class Reader(DeepEvalBaseLLM):  # type: ignore[misc]  # No types here.
    """A model provider that fills each form: claims, and that the second is not so."""

    def load_model(self) -> Any:
        """Nothing to load."""
        return self

    def get_model_name(self) -> str:
        """Its name."""
        return "reader"

    def generate(self, prompt: str, schema: type[Any] | None = None) -> Any:
        """A filled form."""
        del prompt
        assert schema is not None
        forms: dict[str, Any] = {
            "truths": ["a truth"],
            "claims": ["one", "two"],
            "verdicts": [{"verdict": "yes"}, {"verdict": "no", "reason": "it is not there"}],
            "reason": "one of two is not there",
        }
        return schema(**{name: forms[name] for name in schema.model_fields})

    async def a_generate(self, prompt: str, schema: type[Any] | None = None) -> Any:
        """The same."""
        return self.generate(prompt, schema)


def task(question: str) -> str:
    """Is off by a letter once."""
    return "Pariz" if "France" in question else "Lima"


def test_a_metric_gives_its_score_and_reason_for_each_row() -> None:
    """Many at a time, each with a copy of the metric, so that none reads another's result."""
    scorer = DeepEval(metric=ExactMatchMetric())
    result = Evaluation(dataset=ROWS * 8, task=task, scorers=[scorer]).run(progress=False)
    scores = [each.item.scores["exact_match"] for each in result.examples]
    assert [score.value for score in scores] == [0.0, 1.0] * 8
    assert scores[0].reason == "The actual and expected outputs are different."
    assert scores[1].detail == {"passed": True, "threshold": 1}


def test_a_judge_of_deepeval_reads_our_documents() -> None:
    """Contexts of the row; half of the claims are supported."""
    metric = FaithfulnessMetric(model=Reader(), threshold=0.7)
    result = Evaluation(dataset=ROWS, task=task, scorers=[DeepEval(metric=metric)]).run(
        progress=False
    )
    score = result.examples[0].item.scores["faithfulness"]
    assert score.error is None, score.error
    assert (score.value, score.reason) == (0.5, "one of two is not there")
    assert score.detail == {"passed": False, "threshold": 0.7}


class Broken(BaseMetric):  # type: ignore[misc]  # No types here.
    """A metric of a user's own that raises, and knows no bar."""

    threshold = 0.5

    async def a_measure(self, test_case: LLMTestCase) -> float:
        """Raises."""
        raise ZeroDivisionError(test_case.input)

    def measure(self, test_case: LLMTestCase) -> float:
        """Raises."""
        raise ZeroDivisionError(test_case.input)

    def is_successful(self) -> bool:
        """Never asked."""
        return False

    @property
    def __name__(self) -> str:
        """As DeepEval wants it."""
        return "Broken"


def test_what_deepeval_raises_is_an_error_of_the_score() -> None:
    """A metric that raises, and one that lacks a field of its test case."""
    rows = [{"question": "?"}]
    scorers = [DeepEval(metric=Broken()), DeepEval(metric=ExactMatchMetric())]
    result = Evaluation(dataset=rows, task=task, scorers=scorers).run(progress=False)
    found = {name: score.error for name, score in result.examples[0].item.scores.items()}
    assert found["broken"] is not None
    assert found["broken"].type == "ZeroDivisionError"
    assert found["exact_match"] is not None
    assert "expected_output" in found["exact_match"].message
