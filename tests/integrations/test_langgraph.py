"""LangGraph runs that pause, branch and fail, with a real model client, as spans of one tree."""

import asyncio
import operator
from collections.abc import AsyncIterator
from typing import Annotated, Any, TypedDict

import httpx
import pytest
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, Send, interrupt
from support.span_facts import facts

import weave_core
from weave_core import integrations
from weave_core.integrations import _langchain_values
from weave_core.integrations.langchain import WeaveCallbackHandler


class State(TypedDict, total=False):
    """What the graphs here pass on."""

    question: str
    answers: Annotated[list[str], operator.add]


@pytest.fixture
async def model(llm: str) -> AsyncIterator[ChatOpenAI]:
    """A chat model of the local server.

    LangChain shares one HTTP client among all models, and so among all tests' event loops.
    """
    async with httpx.AsyncClient() as http:
        yield ChatOpenAI(
            model="gpt-4o-mini",
            base_url=f"{llm}/v1",
            api_key=lambda: "none",
            max_retries=0,
            http_async_client=http,
        )


@pytest.fixture
def config(spans: Any) -> Any:
    """A run's configuration; only LangChain is traced, not the SDK below it."""
    assert not spans.all()
    integrations.uninstrument_all()
    return {"callbacks": [WeaveCallbackHandler()], "configurable": {"thread_id": "t-1"}}


def _asking(config: Any) -> Any:
    """A graph that asks a person before it answers."""

    def ask(state: State) -> State:
        return {"answers": [f"{interrupt(state['question'])}!"]}

    graph = StateGraph(State)
    graph.add_node("ask", ask)
    graph.add_edge(START, "ask")
    graph.add_edge("ask", END)
    return graph.compile(checkpointer=InMemorySaver()).with_config(config)


def test_a_graph_that_waits_for_a_person_has_not_failed(spans: Any, config: Any) -> None:
    """The run that paused and the one that went on are two trees of one conversation."""
    graph = _asking(config)
    paused = graph.invoke({"question": "May I?"})
    assert paused["__interrupt__"][0].value == "May I?"
    done = graph.invoke(Command(resume="yes"))
    assert done["answers"] == ["yes!"]

    assert spans.tree() == ["LangGraph", "  ask", "LangGraph", "  ask"]
    assert [span.status.is_ok or span.status.status_code.name for span in spans.all()] == [True] * 4
    assert {facts(span)["gen_ai.conversation.id"] for span in spans.all()} == {"t-1"}
    waiting = next(span for span in spans.all() if span.name == "ask")
    assert "May I?" in str(facts(waiting))


async def test_branches_that_run_at_once_nest_each_below_its_own_node(
    spans: Any, config: Any, model: ChatOpenAI
) -> None:
    """Sync in threads, async in tasks: no model call lands below its neighbour's node."""

    def each(state: State) -> State:
        return {"answers": [str(model.invoke(state["question"]).content)]}

    async def each_async(state: State) -> State:
        await asyncio.sleep(0)
        return {"answers": [str((await model.ainvoke(state["question"])).content)]}

    def fan(state: State) -> list[Send]:
        return [Send("each", {"question": f"{state['question']} {n}"}) for n in range(3)]

    graph = StateGraph(State)
    graph.add_node("each", each)
    graph.add_conditional_edges(START, fan, ["each"])
    graph.compile().invoke({"question": "Hello"}, config=config)
    trees = [spans.all()]
    spans.clear()
    graph = StateGraph(State)
    graph.add_node("each", each_async)
    graph.add_conditional_edges(START, fan, ["each"])
    await graph.compile().ainvoke({"question": "Hello"}, config=config)
    trees.append(spans.all())

    for tree in trees:
        nodes = {span.context.span_id: span for span in tree if span.name == "each"}
        calls = [span for span in tree if span.name.startswith("chat ")]
        assert len(nodes) == len(calls) == 3
        assert {call.parent.span_id for call in calls} == set(nodes)
        for call in calls:
            [question] = [
                word
                for word in ("Hello 0", "Hello 1", "Hello 2")
                if word in facts(call)["gen_ai.input.messages"]
            ]
            assert question in facts(nodes[call.parent.span_id])["weave_core.inputs"]


async def test_a_tool_that_fails_and_a_stream_are_told(
    spans: Any, config: Any, model: ChatOpenAI
) -> None:
    """The error stands where it happened; a stream of a graph ends the run when it is read."""

    @tool
    async def broken(order_id: str) -> str:
        """Fail."""
        raise ValueError(f"{order_id} is lost")

    with pytest.raises(ValueError, match="A-1 is lost"):
        await broken.ainvoke({"order_id": "A-1"}, config=config)
    failed = spans.one()
    assert failed.name == "execute_tool broken"
    assert facts(failed)["error.type"] == "ValueError"
    spans.clear()

    def answer(state: State) -> State:
        return {"answers": [str(model.invoke(state["question"]).content)]}

    graph = StateGraph(State)
    graph.add_node("answer", answer)
    graph.add_edge(START, "answer")
    stream = graph.compile().stream({"question": "Hello"}, config=config, stream_mode="messages")
    pieces = [getattr(piece, "content", "") for piece, _ in stream]
    assert "".join(pieces).startswith("Hello!")
    assert spans.tree() == ["LangGraph", "  answer", "    chat gpt-4o-mini"]


async def test_a_failure_of_ours_does_not_reach_the_graph(
    spans: Any, config: Any, model: ChatOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What we can't read is not told; the run goes on."""

    def broken(*_: Any) -> Any:
        raise RuntimeError("ours")

    for name in ("run_attributes", "answer_attributes", "plain"):
        monkeypatch.setattr(_langchain_values, name, broken)
    with weave_core.span("all"):
        answer = model.invoke("Hello", config=config)
    assert str(answer.content).startswith("Hello!")
    assert "all" in [span.name for span in spans.all()]
