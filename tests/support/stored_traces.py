"""Fixtures of tests that look at what the server made of a library's calls."""

import gc
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module

import local_llm
import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import weave_core
from support.servers import ServerProcess
from weave_core import Client
from weave_core.model import Span, Trace

__all__ = ["Stored", "check_totals", "llm", "of_kind", "said", "stored", "tracing"]

Stored = Callable[[], Trace]


@pytest.fixture(scope="session")
def llm() -> Iterator[str]:
    """URL of a local model server."""
    with local_llm.serve() as url:
        yield url


@pytest.fixture
def stored(
    ended_spans: InMemorySpanExporter, server: ServerProcess, client: Client, project: str
) -> Iterator[Stored]:
    """Gives the one trace that was stored since the test began."""
    ended_spans.clear()  # Asked for first: it sets the one global provider that `init` joins.
    weave_core.init(project, server.url)

    def read() -> Trace:
        assert weave_core.flush()
        until = time.monotonic() + 10
        while not (found := client.list_traces(project).items) and time.monotonic() < until:
            time.sleep(0.05)  # The list is made of sums that may come a moment later.
        (summary,) = found
        return client.get_trace(project, summary.trace_id)

    yield read
    weave_core.shutdown()
    with warnings.catch_warnings(action="ignore", category=ResourceWarning):
        gc.collect()  # Some libraries leave connections to be closed by it.


@contextmanager
def tracing(*names: str) -> Iterator[None]:
    """Trace the libraries of these integrations inside the block."""
    modules = [import_module(f"weave_core.integrations.{name}") for name in names]
    for module in modules:
        module.instrument()
    try:
        yield
    finally:
        for module in reversed(modules):
            module.uninstrument()


def of_kind(trace: Trace, kind: str) -> list[Span]:
    """Spans of one kind that are nobody's duplicate, in the order in which they started."""
    return sorted(
        (span for span in trace.spans if span.kind == kind and not span.is_duplicate),
        key=lambda span: span.started_ns,
    )


def said(span: Span) -> str:
    """All text that a model call answered."""
    assert span.messages is not None
    parts = [part for message in span.messages.output for part in message.parts]
    return "".join(str(part.content) for part in parts if part.type == "text")


def check_totals(trace: Trace, calls: int) -> None:
    """So many model calls, each with tokens, and the trace's sum is theirs: none counts twice."""
    models = of_kind(trace, "llm")
    assert len(models) == calls == trace.trace.model_call_count
    used = [model.usage for model in models]
    assert all(usage and usage.input_tokens and usage.output_tokens for usage in used)
    assert trace.trace.usage is not None
    assert trace.trace.usage.total_tokens == sum(
        usage.total_tokens or 0 for usage in used if usage is not None
    )
