"""Evaluations as a program runs them: traced into a real server, or kept on disk."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from support.servers import ServerProcess
from support.stored_traces import llm

import weave_core

__all__ = ["llm"]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`WEAVE_CORE_HOME` of this test: spool and journals."""
    monkeypatch.setenv("WEAVE_CORE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def traced(
    ended_spans: InMemorySpanExporter, server: ServerProcess, project: str, home: Path
) -> Iterator[str]:
    """Tracing of this process goes into a project of the server; gives its name."""
    del home
    ended_spans.clear()
    weave_core.init(project, server.url)
    yield project
    weave_core.shutdown()
