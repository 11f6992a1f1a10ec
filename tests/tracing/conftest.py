"""Tracing as a program has it, started for one test and watched by OpenTelemetry's exporter."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from support.commands import clean_env
from support.programs import Recorder

import weave_core


@pytest.fixture
def recorder(
    ended_spans: InMemorySpanExporter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Recorder]:
    """The spans that end during this test; tracing runs offline, joined to that provider."""
    monkeypatch.setenv("WEAVE_CORE_HOME", str(tmp_path / "home"))
    ended_spans.clear()
    tracing = weave_core.init("test", "offline")
    yield Recorder(ended_spans)
    tracing.shutdown()


@pytest.fixture
def run_program(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a Python program of its own process; `home` is its WEAVE_CORE_HOME."""

    def run(
        code: str, *args: str, check: bool = True, folder: Path = tmp_path, **env: str
    ) -> subprocess.CompletedProcess[str]:
        program = folder / "program.py"
        program.write_text(code, encoding="utf-8")
        return subprocess.run(
            [sys.executable, str(program), *args],
            env={**clean_env(), "WEAVE_CORE_HOME": str(tmp_path / "home"), **env},
            capture_output=True,
            text=True,
            check=check,
            timeout=60,
        )

    return run
