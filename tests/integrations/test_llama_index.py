"""LlamaIndex's engines, models, tools and agents, with a real model client, as spans."""

import gc
from typing import Any

import pytest
from llama_index.core import Document, MockEmbedding, VectorStoreIndex
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.llms import ChatMessage, MockLLM
from llama_index.core.workflow import StartEvent, StopEvent, Workflow, step
from support.llama_models import LocalModel
from support.span_facts import facts, parts_of, read_json

import weave_core
from weave_core import integrations, semconv
from weave_core.integrations import llama_index as llama_index_tracing

# LlamaIndex looks at every attribute of its agents, pydantic's deprecated ones included.
pytestmark = pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning")


@pytest.fixture
def model(spans: Any, llm: str) -> LocalModel:
    """A model of the local server; only LlamaIndex is traced, not the SDK below it."""
    assert not spans.all()
    integrations.uninstrument_all()
    llama_index_tracing.instrument()
    llama_index_tracing.instrument()  # Again: nothing changes.
    return LocalModel(url=llm)


def _named(spans: Any, name: str) -> Any:
    return next(span for span in spans.all() if span.name == name)


def _index() -> VectorStoreIndex:
    documents = [
        Document(text="Refunds take three days.", metadata={"page": 1}),
        Document(text="Shipping is free.", metadata={"page": 2}),
    ]
    return VectorStoreIndex.from_documents(documents, embed_model=MockEmbedding(embed_dim=3))


def test_a_query_is_one_tree(spans: Any, model: LocalModel) -> None:
    """Engine, retriever with scored documents, embedding and model call nest as they ran."""
    index = _index()
    spans.clear()
    engine = index.as_query_engine(llm=model)
    answer = engine.query("How long does a refund take?")

    tree = spans.tree()
    assert tree[0] == "RetrieverQueryEngine.query"
    asked = _named(spans, "retrieval VectorIndexRetriever")
    assert facts(asked)["gen_ai.retrieval.query.text"] == "How long does a refund take?"
    found = read_json(asked, semconv.GEN_AI_RETRIEVAL_DOCUMENTS)
    assert {(item["content"], item["metadata"]["page"]) for item in found} == {
        ("Refunds take three days.", 1),
        ("Shipping is free.", 2),
    }
    assert all(item["score"] == pytest.approx(1.0) for item in found)
    assert tree[-1].strip() == "chat gpt-4o-mini"
    root = spans.all()[-1]
    assert read_json(root, semconv.INPUTS) == "How long does a refund take?"
    assert read_json(root, semconv.OUTPUTS) == str(answer)


def test_a_chat_tells_request_answer_and_usage(spans: Any, model: LocalModel) -> None:
    """The attributes are those of the GenAI conventions, from the SDK's answer below."""
    answer = model.chat([ChatMessage(role="system", content="Be kind."), ChatMessage("Hello")])
    span = spans.one()
    told = facts(span)
    assert span.name == "chat gpt-4o-mini"
    assert told["gen_ai.operation.name"] == "chat"
    assert told["gen_ai.response.id"] == answer.raw.id
    assert told["gen_ai.response.model"] == "gpt-4o-mini-2024-07-18"
    assert told["gen_ai.response.finish_reasons"] == ("stop",)
    assert told["gen_ai.usage.input_tokens"] == answer.raw.usage.prompt_tokens
    assert told["gen_ai.usage.output_tokens"] == answer.raw.usage.completion_tokens
    assert [part["content"] for part in parts_of(span, semconv.GEN_AI_INPUT_MESSAGES)] == [
        "Be kind.",
        "Hello",
    ]
    assert parts_of(span, semconv.GEN_AI_OUTPUT_MESSAGES) == [
        {"type": "text", "content": answer.message.content}
    ]


def test_a_stream_ends_its_span_with_its_last_word(spans: Any, model: LocalModel) -> None:
    """Text, usage and time to first chunk are there, and the caller's own spans are not below."""
    text = ""
    for piece in model.stream_chat([ChatMessage("Hello")]):
        assert not [span for span in spans.all() if span.name.startswith("chat")]
        with weave_core.span("between"):
            text += piece.delta or ""
    span = _named(spans, "chat gpt-4o-mini")
    told = facts(span)
    assert told["gen_ai.request.stream"] is True
    assert told["gen_ai.response.time_to_first_chunk"] > 0
    assert told["gen_ai.usage.output_tokens"] > 0
    assert told["gen_ai.response.finish_reasons"] == ("stop",)
    assert parts_of(span, semconv.GEN_AI_OUTPUT_MESSAGES)[0]["content"] == text
    assert all(other.parent is None for other in spans.all())


