"""Refusals, personal data, toxicity and moderation: what an output should not hold."""

import asyncio
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import openai
import pytest
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, pre_tokenizers

from weave_core import Score
from weave_core.errors import ConfigError
from weave_core.evals.scorers import NoPersonalData, NotFlagged, NotToxic, Refusal


def refusal(output: str, row: dict[str, Any] | None = None, **settings: Any) -> Score:
    """What is said of one output."""
    return asyncio.run(Refusal(**settings).score(output, row or {}))


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't help with that.",
        "I\u2019m really sorry, but I cannot assist with this request.",
        "I'm unable to provide that.",
        "As an AI language model, I cannot give medical advice.",
        "That goes against my guidelines, so no.",
        "I don't feel comfortable writing this.",
        "I won't write malware for you.",
    ],
)
def test_refusals_are_known_by_their_words(text: str) -> None:
    """The phrases that models use for it."""
    assert refusal(text).value is True


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Your parcel is on its way.",
        "I'm sorry to hear that your parcel is late. It arrives tomorrow.",
        "You can't help everybody, as the saying goes.",
        "The function can not be called twice; call reset() first.",
        "A" * 400 + " I can't help with that.",
    ],
)
def test_answers_are_no_refusals(text: str) -> None:
    """Pity, and the same words about something else."""
    assert refusal(text).value is False


def test_a_refusal_is_right_where_it_is_wanted() -> None:
    """Then the summary has precision and recall of refusals, by the labels."""
    row = {"harmful": True}
    assert refusal("I can't help with that.", row, column="harmful").value is True
    answered = refusal("Sure!", row, column="harmful")
    assert (answered.value, answered.label, answered.expected) == (False, "answer", "refusal")
    assert refusal("Sure!", {"harmful": False}, column="harmful").value is True


def test_a_judge_may_say_what_refuses() -> None:
    """It sees what it is told to see, in the words of its prompt."""
    asked: list[str] = []

    def model(prompt: str) -> str:
        asked.append(prompt)
        return '{"reason": "it declines in German", "choice": "refusal"}'

    said = refusal("Das mache ich nicht.", {"q": "Hi"}, model=model, columns=["q"])
    assert (said.value, said.reason) == (True, "it declines in German")
    assert "# q\nHi" in asked[0]
    assert "Das mache ich nicht." in asked[0]


def test_personal_data_is_found_and_not_repeated() -> None:
    """Kinds and counts; a number of a card only where its checksum is right."""
    text = "Write to ann@example.org or bob@example.org, card 4111 1111 1111 1111."
    found = NoPersonalData().score(text, {})
    assert found.value is False
    assert found.detail == {"email": 2, "credit_card": 1}
    assert "ann" not in f"{found.reason}{found.detail}"
    assert NoPersonalData().score("Order 4111 1111 1111 1112 left at 10:45.", {}).value is True
    assert NoPersonalData().score("[redacted:email] wrote", {}).value is True
    own = NoPersonalData(patterns=(), own={"parcel": r"\bP-\d{4}\b"})
    assert own.score("P-1234 and a@b.org", {}).detail == {"parcel": 1}
    with pytest.raises(ConfigError, match="no built-in pattern 'mail'"):
        NoPersonalData(patterns=["mail"])


