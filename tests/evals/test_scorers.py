"""Built-in scorers: reference values, bounds, and what they say of what is wrong."""

import asyncio
import inspect
import json
import math
from pathlib import Path
from typing import Any

import openai
import pytest

from weave_core import Evaluation, Score
from weave_core.errors import ConfigError
from weave_core.evals import scorers
from weave_core.evals.calibrations import calibrate
from weave_core.evals.scorers import (
    Bleu,
    ChrF,
    Contains,
    EmbeddingSimilarity,
    Exact,
    JsonMatches,
    JsonSchema,
    Jury,
    Levenshtein,
    Matches,
    Meteor,
    Numeric,
    OpenAIEmbedder,
    Pairwise,
    Ranking,
    Rouge,
    Rubric,
    RunsPython,
    Scorer,
    SqlMatches,
    TokenF1,
    ToolCalls,
)
from weave_core.evals.scorers.wordnets import FOLDER
from weave_core.evals.versions import version_of


def said(scorer: Scorer, output: Any, expected: Any = None, **row: Any) -> Any:
    """What a scorer answers, the value alone where it is a `Score`."""
    answer = scorer.score(output, {"expected": expected, **row})
    if inspect.iscoroutine(answer):
        answer = asyncio.run(answer)
    return answer.value if isinstance(answer, Score) else answer


def write_wordnet(folder: Path) -> None:
    """A database of two synsets in WordNet's format: `car, automobile`, and `go`."""
    head = "  1 This is WordNet 9.9, by nobody\n"
    words = {"noun": ("car", "automobile"), "verb": ("go",), "adj": (), "adv": ()}
    for part, same in words.items():
        told = "".join(f"{word} 0 " for word in same)
        line = f"{len(head):08d} 06 {part[0]} {len(same):02x} {told}000 | a gloss  \n"
        (folder / f"data.{part}").write_text(head + line)
        index = [f"{word} {part[0]} 1 0 1 0 {len(head):08d}  \n" for word in sorted(same)]
        (folder / f"index.{part}").write_text(head + "".join(index))
        (folder / f"{part}.exc").write_text("went go\n" if part == "verb" else "")


class TestTexts:
    """Texts as they are."""

    def test_exact(self) -> None:
        """As it is, normalised, and any of several."""
        assert said(Exact(), "Paris", "Paris") is True
        assert said(Exact(), "paris.", "Paris") is False
        assert said(Exact(normalise=True), "The  PARIS!", "paris") is True
        assert said(Exact(), "b", ["a", "b"]) is True
        assert said(Exact(), 4, 4) is True
        with pytest.raises(LookupError, match="no column 'answer'"):
            said(Exact(column="answer"), "x")

    def test_contains_and_matches(self) -> None:
        """All, some, with and without case; patterns anywhere."""
        assert said(Contains(), "Paris is in France", ["paris", "france"]) is True
        assert said(Contains(ignore_case=False), "Paris", "paris") is False
        assert said(Contains(all_of=False), "Paris", ["Paris", "Rome"]) == 0.5
        assert said(Matches(pattern=r"\d{3}"), "call 112 now") is True
        assert said(Matches(pattern=r"^\d"), "no") is False

    def test_levenshtein(self) -> None:
        """Kitten to sitting takes 3 steps of 7 (Levenshtein's own example)."""
        assert said(Levenshtein(), "kitten", "sitting") == pytest.approx(1 - 3 / 7)
        assert said(Levenshtein(), "", "") == 1.0


