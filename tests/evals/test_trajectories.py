"""What an agent did, seen in its own spans: the steps of a trace beside those of a reference."""

from collections.abc import Sequence
from typing import Any

import openai
import pytest
from opentelemetry import trace as otel

import weave_core
from weave_core import Client, Evaluation
from weave_core.evals.scorers import Trajectory
from weave_core.integrations import openai as openai_tracing
from weave_core.model import ItemScore, Span

WANTED = [{"name": "find_order", "arguments": {"order_id": "A-1"}}, {"name": "send_mail"}]


@weave_core.op(kind="tool")
def find_order(order_id: str) -> dict[str, str]:
    """A tool."""
    return {"order_id": order_id, "status": "on its way"}


@weave_core.op(kind="tool")
def send_mail(text: str) -> bool:
    """Another one."""
    return bool(text)


def agent(question: str) -> str:
    """Finds an order as often as it is asked for, and sends a mail."""
    for order_id in question.split():
        find_order(order_id)
    send_mail("done")
    return "done"


def evaluate(task: Any, scorers: Sequence[Any], question: str = "A-1", **more: Any) -> Any:
    """One item."""
    row = {"question": question, "expected": WANTED, "metadata": more.pop("metadata", None)}
    return Evaluation(dataset=[row], task=task, scorers=[*scorers], **more).run(progress=False)


def values(result: Any, name: str = "trajectory") -> dict[str, Any]:
    """What the scorer gave, by the last part of its names."""
    scores: dict[str, ItemScore] = result.examples[0].item.scores
    return {key.removeprefix(f"{name}."): score.value for key, score in scores.items()}


def test_steps_are_read_from_the_trace_of_the_task(traced: str) -> None:
    """All right; one more than wanted; with arguments that differ."""
    del traced
    right = {"exact": 1.0, "in_order": 1.0, "any_order": 1.0, "precision": 1.0, "recall": 1.0}
    assert values(evaluate(agent, [Trajectory()])) == right
    more = values(evaluate(agent, [Trajectory()], question="A-1 A-2"))
    assert more == {**right, "exact": 0.0, "precision": pytest.approx(2 / 3)}
    strict = values(evaluate(agent, [Trajectory(arguments=True)], question="A-2"))
    assert strict == dict.fromkeys(right, 0.0)


@pytest.mark.parametrize(
    ("output", "told"),
    [
        (["send_mail", "find_order"], (False, False, True, 1.0, 1.0)),
        (["find_order", "search", "send_mail"], (False, True, True, 2 / 3, 1.0)),
        (["find_order", "find_order"], (False, False, False, 0.5, 0.5)),
        ([], (False, False, False, 0.0, 0.0)),
        (
            {"tool_calls": [{"function": {"name": "find_order", "arguments": "{}"}}, "send_mail"]},
            None,
        ),
    ],
)
def test_steps_are_read_from_the_output(output: Any, told: tuple[Any, ...] | None) -> None:
    """By hand; steps count as often as they occur."""
    found = Trajectory().score(output, {"expected": WANTED})
    got = (found["exact"].value, *(found[key] for key in list(found)[1:]))
    assert got == (pytest.approx(told) if told else (True, True, True, 1.0, 1.0))


def test_a_stored_trace_is_a_reference(client: Client, traced: str) -> None:
    """What an agent did once, as the server tells it, is what it is to do again."""
    with weave_core.span("golden") as golden:
        agent("A-1")
    weave_core.flush()
    reference = client.get_trace(traced, golden.trace_id)
    row = {"question": "A-1", "golden": reference.model_dump(mode="json")}
    scorer = Trajectory(column="golden", arguments=True)
    result = Evaluation(dataset=[row], task=agent, scorers=[scorer]).run(progress=False)
    assert values(result)["exact"] == 1.0
    told = Trajectory(column="golden").score(["send_mail"], {"golden": reference})
    assert (told["precision"], told["recall"]) == (1.0, 0.5)


def test_a_scorer_sees_what_the_task_did_and_no_more(traced: str, llm: str) -> None:
    """Model calls of any convention, in order, with the tools; none of what other scorers do."""
    del traced
    seen: list[list[Span]] = []

    def nosy(output: str) -> bool:
        with weave_core.span("a scorer's own", kind="tool"):
            return bool(output)

    def watching(spans: list[Span]) -> bool:
        seen.append(spans)
        return True

    def task(question: str) -> str:
        tracer = otel.get_tracer("another library")
        attributes = {"openinference.span.kind": "TOOL", "tool.name": "search", "input.value": "x"}
        tracer.start_span("run", attributes=attributes).end()
        documents = {
            "openinference.span.kind": "RETRIEVER",
            "retrieval.documents.0.document.content": "first",
            "retrieval.documents.1.document.content": "second",
        }
        tracer.start_span("find", attributes=documents).end()
        with openai.OpenAI(base_url=f"{llm}/v1", api_key="x") as model:
            model.chat.completions.create(
                model="gpt-4o-mini", messages=[{"role": "user", "content": question}]
            )
        return agent("A-7")

    openai_tracing.instrument()
    try:
        evaluate(task, [nosy, watching])
    finally:
        openai_tracing.uninstrument()

    [spans] = seen
    assert [span.kind for span in spans] == ["tool", "retriever", "llm", "tool", "tool"]
    assert [span.tool.name for span in spans if span.tool] == ["search", "find_order", "send_mail"]
    assert [each.content for each in spans[1].documents] == ["first", "second"]
    assert spans[3].tool is not None
    assert spans[3].tool.arguments == {"order_id": "A-7"}
    assert spans[3].outputs == {"order_id": "A-7", "status": "on its way"}


def test_an_output_from_the_cache_keeps_its_steps(traced: str) -> None:
    """They were kept with it; where they were not, there is no score rather than a zero."""
    del traced

    def simple(output: str) -> bool:
        return output == "done"

    evaluate(agent, [simple], name="plain")
    blind = evaluate(agent, [Trajectory(source="trace")], name="plain", cache=True)
    [score] = blind.examples[0].item.scores.values()
    assert score.error is not None
    assert "were not kept" in score.error.message

    evaluate(agent, [Trajectory()], name="seen", question="A-3")
    again = evaluate(agent, [Trajectory(arguments=True)], name="seen", question="A-3", cache=True)
    assert again.examples[0].item.is_cached
    assert values(again)["recall"] == 0.0
    assert values(again)["precision"] == 0.0
