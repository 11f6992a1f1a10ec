r"""Records instrumented clients of providers other than OpenAI and Anthropic; see record.py.

Each sender needs an environment of its own, with what its docstring names and the OTLP exporter:

    python -m venv /tmp/client && /tmp/client/bin/pip install \
        opentelemetry-exporter-otlp-proto-http ...
    /tmp/client/bin/python tests/server/normalise/record_clients.py SENDER
"""

# mypy: ignore-errors
# What is recorded is installed elsewhere, not beside mypy.

import os
from typing import Any

import record

FUNCTION = {k: v for k, v in record.TOOL.items() if k != "schema"} | {
    "parameters": record.TOOL["schema"]
}
TOOLS = [{"type": "function", "function": FUNCTION}]


# Bedrock.


def bedrock_conversation() -> None:
    """Converse with a tool there and back, a stream of it, a model invoked with its own body."""
    import json

    import boto3

    client = boto3.client(
        "bedrock-runtime",
        region_name="us-east-1",
        endpoint_url=os.environ["LLM"],
        aws_access_key_id="none",
        aws_secret_access_key="none",  # noqa: S106  # The stand-in asks for none.
    )
    model = "anthropic.claude-3-5-sonnet-20240620-v1:0"
    schema = {"json": record.TOOL["schema"]}
    spec = {"name": "get_weather", "description": "Weather", "inputSchema": schema}
    asked: Any = [{"role": "user", "content": [{"text": record.QUESTION}]}]
    common: Any = {
        "modelId": model,
        "system": [{"text": record.SYSTEM}],
        "inferenceConfig": {"temperature": 0.2, "maxTokens": 64},
        "toolConfig": {"tools": [{"toolSpec": spec}]},
    }
    reply = client.converse(messages=asked, **common)["output"]["message"]
    use = next(block["toolUse"] for block in reply["content"] if "toolUse" in block)
    result = {"toolUseId": use["toolUseId"], "content": [{"json": json.loads(record.ANSWER)}]}
    asked += [reply, {"role": "user", "content": [{"toolResult": result}]}]
    client.converse(messages=asked, **common)
    hello: Any = [{"role": "user", "content": [{"text": "Say hello."}]}]
    list(client.converse_stream(modelId=model, messages=hello)["stream"])
    body = {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 64,
        "system": record.SYSTEM,
        "messages": [{"role": "user", "content": "Say hello."}],
    }
    client.invoke_model(modelId=model, body=json.dumps(body))["body"].read()


def openinference_bedrock() -> None:
    """openinference-instrumentation-bedrock==0.1.61 boto3."""
    from openinference.instrumentation.bedrock import BedrockInstrumentor

    record.instrumented(BedrockInstrumentor(), bedrock_conversation)


def traceloop_bedrock() -> None:
    """opentelemetry-instrumentation-bedrock==0.62.4 boto3."""
    from opentelemetry.instrumentation.bedrock import BedrockInstrumentor

    record.instrumented(BedrockInstrumentor(), bedrock_conversation)


