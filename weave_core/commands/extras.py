"""Which optional parts are installed, and what to type when one is missing."""

from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from weave_core.errors import MissingExtra

__all__ = ["EXTRAS", "missing_modules", "package_versions", "require_extra"]

EXTRAS: dict[str, dict[str, str]] = {
    "server": {
        "alembic": "alembic",
        "fastapi": "fastapi",
        "genai_prices": "genai-prices",
        "google.rpc": "googleapis-common-protos",
        "grpc": "grpcio",
        "sqlglot": "sqlglot",
        "sqlmodel": "sqlmodel",
        "uvicorn": "uvicorn",
        "zstandard": "zstandard",
    },
    "postgres": {"psycopg": "psycopg"},
    "blobs": {"fsspec": "fsspec"},
    "app": {"pandas": "pandas", "streamlit": "streamlit"},
    "data": {"pandas": "pandas", "pyarrow": "pyarrow"},
    "openai": {"openai": "openai"},
    "anthropic": {"anthropic": "anthropic"},
    "langchain": {"langchain_core": "langchain-core"},
    "llama_index": {"llama_index.core": "llama-index-core"},
    "openai_agents": {"agents": "openai-agents"},
    "pydantic_ai": {"pydantic_ai": "pydantic-ai-slim"},
}
"""Extra to the modules it brings, each with the distribution that holds it."""


def missing_modules(extra: str) -> list[str]:
    """Modules of `extra` that can't be found; nothing is imported to tell."""
    return [module for module in EXTRAS[extra] if not _is_there(module)]


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # The package above a dotted name is missing.
        return False


def package_versions(extra: str) -> dict[str, str]:
    """Installed distributions of `extra` with their versions."""
    found = {}
    for distribution in EXTRAS[extra].values():
        try:
            found[distribution] = version(distribution)
        except PackageNotFoundError:
            continue
    return found


def require_extra(*extras: str, wanted_by: str) -> None:
    """Refuse to go on without `extras`.

    Raises:
        MissingExtra: If a module of one can't be found.
    """
    if missing := [module for extra in extras for module in missing_modules(extra)]:
        raise MissingExtra(
            f"`{wanted_by}` needs what is not installed: {', '.join(missing)}",
            f'pip install "weave-core[{",".join(extras)}]"',
        )
