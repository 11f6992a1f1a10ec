"""The libraries that can be traced, one module of this package for each."""

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

__all__ = ["LIBRARIES", "TRAINERS", "Library", "is_installed"]


@dataclass(frozen=True)
class Library:
    """A library, and whose instrumentation tells of it."""

    module: str
    """After whose import it can be traced."""
    distribution: str
    """That brings it."""
    instrumentation: str | None = None
    """Distribution of another project's instrumentation; None: the spans are ours or its own."""

    @property
    def distributions(self) -> tuple[str, ...]:
        """All that it takes to trace it."""
        return (self.distribution, *([self.instrumentation] if self.instrumentation else []))


LIBRARIES = {
    "anthropic": Library("anthropic", "anthropic"),
    "bedrock": Library("botocore.client", "boto3", "openinference-instrumentation-bedrock"),
    "crewai": Library("crewai", "crewai", "openinference-instrumentation-crewai"),
    "dspy": Library("dspy", "dspy", "openinference-instrumentation-dspy"),
    "google_genai": Library(
        "google.genai", "google-genai", "opentelemetry-instrumentation-google-genai"
    ),
    "instructor": Library("instructor", "instructor", "openinference-instrumentation-instructor"),
    "langchain": Library("langchain_core.callbacks.manager", "langchain-core"),
    "litellm": Library("litellm", "litellm", "openinference-instrumentation-litellm"),
    "llama_index": Library("llama_index.core", "llama-index-core"),
    "mcp": Library("mcp", "mcp"),
    "openai": Library("openai", "openai"),
    "openai_agents": Library(
        "agents", "openai-agents", "openinference-instrumentation-openai-agents"
    ),
    "pydantic_ai": Library("pydantic_ai", "pydantic-ai-slim"),
    "smolagents": Library("smolagents", "smolagents", "openinference-instrumentation-smolagents"),
}
"""By the name of the module of this package, which is the extra's name too."""

TRAINERS: dict[str, tuple[str, ...]] = {
    "catboost": ("catboost",),
    "jax": ("jax", "optax"),
    "keras": ("keras",),
    "lightgbm": ("lightgbm",),
    "lightning": ("lightning",),
    "ray": ("ray",),
    "sklearn": ("scikit-learn",),
    "torch": ("torch",),
    "transformers": ("transformers",),
    "xgboost": ("xgboost",),
}
"""Libraries that train, by the name of the module here that has a callback or logger for them; they
are handed it, so there is nothing to switch on."""


def is_installed(library: Library) -> bool:
    """Whether it is here with what it takes to trace it; nothing is imported to tell."""
    try:
        for distribution in library.distributions:
            version(distribution)
    except PackageNotFoundError:
        return False
    return True