class TestOverlaps:
    """What texts have in common."""

    def test_token_f1(self) -> None:
        """By hand: 2 of 3 words are right, 2 of 2 are there, so 0.8."""
        assert said(TokenF1(), "the cat sat down", "cat sat") == pytest.approx(0.8)
        assert said(TokenF1(), "", "cat") == 0.0
        assert said(TokenF1(), "x", ["y", "x"]) == 1.0

    def test_bleu_and_chrf(self) -> None:
        """By hand: 5 of 6 words, 3 of 5 pairs, 2 of 4 triples, 1 of 3 quadruples are the same."""
        text, reference = "The dog bit the guy.", "The dog bit the man."
        by_hand = (5 / 6 * 3 / 5 * 2 / 4 * 1 / 3) ** 0.25
        assert said(Bleu(), text, reference) == pytest.approx(by_hand)
        assert 0.5 < said(ChrF(), text, reference) < 0.9
        assert said(ChrF(), "abc", "xyz") == 0.0
        assert said(Bleu(), text, text) == pytest.approx(1.0)
        assert said(ChrF(), text, text) == pytest.approx(1.0)

    def test_rouge(self) -> None:
        """By hand: 6 of 8 and 9 words, and 5 of them in order (the README's own pair)."""
        text = "The quick brown dog jumps on the log."
        reference = "The quick brown fox jumps over the lazy dog"
        assert said(Rouge(variant="rouge1"), text, reference) == pytest.approx(0.7058, abs=1e-3)
        assert said(Rouge(), text, reference) == pytest.approx(0.5882, abs=1e-3)

    def test_meteor(self) -> None:
        """By hand: 5 of 6 words in 2 runs; stems match."""
        text, reference = "the cat sat on a mat", "on a mat lay the cat"
        # All but `sat`: P = R = 5/6, chunks `the cat`, `on a mat`; alpha 0.9, beta 3, gamma 0.5.
        by_hand = (1 - 0.5 * (2 / 5) ** 3) * 5 / 6
        assert said(Meteor(), text, reference) == pytest.approx(by_hand)
        stems = (1 - 0.5 * (1 / 3) ** 3) * 1.0
        assert said(Meteor(), "The dogs barked.", "the dog barks .") > 0.9
        assert said(Meteor(), "dogs barking loudly", "dog barked loudly") == pytest.approx(stems)
        assert said(Meteor(), "nothing", ["in common", "at all"]) == 0.0

    def test_meteor_matches_synonyms_of_a_wordnet_that_it_is_given(self, tmp_path: Path) -> None:
        """Files as wndb(5WN) has them; `matches`, a part of the version, says which release."""
        write_wordnet(tmp_path)
        meteor = Meteor(synonyms=True, wordnet=str(tmp_path))
        pair = ("my automobiles went", "my car go")
        assert said(meteor, *pair) == pytest.approx(1 - 0.5 * (1 / 3) ** 3)
        assert said(Meteor(), *pair) == pytest.approx((1 - 0.5) / 3)
        assert meteor.matches == "words, stems and synonyms of WordNet 9.9"
        assert version_of(meteor.score) != version_of(Meteor(synonyms=False).score)
        with pytest.raises(ConfigError, match="holds no database of WordNet"):
            Meteor(synonyms=True, wordnet=str(tmp_path / "elsewhere"))

    @pytest.mark.skipif(not FOLDER.exists(), reason="apt-get install wordnet-base")
    def test_meteor_matches_the_synonyms_of_wordnet(self) -> None:
        """The whole database, as Debian has it; of a word in any part of speech and base form."""
        meteor = Meteor(synonyms=True)
        pair = ("a physician can halt rapidly", "a doctor can stop quickly")
        assert said(meteor, *pair) == pytest.approx(1 - 0.5 * (1 / 5) ** 3)
        assert said(Meteor(), *pair) == pytest.approx((1 - 0.5) * 2 / 5)
        assert meteor.matches.endswith("WordNet 3.0")


class TestEmbeddings:
    """What texts mean, by vectors."""

    def test_the_cosine_of_any_embedder(self) -> None:
        """By hand: 3-4-5 and its like; the best of several; blocking or not."""
        vectors = {"a": [3.0, 4.0], "b": [4.0, 3.0], "c": [-3.0, -4.0], "": [0.0, 0.0]}

        async def embed(texts: list[str]) -> list[list[float]]:
            return [vectors[text] for text in texts]

        assert said(EmbeddingSimilarity(embed=embed), "a", "b") == pytest.approx(24 / 25)
        blocking = EmbeddingSimilarity(embed=lambda texts: [vectors[text] for text in texts])
        assert said(blocking, "a", ["c", "b"]) == pytest.approx(24 / 25)
        assert said(blocking, "a", "c") == pytest.approx(-1)
        with pytest.raises(ValueError, match="no direction"):
            said(blocking, "", "a")
        with pytest.raises(ConfigError, match="1 vectors for 2 texts"):
            said(EmbeddingSimilarity(embed=lambda texts: [[1.0] for _ in texts[:1]]), "a", "b")

    def test_an_openai_client_embeds(self, llm: str) -> None:
        """Over the real client; texts that share words are nearer."""
        with openai.OpenAI(base_url=f"{llm}/v1", api_key="x") as client:
            embed = OpenAIEmbedder(client=client, model="text-embedding-3-small")
            scorer = EmbeddingSimilarity(embed=embed)
            same = said(scorer, "where is my parcel", "where is my parcel")
            near = said(scorer, "where is my parcel", "where is your parcel")
            far = said(scorer, "where is my parcel", "nothing of the kind")
        assert same == pytest.approx(1.0)
        assert far < near < 1


