"""Real things, small: a server process on a free port with its own data folder."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from support.servers import ServerProcess, start_server

from weave_core import Client


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """One server for the whole run; each test works in a project of its own (`project`)."""
    with start_server(tmp_path_factory.mktemp("weave_home")) as running:
        yield running


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[ServerProcess]:
    """A server of this test alone, for tests that kill it, fill it or count all its projects."""
    with start_server(tmp_path / "home") as running:
        yield running


@pytest.fixture
def client(server: ServerProcess) -> Iterator[Client]:
    """A client of the shared server."""
    with Client(server.url) as reader:
        yield reader


@pytest.fixture
def project() -> str:
    """A project name that no other test uses."""
    return f"test-{uuid4().hex[:12]}"