def otel_botocore() -> None:
    """opentelemetry-instrumentation-botocore==0.66b2 boto3: messages are log records."""
    os.environ["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] = "true"
    from opentelemetry.instrumentation.botocore import BotocoreInstrumentor

    record.instrumented(BotocoreInstrumentor(), bedrock_conversation)


# Mistral.


def mistral_conversation() -> None:
    """Chat with a tool there and back, a stream, embeddings."""
    try:
        from mistralai.client import Mistral
    except ImportError:
        from mistralai import Mistral

    client = Mistral(api_key="none", server_url=os.environ["LLM"])
    messages: Any = [
        {"role": "system", "content": record.SYSTEM},
        {"role": "user", "content": record.QUESTION},
    ]
    model = "mistral-small-latest"
    reply = client.chat.complete(
        model=model, messages=messages, tools=TOOLS, temperature=0.2, max_tokens=64
    )
    said = reply.choices[0].message
    messages.append(said)
    messages.append(
        {
            "role": "tool",
            "name": "get_weather",
            "tool_call_id": said.tool_calls[0].id,
            "content": record.ANSWER,
        }
    )
    client.chat.complete(model=model, messages=messages, tools=TOOLS)
    hello: Any = [{"role": "user", "content": "Say hello."}]
    for _ in client.chat.stream(model=model, messages=hello):
        pass
    client.embeddings.create(model="mistral-embed", inputs=["alpha", "beta"])


def openinference_mistral() -> None:
    """openinference-instrumentation-mistralai==2.2.2 mistralai."""
    from openinference.instrumentation.mistralai import MistralAIInstrumentor

    record.instrumented(MistralAIInstrumentor(), mistral_conversation)


def traceloop_mistral() -> None:
    """opentelemetry-instrumentation-mistralai==0.62.4 mistralai."""
    from opentelemetry.instrumentation.mistralai import MistralAiInstrumentor

    record.instrumented(MistralAiInstrumentor(), mistral_conversation)


# Gemini.


def gemini_conversation() -> None:
    """Content with a tool there and back, a stream, embeddings."""
    from google import genai
    from google.genai import types

    client = genai.Client(api_key="none", http_options={"base_url": os.environ["LLM"]})
    declared = types.FunctionDeclaration(
        name="get_weather",
        description=record.TOOL["description"],
        parameters_json_schema=record.TOOL["schema"],
    )
    config = types.GenerateContentConfig(
        system_instruction=record.SYSTEM,
        temperature=0.2,
        max_output_tokens=64,
        tools=[types.Tool(function_declarations=[declared])],
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
    )
    asked = [types.Content(role="user", parts=[types.Part(text=record.QUESTION)])]
    model = "gemini-2.5-flash"
    reply = client.models.generate_content(model=model, contents=asked, config=config)
    asked.append(reply.candidates[0].content)
    answer = types.Part.from_function_response(name="get_weather", response={"sky": "sunny"})
    asked.append(types.Content(role="user", parts=[answer]))
    client.models.generate_content(model=model, contents=asked, config=config)
    for _ in client.models.generate_content_stream(model=model, contents="Say hello."):
        pass
    client.models.embed_content(model="gemini-embedding-001", contents=["alpha", "beta"])


def openinference_gemini() -> None:
    """openinference-instrumentation-google-genai==1.4.14 google-genai."""
    from openinference.instrumentation.google_genai import GoogleGenAIInstrumentor

    record.instrumented(GoogleGenAIInstrumentor(), gemini_conversation)


def traceloop_gemini() -> None:
    """opentelemetry-instrumentation-google-generativeai==0.62.4 google-genai."""
    from opentelemetry.instrumentation.google_generativeai import GoogleGenerativeAiInstrumentor

    record.instrumented(GoogleGenerativeAiInstrumentor(), gemini_conversation)


def otel_gemini() -> None:
    """opentelemetry-instrumentation-google-genai 'google-genai<3'."""
    os.environ["OTEL_SEMCONV_STABILITY_OPT_IN"] = "gen_ai_latest_experimental"
    from opentelemetry.instrumentation.google_genai import GoogleGenAiSdkInstrumentor

    record.instrumented(GoogleGenAiSdkInstrumentor(), gemini_conversation)


# Groq, Cohere, Ollama, Vertex: chat as OpenAI has it.


def groq_conversation() -> None:
    """Chat with a tool there and back, a stream."""
    import httpx
    from groq import Groq

    def shorten(request: httpx.Request) -> None:
        """The stand-in has no folder of Groq's."""
        path = request.url.path.removeprefix("/openai")
        request.url = request.url.copy_with(path=path)

    http = httpx.Client(event_hooks={"request": [shorten]})
    client = Groq(api_key="none", base_url=os.environ["LLM"], http_client=http)
    model = "llama-3.3-70b-versatile"
    messages: Any = [
        {"role": "system", "content": record.SYSTEM},
        {"role": "user", "content": record.QUESTION},
    ]
    reply = client.chat.completions.create(
        model=model, messages=messages, tools=TOOLS, temperature=0.2, max_tokens=64
    )
    said = reply.choices[0].message
    messages.append(said.model_dump(exclude_none=True))
    call_id = said.tool_calls[0].id
    messages.append({"role": "tool", "tool_call_id": call_id, "content": record.ANSWER})
    client.chat.completions.create(model=model, messages=messages, tools=TOOLS)
    hello: Any = [{"role": "user", "content": "Say hello."}]
    for _ in client.chat.completions.create(model=model, messages=hello, stream=True):
        pass


def openinference_groq() -> None:
    """openinference-instrumentation-groq==0.1.33 groq."""
    from openinference.instrumentation.groq import GroqInstrumentor

    record.instrumented(GroqInstrumentor(), groq_conversation)


def traceloop_groq() -> None:
    """opentelemetry-instrumentation-groq==0.62.4 groq."""
    from opentelemetry.instrumentation.groq import GroqInstrumentor

    record.instrumented(GroqInstrumentor(), groq_conversation)


def azure_inference() -> None:
    """azure-ai-inference azure-core-tracing-opentelemetry: messages are span events."""
    os.environ["AZURE_TRACING_GEN_AI_CONTENT_RECORDING_ENABLED"] = "true"
    spans, _ = record.otel()
    from azure.ai.inference import ChatCompletionsClient
    from azure.ai.inference.tracing import AIInferenceInstrumentor
    from azure.core.credentials import AzureKeyCredential
    from azure.core.settings import settings

    settings.tracing_implementation = "opentelemetry"
    AIInferenceInstrumentor().instrument(enable_content_recording=True)
    client = ChatCompletionsClient(
        endpoint=os.environ["LLM"] + "/v1", credential=AzureKeyCredential("none")
    )
    messages: Any = [
        {"role": "system", "content": record.SYSTEM},
        {"role": "user", "content": record.QUESTION},
    ]
    reply = client.complete(model="gpt-4o-mini", messages=messages, tools=TOOLS, temperature=0.2)
    said = reply.choices[0].message
    messages.append(
        {"role": "assistant", "tool_calls": [call.as_dict() for call in said.tool_calls]}
    )
    call_id = said.tool_calls[0].id
    messages.append({"role": "tool", "tool_call_id": call_id, "content": record.ANSWER})
    client.complete(model="gpt-4o-mini", messages=messages, tools=TOOLS)
    for _ in client.complete(
        model="gpt-4o-mini", messages=[{"role": "user", "content": "Say hello."}], stream=True
    ):
        pass
    spans.shutdown()


def litellm_conversation() -> None:
    """Chat with a tool, a stream, embeddings."""
    import litellm

    base = {"api_key": "none", "api_base": os.environ["LLM"] + "/v1"}
    messages: Any = [
        {"role": "system", "content": record.SYSTEM},
        {"role": "user", "content": record.QUESTION},
    ]
    litellm.completion(
        model="openai/gpt-4o-mini", messages=messages, tools=TOOLS, temperature=0.2, **base
    )
    hello: Any = [{"role": "user", "content": "Say hello."}]
    for _ in litellm.completion(
        model="openai/gpt-4o-mini",
        messages=hello,
        stream=True,
        stream_options={"include_usage": True},
        **base,
    ):
        pass
    litellm.embedding(model="openai/text-embedding-3-small", input=["alpha", "beta"], **base)


def openinference_litellm() -> None:
    """openinference-instrumentation-litellm==0.1.51 litellm."""
    from openinference.instrumentation.litellm import LiteLLMInstrumentor

    record.instrumented(LiteLLMInstrumentor(), litellm_conversation)


def litellm_own() -> None:
    """litellm: the callback of its own."""
    import time

    import litellm

    endpoint = os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"]
    os.environ |= {"OTEL_EXPORTER": "otlp_http", "OTEL_ENDPOINT": endpoint + "/v1/traces"}
    litellm.callbacks = ["otel"]
    litellm_conversation()
    time.sleep(8)


def laminar() -> None:
    """lmnr==0.8.2 openai anthropic."""
    from lmnr import Laminar, observe

    os.environ["OTEL_EXPORTER_OTLP_HEADERS"] = "a=b"
    Laminar.initialize()

    @observe(session_id="chat-1", user_id="ann", tags=["demo"], metadata={"tier": "pro"})
    def turn(question: str) -> str:
        record.openai_conversation()
        record.anthropic_conversation()
        return "done with " + question

    @observe(span_type="TOOL")
    def get_weather(city: str) -> dict[str, Any]:
        return {"temperature_c": 18, "city": city}

    turn(record.QUESTION)
    get_weather("Paris")
    Laminar.flush()
    Laminar.shutdown()


SENDERS = (
    openinference_bedrock,
    traceloop_bedrock,
    otel_botocore,
    openinference_mistral,
    traceloop_mistral,
    openinference_gemini,
    traceloop_gemini,
    otel_gemini,
    openinference_groq,
    traceloop_groq,
    azure_inference,
    openinference_litellm,
    litellm_own,
    laminar,
)

if __name__ == "__main__":
    record.main({each.__name__.replace("_", "-"): each for each in SENDERS}, __file__)