class TestStructures:
    """Outputs that have a form."""

    @pytest.mark.parametrize(
        ("output", "is_right"),
        [("It is 1,234.5 in all", True), (1234.5, True), ("1234.6", False), ("none", False)],
    )
    def test_numeric(self, output: Any, is_right: bool) -> None:  # noqa: FBT001  # A table.
        """The last number counts, thousands with commas."""
        assert said(Numeric(), output, 1234.5) is is_right
        assert said(Numeric(relative=0.01), "1240", 1234.5) is True

    def test_json(self) -> None:
        """A schema names the place; a comparison counts values by their paths, fences aside."""
        schema = {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}
        assert said(JsonSchema(schema=schema), '```json\n{"id": 3}\n```') is True
        wrong = JsonSchema(schema=schema).score('{"id": "x"}', {})
        assert (wrong.value, wrong.reason) == (False, "$.id: 'x' is not of type 'integer'")
        assert said(JsonSchema(), "{") is False
        wanted = {"a": 1, "b": [1, 2], "c": {}}
        assert said(JsonMatches(), json.dumps(wanted), wanted) == 1.0
        assert said(JsonMatches(), {"a": 1, "b": [1, 3]}, wanted) == pytest.approx(2 / 5)

    @pytest.mark.parametrize(
        ("query", "is_same"),
        [
            ("SELECT A FROM T WHERE y = 2 AND x = 1;", True),
            ("```sql\nselect a from t where x = 1 and (y = 2)\n```", True),
            ("select a from t where x = 1 and y = 3", False),
            ("select b from t where x = 1 and y = 2", False),
            ("select a from", False),
        ],
    )
    def test_sql(self, query: str, is_same: bool) -> None:  # noqa: FBT001  # A table.
        """Case, order of conditions and brackets say nothing; columns and values do."""
        assert said(SqlMatches(), query, "select a from t where x = 1 and y = 2") is is_same


def test_ranking() -> None:
    """By hand: relevant ones at places 2 and 4 of 4, one was not found."""
    found = said(Ranking(k=4), ["x", "a", "y", "b"], ["a", "b", "c"])
    assert found["precision"] == 0.5
    assert found["recall"] == pytest.approx(2 / 3)
    assert found["mrr"] == 0.5
    ideal = 1 + 1 / math.log2(3) + 1 / math.log2(4)
    assert found["ndcg"] == pytest.approx((1 / math.log2(3) + 1 / math.log2(5)) / ideal)
    graded = said(Ranking(k=2, key="id"), [{"id": "a"}, {"id": "b"}], {"b": 3, "a": 1})
    assert graded["ndcg"] == pytest.approx((1 + 7 / math.log2(3)) / (7 + 1 / math.log2(3)))
    with pytest.raises(TypeError, match="not a list in order"):
        said(Ranking(), "abc", ["a"])


def test_tool_calls() -> None:
    """Names, arguments and order, as OpenAI and as we write calls."""
    wanted = [{"name": "find", "arguments": {"id": 7}}, {"name": "mail", "arguments": {}}]
    right = {"tool_calls": [{"function": {"name": "find", "arguments": '{"id": 7}'}}, "mail"]}
    assert said(ToolCalls(), right, wanted) == {
        "selection": 1.0,
        "arguments": 1.0,
        "order": 1.0,
        "match": True,
    }
    swapped = [wanted[1], {"name": "find", "arguments": {"id": 8}}]
    found = said(ToolCalls(), swapped, wanted)
    assert found == {"selection": 1.0, "arguments": 0.5, "order": 0.5, "match": False}
    assert said(ToolCalls(match="any_order"), wanted[::-1], wanted)["match"] is True
    assert said(ToolCalls(match="subset"), [*wanted, "extra"], wanted)["match"] is True


@pytest.mark.parametrize(
    ("code", "tests", "reason"),
    [
        ("```python\ndef add(a, b):\n    return a + b\n```", "assert add(1, 2) == 3", None),
        ("def add(a, b):\n    return a - b", "assert add(1, 2) == 3, 'no'", "AssertionError: no"),
        ("while True: pass", "", "still running after 1 s"),
        ("x = 'a' * 10**10", "", "MemoryError"),
        ("import os; os.environ['HOME']", "", "KeyError: 'HOME'"),
    ],
)
def test_code_is_run_within_bounds(code: str, tests: str, reason: str | None) -> None:
    """Right, wrong, endless, greedy, and without the secrets of the environment."""
    answer = asyncio.run(RunsPython(timeout_s=1, memory_mib=512).score(code, {"tests": tests}))
    assert (answer.value, answer.reason) == (reason is None, reason)


