r"""Records clients of Cohere, Ollama and Vertex AI, and senders in other versions; see record.py.

Each sender needs an environment of its own, with what its docstring names and the OTLP exporter:

    python -m venv /tmp/local && /tmp/local/bin/pip install \
        opentelemetry-exporter-otlp-proto-http ...
    /tmp/local/bin/python tests/server/normalise/record_local.py SENDER
"""

# mypy: ignore-errors
# What is recorded is installed elsewhere, not beside mypy.

import os
from typing import Any

import record
import record_clients
import record_frameworks

HELLO: Any = [{"role": "user", "content": "Say hello."}]
FUNCTION = record_clients.FUNCTION
TOOLS: Any = record_clients.TOOLS


def ollama_conversation() -> None:
    """Chat with a tool there and back, a stream, a prompt alone, embeddings."""
    import ollama

    client = ollama.Client(host=os.environ["LLM"])
    messages: Any = [
        {"role": "system", "content": record.SYSTEM},
        {"role": "user", "content": record.QUESTION},
    ]
    model = "llama3.2:3b"
    options = {"temperature": 0.2, "num_predict": 64}
    reply = client.chat(model=model, messages=messages, tools=TOOLS, options=options)
    messages.append(reply["message"])
    messages.append({"role": "tool", "tool_name": "get_weather", "content": record.ANSWER})
    client.chat(model=model, messages=messages, tools=TOOLS)
    for _ in client.chat(model=model, messages=HELLO, stream=True):
        pass
    client.generate(model=model, prompt="Say hello.", system=record.SYSTEM)
    client.embed(model="nomic-embed-text", input=["alpha", "beta"])


def traceloop_ollama() -> None:
    """opentelemetry-instrumentation-ollama==0.62.4 ollama."""
    from opentelemetry.instrumentation.ollama import OllamaInstrumentor

    record.instrumented(OllamaInstrumentor(), ollama_conversation)


def traceloop_ollama_old() -> None:
    """opentelemetry-instrumentation-ollama==0.40.14 'ollama<0.5': numbered messages."""
    traceloop_ollama()


def cohere_conversation() -> None:
    """Chat with a tool there and back, a stream, embeddings, a reranked list."""
    import cohere

    client = cohere.ClientV2(api_key="none", base_url=os.environ["LLM"])
    messages: Any = [
        {"role": "system", "content": record.SYSTEM},
        {"role": "user", "content": record.QUESTION},
    ]
    model = "command-a-03-2025"
    reply = client.chat(model=model, messages=messages, tools=TOOLS, temperature=0.2, max_tokens=64)
    call = reply.message.tool_calls[0]
    messages.append(
        {
            "role": "assistant",
            "tool_plan": reply.message.tool_plan,
            "tool_calls": [each.model_dump() for each in reply.message.tool_calls],
        }
    )
    messages.append({"role": "tool", "tool_call_id": call.id, "content": record.ANSWER})
    client.chat(model=model, messages=messages, tools=TOOLS)
    for _ in client.chat_stream(model=model, messages=HELLO):
        pass
    client.embed(
        model="embed-v4.0",
        texts=["alpha", "beta"],
        input_type="search_document",
        embedding_types=["float"],
    )
    documents = ["Paris is in France.", "Oslo is in Norway."]
    client.rerank(model="rerank-v3.5", query="Where is Oslo", documents=documents, top_n=2)


def traceloop_cohere() -> None:
    """opentelemetry-instrumentation-cohere==0.62.4 'cohere<6'."""
    from opentelemetry.instrumentation.cohere import CohereInstrumentor

    record.instrumented(CohereInstrumentor(), cohere_conversation)


def vertex_conversation() -> None:
    """Content with a tool, a stream, a chat's turn, by Vertex AI's own SDK."""
    import vertexai
    from google.auth.credentials import AnonymousCredentials
    from vertexai.generative_models import FunctionDeclaration, GenerativeModel, Tool

    vertexai.init(
        project="shop",
        location="us-central1",
        api_endpoint=os.environ["LLM"],
        api_transport="rest",
        credentials=AnonymousCredentials(),
    )
    declared = FunctionDeclaration(
        name="get_weather",
        description=record.TOOL["description"],
        parameters=record.TOOL["schema"],
    )
    model = GenerativeModel("gemini-2.5-flash", system_instruction=record.SYSTEM)
    settings = {"temperature": 0.2, "max_output_tokens": 64}
    tools = [Tool(function_declarations=[declared])]
    if os.environ["SENDER"] != "traceloop-vertexai":  # Which fails where there is no text.
        model.generate_content(record.QUESTION, tools=tools, generation_config=settings)
    model.generate_content("Say hello.")


