"""Trace the `anthropic` SDK: messages, streamed or not, the beta ones included.

    import weave_core.integrations.anthropic as anthropic_tracing

    anthropic_tracing.instrument()

Every client is covered, sync and async, Bedrock's and Vertex's too, those that exist already
included.  From version 2 on the SDK writes a span of its own for each call, without content; for
the calls traced here it is asked not to, so that no token is counted twice.
"""

from typing import Any

from opentelemetry import propagate, trace
from opentelemetry.trace import Span

from weave_core.errors import MissingExtra
from weave_core.integrations._anthropic_messages import MESSAGES
from weave_core.integrations._requests import Sdk
from weave_core.versions import package_version

__all__ = ["instrument", "uninstrument"]

_APIS = {"/v1/messages": MESSAGES}

_PROVIDERS = {"Bedrock": "aws.bedrock", "Vertex": "gcp.vertex_ai", "AWS": "aws.bedrock"}
"""Part of a client's class name to `gen_ai.provider.name`."""


def instrument() -> None:
    """Trace every call of every `anthropic` client from now on; calling it again changes nothing.

    Raises:
        MissingExtra: If `anthropic` is not installed.
    """
    tracer = trace.get_tracer("weave_core.integrations.anthropic", package_version())
    sdk = Sdk(tracer, _APIS, provider=_provider, before=_silence)
    sdk.instrument(*_clients())


def uninstrument() -> None:
    """Stop tracing; calls that are under way end their spans."""
    Sdk.uninstrument(*_clients())


def _clients() -> tuple[type, type]:
    try:
        import anthropic  # Late: the library is an extra.
    except ModuleNotFoundError as error:
        if error.name != "anthropic":
            raise
        raise MissingExtra(
            "tracing Anthropic needs the package anthropic, which is not installed",
            'pip install "weave-core[anthropic]"',
        ) from error
    return anthropic.Anthropic, anthropic.AsyncAnthropic


def _provider(client: Any) -> str:
    name = type(client).__name__
    return next((told for part, told in _PROVIDERS.items() if part in name), "anthropic")


def _silence(client: Any, options: Any, span: Span) -> None:
    """Keep the SDK from writing its own span of this call, and do for it what goes with it."""
    if getattr(options, "span_name", None) is None:
        return  # Before version 2, or switched off.
    # The options are this call's own. A request without a name is one that the SDK leaves alone.
    options.span_name = None
    settings = getattr(client, "_open_telemetry", None) or {}
    if settings.get("propagation") and settings.get("traces", {}).get("enabled"):
        # With its span goes the header that the SDK sends to whoever traces behind it.
        carrier: dict[str, str] = {}
        propagate.inject(carrier, trace.set_span_in_context(span))
        given = options.headers
        options.headers = {**carrier, **given} if isinstance(given, dict) else carrier