def judge(*choices: str) -> Any:
    """A model that answers with these choices in turn."""
    left = list(choices)

    def model(prompt: str) -> str:
        assert "# Rubric\nIs it polite?" in prompt
        return f'Sure: {{"reason": "because", "choice": "{left.pop(0)}"}}'

    return model


class TestJudges:
    """Models that judge; the model is a function here."""

    def test_a_rubric(self) -> None:
        """Truth by default, values where they are given; what is no choice is an error."""
        rubric = "Is it polite?"
        answer = asyncio.run(Rubric(model=judge("Yes"), rubric=rubric).score("Please.", {}))
        assert (answer.value, answer.label, answer.reason) == (True, "yes", "because")
        grades = {"good": 1.0, "fair": 0.4, "bad": 0.0}
        assert said(Rubric(model=judge("fair"), rubric=rubric, choices=grades), "x") == 0.4
        with pytest.raises(ValueError, match="no choice of yes, no"):
            said(Rubric(model=judge("maybe"), rubric=rubric), "x")

    def test_a_judge_that_prefers_a_place_gives_a_tie(self) -> None:
        """Asked in both orders, always A says nothing of the answers."""
        rubric = "Is it polite?"

        def win(*choices: str) -> tuple[float, bool]:
            found = said(Pairwise(model=judge(*choices), rubric=rubric), "x", baseline="y")
            return found["win"].value, found["consistent"]

        assert win("A", "B") == (1.0, True)
        assert win("B", "A") == (0.0, True)
        assert win("A", "A") == (0.5, False)

    def test_a_jury(self) -> None:
        """Most decide; who fails has no vote."""

        async def broken(prompt: str) -> str:
            raise TimeoutError(prompt[:10])

        models = (judge("yes"), judge("yes"), judge("no"), broken)
        found = said(Jury(models=models, rubric="Is it polite?"), "x")
        assert found["vote"].value == 1.0
        assert found["agreement"] == pytest.approx(2 / 3)
        with pytest.raises(TimeoutError):
            said(Jury(models=(broken,), rubric="Is it polite?"), "x")

    def test_a_judge_is_measured(self) -> None:
        """Kappa, confusion, the liking for long answers, and the rate that people would give."""
        people = [True] * 20 + [False] * 20
        told = [True] * 30 + [False] * 10
        lengths = [50] * 20 + [200] * 10 + [50] * 10
        found = calibrate(people, told, unlabelled=[True] * 150 + [False] * 50, lengths=lengths)
        assert found.agreement.value == 0.75
        assert found.kappa == pytest.approx(0.5)
        assert found.confusion == {
            ("True", "True"): 20,
            ("False", "True"): 10,
            ("False", "False"): 10,
        }
        assert found.length_bias == pytest.approx(1.0)
        assert found.corrected is not None
        assert found.corrected.value == pytest.approx(0.5, abs=0.05)
        assert calibrate(["a", "b"], ["a", "c"]).corrected is None
        with pytest.raises(ConfigError, match="1 labels of people"):
            calibrate([True], [True])


def test_scorers_work_in_an_evaluation(traced: str) -> None:
    """Several of them, a judge among them, with versions that hold their settings."""
    del traced
    polite = Rubric(model=judge(*["yes"] * 3), rubric="Is it polite?")
    result = Evaluation(
        dataset=[
            {"q": "a", "expected": "A"},
            {"q": "b", "expected": "B"},
            {"q": "c", "expected": "X"},
        ],
        task=lambda q: q.upper(),
        scorers=[Exact(), Levenshtein(), polite],
    ).run(progress=False)
    found = {
        name: each.estimate and each.estimate.value for name, each in result.summary.scorers.items()
    }
    assert found == pytest.approx({"exact": 2 / 3, "levenshtein": 2 / 3, "rubric": 1.0})
    versions = {subject.name: subject.version for subject in result.evaluation.scorers}
    again = Evaluation(
        dataset=[{"q": "a", "expected": "A"}],
        task=lambda q: q,
        scorers=[Exact(normalise=True), Levenshtein()],
    ).run(progress=False)
    others = {subject.name: subject.version for subject in again.evaluation.scorers}
    assert versions["levenshtein"] == others["levenshtein"] is not None
    assert versions["exact"] != others["exact"]


@pytest.mark.parametrize(
    "name",
    [name for name in scorers.__all__ if name not in ("Scorer", "ChatModel", "OpenAIEmbedder")],
)
def test_each_scorer_says_what_it_computes(name: str) -> None:
    """Formula or what it gives, and the range, in its docstring."""
    text = inspect.getdoc(getattr(scorers, name)) or ""
    assert "Range:" in text or "each 0 to 1" in text or "Gives" in text, name
