r"""Records agent and retrieval frameworks under their instrumentations; see record.py.

Each sender needs an environment of its own, with what its docstring names and the OTLP exporter:

    python -m venv /tmp/agent && /tmp/agent/bin/pip install \
        opentelemetry-exporter-otlp-proto-http ...
    /tmp/agent/bin/python tests/server/normalise/record_agents.py SENDER
"""

# mypy: ignore-errors
# What is recorded is installed elsewhere, not beside mypy.

import asyncio
import os
import sys
from typing import Any

import record


def base_url() -> str:
    """Where the stand-in answers as OpenAI."""
    return os.environ["LLM"] + "/v1"


# LlamaIndex.


def llama_conversation() -> None:
    """A query over two documents, an agent's turn with a tool, a stream."""
    os.environ |= {"OPENAI_API_KEY": "none", "OPENAI_API_BASE": base_url()}
    from llama_index.core import Document, Settings, VectorStoreIndex
    from llama_index.core.tools import FunctionTool
    from llama_index.embeddings.openai import OpenAIEmbedding
    from llama_index.llms.openai import OpenAI

    Settings.llm = OpenAI(model="gpt-4o-mini", temperature=0.2)
    Settings.embed_model = OpenAIEmbedding(model="text-embedding-3-small")
    documents = [
        Document(text="Paris is in France.", doc_id="doc-1", metadata={"page": 7}),
        Document(text="Rome is in Italy.", doc_id="doc-2", metadata={"page": 8}),
    ]
    index = VectorStoreIndex.from_documents(documents)
    index.as_query_engine(similarity_top_k=1).query("Where is Paris?")

    def get_weather(city: str) -> str:
        """Current weather of a city."""
        return f"18 degrees in {city}"

    tool = FunctionTool.from_defaults(get_weather)
    try:
        from llama_index.core.agent.workflow import FunctionAgent
    except ImportError:
        tool.call(city="Paris")
    else:

        async def turn() -> None:
            agent = FunctionAgent(name="weather", tools=[tool], system_prompt=record.SYSTEM)
            await agent.run(record.QUESTION)

        asyncio.run(turn())
    for _ in Settings.llm.stream_complete("Say hello."):
        pass


def openinference_llama_index() -> None:
    """openinference-instrumentation-llama-index==4.6.1 llama-index-core and its OpenAI parts."""
    from openinference.instrumentation.llama_index import LlamaIndexInstrumentor

    record.instrumented(LlamaIndexInstrumentor(), llama_conversation)


def traceloop_llama_index() -> None:
    """opentelemetry-instrumentation-llamaindex==0.62.4 llama-index-core and its OpenAI parts."""
    from opentelemetry.instrumentation.llamaindex import LlamaIndexInstrumentor

    record.instrumented(LlamaIndexInstrumentor(), llama_conversation)


# MCP.

_SERVER = '''
import os, sys
sys.path.insert(0, os.environ["HERE"])
import record, record_agents
spans, _ = record.otel()
record_agents.instrument_mcp(spans)
from mcp.server.fastmcp import FastMCP
server = FastMCP("weather")

@server.tool()
def get_weather(city: str) -> str:
    """Current weather of a city."""
    return f"18 degrees in {city}"

@server.resource("atlas://paris")
def atlas() -> str:
    return "Paris is in France."

server.run()
spans.shutdown()
'''


def instrument_mcp(spans: Any) -> None:
    """Instrument this process."""
    from opentelemetry.instrumentation.mcp import McpInstrumentor

    McpInstrumentor().instrument(tracer_provider=spans)


def traceloop_mcp() -> None:
    """opentelemetry-instrumentation-mcp==0.62.4 'mcp<2': both sides of a session."""
    os.environ["HERE"] = str(record.HERE)
    spans, _ = record.otel()
    instrument_mcp(spans)
    from mcp import ClientSession, StdioServerParameters
    from mcp.client.stdio import stdio_client

    parameters = StdioServerParameters(
        command=sys.executable, args=["-c", _SERVER], env=dict(os.environ)
    )

    async def turn() -> None:
        async with stdio_client(parameters) as streams, ClientSession(*streams) as session:
            await session.initialize()
            await session.list_tools()
            await session.call_tool("get_weather", {"city": "Paris"})
            await session.read_resource("atlas://paris")

    with spans.get_tracer("program").start_as_current_span("turn"):
        asyncio.run(turn())
    spans.shutdown()


