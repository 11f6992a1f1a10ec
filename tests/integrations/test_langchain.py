"""LangChain and LangGraph runs, with a real model client, as spans of one tree."""

import threading
from typing import Annotated, Any, TypedDict

import pytest
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.messages import AnyMessage, HumanMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from langgraph.graph import START, StateGraph, add_messages
from langgraph.prebuilt import ToolNode, tools_condition
from support.span_facts import facts, parts_of

import weave_core
from weave_core import integrations, semconv
from weave_core.integrations import langchain as langchain_tracing
from weave_core.integrations.langchain import WeaveCallbackHandler


@tool
def lookup_order(order_id: str) -> dict[str, str]:
    """Look an order up."""
    return {"order_id": order_id, "status": _place(order_id)}


@weave_core.op
def _place(order_id: str) -> str:
    return f"on its way ({order_id})"


class State(TypedDict):
    """A conversation."""

    messages: Annotated[list[AnyMessage], add_messages]


@pytest.fixture
def model(llm: str) -> ChatOpenAI:
    """A chat model of the local server; usage is asked for in streams."""
    return ChatOpenAI(
        model="gpt-4o-mini", base_url=f"{llm}/v1", api_key="none", max_retries=0, stream_usage=True
    )


@pytest.fixture
def config(spans: Any) -> dict[str, Any]:
    """A run's configuration; only LangChain is traced, not the SDK below it."""
    assert not spans.all()
    integrations.uninstrument_all()
    return {"callbacks": [WeaveCallbackHandler()]}


def _agent(model: ChatOpenAI) -> Any:
    bound = model.bind_tools([lookup_order])

    def ask(state: State) -> dict[str, Any]:
        return {"messages": [bound.invoke(state["messages"])]}

    graph = StateGraph(State)
    graph.add_node("ask", ask)
    graph.add_node("tools", ToolNode([lookup_order]))
    graph.add_edge(START, "ask")
    graph.add_conditional_edges("ask", tools_condition)
    graph.add_edge("tools", "ask")
    return graph.compile()


def test_a_graph_run_is_one_tree(spans: Any, model: ChatOpenAI, config: Any) -> None:
    """Nodes, model calls and tools nest as they ran; an op inside a tool is below the tool."""
    config["configurable"] = {"thread_id": "t-1"}
    question = HumanMessage("Where is order A-1001?")
    state = _agent(model).invoke({"messages": [question]}, config=config)
    assert "A-1001 is on its way" in state["messages"][-1].content

    assert [line for line in spans.tree() if "tools_condition" not in line] == [
        "LangGraph",
        "  ask",
        "    chat gpt-4o-mini",
        "  tools",
        "    execute_tool lookup_order",
        "      _place",
        "  ask",
        "    chat gpt-4o-mini",
    ]
    called, ran = (
        next(span for span in spans.all() if span.name == name)
        for name in ("chat gpt-4o-mini", "execute_tool lookup_order")
    )
    told = facts(called)
    assert told["gen_ai.provider.name"] == "openai"
    assert told["gen_ai.conversation.id"] == "t-1"
    assert told["gen_ai.response.model"] == "gpt-4o-mini-2024-07-18"
    assert told["gen_ai.response.id"].startswith("chatcmpl-")
    assert told["gen_ai.response.finish_reasons"] == ("tool_call",)
    assert told["gen_ai.usage.input_tokens"] > told["gen_ai.usage.cache_read.input_tokens"] == 0
    (call,) = parts_of(called, semconv.GEN_AI_OUTPUT_MESSAGES)
    assert (call["name"], call["arguments"]) == ("lookup_order", {"order_id": "A-1001"})
    assert facts(ran)["gen_ai.tool.call.id"] == call["id"]
    assert '"A-1001"' in facts(ran)["gen_ai.tool.call.arguments"]


async def test_a_streamed_chain_is_one_tree_and_leaves_no_trace_in_its_caller(
    spans: Any, model: ChatOpenAI, config: Any
) -> None:
    """Words come as without tracing; what the caller does between two is not the chain's child."""
    chain = ChatPromptTemplate.from_template("Say {word}") | model | StrOutputParser()
    words = []
    async for word in chain.astream({"word": "hello"}, config=config):
        with weave_core.span("between"):
            words.append(word)
    assert "".join(words).startswith("Hello!")

    tree = spans.tree()
    assert tree.count("between") == len(words)
    assert [line for line in tree if line != "between"] == [
        "RunnableSequence",
        "  ChatPromptTemplate",
        "  chat gpt-4o-mini",
        "  StrOutputParser",
    ]
    called = next(span for span in spans.all() if span.name == "chat gpt-4o-mini")
    assert facts(called)["gen_ai.usage.output_tokens"] > 0
    assert parts_of(called, semconv.GEN_AI_OUTPUT_MESSAGES)[0]["content"] == "".join(words)


def test_a_retriever_tells_query_and_documents(spans: Any, config: Any) -> None:
    """As OpenTelemetry's conventions have them."""

    class Shelf(BaseRetriever):
        def _get_relevant_documents(
            self,
            query: str,
            *,
            run_manager: CallbackManagerForRetrieverRun,  # noqa: ARG002  # LangChain's signature.
        ) -> list[Document]:
            return [Document(page_content=f"about {query}", metadata={"page": 3})]

    Shelf().invoke("refunds", config=config)
    told = facts(spans.one())
    assert told["gen_ai.operation.name"] == "retrieval"
    assert told["gen_ai.retrieval.query.text"] == "refunds"
    assert told["gen_ai.retrieval.documents"] == (
        '[{"id":null,"content":"about refunds","metadata":{"page":3}}]'
    )


def test_a_failed_model_fails_its_run_and_the_chain(
    spans: Any, model: ChatOpenAI, config: Any
) -> None:
    """The exception reaches the user, and is told where it happened and where it went."""
    failing = model.model_copy(update={"model_name": "error-500"})
    chain = ChatPromptTemplate.from_template("Say {word}") | failing
    with pytest.raises(Exception, match="always fails"):
        chain.invoke({"word": "hello"}, config=config)
    failed = {span.name for span in spans.all() if "error.type" in facts(span)}
    assert failed == {"RunnableSequence", "chat error-500"}


@pytest.mark.parametrize("is_given", [False, True])
def test_every_run_is_traced_once_instrumented(
    spans: Any, model: ChatOpenAI, config: Any, *, is_given: bool
) -> None:
    """Without a callback in sight, in any thread; a run with a handler of its own only once."""
    langchain_tracing.instrument()
    chain = ChatPromptTemplate.from_template("Say {word}") | model
    given: Any = config if is_given else {}
    thread = threading.Thread(target=lambda: chain.invoke({"word": "hello"}, config=given))
    thread.start()
    thread.join()
    expected = ["RunnableSequence", "  ChatPromptTemplate", "  chat gpt-4o-mini"]
    assert spans.tree() == expected

    langchain_tracing.uninstrument()
    chain.invoke({"word": "hello"})
    assert spans.tree() == expected
