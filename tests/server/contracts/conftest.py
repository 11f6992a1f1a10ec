"""Every database that the store knows, behind one server each; the tests do not know which."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.postgres import new_database
from support.servers import ServerProcess, start_server

STORES = ("sqlite", "postgresql")


@pytest.fixture(scope="session", params=STORES)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerProcess]:
    """One server a database; each test works in a project of its own."""
    home = tmp_path_factory.mktemp(request.param)
    with start_server(home, env=_env(request, request.param)) as running:
        yield running


@pytest.fixture(params=STORES)
def store_env(request: pytest.FixtureRequest) -> dict[str, str]:
    """What a server has to be told to use an empty database of this test alone."""
    return _env(request, request.param)


@pytest.fixture
def database_url(postgres_url: str) -> str:
    """An empty PostgreSQL database of this test alone."""
    return new_database(postgres_url)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A server's folder."""
    return tmp_path / "home"


def _env(request: pytest.FixtureRequest, store: str) -> dict[str, str]:
    if store == "sqlite":
        return {}
    return {"WEAVE_CORE_DATABASE_URL": new_database(request.getfixturevalue("postgres_url"))}