@pytest.mark.parametrize("words_read", [0, 2])
def test_a_stream_that_is_dropped_ends_its_span(
    spans: Any, model: LocalModel, words_read: int
) -> None:
    """With what was read until then; it did not fail."""
    stream = model.stream_chat([ChatMessage("Hello")])
    for _ in range(words_read):
        next(stream)
    del stream
    gc.collect()
    told = facts(spans.one())
    assert "error.type" not in told
    assert ("gen_ai.output.messages" in told) is bool(words_read)


def test_an_error_is_told_where_it_happened_and_where_it_went(
    spans: Any, model: LocalModel
) -> None:
    """The exception reaches the user; each span that it passed has failed."""
    model.model = "error-500"
    with pytest.raises(Exception, match="always fails"):
        model.complete("Hello")
    assert [facts(span)["error.type"] for span in spans.all()] == ["openai.InternalServerError"] * 2


async def test_a_failing_stream_fails_its_span(spans: Any, model: LocalModel) -> None:
    """The request of an asynchronous stream is made when it is read."""
    model.model = "error-500"
    stream = await model.astream_chat([ChatMessage("Hello")])
    with pytest.raises(Exception, match="always fails"):
        _ = [piece async for piece in stream]
    assert facts(spans.one())["error.type"] == "openai.InternalServerError"


async def test_an_agent_s_run_is_one_tree(spans: Any, model: LocalModel) -> None:
    """Steps, model calls and tools nest below the agent; an op inside a tool is below the tool."""

    @weave_core.op
    def place(order_id: str) -> str:
        return f"{order_id} is on its way"

    def lookup_order(order_id: str) -> dict[str, str]:
        """Look an order up."""
        return {"status": place(order_id)}

    agent = FunctionAgent(tools=[lookup_order], llm=model, system_prompt="Be kind.")
    with weave_core.span("caller"):
        answer = await agent.run("Where is order A-1001?")
    assert "A-1001 is on its way" in str(answer)

    tree = spans.tree()
    wanted = ("caller", "invoke_agent", "chat", "execute_tool", "place")
    assert [line for line in tree if line.strip().split(" ")[0].endswith(wanted)] == [
        "caller",
        "  invoke_agent Agent",
        "      chat gpt-4o-mini",
        "      execute_tool lookup_order",
        "        place",
        "      chat gpt-4o-mini",
    ]
    called, ran = _named(spans, "chat gpt-4o-mini"), _named(spans, "execute_tool lookup_order")
    (call,) = parts_of(called, semconv.GEN_AI_OUTPUT_MESSAGES)
    assert (call["name"], call["arguments"]) == ("lookup_order", {"order_id": "A-1001"})
    told = facts(ran)
    assert told["gen_ai.tool.call.id"] == call["id"]
    assert told["gen_ai.tool.call.arguments"] == '{"order_id":"A-1001"}'
    assert told["gen_ai.tool.call.result"] == '{"status":"A-1001 is on its way"}'
    run = facts(_named(spans, "invoke_agent Agent"))
    assert run["gen_ai.agent.name"] == "Agent"
    assert "Where is order A-1001?" in run["weave_core.inputs"]
    assert "A-1001 is on its way" in run["weave_core.outputs"]


async def test_a_workflow_tells_its_steps(spans: Any, model: LocalModel) -> None:
    """A failed step fails the run."""
    assert model

    class Counting(Workflow):
        @step
        async def count(self, event: StartEvent) -> StopEvent:
            return StopEvent(result=10 // event.number)

    assert await Counting().run(number=5) == 2
    tree = spans.tree()
    assert tree[0] == "invoke_workflow Counting"
    assert tree[1].endswith("Counting.count")
    step_span, run = spans.all()
    assert facts(run)["weave_core.inputs"] == '{"number":5}'
    assert facts(step_span)["weave_core.kind"] == "task"
    assert facts(run)["weave_core.outputs"] == '{"result":2}'
    spans.clear()
    with pytest.raises(ZeroDivisionError):
        await Counting().run(number=0)
    assert [facts(span)["error.type"] for span in spans.all()] == ["ZeroDivisionError"] * 2


def test_a_streaming_answer_is_not_read_by_us(spans: Any, model: LocalModel) -> None:
    """An engine's streamed answer still has all of its words for the caller."""
    assert model
    engine = _index().as_query_engine(llm=MockLLM(max_tokens=3), streaming=True)
    answer: Any = engine.query("refunds?")
    assert "".join(answer.response_gen).split() == ["text"] * 3
    assert any(span.name == "RetrieverQueryEngine.query" for span in spans.all())


def test_uninstrument_leaves_no_handler(spans: Any, model: LocalModel) -> None:
    """And nothing of ours is told of calls any more."""
    llama_index_tracing.uninstrument()
    model.chat([ChatMessage("Hello")])
    assert spans.all() == []
