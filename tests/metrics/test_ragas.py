"""Metrics of ragas as scorers, of its newer and of its older interface."""

import re
from pathlib import Path
from typing import Any

import pytest
from ragas.llms.base import InstructorBaseRagasLLM
from ragas.metrics import NonLLMStringSimilarity
from ragas.metrics.collections import ExactMatch, Faithfulness, RougeScore

import weave_core
from weave_core import Evaluation
from weave_core.evals.adapters import Ragas

ROWS = [
    {"question": "Capital of France?", "expected": "Paris"},
    {"question": "Capital of Peru?", "expected": "Lima"},
]


@pytest.fixture(autouse=True)
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No server here: what is run waits in a folder of the test."""
    monkeypatch.setenv("WEAVE_CORE_HOME", str(tmp_path))
    monkeypatch.setenv("WEAVE_CORE_ENDPOINT", "offline")


class Reader(InstructorBaseRagasLLM):  # type: ignore[misc]  # No types here.
    """A model provider: it cuts by full stops, and says that what has a 7 in it is not so."""

    def generate(self, prompt: str, response_model: type[Any]) -> Any:
        """A filled form."""
        fields = response_model.model_fields
        if "statements" in fields and "NLI" not in response_model.__name__:
            text = re.findall(r'"answer": "([^"]*)"', prompt)[-1]
            return response_model(statements=[part.strip() for part in text.split(".") if part])
        [said] = re.findall(r'"statements": \[([^\]]*)\]', prompt)[-1:]
        told = [
            {"statement": each, "reason": "read", "verdict": int("7" not in each)}
            for each in re.findall(r'"([^"]*)"', said)
        ]
        return response_model(statements=told)

    async def agenerate(self, prompt: str, response_model: type[Any]) -> Any:
        """The same."""
        return self.generate(prompt, response_model)


def task(question: str) -> str:
    """Is off by a letter once."""
    return "Pariz" if "France" in question else "Lima"


def test_metrics_without_a_model() -> None:
    """Their values are what ragas itself gives; both interfaces."""
    scorers = [
        Ragas(metric=ExactMatch()),
        Ragas(metric=RougeScore()),
        Ragas(name="similarity", metric=NonLLMStringSimilarity()),
    ]
    result = Evaluation(dataset=ROWS, task=task, scorers=scorers).run(progress=False)
    found = [
        {name: score.value for name, score in each.item.scores.items()} for each in result.examples
    ]
    assert found[0] == {"exact_match": 0.0, "rouge_score": 0.0, "similarity": pytest.approx(0.8)}
    assert found[1] == {"exact_match": 1.0, "rouge_score": 1.0, "similarity": 1.0}
    assert scorers[0].version != scorers[1].version


def test_a_judge_of_ragas_reads_the_documents_of_the_trace() -> None:
    """What the retriever gave this very answer; one of two claims is not so."""

    @weave_core.op(kind="retriever")
    def search(question: str) -> list[str]:
        return [f"about {question}"]

    def answer(question: str) -> str:
        search(question)
        return "The tower is tall. It has 7 doors"

    scorer = Ragas(metric=Faithfulness(llm=Reader()))
    result = Evaluation(dataset=ROWS[:1], task=answer, scorers=[scorer]).run(progress=False)
    score = result.examples[0].item.scores["faithfulness"]
    assert score.error is None, score.error
    assert score.value == 0.5


def test_what_ragas_raises_is_an_error_of_the_score() -> None:
    """Without documents its faithfulness has nothing to judge by."""
    scorer = Ragas(metric=Faithfulness(llm=Reader()))
    result = Evaluation(dataset=ROWS, task=task, scorers=[scorer]).run(progress=False)
    errors = [each.item.scores["faithfulness"].error for each in result.examples]
    assert all(error is not None for error in errors)
    assert result.summary.scorers["faithfulness"].errors == 2
