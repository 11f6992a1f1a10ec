"""Trace Pydantic AI: agent runs, model requests and tools.

    import weave_core.integrations.pydantic_ai as pydantic_ai_tracing

    pydantic_ai_tracing.instrument()

The spans are Pydantic AI's own; an agent that was told what to do about them does that.
"""

from typing import Any

from weave_core.errors import MissingExtra

__all__ = ["instrument", "uninstrument"]


def instrument() -> None:
    """Let every agent write its spans to the global tracer provider from now on.

    Raises:
        MissingExtra: If `pydantic-ai-slim` is not installed.
    """
    _agent().instrument_all()


def uninstrument() -> None:
    """Let agents write no spans unless they are told to."""
    _agent().instrument_all(False)


def _agent() -> Any:
    try:
        from pydantic_ai import Agent  # Late: the library is an extra.
    except ModuleNotFoundError as error:
        if error.name != "pydantic_ai":
            raise
        raise MissingExtra(
            "tracing Pydantic AI needs the package pydantic-ai-slim, which is not installed",
            'pip install "weave-core[pydantic_ai]"',
        ) from error
    return Agent
