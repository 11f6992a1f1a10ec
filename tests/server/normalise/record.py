r"""Records what real instrumentation libraries send, for the golden tests.

    python -m venv /tmp/recording && /tmp/recording/bin/pip install openai anthropic \
        opentelemetry-exporter-otlp-proto-http opentelemetry-instrumentation-openai \
        opentelemetry-instrumentation-anthropic opentelemetry-instrumentation-openai-v2 \
        opentelemetry-instrumentation-genai-openai opentelemetry-instrumentation-genai-anthropic \
        openinference-instrumentation-openai openinference-instrumentation-anthropic \
        openinference-instrumentation-langchain langchain-openai 'pydantic-ai-slim[openai]' \
        logfire langsmith langfuse mlflow-skinny
    /tmp/recording/bin/python tests/server/normalise/record.py [SENDER ...]

Each sender runs alone in a process, holds the same short conversation with the stand-in of
`examples/local_llm.py`, and sends OTLP to a port here.  The bodies of one sender, joined (a joined
protobuf message is the sum of its parts), become `recordings/SENDER.pb.gz`, log records apart.
"""

# mypy: ignore-errors
# What is recorded is installed elsewhere, not beside mypy.

import gzip
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
EXAMPLES = HERE.parents[2] / "examples"
TOOL = {
    "name": "get_weather",
    "description": "Current weather of a city",
    "schema": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
    },
}
SYSTEM = "You are a terse assistant."
QUESTION = "What is the weather in Paris?"
ANSWER = '{"temperature_c": 18, "sky": "sunny"}'


class Capture(ThreadingHTTPServer):
    """Keeps the bodies that are posted to it, by signal."""

    bodies: dict[str, list[bytes]]


class _Handler(BaseHTTPRequestHandler):
    server: Capture

    def do_POST(self) -> None:
        body = self._body()
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        signal = self.path.rsplit("/", 1)[-1]
        self.server.bodies.setdefault(signal, []).append(body)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":  # Node sends chunks.
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline().strip() or b"0", 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # The base's name.
        """Say nothing."""


# Conversations, with the clients as their users write them.


def openai_conversation() -> None:
    """Chat, tools there and back, a stream, responses, embeddings."""
    from openai import OpenAI

    client = OpenAI(api_key="none", base_url=os.environ["LLM"] + "/v1")
    function = {k: v for k, v in TOOL.items() if k != "schema"} | {"parameters": TOOL["schema"]}
    tools: Any = [{"type": "function", "function": function}]
    messages: list[Any] = [
        {"role": "system", "content": SYSTEM},
        {"role": "user", "content": QUESTION},
    ]
    reply = client.chat.completions.create(
        model="gpt-4o-mini", messages=messages, tools=tools, temperature=0.2, max_tokens=64
    )
    call = reply.choices[0].message.tool_calls[0]  # type: ignore[index]
    messages.append(reply.choices[0].message.model_dump(exclude_none=True))
    messages.append({"role": "tool", "tool_call_id": call.id, "content": ANSWER})
    client.chat.completions.create(model="gpt-4o-mini", messages=messages, tools=tools)
    for _ in client.chat.completions.create(
        model="gpt-4o-mini",
        messages=[{"role": "user", "content": "Say hello."}],
        stream=True,
        stream_options={"include_usage": True},
    ):
        pass
    if hasattr(client, "responses"):  # Not in its first years.
        client.responses.create(model="gpt-4o-mini", instructions=SYSTEM, input="Say hello.")
    client.embeddings.create(model="text-embedding-3-small", input=["alpha", "beta"])


