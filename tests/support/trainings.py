"""Runs as a training program writes them, sent from the test's own process."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import weave_core

__all__ = ["training"]


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
