"""The package as users get it: built, and installed where no checkout is in sight."""

from pathlib import Path

import pytest
from support.environments import Environment, install
from support.wheels import build


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the source distribution and the wheel that was built from it."""
    return build(tmp_path_factory.mktemp("built"))


@pytest.fixture(scope="session")
def wheel(built: Path) -> Path:
    """The wheel."""
    [found] = built.glob("*.whl")
    return found


@pytest.fixture(scope="session")
def client_environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """What `pip install weave-core` gives: no extra."""
    return install(tmp_path_factory.mktemp("client") / "venv", str(wheel))


@pytest.fixture(scope="session")
def full_environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """What `pip install "weave-core[server,app]"` gives."""
    return install(tmp_path_factory.mktemp("full") / "venv", f"{wheel}[server,app]")
