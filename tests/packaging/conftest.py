"""The package as users get it: built, and installed where no checkout is in sight."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.environments import Environment, install

ROOT = Path(__file__).parents[2]
SHIPPED = [
    "LICENSE",
    "README.md",
    "pyproject.toml",
    *("app", "evals", "integrations", "server", "tracing", "weave_core"),
]


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the source distribution and the wheel that was built from it."""
    # A copy: building leaves folders behind, and what an earlier build left would be shipped.
    source = tmp_path_factory.mktemp("source")
    for name in SHIPPED:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
            shutil.copytree(ROOT / name, source / name, symlinks=True, ignore=ignored)
        else:
            shutil.copy(ROOT / name, source / name)
    target = tmp_path_factory.mktemp("dist")
    command = [
        sys.executable,
        "-m",
        "build",
        "--no-isolation",
        "--outdir",
        str(target),
        str(source),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return target


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
