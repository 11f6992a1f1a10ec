"""Other tracers, each decorating a function as its own documentation says, for the cost of a call.

Read in each one's own environment too, so nothing but Python's library is imported up here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

__all__ = ["PEER_TRACERS", "PeerTracer"]

Decorate = Callable[[Any, str], Any]
"""Gives the traced function; told the function and its shape: `sync`, `async` or `stream`."""
Started = tuple[Decorate, Callable[[], object]]
"""And what waits until all was sent."""


@dataclass(frozen=True)
class PeerTracer:
    """How one is installed and used."""

    packages: tuple[str, ...]
    start: Callable[[str], Started]
    """Told the URL of a server that takes all that is posted."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """`{endpoint}` stands for that URL."""

    def variables(self, endpoint: str) -> dict[str, str]:
        """The environment of its process."""
        return {key: value.format(endpoint=endpoint) for key, value in self.environment.items()}


def _phoenix(endpoint: str) -> Started:
    otel = import_module("phoenix.otel")
    provider = otel.register(
        endpoint=f"{endpoint}/v1/traces",
        protocol="http/protobuf",
        batch=True,
        verbose=False,
        set_global_tracer_provider=False,
    )
    tracer = provider.get_tracer("benchmark")
    return (lambda func, _shape: tracer.chain(func)), provider.force_flush


def _langfuse(endpoint: str) -> Started:
    langfuse = import_module("langfuse")
    client = langfuse.Langfuse(public_key="pk-lf-1", secret_key="sk-lf-1", base_url=endpoint)  # noqa: S106  # The sink asks for none.
    return (lambda func, _shape: langfuse.observe(func)), client.flush


def _mlflow(_endpoint: str) -> Started:
    mlflow = import_module("mlflow")
    return (lambda func, _shape: mlflow.trace(func)), mlflow.flush_trace_async_logging


def _logfire(_endpoint: str) -> Started:
    logfire = import_module("logfire")
    logfire.configure(send_to_logfire=False, console=False, inspect_arguments=False)

    def decorate(func: Any, shape: str) -> Any:
        options = {"allow_generator": True} if shape == "stream" else {"record_return": True}
        return logfire.instrument(**options)(func)

    return decorate, logfire.force_flush


def _opik(_endpoint: str) -> Started:
    opik = import_module("opik")
    return (lambda func, _shape: opik.track(func)), opik.flush_tracker


def _weave(_endpoint: str) -> Started:
    weave = import_module("weave")
    client = weave.init("benchmark/benchmark")
    return (lambda func, _shape: weave.op(func)), client.flush


_OTLP = {
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "{endpoint}/v1/traces",
    "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf",
}

PEER_TRACERS = {
    "phoenix": PeerTracer(("arize-phoenix-otel", "openinference-instrumentation"), _phoenix),
    "langfuse": PeerTracer(("langfuse",), _langfuse),
    "mlflow": PeerTracer(
        ("mlflow-skinny", "opentelemetry-exporter-otlp-proto-http"),
        _mlflow,
        {**_OTLP, "MLFLOW_DISABLE_TELEMETRY": "true"},
    ),
    "logfire": PeerTracer(("logfire",), _logfire, _OTLP),
    "weave": PeerTracer(
        ("weave",),
        _weave,
        {
            "WANDB_BASE_URL": "{endpoint}",
            "WF_TRACE_SERVER_URL": "{endpoint}",
            "WANDB_API_KEY": "0" * 40,
            "WEAVE_PRINT_CALL_LINK": "false",
        },
    ),
    "opik": PeerTracer(("opik",), _opik, {"OPIK_URL_OVERRIDE": "{endpoint}/api"}),
}
