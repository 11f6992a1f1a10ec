"""Real short trainings; a file runs where its library is: here, or by tests/frameworks/run.py."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from support.commands import clean_env
from support.servers import ServerProcess
from support.trainings import training

from weave_core.tracing import failures
from weave_core.tracing.runs import current_run

# Nothing of these tests is fetched or sent anywhere.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["KERAS_BACKEND"] = "jax"
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ["PL_DISABLE_FORK"] = "1"

APART = {"aim": "ray", "guides": "ray", "promises": "ray", "ranks": "lightning"}
"""What is tested where the others are: what needs an environment of its own, and all of them."""


def _is_here(file: Path) -> bool:
    library = file.stem.removeprefix("test_")
    return find_spec(APART.get(library, library)) is not None


collect_ignore_glob = [
    file.name for file in sorted(Path(__file__).parent.glob("test_*.py")) if not _is_here(file)
]


@pytest.fixture
def traced(
    server: ServerProcess, project: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Tracing as a training program has it, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    with training(project, server.url, tmp_path / "home"):
        yield
        left = current_run()
        if left is not None:
            left.finish()  # Else the next test would log to it.
        assert left is None, "a run was begun and not ended"


@pytest.fixture
def server_env(server: ServerProcess, tmp_path: Path) -> dict[str, str]:
    """The environment of a program that logs to the server, and finds ours and the tests' code."""
    here = Path(__file__).parent
    return clean_env(
        {
            "PYTHONPATH": os.pathsep.join(map(str, (here, here.parent, here.parents[1]))),
            "WEAVE_CORE_HOME": str(tmp_path / "home"),
            "WEAVE_CORE_ENDPOINT": server.url,
        }
    )


@pytest.fixture
def run_alone(server_env: dict[str, str], project: str, tmp_path: Path) -> Callable[[str], Any]:
    """Run a program in a process of its own, with the project as argument; gives what it told."""

    def run(code: str) -> Any:
        program = tmp_path / "program.py"
        program.write_text(code, encoding="utf-8")
        done = subprocess.run(
            [sys.executable, str(program), project],
            cwd=tmp_path,
            env=server_env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.partition("TOLD ")[2].splitlines()[0])

    return run


class BrokenRun:
    """A run of which nothing works, as ours would be with a bug."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(f"{name} is broken")


@pytest.fixture
def broken_run(caplog: pytest.LogCaptureFixture) -> Iterator[Any]:
    """A run that breaks; the training has to go on, and the log says what happened, once each."""
    failures._warned.clear()  # What other tests have broken was told to them.
    yield BrokenRun()
    told = [each for each in caplog.get_records("call") if each.name == "weave_core"]
    assert told, "nobody was told"
    assert {each.levelno for each in told} == {logging.WARNING}
    assert len({each.getMessage() for each in told}) == len(told), "something was told twice"
