r"""Records older releases, and frameworks whose pins clash with the others; see record.py.

Each sender needs an environment of its own, with what its docstring names:

    python -m venv /tmp/older && /tmp/older/bin/pip install 'opentelemetry-sdk<1.36' \
        'opentelemetry-exporter-otlp-proto-http<1.36' ...
    /tmp/older/bin/python tests/server/normalise/record_older.py SENDER
"""

# mypy: ignore-errors
# What is recorded is installed elsewhere, not beside mypy.

import os
from typing import Any

import record


def traceloop_openai_old() -> None:
    """opentelemetry-instrumentation-openai==0.40.14 'openai<2'."""
    record.traceloop_openai()


def traceloop_anthropic_old() -> None:
    """opentelemetry-instrumentation-anthropic==0.40.14 'anthropic<0.60'."""
    from anthropic import Anthropic
    from opentelemetry.instrumentation.anthropic import AnthropicInstrumentor

    def thinks() -> None:
        Anthropic(api_key="none", base_url=os.environ["LLM"]).messages.create(
            model="claude-sonnet-4-5",
            max_tokens=2048,
            thinking={"type": "enabled", "budget_tokens": 1024},
            messages=[{"role": "user", "content": "Say hello."}],
        )

    record.instrumented(AnthropicInstrumentor(), thinks)


def traceloop_langchain() -> None:
    """opentelemetry-instrumentation-langchain==0.62.4 langchain-openai."""
    from opentelemetry.instrumentation.langchain import LangchainInstrumentor

    record.instrumented(LangchainInstrumentor(), record.langchain_conversation)


def pydantic_ai_old() -> None:
    """'pydantic-ai-slim[openai]==1.0.0' 'openai<2': format version 1, events in an attribute."""
    from pydantic_ai import Agent
    from pydantic_ai.models.instrumented import InstrumentationSettings
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    spans, _ = record.otel()
    provider = OpenAIProvider(base_url=os.environ["LLM"] + "/v1", api_key="none")
    agent = Agent(
        OpenAIChatModel("gpt-4o-mini", provider=provider),
        name="weather",
        system_prompt=record.SYSTEM,
    )
    Agent.instrument_all(InstrumentationSettings(tracer_provider=spans, version=1))

    @agent.tool_plain
    def get_weather(city: str) -> str:
        """Current weather of a city."""
        return f"18 degrees in {city}"

    agent.run_sync(record.QUESTION)
    spans.shutdown()


def logfire_old() -> None:
    """logfire==2.11.1 'openai<1.60' 'httpx<0.28'."""
    import logfire
    from openai import OpenAI

    logfire.configure(send_to_logfire=False, console=False, service_name=os.environ["SENDER"])
    logfire.instrument_openai()
    model = OpenAI(api_key="none", base_url=os.environ["LLM"] + "/v1")
    messages: Any = [
        {"role": "system", "content": record.SYSTEM},
        {"role": "user", "content": "Say hello."},
    ]
    model.chat.completions.create(model="gpt-4o-mini", messages=messages, temperature=0.2)
    for _ in model.chat.completions.create(
        model="gpt-4o-mini",
        messages=messages[1:],
        stream=True,
        stream_options={"include_usage": True},
    ):
        pass
    model.embeddings.create(model="text-embedding-3-small", input=["alpha", "beta"])
    logfire.force_flush()


def logfire_anthropic_old() -> None:
    """logfire==3.16.0 'anthropic<0.60'."""
    import logfire
    from anthropic import Anthropic

    logfire.configure(
        send_to_logfire=False,
        console=False,
        service_name=os.environ["SENDER"],
        inspect_arguments=False,
    )
    logfire.instrument_anthropic()
    Anthropic(api_key="none", base_url=os.environ["LLM"]).messages.create(
        model="claude-sonnet-4-5",
        max_tokens=64,
        system=record.SYSTEM,
        messages=[{"role": "user", "content": "Say hello."}],
    )
    logfire.shutdown()


def langfuse_responses() -> None:
    """Langfuse 5.0.4 with openai: a stream, the Responses API, embeddings."""
    from langfuse import Langfuse
    from langfuse.openai import OpenAI

    langfuse = Langfuse(
        public_key="pk",
        secret_key=os.environ["SENDER"],
        host=os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"],
    )
    model = OpenAI(api_key="none", base_url=os.environ["LLM"] + "/v1")
    tool: Any = {k: v for k, v in record.TOOL.items() if k != "schema"}
    tool |= {"type": "function", "parameters": record.TOOL["schema"], "strict": False}
    hello: Any = [{"role": "user", "content": "Say hello."}]
    for _ in model.chat.completions.create(model="gpt-4o-mini", messages=hello, stream=True):
        pass
    model.responses.create(model="gpt-4o-mini", input=record.QUESTION, tools=[tool])
    model.responses.create(model="gpt-4o-mini", input="Say hello.")
    model.embeddings.create(model="text-embedding-3-small", input=["alpha", "beta"])
    langfuse.flush()
    langfuse.shutdown()


def langfuse_v3() -> None:
    """'langfuse<4' openai."""
    record.langfuse_openai()


def langfuse_v4() -> None:
    """'langfuse<5' openai."""
    record.langfuse_openai()


def openinference_openai_old() -> None:
    """'openinference-instrumentation-openai<0.1.20' 'openai<2'."""
    record.openinference_openai()


def openinference_langchain_old() -> None:
    """'openinference-instrumentation-langchain<0.1.30' 'langchain-openai<0.3'."""
    record.openinference_langchain()


if __name__ == "__main__":
    record.main(
        {
            "traceloop-openai-old": traceloop_openai_old,
            "traceloop-anthropic-old": traceloop_anthropic_old,
            "traceloop-langchain": traceloop_langchain,
            "pydantic-ai-old": pydantic_ai_old,
            "logfire-old": logfire_old,
            "logfire-anthropic-old": logfire_anthropic_old,
            "langfuse-responses": langfuse_responses,
            "langfuse-v3": langfuse_v3,
            "langfuse-v4": langfuse_v4,
            "openinference-openai-old": openinference_openai_old,
            "openinference-langchain-old": openinference_langchain_old,
        },
        __file__,
    )
