"""Runs as a training program writes them, sent from the test's own process, and read back."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import weave_core
from weave_core import Client

__all__ = ["points", "training"]


@contextmanager
def training(project: str, endpoint: str, home: Path) -> Iterator[None]:
    """Tracing as a training program has it, with `project` as what nobody names."""
    settings = {"WEAVE_CORE_HOME": str(home), "WEAVE_CORE_PROJECT": project}
    with mock.patch.dict(os.environ, settings):
        started = weave_core.init(project, endpoint)
        try:
            yield
        finally:
            started.shutdown()


def points(client: Client, project: str, run_id: str) -> dict[str, dict[int, float]]:
    """All that was logged, by key and step."""
    columns = client.run(run_id, project).history().to_arrow().to_pydict()
    steps = columns.pop("step")
    return {
        key: {step: each for step, each in zip(steps, column, strict=True) if each is not None}
        for key, column in columns.items()
    }
