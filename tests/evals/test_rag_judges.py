"""Judges of retrieval and of summaries: what they count, and where they find what they judge by."""

import asyncio
import json
import re
from collections.abc import Callable
from typing import Any

import openai
import pytest

import weave_core
from weave_core import Client, Evaluation, Score
from weave_core.evals.prompts import JudgePrompt
from weave_core.evals.scorers import (
    AnswerRelevance,
    ChatModel,
    ContextPrecision,
    ContextRecall,
    ContextRelevance,
    Faithfulness,
    Rubric,
    Summary,
)
from weave_core.evals.versions import version_of

QUESTION = "When was the Eiffel Tower opened, and by whom?"
DOCUMENTS = ["The Eiffel Tower was opened in 1889.", "Paris is in France."]
ROW = {"question": QUESTION, "contexts": DOCUMENTS, "expected": "It was opened in 1889."}


class Reader:
    """A judge that cuts by full stops.

    It says that a part holds where its names and numbers stand in what it is judged by: enough to
    tell a claim that is made up.
    """

    def __init__(self) -> None:
        self.prompts: list[str] = []

    async def __call__(self, prompt: str) -> str:
        """The answer to any prompt of ours."""
        self.prompts.append(prompt)
        await asyncio.sleep(0)
        if '{"claims"' in prompt:
            text = prompt.partition("# Text\n")[2].partition("\n\nReply")[0]
            return json.dumps(
                {"claims": [each.strip() for each in text.split(".") if each.strip()]}
            )
        given, _, rest = prompt.partition("# Parts\n")
        parts = re.findall(r"^(\d+)\. (.*)$", rest.partition("\n\nReply")[0], re.MULTILINE)
        verdicts = [
            {"number": int(number), "reason": f"read {part!r}", "holds": self.holds(part, given)}
            for number, part in parts
        ]
        return f"Here you are:\n```json\n{json.dumps({'verdicts': verdicts})}\n```"

    @staticmethod
    def holds(part: str, given: str) -> bool:
        """Whether all that is written large or in digits there is in what is given."""
        return all(word in given for word in re.findall(r"\b(?:[A-Z]\w{3,}|\d+)\b", part))


def judged(scorer: Any, output: Any, row: dict[str, Any] | None = None) -> Any:
    """What a judge says of one output."""
    return asyncio.run(scorer.score(output, ROW if row is None else row))


def test_each_claim_of_an_answer_is_held_against_the_documents() -> None:
    """Two of three are supported; the third is named with its reason."""
    reader = Reader()
    answer = "It opened in 1889. Paris paid for it. It was opened by Gustave Eiffel"
    score = judged(Faithfulness(model=reader), answer)

    assert score.value == pytest.approx(2 / 3)
    assert [each["holds"] for each in score.detail] == [True, True, False]
    assert score.detail[2]["claim"] == "It was opened by Gustave Eiffel"
    assert "2 of 3 hold; not: It was opened by Gustave" in score.reason
    assert QUESTION in reader.prompts[0]
    assert "1. The Eiffel Tower was opened in 1889." in reader.prompts[1]
    assert judged(Faithfulness(model=reader), "") is None, "no claim is no zero"


def test_an_answer_is_relevant_as_far_as_its_parts_are() -> None:
    """Half of it is about something else; nothing at all is no answer."""
    score = judged(AnswerRelevance(model=Reader()), "The Eiffel Tower did. Berlin is large")
    assert (score.value, score.detail[1]["claim"]) == (0.5, "Berlin is large")
    assert judged(AnswerRelevance(model=Reader()), " ").value == 0.0


def test_useful_documents_come_first() -> None:
    """By hand: useful ones at places 1 and 3 of 3 give (1/1 + 2/3) / 2."""
    documents = ["Eiffel built it", "Berlin is large", "1889"]
    row = {**ROW, "contexts": documents, "expected": "Eiffel, 1889"}
    score = judged(ContextPrecision(model=Reader()), "", row)
    assert score.value == pytest.approx((1 + 2 / 3) / 2)
    assert [each["claim"] for each in score.detail] == documents
    assert judged(ContextPrecision(model=Reader()), "", {**row, "contexts": []}).value == 0.0
    useless = judged(ContextPrecision(model=Reader()), "", {**row, "contexts": ["Berlin"]})
    assert useless.value == 0.0


def test_documents_hold_what_is_expected_and_are_about_the_question() -> None:
    """Recall by the claims of the expected answer, relevance by whole documents."""
    row = {**ROW, "expected": "It opened in 1889. Gustave Eiffel opened it"}
    assert judged(ContextRecall(model=Reader()), "", row).value == 0.5
    row = {**ROW, "contexts": ["The Eiffel Tower was new.", "Berlin is large"]}
    assert judged(ContextRelevance(model=Reader()), "", row).value == 0.5