def openinference_vertexai() -> None:
    """openinference-instrumentation-vertexai 'google-cloud-aiplatform<1.130'."""
    from openinference.instrumentation.vertexai import VertexAIInstrumentor

    record.instrumented(VertexAIInstrumentor(), vertex_conversation)


def traceloop_vertexai() -> None:
    """opentelemetry-instrumentation-vertexai==0.62.4 'google-cloud-aiplatform<1.130'."""
    from opentelemetry.instrumentation.vertexai import VertexAIInstrumentor

    record.instrumented(VertexAIInstrumentor(), vertex_conversation)


def otel_vertex() -> None:
    """opentelemetry-instrumentation-google-genai 'google-genai<3': a client of Vertex AI."""
    os.environ["GOOGLE_GENAI_USE_VERTEXAI"] = "true"
    from google import genai
    from google.oauth2.credentials import Credentials
    from opentelemetry.instrumentation.google_genai import GoogleGenAiSdkInstrumentor

    def turn() -> None:
        client = genai.Client(
            vertexai=True,
            project="shop",
            location="us-central1",
            credentials=Credentials("none"),
            http_options={"base_url": os.environ["LLM"]},
        )
        client.models.generate_content(
            model="gemini-2.5-flash",
            contents=record.QUESTION,
            config={"system_instruction": record.SYSTEM, "temperature": 0.2},
        )

    record.instrumented(GoogleGenAiSdkInstrumentor(), turn)


def mlflow_2() -> None:
    """'mlflow-skinny<3' 'opentelemetry-sdk<1.31'."""
    import mlflow
    from mlflow.tracing import provider

    def flush() -> None:
        provider._MLFLOW_TRACER_PROVIDER.force_flush()  # Made with the first span.

    mlflow.flush_trace_async_logging = flush
    record.mlflow_traces()


def pydantic_ai_turn(settings: Any, name: str = "weather") -> None:
    """An agent's turn with a tool."""
    from pydantic_ai import Agent
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    provider = OpenAIProvider(base_url=os.environ["LLM"] + "/v1", api_key="none")
    agent = Agent(
        OpenAIChatModel("gpt-4o-mini", provider=provider),
        name=name,
        system_prompt=record.SYSTEM,
    )
    Agent.instrument_all(settings)

    @agent.tool_plain
    def get_weather(city: str) -> str:
        """Current weather of a city."""
        return f"18 degrees in {city}"

    agent.run_sync(record.QUESTION)


def pydantic_ai_versions() -> None:
    """pydantic-ai-slim[openai]: each version of its format that it still writes."""
    from pydantic_ai.models.instrumented import InstrumentationSettings

    spans, _ = record.otel()
    for version in range(2, 7):
        told = InstrumentationSettings(tracer_provider=spans, version=version)
        pydantic_ai_turn(told, f"weather-{version}")
    spans.shutdown()


def pydantic_ai_logs() -> None:
    """'pydantic-ai-slim[openai]==1.0.0' 'openai<2': format version 1, events as log records."""
    from opentelemetry.sdk._events import EventLoggerProvider
    from pydantic_ai.models.instrumented import InstrumentationSettings

    spans, logs = record.otel()
    events = EventLoggerProvider(logs)
    told = InstrumentationSettings(
        tracer_provider=spans, event_logger_provider=events, event_mode="logs", version=1
    )
    pydantic_ai_turn(told)
    spans.shutdown()
    logs.shutdown()


def traceloop_openai_oldest() -> None:
    """opentelemetry-instrumentation-openai==0.15.13 'openai<1.40' 'httpx<0.28' 'setuptools<70'."""
    record.traceloop_openai()


def openinference_openai_oldest() -> None:
    """openinference-instrumentation-openai==0.1.4 'openai<1.40' 'httpx<0.28' 'wrapt<2'."""
    record.openinference_openai()


def langtrace() -> None:
    """langtrace-python-sdk 'openai<2' importlib-metadata."""
    from langtrace_python_sdk import langtrace as library

    spans, _ = record.otel()
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    library.init(custom_remote_exporter=OTLPSpanExporter(), batch=False)
    record.openai_conversation()
    spans.shutdown()


SENDERS = {
    each.__name__.replace("_", "-"): each
    for each in (
        traceloop_ollama,
        traceloop_ollama_old,
        traceloop_cohere,
        openinference_vertexai,
        traceloop_vertexai,
        otel_vertex,
        mlflow_2,
        pydantic_ai_versions,
        pydantic_ai_logs,
        traceloop_openai_oldest,
        openinference_openai_oldest,
        langtrace,
    )
} | {
    # As in record_frameworks.py and record_older.py, beside the newest release of each.
    "google-adk-new": record_frameworks.google_adk,
    "logfire-v3": record.logfire_openai,
    "logfire-v4": record.logfire_openai,
    "langsmith-old": record.langsmith_openai,
}

if __name__ == "__main__":
    record.main(SENDERS, __file__)
