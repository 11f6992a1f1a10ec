r"""Records newest releases that the other recorders lack; see record.py.

They are the conventions' own instrumentations of agents, libraries that trace themselves, and other
observability SDKs.  Each sender needs an environment of its own, with what its docstring names and
the OTLP exporter.
"""

# mypy: ignore-errors
# What is recorded is installed elsewhere, not beside mypy.

import asyncio
import os
from typing import Any

import record
import record_agents
import record_clients

BASE = "OTEL_EXPORTER_OTLP_ENDPOINT"


def _captured() -> None:
    """Say in every way that there is that messages are to be sent."""
    os.environ["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] = "SPAN_ONLY"
    os.environ["OTEL_SEMCONV_STABILITY_OPT_IN"] = "gen_ai_latest_experimental"


# The conventions' own instrumentations.


def genai_openai_agents() -> None:
    """opentelemetry-instrumentation-genai-openai-agents==1.3b0 openai-agents."""
    _captured()
    from opentelemetry.instrumentation.genai.openai_agents import OpenAIAgentsInstrumentor

    record.instrumented(OpenAIAgentsInstrumentor(), record_agents.agents_conversation)


def genai_agno() -> None:
    """opentelemetry-instrumentation-genai-agno==1.3b0 agno openai."""
    _captured()
    from opentelemetry.instrumentation.genai.agno import AgnoInstrumentor

    record.instrumented(AgnoInstrumentor(), record_agents.agno_conversation)


def genai_smolagents() -> None:
    """opentelemetry-instrumentation-genai-smolagents==1.2b0 smolagents openai."""
    _captured()
    from opentelemetry.instrumentation.genai.smolagents import SmolagentsInstrumentor

    record.instrumented(SmolagentsInstrumentor(), record_agents.smolagents_conversation)


def genai_bedrock() -> None:
    """opentelemetry-instrumentation-genai-bedrock==1.3b0 boto3."""
    _captured()
    from opentelemetry.instrumentation.genai.bedrock import BedrockInstrumentor

    record.instrumented(BedrockInstrumentor(), record_clients.bedrock_conversation)


def genai_llama_index() -> None:
    """opentelemetry-instrumentation-genai-llama-index==1.3b0 'llama-index-core>=0.14'."""
    _captured()
    from opentelemetry.instrumentation.genai.llama_index import LlamaIndexInstrumentor

    record.instrumented(LlamaIndexInstrumentor(), record_agents.llama_conversation)


def genai_dspy() -> None:
    """opentelemetry-instrumentation-genai-dspy==1.3b0 dspy."""
    _captured()
    from opentelemetry.instrumentation.genai.dspy import DSPyInstrumentor

    record.instrumented(DSPyInstrumentor(), record_agents.dspy_conversation)


# Other distributions of OpenTelemetry.


def phoenix_otel() -> None:
    """arize-phoenix-otel==0.17.2 openinference-instrumentation-openai openai: its decorators."""
    from phoenix.otel import register, using_attributes

    provider = register(
        project_name=os.environ["SENDER"],
        endpoint=os.environ[BASE] + "/v1/traces",
        protocol="http/protobuf",
        set_global_tracer_provider=False,
        verbose=False,
    )
    tracer = provider.get_tracer("program")
    from openinference.instrumentation.openai import OpenAIInstrumentor

    OpenAIInstrumentor().instrument(tracer_provider=provider)

    @tracer.tool
    def get_weather(city: str) -> dict[str, Any]:
        """Current weather of a city."""
        return {"temperature_c": 18, "city": city}

    @tracer.chain
    def find(query: str) -> list[str]:
        return [query]

    @tracer.agent(name="weather")
    def turn(question: str) -> str:
        find(question)
        get_weather("Paris")
        hello()
        return question

    with using_attributes(
        session_id="chat-1", user_id="ann", tags=["demo"], metadata={"tier": "pro"}
    ):
        turn(record.QUESTION)
    provider.shutdown()


def hello() -> None:
    """One call of OpenAI."""
    from openai import OpenAI

    OpenAI(api_key="none", base_url=record_agents.base_url()).chat.completions.create(
        model="gpt-4o-mini",
        messages=[
            {"role": "system", "content": record.SYSTEM},
            {"role": "user", "content": "Say hello."},
        ],
        temperature=0.2,
    )


def logfire_openai_agents() -> None:
    """Logfire 5.4.0 with openai-agents and mcp: what it makes of their own traces."""
    import logfire

    logfire.configure(send_to_logfire=False, console=False, service_name=os.environ["SENDER"])
    logfire.instrument_openai_agents()
    record_agents.agents_conversation()
    logfire.shutdown()


def agentops() -> None:
    """agentops==0.4.21 openai: its decorators around calls."""
    import agentops as library
    from agentops.sdk.decorators import agent, operation, tool
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    library.init(
        api_key="00000000-0000-0000-0000-000000000000",
        exporter_endpoint=os.environ[BASE] + "/v1/none",
        endpoint=os.environ[BASE],
        auto_start_session=False,
        fail_safe=True,
        log_level="CRITICAL",
    )
    from opentelemetry import trace

    trace.get_tracer_provider().add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))

    @tool(name="get_weather", cost=0.5)
    def get_weather(city: str) -> dict[str, Any]:
        return {"temperature_c": 18, "city": city}

    @operation
    def find(query: str) -> list[str]:
        return [query]

    @agent(name="weather")
    class Weather:
        def run(self, question: str) -> str:
            find(question)
            get_weather("Paris")
            record.openai_conversation()
            return question

    trace_of_turn = library.start_trace("turn", tags=["demo"])
    Weather().run(record.QUESTION)
    library.end_trace(trace_of_turn, "Success")
    trace.get_tracer_provider().force_flush()


