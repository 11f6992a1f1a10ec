"""Spans in memory, and the local model server that makes them."""

import os
from collections.abc import AsyncIterator, Iterator

import anthropic
import openai
import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from support.stored_traces import llm, stored

from weave_core import integrations

__all__ = ["llm", "stored"]

# Before LiteLLM is imported: it would fetch its price list from the internet.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"


class Spans:
    """What has been exported since the test began."""

    def __init__(self, exporter: InMemorySpanExporter) -> None:
        self._exporter = exporter

    def all(self) -> list[ReadableSpan]:
        """All of them, in the order in which they ended."""
        return list(self._exporter.get_finished_spans())

    def clear(self) -> None:
        """Forget what has ended so far."""
        self._exporter.clear()

    def one(self) -> ReadableSpan:
        """The only one; fails where there are more or none."""
        (span,) = self.all()
        return span

    def tree(self) -> list[str]:
        """Names, indented below their parents, in the order in which they started."""
        spans = sorted(self.all(), key=lambda span: span.start_time or 0)
        depth: dict[int, int] = {}
        lines = []
        for span in spans:
            assert span.context is not None
            level = depth.get(span.parent.span_id, -1) + 1 if span.parent else 0
            depth[span.context.span_id] = level
            lines.append("  " * level + span.name)
        return lines


@pytest.fixture
def spans(ended_spans: InMemorySpanExporter) -> Iterator[Spans]:
    """The spans of this test; libraries are traced while it runs."""
    ended_spans.clear()
    integrations.instrument_all()
    yield Spans(ended_spans)
    integrations.uninstrument_all()
    ended_spans.clear()


@pytest.fixture
def openai_client(llm: str) -> Iterator[openai.OpenAI]:
    """A client of the local model server that does not retry."""
    with openai.OpenAI(base_url=f"{llm}/v1", api_key="none", max_retries=0) as client:
        yield client


@pytest.fixture
async def async_openai_client(llm: str) -> AsyncIterator[openai.AsyncOpenAI]:
    """The same, asynchronous."""
    async with openai.AsyncOpenAI(base_url=f"{llm}/v1", api_key="none", max_retries=0) as client:
        yield client


@pytest.fixture
def anthropic_client(llm: str) -> Iterator[anthropic.Anthropic]:
    """A client of the local model server that does not retry."""
    with anthropic.Anthropic(base_url=llm, api_key="none", max_retries=0) as client:
        yield client


@pytest.fixture
async def async_anthropic_client(llm: str) -> AsyncIterator[anthropic.AsyncAnthropic]:
    """The same, asynchronous."""
    async with anthropic.AsyncAnthropic(base_url=llm, api_key="none", max_retries=0) as client:
        yield client
