"""One name per model provider, from the many spellings senders have."""

from typing import Any

__all__ = ["provider_name", "provider_of_host", "provider_of_model", "provider_of_scope"]

_NAMES = {
    "az.ai.openai": "azure.ai.openai",
    "azure": "azure.ai.openai",
    "azure_openai": "azure.ai.openai",
    "azure-openai": "azure.ai.openai",
    "azure_ad": "azure.ai.openai",
    "az.ai.inference": "azure.ai.inference",
    "azure_ai": "azure.ai.inference",
    "vertex_ai": "gcp.vertex_ai",
    "vertexai": "gcp.vertex_ai",
    "google_vertexai": "gcp.vertex_ai",
    "google.vertex": "gcp.vertex_ai",
    "gemini": "gcp.gemini",
    "google": "gcp.gemini",
    "google_genai": "gcp.gemini",
    "googleai": "gcp.gemini",
    "google-gla": "gcp.gemini",
    "google-vertex": "gcp.vertex_ai",
    "google.generative-ai": "gcp.gemini",
    "bedrock": "aws.bedrock",
    "aws": "aws.bedrock",
    "amazon_bedrock": "aws.bedrock",
    "amazon-bedrock": "aws.bedrock",
    "mistral": "mistral_ai",
    "mistralai": "mistral_ai",
    "xai": "x_ai",
    "x-ai": "x_ai",
    "watsonx": "ibm.watsonx.ai",
}
_DOTTED = ("gcp.", "azure.", "aws.", "ibm.")
"""Known names with a dot; any other is cut at it (`openai.chat`, `anthropic.messages`)."""
_FRAMEWORKS = frozenset(
    (
        "langchain",
        "langgraph",
        "gcp.vertex.agent",
        "crewai",
        "microsoft.agent_framework",
        "llamaindex",
        "llama_index",
        "strands-agents",
        "autogen",
        "haystack",
        "dspy",
        "smolagents",
        "ag2",
        "agno",
        "pydantic_ai",
        "semantic_kernel",
        "strands",
        "chat",
        "unknown",
        "_other",
    )
)
_INSTRUMENTED = ("logfire.", "openinference.instrumentation.", "opentelemetry.instrumentation.")
"""How names of scopes begin that end with what they instrument."""
_CLIENTS = frozenset(
    ("openai", "anthropic", "mistralai", "groq", "cohere", "google_genai", "vertexai", "bedrock")
)
_PREFIXES = frozenset(
    (
        *("openai", "anthropic", "azure", "azure_ai", "bedrock", "gemini", "vertex_ai", "mistral"),
        *("groq", "cohere", "deepseek", "xai", "perplexity", "ollama", "openrouter", "together_ai"),
        *("fireworks_ai", "cerebras", "huggingface", "watsonx", "moonshot", "replicate"),
    )
)
"""LiteLLM's names of providers: of `meta-llama/…` the first word is no provider."""
_MAKERS = (
    ("gpt-4", "openai"),
    ("gpt-5", "openai"),
    ("gpt-3.5-", "openai"),
    ("o1", "openai"),
    ("o3", "openai"),
    ("o4-", "openai"),
    ("text-embedding-", "openai"),
    ("claude-", "anthropic"),
    ("gemini-", "gcp.gemini"),
    ("mistral-", "mistral_ai"),
    ("command-r", "cohere"),
    ("deepseek-", "deepseek"),
    ("grok-", "x_ai"),
)
"""How names of models begin that say whose they are, for senders who name no provider at all."""
_HOSTS = (
    ("api.openai.com", "openai"),
    ("api.anthropic.com", "anthropic"),
    (".openai.azure.com", "azure.ai.openai"),
    ("generativelanguage.googleapis.com", "gcp.gemini"),
    ("aiplatform.googleapis.com", "gcp.vertex_ai"),
    (".amazonaws.com", "aws.bedrock"),
    ("api.mistral.ai", "mistral_ai"),
    ("api.groq.com", "groq"),
    ("api.deepseek.com", "deepseek"),
    ("api.x.ai", "x_ai"),
    ("api.cohere.com", "cohere"),
    ("api.cohere.ai", "cohere"),
    ("api.perplexity.ai", "perplexity"),
)


def provider_name(word: Any) -> str | None:
    """The canonical name; None for a framework or for nothing."""
    if type(word) is not str or not word:
        return None
    name = word.strip('" ').lower() if not word.islower() or word[:1] == '"' else word
    if name in _FRAMEWORKS:
        return None
    known = _NAMES.get(name)
    if known:
        return known
    if "." in name and not name.startswith(_DOTTED):
        name = name.partition(".")[0]
        return _NAMES.get(name, name)
    return name or None


def provider_of_model(model: str | None) -> str | None:
    """The provider that stands before a model's name (`openai/gpt-4o`, as LiteLLM has it).

    Else whose model it is, where only its maker's own API knows it by that name.
    """
    word, slash, _ = (model or "").partition("/")
    if slash:
        return provider_name(word) if word in _PREFIXES else None
    return next((name for start, name in _MAKERS if word.startswith(start)), None)


def provider_of_host(address: Any) -> str | None:
    """The provider that a well-known host name belongs to."""
    if type(address) is not str:
        return None
    for host, name in _HOSTS:
        if address.endswith(host):
            return name
    return None


def provider_of_scope(scope_name: str) -> str | None:
    """The provider whose client was instrumented: older senders say so nowhere else."""
    for prefix in _INSTRUMENTED:
        if scope_name.startswith(prefix):
            client = scope_name[len(prefix) :].partition(".")[0]
            return provider_name(client) if client in _CLIENTS else None
    return None