def test_a_summary_is_judged_in_three_ways() -> None:
    """What it tells of the text, what of it is so, and what of it is needed."""
    row = {"document": "The Tower opened in 1889. Gustave built it. It has 1665 steps"}
    found = judged(Summary(model=Reader()), "The Tower opened in 1889. Berlin paid", row)
    assert {name: score.value for name, score in found.items()} == {
        "coverage": pytest.approx(1 / 3),
        "faithfulness": 0.5,
        "conciseness": 0.5,
    }
    assert [each["holds"] for each in found["coverage"].detail] == [True, False, False]
    assert set(judged(Summary(model=Reader()), "", row)) == {"coverage"}
    only = judged(Summary(model=Reader(), aspects=["faithfulness"]), "The Tower", row)
    assert set(only) == {"faithfulness"}


def test_documents_are_found_where_they_are(client: Client, traced: str) -> None:
    """In the output, in the row, or in the trace: what the retriever gave this very answer."""

    @weave_core.op(kind="retriever")
    def search(question: str) -> list[dict[str, str]]:
        del question
        return [{"id": "a", "content": DOCUMENTS[0]}, {"id": "b", "content": DOCUMENTS[1]}]

    def answer(question: str) -> str:
        return f"It opened in 1889, says {len(search(question))}. By Gustave"

    def told(question: str) -> dict[str, Any]:
        return {"answer": "It opened in 1889", "contexts": [{"text": "1889"}] if question else []}

    def run(task: Callable[..., Any], row: dict[str, Any]) -> Any:
        scorer = Faithfulness(model=Reader())
        result = Evaluation(dataset=[row], task=task, scorers=[scorer]).run(progress=False)
        return result, result.examples[0].item.scores["faithfulness"]

    result, by_trace = run(answer, {"question": QUESTION})
    assert by_trace.value == 0.5
    assert [each["holds"] for each in by_trace.detail] == [True, False]
    assert run(told, {"question": QUESTION})[1].value == 1.0
    assert run(answer, {"question": QUESTION, "contexts": ["2, 1889, Gustave"]})[1].value == 1.0
    nowhere = run(lambda question: question, {"question": QUESTION})[1]
    assert nowhere.error is not None
    assert "neither output nor row nor a retriever's span" in nowhere.error.message

    stored = client.list_evaluated(traced, result.evaluation.evaluation_id).items[0]
    assert stored.scores["faithfulness"].detail == by_trace.detail


def test_a_judge_that_leaves_a_claim_out_gives_no_score() -> None:
    """Nor does one that answers something else: an error, never a zero."""

    def lazy(prompt: str) -> str:
        return '{"claims": ["a", "b"]}' if '{"claims"' in prompt else '{"verdicts": []}'

    with pytest.raises(ValueError, match="no verdict on part 1 of 2"):
        judged(Faithfulness(model=lazy), "a. b")
    with pytest.raises(ValueError, match=r"does not fit \(claims: Field required\): 'No.'"):
        judged(Faithfulness(model=lambda prompt: "No." if prompt else ""), "a. b")


def test_another_wording_is_another_version_and_can_be_published(traced: str) -> None:
    """The prompt is part of what a judge is, and so is its model."""
    prompt = JudgePrompt(name="mine", text="{context} {parts}")
    plain, other = Faithfulness(model=Reader()), Faithfulness(model=Reader(), prompt=prompt)
    assert version_of(plain.score) != version_of(other.score)
    assert version_of(plain.score) == version_of(Faithfulness(model=Reader()).score)
    small, large = (ChatModel(client=None, model=name) for name in ("small", "large"))
    rubrics = [Rubric(model=model, rubric="Is it polite?") for model in (small, large)]
    assert version_of(rubrics[0].score) != version_of(rubrics[1].score)

    ref = weave_core.publish(prompt)
    assert (ref.project, ref.digest) == (traced, prompt.version)
    assert weave_core.get("prompt/mine") == {"text": "{context} {parts}"}


def test_a_chat_model_is_asked_for_the_very_form(llm: str) -> None:
    """Structured outputs over the real client, blocking or not; what fails is an error."""

    async def with_async_client() -> Any:
        async with openai.AsyncOpenAI(base_url=f"{llm}/v1", api_key="x") as client:
            model = ChatModel(client=client, model="gpt-4o-mini")
            return await Faithfulness(model=model).score("The tower is tall", ROW)

    with openai.OpenAI(base_url=f"{llm}/v1", api_key="x", max_retries=0) as client:
        by_thread = judged(
            Faithfulness(model=ChatModel(client=client, model="gpt-4o-mini")), "The tower is tall"
        )
        with pytest.raises(openai.InternalServerError):
            judged(Faithfulness(model=ChatModel(client=client, model="error-500")), "a")
    for score in (by_thread, asyncio.run(with_async_client())):
        assert isinstance(score, Score)
        # The stand-in gives one claim, and says true to what has to be true or false.
        assert (score.value, len(score.detail)) == (1.0, 1)
