"""What a traced program did, read back: from memory, or from a server as it stored it."""

import json
import time
from collections.abc import Callable
from typing import Any, TypeVar

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from weave_core import Client
from weave_core.errors import NotFound
from weave_core.model import Span

__all__ = ["Recorder", "stored_spans", "wait_for"]

T = TypeVar("T")


class Recorder:
    """The spans that ended, as OpenTelemetry has them."""

    def __init__(self, memory: InMemorySpanExporter) -> None:
        self._memory = memory

    @property
    def spans(self) -> list[ReadableSpan]:
        """In the order in which they ended."""
        return list(self._memory.get_finished_spans())

    def clear(self) -> None:
        """Forget what ended until now."""
        self._memory.clear()

    @property
    def names(self) -> list[str]:
        """Their names."""
        return [span.name for span in self.spans]

    def one(self, name: str) -> ReadableSpan:
        """The only span of that name."""
        [span] = [span for span in self.spans if span.name == name]
        return span

    def attribute(self, name: str, key: str) -> Any:
        """An attribute of the only span of that name."""
        return (self.one(name).attributes or {}).get(key)

    def read(self, span: ReadableSpan, key: str) -> Any:
        """An attribute of `span` that holds JSON."""
        return json.loads(str((span.attributes or {})[key]))

    def inputs(self, name: str) -> Any:
        """What went in, as recorded."""
        return self.read(self.one(name), "weave_core.inputs")

    def outputs(self, name: str) -> Any:
        """What came out, as recorded."""
        return self.read(self.one(name), "weave_core.outputs")

    def parent(self, name: str) -> str | None:
        """The name of its parent span, if that ended too."""
        parent = self.one(name).parent
        names = {s.context.span_id: s.name for s in self.spans if s.context is not None}
        return names[parent.span_id] if parent is not None else None


def wait_for(question: Callable[[], T], timeout_s: float = 20.0) -> T:
    """Ask until the answer is true; the last answer fails the test by itself."""
    deadline = time.monotonic() + timeout_s
    while not (answer := question()) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert answer, f"still {answer!r} after {timeout_s} s"
    return answer


def stored_spans(client: Client, project: str) -> list[Span]:
    """Every span that the server has of `project`, with its payload; none where it is unknown."""
    try:
        traces = list(client.iter_traces(project))
    except NotFound:
        return []
    return [span for t in traces for span in client.get_trace(project, t.trace_id).spans]