# Haystack, DSPy, smolagents, Agno, AutoGen, OpenAI's agents, CrewAI.


def haystack_conversation() -> None:
    """A retriever, a prompt, a chat model."""
    os.environ["OPENAI_API_KEY"] = "none"
    from haystack import Document, Pipeline
    from haystack.components.builders import ChatPromptBuilder
    from haystack.components.generators.chat import OpenAIChatGenerator
    from haystack.components.retrievers.in_memory import InMemoryBM25Retriever
    from haystack.dataclasses import ChatMessage
    from haystack.document_stores.in_memory import InMemoryDocumentStore

    store = InMemoryDocumentStore()
    store.write_documents([Document(content="Paris is in France.", meta={"page": 7})])
    template = [
        ChatMessage.from_system(record.SYSTEM),
        ChatMessage.from_user("{% for d in documents %}{{d.content}}{% endfor %} {{question}}"),
    ]
    pipe = Pipeline()
    pipe.add_component("retriever", InMemoryBM25Retriever(store, top_k=1))
    pipe.add_component("prompt", ChatPromptBuilder(template, required_variables="*"))
    settings = {"temperature": 0.2}
    model = OpenAIChatGenerator(
        model="gpt-4o-mini", api_base_url=base_url(), generation_kwargs=settings
    )
    pipe.add_component("llm", model)
    pipe.connect("retriever.documents", "prompt.documents")
    pipe.connect("prompt.prompt", "llm.messages")
    question = "Where is Paris?"
    pipe.run({"retriever": {"query": question}, "prompt": {"question": question}})


def openinference_haystack() -> None:
    """openinference-instrumentation-haystack==0.1.46 haystack-ai."""
    from openinference.instrumentation.haystack import HaystackInstrumentor

    record.instrumented(HaystackInstrumentor(), haystack_conversation)


def dspy_conversation() -> None:
    """One prediction."""
    import dspy

    dspy.configure(lm=dspy.LM("openai/gpt-4o-mini", api_base=base_url(), api_key="none"))
    try:
        dspy.Predict("question -> answer")(question="Say hello.")
    except Exception as error:  # noqa: BLE001  # The stand-in does not fill in its form.
        print(type(error))


def openinference_dspy() -> None:
    """openinference-instrumentation-dspy==0.1.48 dspy."""
    from openinference.instrumentation.dspy import DSPyInstrumentor

    record.instrumented(DSPyInstrumentor(), dspy_conversation)


def smolagents_conversation() -> None:
    """A turn with a tool."""
    from smolagents import OpenAIServerModel, ToolCallingAgent, tool

    @tool
    def get_weather(city: str) -> str:
        """Current weather of a city.

        Args:
            city: Its name.
        """
        return f"18 degrees in {city}"

    model = OpenAIServerModel("gpt-4o-mini", api_base=base_url(), api_key="none")
    ToolCallingAgent([get_weather], model=model, max_steps=2).run(record.QUESTION)


def openinference_smolagents() -> None:
    """openinference-instrumentation-smolagents==0.1.43 smolagents openai."""
    from openinference.instrumentation.smolagents import SmolagentsInstrumentor

    record.instrumented(SmolagentsInstrumentor(), smolagents_conversation)


def agno_conversation() -> None:
    """An agent's turn with a tool."""
    from agno.agent import Agent
    from agno.models.openai import OpenAIChat

    def get_weather(city: str) -> str:
        """Current weather of a city."""
        return f"18 degrees in {city}"

    Agent(
        name="weather",
        model=OpenAIChat(id="gpt-4o-mini", api_key="none", base_url=base_url(), temperature=0.2),
        tools=[get_weather],
        instructions=record.SYSTEM,
        telemetry=False,
    ).run(record.QUESTION, session_id="chat-1", user_id="ann")