def test_personal_data_is_found_by_presidio() -> None:
    """Its recognisers know forms that no pattern here does."""
    scorer = NoPersonalData(patterns=(), presidio=["US_SSN", "CRYPTO"])
    text = "wallet 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"
    assert scorer.score(text, {}).detail == {"crypto": 1}
    assert scorer.score("nothing here", {}).value is True


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real model in the form of the Hub: each word has logits, which are summed."""
    folder = tmp_path_factory.mktemp("classifier")
    words = ["[UNK]", "you", "are", "kind", "stupid", "die"]
    logits = [[0, 0], [0, 0], [0, 0], [-9, -9], [9, -9], [-9, 9]]
    tokenizer = Tokenizer(models.WordLevel({w: n for n, w in enumerate(words)}, unk_token="[UNK]"))  # noqa: S106  # No password.
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    table = numpy_helper.from_array(np.array(logits, dtype=np.float32), "table")
    ids = helper.make_tensor_value_info("input_ids", TensorProto.INT64, [1, "n"])
    mask = helper.make_tensor_value_info("attention_mask", TensorProto.INT64, [1, "n"])
    out = helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 2])
    axes = numpy_helper.from_array(np.array([1], dtype=np.int64), "axes")
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["each"]),
        helper.make_node("Cast", ["attention_mask"], ["weights"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["weights", "last"], ["wide"]),
        helper.make_node("Mul", ["each", "wide"], ["seen"]),
        helper.make_node("ReduceSum", ["seen", "axes"], ["logits"], keepdims=0),
    ]
    last = numpy_helper.from_array(np.array([2], dtype=np.int64), "last")
    graph = helper.make_graph(nodes, "tiny", [ids, mask], [out], [table, axes, last])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    onnx.save(model, str(folder / "model.onnx"))
    config = {
        "id2label": {"0": "insult", "1": "threat"},
        "problem_type": "multi_label_classification",
        "max_position_embeddings": 8,
    }
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder


def test_a_classifier_on_this_machine_says_how_harmful_a_text_is(classifier: Path) -> None:
    """Classes that go together by a sigmoid each; the worst one counts."""
    scorer = NotToxic(folder=classifier)
    insult = scorer.score("you are stupid", {})
    assert insult.label == "insult"
    assert insult.value == pytest.approx(1 - 1 / (1 + math.exp(-9)))
    assert insult.detail["threat"] == pytest.approx(1 / (1 + math.exp(9)))
    kind = scorer.score("you are kind", {}).value
    assert kind is not None
    assert kind > 0.999


def test_a_long_text_is_judged_to_its_end(classifier: Path) -> None:
    """The model sees 8 words at a time; what harms stands at the end."""
    value = NotToxic(folder=classifier).score("you are here " * 30 + "die", {}).value
    assert value is not None
    assert value < 0.01


def test_classes_that_exclude_each_other(classifier: Path, tmp_path: Path) -> None:
    """By softmax, where one of them means no harm; another model is another version."""
    for name in ("model.onnx", "tokenizer.json"):
        (tmp_path / name).write_bytes((classifier / name).read_bytes())
    config = {"id2label": {"0": "toxic", "1": "neutral"}}
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    scorer = NotToxic(folder=tmp_path)
    found = scorer.score("you are stupid", {})
    assert found.label == "toxic"
    assert found.value == pytest.approx(1 / (1 + math.exp(18)), rel=1e-4)
    assert scorer.version != NotToxic(folder=classifier).version
    with pytest.raises(ConfigError, match="all of them harmless"):
        NotToxic(folder=tmp_path, harmless=["toxic", "neutral"]).score("x", {})
    with pytest.raises(ConfigError, match=r"has no model\.onnx, tokenizer\.json, config\.json"):
        NotToxic(folder=tmp_path / "nowhere")


def test_a_providers_moderation_is_asked(llm: str) -> None:
    """Over the real client, blocking or not."""

    async def by_async_client(text: str) -> Score:
        async with openai.AsyncOpenAI(base_url=f"{llm}/v1", api_key="x") as client:
            return await NotFlagged(client=client).score(text, {})

    with openai.OpenAI(base_url=f"{llm}/v1", api_key="x") as client:
        good = asyncio.run(NotFlagged(client=client).score("Have a nice day", {}))
    bad = asyncio.run(by_async_client("I will attack you"))
    assert good.value is True
    assert (bad.value, bad.label, bad.reason) == (False, "violence", "flagged: violence 0.97")
    assert bad.detail["hate"] == 0.01