def langwatch() -> None:
    """langwatch==1.4.0 openai: its spans around calls under OpenInference."""
    import langwatch as library
    from openai import OpenAI

    library.setup(api_key="none", endpoint_url=os.environ[BASE])

    @library.span(type="tool", name="get_weather")
    def get_weather(city: str) -> dict[str, Any]:
        return {"temperature_c": 18, "city": city}

    @library.span(type="rag", name="find")
    def find(query: str) -> list[str]:
        library.get_current_span().update(
            contexts=[library.RAGChunk(document_id="doc-1", content="Paris is in France.")]
            if hasattr(library, "RAGChunk")
            else ["Paris is in France."]
        )
        return [query]

    @library.trace(name="turn", metadata={"user_id": "ann", "thread_id": "chat-1", "tier": "pro"})
    def turn(question: str) -> str:
        client = OpenAI(api_key="none", base_url=record_agents.base_url())
        library.get_current_trace().autotrack_openai_calls(client)
        find(question)
        get_weather("Paris")
        reply = client.chat.completions.create(
            model="gpt-4o-mini",
            messages=[
                {"role": "system", "content": record.SYSTEM},
                {"role": "user", "content": "Say hello."},
            ],
            temperature=0.2,
        )
        return reply.choices[0].message.content or ""

    turn(record.QUESTION)
    from opentelemetry import trace

    trace.get_tracer_provider().force_flush()


def openlit_new() -> None:
    """openlit==1.45.0 openai: its whole conversation."""
    os.environ["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] = "true"
    import openlit as library

    library.init(
        otlp_endpoint=os.environ[BASE],
        application_name=os.environ["SENDER"],
        disabled_instrumentors=["httpx", "requests", "urllib3"],
    )
    record.openai_conversation()
    from opentelemetry import trace

    trace.get_tracer_provider().force_flush()


# Frameworks that trace themselves.


def autogen_own() -> None:
    """autogen-agentchat==0.7.5: the spans of its own."""
    spans, _ = record.otel()
    record_agents.autogen_conversation()
    spans.shutdown()


def ag2() -> None:
    """'ag2[openai]==1.2.1': its middleware for telemetry."""
    spans, _ = record.otel()
    from ag2 import Agent
    from ag2.config import OpenAIConfig
    from ag2.middleware import TelemetryMiddleware
    from ag2.tools import tool

    @tool
    def get_weather(city: str) -> str:
        """Current weather of a city."""
        return f"18 degrees in {city}"

    config = OpenAIConfig(model="gpt-4o-mini", api_key="none", base_url=record_agents.base_url())
    agent = Agent(
        "weather",
        record.SYSTEM,
        config=config,
        tools=[get_weather],
        middleware=[
            TelemetryMiddleware(tracer_provider=spans, agent_name="weather", capture_content=True)
        ],
    )
    asyncio.run(agent.ask(record.QUESTION))
    spans.shutdown()


def fastmcp() -> None:
    """fastmcp==4.2.3: both sides of a session, by its own spans and by those of mcp 2."""
    spans, _ = record.otel()
    from fastmcp import Client, FastMCP

    server = FastMCP("weather")

    @server.tool
    def get_weather(city: str) -> str:
        """Current weather of a city."""
        return f"18 degrees in {city}"

    @server.resource("atlas://paris")
    def atlas() -> str:
        return "Paris is in France."

    async def turn() -> None:
        async with Client(server) as client:
            await client.list_tools()
            await client.call_tool("get_weather", {"city": "Paris"})
            await client.read_resource("atlas://paris")

    asyncio.run(turn())
    spans.shutdown()


def llama_index_own() -> None:
    """llama-index-observability-otel 'llama-index-core>=0.14': its own spans, all in events."""
    from llama_index.observability.otel import LlamaIndexOpenTelemetry
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    LlamaIndexOpenTelemetry(
        span_exporter=OTLPSpanExporter(), service_name_or_resource=os.environ["SENDER"]
    ).start_registering()
    record_agents.llama_conversation()
    trace.get_tracer_provider().force_flush()


# Other observability SDKs that send OTLP.


def traceai_openai() -> None:
    """traceai-openai==0.1.10 openai: Future AGI's."""
    from traceai_openai import OpenAIInstrumentor

    record.instrumented(OpenAIInstrumentor(), record.openai_conversation)


SENDERS = {
    each.__name__.replace("_", "-"): each
    for each in (
        *(genai_openai_agents, genai_agno, genai_smolagents, genai_bedrock, genai_llama_index),
        *(genai_dspy, phoenix_otel, logfire_openai_agents, agentops, langwatch, openlit_new),
        *(autogen_own, ag2, fastmcp, llama_index_own, traceai_openai),
    )
} | {
    # As in record_clients.py, beside the newest release: litellm==1.110.2.
    "litellm-new": record_clients.litellm_own,
    **dict.fromkeys(
        ("node-openinference", "node-otel", "node-traceloop", "node-langfuse"),
        record.HERE / "record_node.cjs",
    ),
}

if __name__ == "__main__":
    record.main(SENDERS, __file__)