def anthropic_conversation() -> None:
    """Messages, tools there and back, a stream."""
    from anthropic import Anthropic

    client = Anthropic(api_key="none", base_url=os.environ["LLM"])
    tools: Any = [
        {
            "name": TOOL["name"],
            "description": TOOL["description"],
            "input_schema": TOOL["schema"],
        }
    ]
    messages: list[Any] = [{"role": "user", "content": QUESTION}]
    common: dict[str, Any] = {"model": "claude-sonnet-4-5", "max_tokens": 64, "system": SYSTEM}
    reply = client.messages.create(messages=messages, tools=tools, **common)
    call: Any = next(block for block in reply.content if block.type == "tool_use")
    messages.append({"role": "assistant", "content": [b.model_dump() for b in reply.content]})
    messages.append(
        {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": call.id, "content": ANSWER}],
        }
    )
    client.messages.create(messages=messages, tools=tools, **common)
    with client.messages.stream(
        messages=[{"role": "user", "content": "Say hello."}], **common
    ) as stream:
        for _ in stream:
            pass


# Senders.


def otel() -> tuple[Any, Any]:
    """Providers of spans and of log records that send to the recorder."""
    from opentelemetry import _logs, trace
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    resource = Resource({"service.name": os.environ["SENDER"]})
    spans = TracerProvider(resource=resource)
    spans.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(spans)
    logs = LoggerProvider(resource=resource)
    logs.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))
    _logs.set_logger_provider(logs)
    return spans, logs


def instrumented(instrumentor: Any, conversation: Any, **settings: Any) -> None:
    """Hold `conversation` under `instrumentor`."""
    spans, logs = otel()
    instrumentor.instrument(tracer_provider=spans, logger_provider=logs, **settings)
    conversation()
    spans.shutdown()
    logs.shutdown()


def openinference_openai() -> None:
    """What openinference openai sends."""
    from openinference.instrumentation.openai import OpenAIInstrumentor

    instrumented(OpenAIInstrumentor(), openai_conversation)


def openinference_anthropic() -> None:
    """What openinference anthropic sends."""
    from openinference.instrumentation.anthropic import AnthropicInstrumentor

    instrumented(AnthropicInstrumentor(), anthropic_conversation)


def openinference_langchain() -> None:
    """What openinference langchain sends."""
    from openinference.instrumentation.langchain import LangChainInstrumentor

    instrumented(LangChainInstrumentor(), langchain_conversation)


def langchain_conversation() -> None:
    """A retriever, a prompt with a model and a tool, the tool's run."""
    from langchain_core.documents import Document
    from langchain_core.prompts import ChatPromptTemplate
    from langchain_core.retrievers import BaseRetriever
    from langchain_core.tools import tool
    from langchain_openai import ChatOpenAI

    class Atlas(BaseRetriever):
        def _get_relevant_documents(
            self,
            query: str,  # noqa: ARG002  # The base names them.
            *,
            run_manager: Any,  # noqa: ARG002  # The base names them.
        ) -> list[Document]:
            return [Document(page_content="Paris is in France.", metadata={"page": 7}, id="doc-1")]

    @tool
    def get_weather(city: str) -> str:
        """Current weather of a city."""
        return f"18 degrees in {city}"

    model = ChatOpenAI(
        model="gpt-4o-mini", api_key="none", base_url=os.environ["LLM"] + "/v1", temperature=0.2
    )
    prompt = ChatPromptTemplate.from_messages([("system", SYSTEM), ("user", "{question}")])
    config: Any = {"metadata": {"session_id": "chat-1", "tier": "pro"}, "tags": ["demo"]}
    Atlas().invoke("Where is Paris?", config=config)
    chain = prompt | model.bind_tools([get_weather])
    reply = chain.invoke({"question": QUESTION}, config=config)
    get_weather.invoke(reply.tool_calls[0], config=config)


def traceloop_openai() -> None:
    """What traceloop openai sends."""
    from opentelemetry.instrumentation.openai import OpenAIInstrumentor

    instrumented(OpenAIInstrumentor(), openai_conversation)


def traceloop_anthropic() -> None:
    """What traceloop anthropic sends."""
    from opentelemetry.instrumentation.anthropic import AnthropicInstrumentor

    instrumented(AnthropicInstrumentor(), anthropic_conversation)


