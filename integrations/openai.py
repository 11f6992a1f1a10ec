"""Trace the `openai` SDK: chat, responses, embeddings, images, audio, moderations and realtime.

    import weave_core.integrations.openai as openai_tracing

    openai_tracing.instrument()

Every client is covered, sync and async, Azure's too, those that exist already included.  The
request is sent as it was written: a chat stream tells its token usage only if it was asked to with
`stream_options={"include_usage": True}`.
"""

from typing import Any

from opentelemetry import trace

from weave_core.errors import MissingExtra
from weave_core.integrations import _openai_realtime
from weave_core.integrations._openai_chat import CHAT, EMBEDDINGS
from weave_core.integrations._openai_media import IMAGES, MODERATIONS, SPEECH, TRANSCRIPTIONS
from weave_core.integrations._openai_responses import RESPONSES
from weave_core.integrations._requests import Sdk
from weave_core.versions import package_version

__all__ = ["instrument", "uninstrument"]

_APIS = {
    "/chat/completions": CHAT,
    "/responses": RESPONSES,
    "/embeddings": EMBEDDINGS,
    "/moderations": MODERATIONS,
    "/images/generations": IMAGES,
    "/images/edits": IMAGES,
    "/images/variations": IMAGES,
    "/audio/speech": SPEECH,
    "/audio/transcriptions": TRANSCRIPTIONS,
    "/audio/translations": TRANSCRIPTIONS,
}

_PROVIDERS = {
    "openai.azure.com": "azure.ai.openai",
    "cognitiveservices.azure.com": "azure.ai.openai",
    "services.ai.azure.com": "azure.ai.inference",
    "api.deepseek.com": "deepseek",
    "api.groq.com": "groq",
    "api.mistral.ai": "mistral_ai",
    "api.moonshot.ai": "moonshot_ai",
    "api.perplexity.ai": "perplexity",
    "api.x.ai": "x_ai",
    "generativelanguage.googleapis.com": "gcp.gemini",
    "aiplatform.googleapis.com": "gcp.vertex_ai",
    "api.anthropic.com": "anthropic",
    "amazonaws.com": "aws.bedrock",
    "openrouter.ai": "openrouter",
}
"""End of a host name to `gen_ai.provider.name`; any other host speaks as OpenAI."""


def instrument() -> None:
    """Trace every call of every `openai` client from now on; calling it again changes nothing.

    Raises:
        MissingExtra: If `openai` is not installed.
    """
    tracer = trace.get_tracer("weave_core.integrations.openai", package_version())
    Sdk(tracer, _APIS, provider=_provider).instrument(*_clients())
    _openai_realtime.instrument(tracer)


def uninstrument() -> None:
    """Stop tracing; calls that are under way end their spans."""
    Sdk.uninstrument(*_clients())
    _openai_realtime.uninstrument()


def _clients() -> tuple[type, type]:
    try:
        import openai  # Late: the library is an extra.
    except ModuleNotFoundError as error:
        if error.name != "openai":
            raise
        raise MissingExtra(
            "tracing OpenAI needs the package openai, which is not installed",
            'pip install "weave-core[openai]"',
        ) from error
    return openai.OpenAI, openai.AsyncOpenAI


def _provider(client: Any) -> str:
    if "Azure" in type(client).__name__:
        return "azure.ai.openai"
    host = f".{client.base_url.host}"
    for ending, provider in _PROVIDERS.items():
        if host.endswith(f".{ending}"):
            return provider
    return "openai"