def openinference_agno() -> None:
    """openinference-instrumentation-agno==1.0.15 agno openai."""
    from openinference.instrumentation.agno import AgnoInstrumentor

    record.instrumented(AgnoInstrumentor(), agno_conversation)


def traceloop_agno() -> None:
    """opentelemetry-instrumentation-agno==0.62.4 agno openai."""
    from opentelemetry.instrumentation.agno import AgnoInstrumentor

    record.instrumented(AgnoInstrumentor(), agno_conversation)


def autogen_conversation() -> None:
    """An assistant's turn with a tool."""
    from autogen_agentchat.agents import AssistantAgent
    from autogen_ext.models.openai import OpenAIChatCompletionClient

    async def get_weather(city: str) -> str:
        """Current weather of a city."""
        return f"18 degrees in {city}"

    async def turn() -> None:
        client = OpenAIChatCompletionClient(
            model="gpt-4o-mini", api_key="none", base_url=base_url()
        )
        agent = AssistantAgent("weather", client, tools=[get_weather], system_message=record.SYSTEM)
        await agent.run(task=record.QUESTION)

    asyncio.run(turn())


def openinference_autogen() -> None:
    """openinference-instrumentation-autogen-agentchat==0.1.22 autogen-agentchat."""
    from openinference.instrumentation.autogen_agentchat import AutogenAgentChatInstrumentor

    record.instrumented(AutogenAgentChatInstrumentor(), autogen_conversation)


def agents_conversation() -> None:
    """A turn with a tool, by the Responses API."""
    from agents import Agent, Runner, function_tool, set_default_openai_client, trace
    from openai import AsyncOpenAI

    set_default_openai_client(AsyncOpenAI(api_key="none", base_url=base_url()))

    @function_tool
    def get_weather(city: str) -> str:
        """Current weather of a city."""
        return f"18 degrees in {city}"

    agent = Agent("weather", instructions=record.SYSTEM, model="gpt-4o-mini", tools=[get_weather])
    with trace("turn", group_id="chat-1", metadata={"tier": "pro"}):
        Runner.run_sync(agent, record.QUESTION)


def openinference_openai_agents() -> None:
    """openinference-instrumentation-openai-agents==2.6.0 openai-agents."""
    from openinference.instrumentation.openai_agents import OpenAIAgentsInstrumentor

    record.instrumented(OpenAIAgentsInstrumentor(), agents_conversation)


def traceloop_openai_agents() -> None:
    """opentelemetry-instrumentation-openai-agents==0.62.4 openai-agents."""
    from opentelemetry.instrumentation.openai_agents import OpenAIAgentsInstrumentor

    record.instrumented(OpenAIAgentsInstrumentor(), agents_conversation)


def crewai_conversation() -> None:
    """A crew of one with one task."""
    os.environ |= {"CREWAI_DISABLE_TELEMETRY": "true", "OPENAI_API_KEY": "none"}
    from crewai import LLM, Agent, Crew, Task

    model = LLM(model="openai/gpt-4o-mini", base_url=base_url(), api_key="none")
    agent = Agent(role="weather", goal="Answer", backstory="Terse.", llm=model)
    task = Task(description=record.QUESTION, expected_output="a sentence", agent=agent)
    Crew(agents=[agent], tasks=[task]).kickoff()


def openinference_crewai() -> None:
    """openinference-instrumentation-crewai==1.1.21 crewai."""
    from openinference.instrumentation.crewai import CrewAIInstrumentor

    record.instrumented(CrewAIInstrumentor(), crewai_conversation)


def traceloop_crewai() -> None:
    """opentelemetry-instrumentation-crewai==0.62.4 crewai."""
    from opentelemetry.instrumentation.crewai import CrewAIInstrumentor

    record.instrumented(CrewAIInstrumentor(), crewai_conversation)


