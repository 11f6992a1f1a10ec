"""Metrics of Hugging Face's `evaluate` as scorers, by their programs on disk."""

from pathlib import Path

import evaluate
import pytest

from weave_core import Evaluation
from weave_core.evals.adapters import HuggingFace

PROGRAM = '''
import datasets
import evaluate


class Shared(evaluate.Metric):
    """The share of letters that stand at the same place, and how many there are."""

    def _info(self):
        features = datasets.Features(
            {"predictions": datasets.Value("string"), "references": datasets.Value("string")}
        )
        return evaluate.MetricInfo(description="", citation="", features=features)

    def _compute(self, predictions, references, factor=1.0):
        pairs = list(zip(predictions[0], references[0]))
        if not pairs:
            raise ValueError("nothing to compare")
        same = sum(a == b for a, b in pairs)
        return {"shared": factor * same / len(pairs), "letters": len(pairs), "kind": "letters"}
'''


@pytest.fixture(scope="module")
def metric(tmp_path_factory: pytest.TempPathFactory) -> evaluate.EvaluationModule:
    """A metric as the Hub has them: a program, loaded from a folder."""
    folder = tmp_path_factory.mktemp("metrics") / "shared"
    folder.mkdir()
    (folder / "shared.py").write_text(PROGRAM, encoding="utf-8")
    cache = tmp_path_factory.mktemp("cache")
    return evaluate.load(str(folder / "shared.py"), cache_dir=str(cache))


@pytest.fixture(autouse=True)
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No server here: what is run waits in a folder of the test."""
    monkeypatch.setenv("WEAVE_CORE_HOME", str(tmp_path))
    monkeypatch.setenv("WEAVE_CORE_ENDPOINT", "offline")


def test_a_metric_is_computed_on_each_output(metric: evaluate.EvaluationModule) -> None:
    """All of its numbers, or the one that is meant; what it raises is an error of the score."""
    scorers = [
        HuggingFace(name="all", metric=metric),
        HuggingFace(name="twice", metric=metric, key="shared", options={"factor": 2.0}),
        HuggingFace(name="none", metric=metric, key="bleu"),
    ]
    rows = [{"q": "Paris", "expected": "Pariz"}, {"q": "Lima", "expected": "Lima"}] * 4
    result = Evaluation(
        dataset=[*rows, {"q": "", "expected": "x"}], task=lambda q: q, scorers=scorers
    ).run(progress=False)
    first = result.examples[0].item.scores
    assert first["all.shared"].value == pytest.approx(0.8)
    assert first["all.letters"].value == 5.0
    assert "all.kind" not in first
    assert first["twice"].value == pytest.approx(1.6)
    assert first["none"].error is not None
    assert "it gives shared, letters, kind" in first["none"].error.message
    assert result.examples[-1].item.scores["all"].error is not None
    assert scorers[0].version == HuggingFace(name="all", metric=metric).version