def otel_openai_v2() -> None:
    """What otel openai v2 sends."""
    from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor
    from opentelemetry.sdk._events import EventLoggerProvider

    os.environ["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] = "true"
    spans, logs = otel()
    OpenAIInstrumentor().instrument(
        tracer_provider=spans, event_logger_provider=EventLoggerProvider(logs)
    )
    openai_conversation()
    spans.shutdown()
    logs.shutdown()


def otel_genai_openai() -> None:
    """What otel genai openai sends."""
    from opentelemetry.instrumentation.genai.openai import OpenAIInstrumentor

    instrumented(OpenAIInstrumentor(), openai_conversation)


def otel_genai_anthropic() -> None:
    """What otel genai anthropic sends."""
    from opentelemetry.instrumentation.genai.anthropic import AnthropicInstrumentor

    instrumented(AnthropicInstrumentor(), anthropic_conversation)


def pydantic_ai() -> None:
    """What pydantic ai sends."""
    from pydantic_ai import Agent, InstrumentationSettings
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    spans, _ = otel()
    provider = OpenAIProvider(base_url=os.environ["LLM"] + "/v1", api_key="none")
    agent = Agent(
        OpenAIChatModel("gpt-4o-mini", provider=provider), name="weather", system_prompt=SYSTEM
    )
    Agent.instrument_all(InstrumentationSettings(tracer_provider=spans))

    @agent.tool_plain
    def get_weather(city: str) -> str:
        """Current weather of a city."""
        return f"18 degrees in {city}"

    agent.run_sync(QUESTION)
    spans.shutdown()


def logfire_openai() -> None:
    """What logfire openai sends."""
    import logfire

    logfire.configure(  # It exports to the endpoint of the environment by itself.
        send_to_logfire=False,
        console=False,
        service_name=os.environ["SENDER"],
        inspect_arguments=False,
    )
    logfire.instrument_openai()
    with logfire.span("turn of {user}", user="ann", _tags=["demo"]):
        openai_conversation()
    logfire.shutdown()


def langsmith_openai() -> None:
    """What langsmith openai sends."""
    os.environ |= {
        "LANGSMITH_TRACING": "true",
        "LANGSMITH_OTEL_ENABLED": "true",
        "LANGSMITH_OTEL_ONLY": "true",
        "LANGSMITH_API_KEY": "none",
        "LANGSMITH_ENDPOINT": os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"],
    }
    spans, _ = otel()
    import openai
    from langsmith import Client, traceable
    from langsmith.wrappers import wrap_openai

    client = Client(otel_tracer_provider=spans)
    model = wrap_openai(
        openai.OpenAI(api_key="none", base_url=os.environ["LLM"] + "/v1"),
        tracing_extra={"client": client},
    )

    @traceable(run_type="retriever", client=client)
    def find(query: str) -> list[dict[str, Any]]:  # noqa: ARG001  # It is recorded.
        return [
            {"page_content": "Paris is in France.", "type": "Document", "metadata": {"page": 7}}
        ]

    @traceable(client=client, tags=["demo"], metadata={"thread_id": "chat-1"})
    def answer(question: str) -> str:
        find(question)
        messages: Any = [
            {"role": "system", "content": SYSTEM},
            {"role": "user", "content": question},
        ]
        reply = model.chat.completions.create(
            model="gpt-4o-mini", messages=messages, temperature=0.2
        )
        return reply.choices[0].message.content or ""

    answer("Say hello.")
    client.flush()
    spans.shutdown()


def langfuse_openai() -> None:
    """What langfuse openai sends."""
    from langfuse import Langfuse, propagate_attributes
    from langfuse.openai import OpenAI

    langfuse = Langfuse(
        public_key="pk",
        secret_key=os.environ["SENDER"],
        host=os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"],
    )
    with (
        langfuse.start_as_current_observation(name="turn", as_type="agent", input=QUESTION) as turn,
        propagate_attributes(
            user_id="ann", session_id="chat-1", tags=["demo"], metadata={"tier": "pro"}
        ),
    ):
        model = OpenAI(api_key="none", base_url=os.environ["LLM"] + "/v1")
        messages: Any = [
            {"role": "system", "content": SYSTEM},
            {"role": "user", "content": "Say hello."},
        ]
        reply = model.chat.completions.create(
            model="gpt-4o-mini", messages=messages, temperature=0.2
        )
        turn.update(output=reply.choices[0].message.content)
    langfuse.flush()
    langfuse.shutdown()


def mlflow_traces() -> None:
    """What mlflow traces sends."""
    import mlflow
    from mlflow.entities import SpanType

    @mlflow.trace(span_type=SpanType.RETRIEVER)
    def find(query: str) -> list[dict[str, Any]]:  # noqa: ARG001  # It is recorded.
        return [{"page_content": "Paris is in France.", "metadata": {"page": 7}, "id": "doc-1"}]

    @mlflow.trace(span_type=SpanType.TOOL)
    def get_weather(city: str) -> dict[str, Any]:
        return {"temperature_c": 18, "city": city}

    @mlflow.trace(span_type=SpanType.AGENT)
    def turn(question: str) -> str:
        find(question)
        get_weather("Paris")
        with mlflow.start_span("call", span_type=SpanType.CHAT_MODEL) as span:
            span.set_inputs(
                {
                    "model": "gpt-4o-mini",
                    "temperature": 0.2,
                    "messages": [{"role": "user", "content": question}],
                }
            )
            span.set_outputs(
                {
                    "id": "chatcmpl-1",
                    "model": "gpt-4o-mini-2024-07-18",
                    "choices": [
                        {
                            "finish_reason": "stop",
                            "message": {"role": "assistant", "content": "It is sunny."},
                        }
                    ],
                }
            )
            span.set_attribute(
                "mlflow.chat.tokenUsage",
                {"input_tokens": 12, "output_tokens": 4, "total_tokens": 16},
            )
        return "It is sunny."

    turn(QUESTION)
    mlflow.flush_trace_async_logging()


SENDERS = {
    sender.__name__.replace("_", "-"): sender
    for sender in (
        openinference_openai,
        openinference_anthropic,
        openinference_langchain,
        traceloop_openai,
        traceloop_anthropic,
        otel_openai_v2,
        otel_genai_openai,
        otel_genai_anthropic,
        pydantic_ai,
        logfire_openai,
        langsmith_openai,
        langfuse_openai,
        mlflow_traces,
    )
}


def record(sender: str, command: list[str], llm: str) -> None:
    """Run one sender and keep what it sends."""
    capture = Capture(("127.0.0.1", 0), _Handler)
    capture.bodies = {}
    threading.Thread(target=capture.serve_forever, daemon=True).start()
    endpoint = f"http://127.0.0.1:{capture.server_port}"
    environment = os.environ | {
        "SENDER": sender,
        "LLM": llm,
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": endpoint + "/v1/traces",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_SERVICE_NAME": sender,
        "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "SPAN_ONLY",
    }
    subprocess.run(command, env=environment, check=True, timeout=120)
    capture.shutdown()
    for signal, suffix in (("traces", ".pb.gz"), ("logs", ".logs.pb.gz")):
        body = b"".join(capture.bodies.get(signal, []))
        if body:
            # No time in the header, so that the same body is the same file.
            packed = gzip.compress(body, 9, mtime=0)
            (HERE / "recordings" / f"{sender}{suffix}").write_bytes(packed)
    print(sender, {signal: len(bodies) for signal, bodies in capture.bodies.items()})


def main(senders: dict[str, Any], script: str) -> None:
    """Record those of `senders` that are named, or all; a path is a script for Node."""
    if sys.argv[1:2] == ["--run"]:
        senders[sys.argv[2]]()
        return
    sys.path.insert(0, str(EXAMPLES))
    import local_llm

    with local_llm.serve() as llm:
        for sender in sys.argv[1:] or senders:
            command = [sys.executable, script, "--run", sender]
            if isinstance(senders[sender], Path):
                command = ["node", str(senders[sender])]
            try:
                record(sender, command, llm)
            except subprocess.SubprocessError as error:
                print(f"{sender}: {error}")


if __name__ == "__main__":
    vercel = dict.fromkeys(
        ("vercel-ai", "vercel-ai-v5", "vercel-ai-v4"), HERE / "record_vercel.mjs"
    )
    main({**SENDERS, **vercel}, __file__)