def agent_framework() -> None:
    """agent-framework-openai: Microsoft's, the spans of its own."""
    os.environ |= {"ENABLE_INSTRUMENTATION": "true", "ENABLE_SENSITIVE_DATA": "true"}
    spans, logs = record.otel()
    from agent_framework import Agent, tool
    from agent_framework.observability import enable_instrumentation
    from agent_framework.openai import OpenAIChatCompletionClient

    enable_instrumentation(enable_sensitive_data=True)

    @tool
    def get_weather(city: str) -> str:
        """Current weather of a city."""
        return f"18 degrees in {city}"

    async def turn() -> None:
        client = OpenAIChatCompletionClient(
            model="gpt-4o-mini", api_key="none", base_url=base_url()
        )
        await Agent(client, record.SYSTEM, name="weather", tools=[get_weather]).run(record.QUESTION)

    asyncio.run(turn())
    spans.shutdown()
    logs.shutdown()


def traceloop_sdk() -> None:
    """traceloop-sdk==0.62.4 openai: decorators around a call."""
    from traceloop.sdk import Traceloop
    from traceloop.sdk.decorators import agent, task, tool, workflow

    Traceloop.init(
        app_name=os.environ["SENDER"],
        api_endpoint=os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"],
        disable_batch=True,
        telemetry_enabled=False,
    )
    Traceloop.set_association_properties({"session_id": "chat-1", "user_id": "ann", "tier": "pro"})

    @tool(name="get_weather")
    def get_weather(city: str) -> dict[str, Any]:
        return {"temperature_c": 18, "city": city}

    @task(name="find")
    def find(query: str) -> list[str]:
        return [query]

    @agent(name="weather")
    def ask(question: str) -> str:
        from openai import OpenAI

        find(question)
        get_weather("Paris")
        reply = OpenAI(api_key="none", base_url=base_url()).chat.completions.create(
            model="gpt-4o-mini",
            messages=[
                {"role": "system", "content": record.SYSTEM},
                {"role": "user", "content": "Say hello."},
            ],
        )
        return reply.choices[0].message.content or ""

    @workflow(name="turn")
    def turn(question: str) -> str:
        return ask(question)

    turn(record.QUESTION)


def mlflow_autolog() -> None:
    """mlflow-skinny openai: calls of OpenAI and a function of the program."""
    import mlflow

    os.environ["MLFLOW_ENABLE_OTLP_EXPORTER"] = "true"
    mlflow.openai.autolog()

    @mlflow.trace
    def turn(question: str) -> str:
        mlflow.update_current_trace(
            tags={"tier": "pro"},
            metadata={"mlflow.trace.session": "chat-1", "mlflow.trace.user": "ann"},
        )
        record.openai_conversation()
        return question

    turn(record.QUESTION)
    mlflow.flush_trace_async_logging()


def logfire_rest() -> None:
    """Logfire 5.4.0 with anthropic and google-genai: calls by each client."""
    import logfire
    from google import genai

    logfire.configure(
        send_to_logfire=False,
        console=False,
        service_name=os.environ["SENDER"],
        inspect_arguments=False,
    )
    logfire.instrument_anthropic()
    logfire.instrument_google_genai()
    record.anthropic_conversation()
    client = genai.Client(api_key="none", http_options={"base_url": os.environ["LLM"]})
    client.models.generate_content(model="gemini-2.5-flash", contents=record.QUESTION)
    logfire.shutdown()


def openinference_pydantic_ai() -> None:
    """openinference-instrumentation-pydantic-ai pydantic-ai-slim[openai]."""
    from openinference.instrumentation.pydantic_ai import OpenInferenceSpanProcessor
    from pydantic_ai import Agent, InstrumentationSettings
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    spans, _ = record.otel()
    spans._active_span_processor._span_processors = (
        OpenInferenceSpanProcessor(),
        *spans._active_span_processor._span_processors,
    )
    provider = OpenAIProvider(base_url=base_url(), api_key="none")
    agent = Agent(
        OpenAIChatModel("gpt-4o-mini", provider=provider),
        name="weather",
        system_prompt=record.SYSTEM,
    )
    Agent.instrument_all(InstrumentationSettings(tracer_provider=spans))

    @agent.tool_plain
    def get_weather(city: str) -> str:
        """Current weather of a city."""
        return f"18 degrees in {city}"

    agent.run_sync(record.QUESTION)
    spans.shutdown()


