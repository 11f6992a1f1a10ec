"""Datasets of many rows, rows that stand twice, and models with their parameters."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import weave_core
from weave_core import Client, Dataset, Evaluation, Model
from weave_core.errors import ConfigError
from weave_core.evals.items import MAX_ROWS_BYTES
from weave_core.row_chunks import CHUNK_ROWS, MAX_INLINE_BYTES

LONG = "x" * 1_000


def many(count: int, *, start: int = 0) -> Iterator[dict[str, Any]]:
    """Rows of a kilobyte, as they come."""
    for number in range(start, start + count):
        yield {"question": f"what is {number}?", "expected": str(number), "context": LONG}


class TestLargeDatasets:
    """Rows in blobs and on disk."""

    def test_a_large_dataset_is_published_in_blobs_that_its_versions_share(
        self, client: Client, traced: str
    ) -> None:
        """What comes back is what was sent; a longer version sends only what is new."""
        dataset = Dataset(many(2_500), name="large")
        content = dataset.to_content()
        assert [chunk["rows"] for chunk in content["chunks"]] == [CHUNK_ROWS, CHUNK_ROWS, 500]
        ref = weave_core.publish(dataset)
        assert ref.digest == dataset.digest
        assert client.get_object(traced, "dataset", "large").size_bytes < 1_000
        again = weave_core.get("dataset/large")
        assert [item.key for item in again.items] == [item.key for item in dataset.items]
        assert list(again) == list(many(2_500))
        assert again.digest == dataset.digest

        longer = Dataset(many(3_000), name="large")
        shared = [chunk in content["chunks"] for chunk in longer.to_content()["chunks"]]
        assert shared == [True, True, False]
        weave_core.publish(longer)
        assert len(weave_core.get("dataset/large:1")) == 2_500

    def test_a_small_one_is_one_json(self, traced: str) -> None:
        """As it was published before."""
        del traced
        rows = [{"a": 1}, {"a": 2, "id": "x"}]
        ref = weave_core.publish(Dataset(rows, name="small"))
        assert Dataset(rows).to_content() == {"rows": rows}
        assert weave_core.get(str(ref)).to_content() == {"rows": rows}
        assert len(json.dumps(rows)) < MAX_INLINE_BYTES

    def test_rows_lie_on_disk_and_are_run_from_there(self, traced: str) -> None:
        """More than stays in memory: read by many at a time, each the right one, once."""
        del traced
        wide = "y" * (MAX_ROWS_BYTES // 150)
        rows = [{"question": f"q{n}", "expected": f"q{n}", "wide": wide} for n in range(200)]
        dataset = Dataset(rows, name="wide")
        assert dataset.items[7].row is not dataset.items[7].row, "it is read anew"
        assert dataset.items[7].row == rows[7]
        assert dataset.columns == {"question", "expected", "wide"}

        def exact(output: str, expected: str) -> bool:
            return output == expected

        result = Evaluation(
            dataset=dataset, task=lambda question: question, scorers=[exact], concurrency=16
        ).run(progress=False)
        found = result.summary.scorers["exact"].estimate
        assert found is not None
        assert (found.value, found.n) == (1.0, 200)
        assert result.examples[199].row["question"] == "q199"

    def test_blobs_that_nothing_reads_are_told(self) -> None:
        """The content of a large dataset alone is no dataset."""
        content = Dataset(many(1_200)).to_content()
        with pytest.raises(ConfigError, match="the 1200 rows are in blobs"):
            Dataset.from_content(content, name="x")
        with pytest.raises(ConfigError, match="has another digest"):
            Dataset.from_content(content, name="x", blob=lambda digest: digest.encode())


TRAIN = [
    {"q": "How long does a parcel from Lisbon to Rome take in winter?", "expected": "3 days"},
    {"q": "Where do I find the number of my order?", "expected": "In the mail"},
]
PROMPT = """Answer in one sentence.
Q: Can I return a broken umbrella after thirty days? A: No.
Q: What does an express parcel to Norway cost? A: 20 euros."""


class TestDuplicates:
    """Rows that stand twice."""

    def test_equal_and_near_rows_are_told_with_their_likeness(self) -> None:
        """The same but for its id; one word more; and something else."""
        rows = [
            {"q": "How long does a parcel take?", "id": 1},
            {"q": "How long does a parcel take?", "id": 2},
            {"q": "How long does a parcel take??", "id": 3},
            {"q": "Where is the office?", "id": 4},
        ]
        report = Dataset(rows, name="mine").duplicates()
        assert [(p.index, p.other_index, p.is_equal) for p in report.pairs] == [
            (1, 0, True),
            (2, 0, False),
        ]
        assert report.leaked == []
        # 24 runs of five letters, and one more.
        assert report.repeated[1].similarity == pytest.approx(24 / 25)
        assert "row 2 ~ this dataset row 0  0.96  How long does a parcel take??" in str(report)
        assert Dataset(rows).duplicates(threshold=1.0).pairs == report.pairs[:1]

    def test_what_the_task_has_seen_is_told(self) -> None:
        """In another split, by the question alone; and among the examples of a prompt."""
        rows = [
            {"q": "how long does a parcel from Lisbon to Rome take in winter", "expected": "?"},
            {"q": "What does an express parcel to Norway cost?", "expected": "20 euros"},
            {"q": "Who are you?", "expected": "A desk"},
        ]
        train = Dataset(TRAIN, name="train")
        test = Dataset(rows, name="test")
        report = test.duplicates(against={"train": train, "prompt": PROMPT}, columns=["q"])
        assert [(p.index, p.other, p.other_index) for p in report.leaked] == [
            (0, "train", 0),
            (1, "prompt", None),
        ]
        assert report.leaked[1].similarity == 1.0
        by_list = test.duplicates(against={"shots": PROMPT.splitlines()}, columns=["q"])
        assert [pair.other for pair in by_list.leaked] == ["shots"]
        assert "test: 3 rows, 0 repeat an earlier one, 2 stand elsewhere" in str(report)

    def test_near_rows_are_found_among_thousands(self) -> None:
        """Of 2,000 rows, 40 of which repeat another one but for a word, nearly all are found."""
        words = [f"word{n}" for n in range(3_000)]
        rows = [
            {"q": " ".join(words[(n * 37 + k * k) % 3_000] for k in range(25))}
            for n in range(1_960)
        ]
        rows += [{"q": rows[n * 40]["q"] + " indeed"} for n in range(40)]
        report = Dataset(rows).duplicates(threshold=0.9)
        found = {(pair.index, pair.other_index) for pair in report.pairs}
        wanted = {(1_960 + n, n * 40) for n in range(40)}
        assert len(found & wanted) >= 38

    def test_what_can_not_be_compared_is_told(self) -> None:
        """A column that there is not, a similarity that is none."""
        with pytest.raises(ConfigError, match="no row of 'dataset' has a column 'question'"):
            Dataset(TRAIN).duplicates(columns=["question"])
        with pytest.raises(ConfigError, match="threshold is 0"):
            Dataset(TRAIN).duplicates(threshold=0)


def answer(question: str, *, prompt: str, loud: bool = False) -> str:
    """A task with parameters."""
    told = f"{prompt} {question}"
    return told.upper() if loud else told


async def later(question: str, prompt: str) -> str:
    """One that is awaited."""
    return f"{prompt} {question}"


class Agent:
    """An object with `predict`."""

    def predict(self, question: str, style: str) -> str:
        """What it answers."""
        return f"{style} {question}"


class TestModels:
    """Functions with the parameters that make them what they are."""

    def test_a_model_is_the_task_of_an_evaluation_under_its_published_digest(
        self, traced: str
    ) -> None:
        """One function, two models; each version is that of the object."""
        del traced
        plain = Model(answer, "desk", prompt="Hi,")
        loud = plain.changed(loud=True)
        refs = [weave_core.publish(model) for model in (plain, loud)]
        results = [
            Evaluation(
                dataset=[{"question": "who?"}],
                task=model,
                scorers=[lambda output: output.isupper()],
            ).run(progress=False)
            for model in (plain, loud)
        ]
        assert [each.examples[0].output for each in results] == ["Hi, who?", "HI, WHO?"]
        assert [each.evaluation.task.version for each in results] == [ref.digest for ref in refs]
        assert refs[0].digest != refs[1].digest
        content = weave_core.get("model/desk:1")
        assert content["parameters"] == {"prompt": "Hi,"}
        assert Model(answer, "desk", **content["parameters"]).version == refs[0].digest
        assert plain(question="x") == "Hi, x"

    def test_any_callable_may_be_one(self, traced: str) -> None:
        """Coroutine functions, operations, objects with `predict`."""
        del traced
        tasks = [
            Model(later, prompt="a"),
            Model(weave_core.op(later), prompt="a"),
            Model(Agent(), style="a"),
        ]
        for task in tasks:
            result = Evaluation(
                dataset=[{"question": "b"}], task=task, scorers=[lambda output: output == "a b"]
            ).run(progress=False)
            assert [each.output for each in result.examples] == ["a b"]
        assert tasks[2].name == "Agent"

    def test_parameters_must_be_some_and_json(self) -> None:
        """Before anything is run."""
        with pytest.raises(ConfigError, match="'answer' takes no tone"):
            Model(answer, tone="kind")
        with pytest.raises(ConfigError, match="are no JSON"):
            Model(answer, prompt=object())
        with pytest.raises(ConfigError, match="the model is 'gpt'"):
            Model("gpt")
        assert repr(Model(answer, prompt="Hi")) == "<Model 'answer': prompt='Hi'>"


def test_a_file_of_rows_is_read_as_it_comes(tmp_path: Path) -> None:
    """Lines that are no JSON are told, wherever the rows end up."""
    file = tmp_path / "rows.jsonl"
    lines = [json.dumps({"q": n, "text": LONG}) for n in range(10)]
    file.write_text("\n".join([*lines[:5], "{", *lines[5:]]), encoding="utf-8")
    dataset = Dataset.read(file)
    assert len(dataset) == 10
    assert [problem.index for problem in dataset.problems] == [5]


def test_what_has_not_changed_is_the_same_evaluation_again(client: Client, traced: str) -> None:
    """Nothing is run but what had failed, nothing is stored anew, and a new scorer is a new one."""
    calls: tuple[str, ...] = ()

    def moody(question: str) -> str:
        nonlocal calls
        calls = (*calls, question)
        if question == "q3" and calls.count("q3") == 1:
            raise ValueError("not today")
        return question

    def short(output: str) -> bool:
        return len(output) < 9

    def known(output: str) -> bool:
        return output.startswith("q")

    rows = [{"question": f"q{n}"} for n in range(8)]

    def run(*scorers: Any) -> Any:
        return Evaluation(
            dataset=rows, task=moody, scorers=[*scorers], name="again", cache=True
        ).run(progress=False)

    first, second = run(short), run(short)
    assert (first.summary.errors, second.summary.errors) == (1, 0)
    assert second.evaluation.evaluation_id == first.evaluation.evaluation_id
    assert sorted(calls) == ["q0", "q1", "q2", "q3", "q3", "q4", "q5", "q6", "q7"]
    traces = [each.item.trace_id for each in second.examples]
    assert sum(a == b.item.trace_id for a, b in zip(traces, first.examples, strict=True)) == 7
    found = client.get_evaluation(traced, first.evaluation.evaluation_id)
    assert (found.state, found.summary) == ("done", second.summary)
    assert len(list(client.iter_evaluated(traced, found.evaluation_id))) == 8

    third = run(short, known)
    assert third.evaluation.evaluation_id != first.evaluation.evaluation_id
    assert len(calls) == 9
