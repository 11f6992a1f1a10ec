r"""Records frameworks and platforms that trace themselves; see record.py.

Each sender needs an environment of its own, with what its docstring names and the OTLP exporter:

    python -m venv /tmp/framework && /tmp/framework/bin/pip install \
        opentelemetry-exporter-otlp-proto-http ...
    /tmp/framework/bin/python tests/server/normalise/record_frameworks.py SENDER

`genkit` runs in Node: npm install genkit @genkit-ai/compat-oai @opentelemetry/sdk-node
@opentelemetry/exporter-trace-otlp-proto, beside record_genkit.mjs.
"""

# mypy: ignore-errors
# What is recorded is installed elsewhere, not beside mypy.

import asyncio
import logging
import os
from pathlib import Path

import record


def strands() -> None:
    """'strands-agents[openai]==1.62.0'."""
    spans, _ = record.otel()
    _strands_turn()
    spans.shutdown()


def strands_details() -> None:
    """The same, whose messages are several details events of one span."""
    os.environ["OTEL_SEMCONV_STABILITY_OPT_IN"] = "gen_ai_latest_experimental"
    strands()


def _strands_turn() -> None:
    from strands import Agent, tool
    from strands.models.openai import OpenAIModel

    @tool
    def get_weather(city: str) -> dict:
        """Current weather of a city.

        Args:
            city: Its name.
        """
        return {"temperature_c": 18, "city": city}

    model = OpenAIModel(
        client_args={"api_key": "none", "base_url": os.environ["LLM"] + "/v1"},
        model_id="gpt-4o-mini",
    )
    Agent(
        model=model,
        tools=[get_weather],
        system_prompt=record.SYSTEM,
        name="weather",
        trace_attributes={"session.id": "chat-1", "user.id": "ann"},
        callback_handler=None,
    )(record.QUESTION)


def google_adk() -> None:
    """google-adk==1.14.1: request and reply are whole bodies, sums without cached tokens."""
    os.environ |= {"GOOGLE_API_KEY": "none", "GOOGLE_GEMINI_BASE_URL": os.environ["LLM"]}
    spans, _ = record.otel()
    from google.adk.agents import Agent
    from google.adk.runners import InMemoryRunner
    from google.genai import types

    def get_weather(city: str) -> dict:
        """Current weather of a city."""
        return {"temperature_c": 18, "city": city}

    agent = Agent(
        name="weather", model="gemini-2.5-flash", instruction=record.SYSTEM, tools=[get_weather]
    )

    async def turn() -> None:
        runner = InMemoryRunner(agent=agent, app_name="app")
        await runner.session_service.create_session(
            app_name="app", user_id="ann", session_id="chat-1"
        )
        question = types.Content(role="user", parts=[types.Part(text=record.QUESTION)])
        async for _ in runner.run_async(user_id="ann", session_id="chat-1", new_message=question):
            pass

    asyncio.run(turn())
    spans.shutdown()


def openlit() -> None:
    """openlit==1.36.0 'openai<2' 'opentelemetry-sdk<1.38'."""
    import openlit as library
    from openai import OpenAI
    from opentelemetry import trace

    library.init(
        otlp_endpoint=os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"],
        application_name=os.environ["SENDER"],
        disabled_instrumentors=["httpx", "requests", "urllib3"],
    )
    function = {k: v for k, v in record.TOOL.items() if k != "schema"}
    function |= {"parameters": record.TOOL["schema"]}
    OpenAI(api_key="none", base_url=os.environ["LLM"] + "/v1").chat.completions.create(
        model="gpt-4o-mini",
        messages=[{"role": "user", "content": record.QUESTION}],
        tools=[{"type": "function", "function": function}],
        temperature=0.2,
    )
    trace.get_tracer_provider().force_flush()


def semantic_kernel() -> None:
    """semantic-kernel==1.45.0: messages are JSON texts in log records."""
    setting = "SEMANTICKERNEL_EXPERIMENTAL_GENAI_ENABLE_OTEL_DIAGNOSTICS"
    os.environ |= {setting: "true", f"{setting}_SENSITIVE": "true"}
    spans, logs = record.otel()
    from openai import AsyncOpenAI
    from opentelemetry.sdk._logs import LoggingHandler
    from semantic_kernel.agents import ChatCompletionAgent
    from semantic_kernel.connectors.ai.open_ai import OpenAIChatCompletion
    from semantic_kernel.functions import kernel_function

    logging.getLogger("semantic_kernel").addHandler(LoggingHandler(logger_provider=logs))
    logging.getLogger("semantic_kernel").setLevel(logging.INFO)

    class Weather:
        @kernel_function(name="get_weather", description="Current weather of a city")
        def get_weather(self, city: str) -> str:
            return f"18 degrees in {city}"

    client = AsyncOpenAI(api_key="none", base_url=os.environ["LLM"] + "/v1")
    agent = ChatCompletionAgent(
        service=OpenAIChatCompletion(ai_model_id="gpt-4o-mini", async_client=client),
        name="weather",
        instructions=record.SYSTEM,
        plugins=[Weather()],
    )

    async def turn() -> None:
        await agent.get_response(messages=record.QUESTION)

    asyncio.run(turn())
    spans.shutdown()
    logs.shutdown()


def chroma() -> None:
    """Traceloop: opentelemetry-instrumentation-chromadb==0.62.4 chromadb."""
    spans, _ = record.otel()
    import chromadb
    from opentelemetry.instrumentation.chromadb import ChromaInstrumentor

    ChromaInstrumentor().instrument(tracer_provider=spans)
    places = chromadb.EphemeralClient().create_collection("places")
    places.add(
        ids=["doc-1", "doc-2"],
        documents=["Paris is in France.", "Lyon too."],
        embeddings=[[1.0, 0.0], [0.0, 1.0]],
        metadatas=[{"page": 7}, {"page": 8}],
    )
    places.query(query_embeddings=[[1.0, 0.0]], n_results=1)
    spans.shutdown()


if __name__ == "__main__":
    record.main(
        {
            "strands": strands,
            "strands-details": strands_details,
            "google-adk": google_adk,
            "openlit": openlit,
            "semantic-kernel": semantic_kernel,
            "chroma": chroma,
            "genkit": Path(__file__).parent / "record_genkit.mjs",
        },
        __file__,
    )