# LangGraph, and LangChain under the conventions' own instrumentation.


def graph(config: Any) -> None:
    """A graph of one model call."""
    from typing import TypedDict

    from langchain_openai import ChatOpenAI
    from langgraph.graph import END, START, StateGraph

    model = ChatOpenAI(model="gpt-4o-mini", api_key="none", base_url=base_url(), temperature=0.2)

    class State(TypedDict):
        messages: list

    built = StateGraph(State)
    built.add_node(
        "call", lambda state: {"messages": [*state["messages"], model.invoke(state["messages"])]}
    )
    built.add_edge(START, "call")
    built.add_edge("call", END)
    messages = [("system", record.SYSTEM), ("user", "Say hello.")]
    built.compile().invoke({"messages": messages}, config=config)


def langfuse_langgraph() -> None:
    """'langfuse<5' langchain langgraph langchain-openai: its callback."""
    from langfuse import Langfuse
    from langfuse.langchain import CallbackHandler

    endpoint = os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"]
    langfuse = Langfuse(public_key="pk", secret_key=os.environ["SENDER"], host=endpoint)
    metadata = {
        "langfuse_session_id": "chat-1",
        "langfuse_user_id": "ann",
        "langfuse_tags": ["demo"],
    }
    graph({"callbacks": [CallbackHandler()], "metadata": metadata})
    langfuse.flush()
    langfuse.shutdown()


def langsmith_langgraph() -> None:
    """Langsmith langgraph langchain-openai: LangChain's own tracer, over OpenTelemetry."""
    os.environ |= {
        "LANGSMITH_TRACING": "true",
        "LANGSMITH_OTEL_ENABLED": "true",
        "LANGSMITH_OTEL_ONLY": "true",
        "LANGSMITH_API_KEY": "none",
        "LANGSMITH_ENDPOINT": os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"],
    }
    spans, _ = record.otel()
    graph({"metadata": {"session_id": "chat-1", "user_id": "ann"}, "tags": ["demo"]})
    from langchain_core.tracers.langchain import wait_for_all_tracers

    wait_for_all_tracers()
    spans.shutdown()


def openinference_langgraph() -> None:
    """openinference-instrumentation-langchain langgraph langchain-openai."""
    from openinference.instrumentation import using_attributes
    from openinference.instrumentation.langchain import LangChainInstrumentor

    def turn() -> None:
        who = {"session_id": "chat-1", "user_id": "ann", "tags": ["demo"]}
        with using_attributes(**who, metadata={"tier": "pro"}):
            graph({})

    record.instrumented(LangChainInstrumentor(), turn)


def traceloop_langgraph() -> None:
    """opentelemetry-instrumentation-langchain==0.62.4 langgraph langchain-openai."""
    from opentelemetry.instrumentation.langchain import LangchainInstrumentor

    who = {"metadata": {"session_id": "chat-1", "user_id": "ann"}, "tags": ["demo"]}
    record.instrumented(LangchainInstrumentor(), lambda: graph(who))


def otel_genai_langchain() -> None:
    """opentelemetry-instrumentation-genai-langchain langchain-openai."""
    from opentelemetry.instrumentation.genai.langchain import LangChainInstrumentor

    record.instrumented(LangChainInstrumentor(), record.langchain_conversation)


SENDERS = (
    openinference_llama_index,
    traceloop_llama_index,
    traceloop_mcp,
    openinference_haystack,
    openinference_dspy,
    openinference_smolagents,
    openinference_agno,
    traceloop_agno,
    openinference_autogen,
    openinference_openai_agents,
    traceloop_openai_agents,
    openinference_crewai,
    traceloop_crewai,
    agent_framework,
    traceloop_sdk,
    mlflow_autolog,
    logfire_rest,
    openinference_pydantic_ai,
    langfuse_langgraph,
    langsmith_langgraph,
    openinference_langgraph,
    traceloop_langgraph,
    otel_genai_langchain,
)

if __name__ == "__main__":
    record.main({each.__name__.replace("_", "-"): each for each in SENDERS}, __file__)
