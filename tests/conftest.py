"""Real things, small: a server process on a free port with its own data folder."""

import gc
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import httpx
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from support.postgres import find_postgres, start_postgres
from support.servers import ServerProcess, start_server

from weave_core import Client


def pytest_collection_finish() -> None:
    """Leave alone what all tests have loaded: a look for garbage went through a million objects."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def certificates_are_read_once() -> Iterator[None]:
    """Each `httpx.get` of a test reads a hundred and forty certificates, the same, in 30 ms."""
    with pytest.MonkeyPatch.context() as patch:
        once = cache(httpx.create_ssl_context)
        patch.setattr("httpx._transports.default.create_ssl_context", once)
        yield


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """One server for the whole run; each test works in a project of its own (`project`)."""
    with start_server(tmp_path_factory.mktemp("weave_home")) as running:
        yield running


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL of this run, as `start_postgres` names it."""
    if find_postgres() is None:
        pytest.skip("no PostgreSQL here: apt-get install postgresql")
    # Not below pytest's own folders: other runs clean those up, and a server whose data are gone
    # can't even be stopped.
    with (
        TemporaryDirectory(prefix="weave-core-postgres-") as folder,
        start_postgres(Path(folder)) as url,
    ):
        yield url


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


@pytest.fixture(scope="session", autouse=True)
def ended_spans() -> InMemorySpanExporter:
    """What ends in this process, in memory, as in a program that already uses OpenTelemetry.

    One provider for all tests, since it can be set once a process; and there before the first of
    them, since `init` in any would set another.
    """
    memory = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(memory))
    trace.set_tracer_provider(provider)
    assert trace.get_tracer_provider() is provider, "a test has set a global provider of its own"
    return memory
