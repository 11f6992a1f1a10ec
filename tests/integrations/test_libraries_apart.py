"""Libraries that hold others at old versions are tested in an environment of their own."""

import subprocess
from pathlib import Path

import pytest
from support.commands import clean_env
from support.environments import Environment, locked

ROOT = Path(__file__).parents[2]
APART = ROOT / "tests" / "apart"
ALLOWED = ("-W", "ignore::ImportWarning", "-W", "ignore::DeprecationWarning")
"""CrewAI warns of its own fields, and of the module by which it loads parts of itself late."""


@pytest.fixture(scope="session")
def environment() -> Environment:
    """What tests/apart/requirements.lock holds; 900 MB, built once for each lock."""
    return locked("apart", APART / "requirements.lock")


@pytest.mark.timeout(600)  # The first run installs it.
@pytest.mark.xdist_group("apart")
@pytest.mark.parametrize("file", sorted(APART.glob("test_*.py")), ids=lambda file: file.stem)
def test_a_library_that_does_not_go_with_the_others_is_traced(
    file: Path, environment: Environment
) -> None:
    """The tests of `file` pass there; their output is this test's."""
    done = subprocess.run(
        [environment.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *ALLOWED, str(file)],
        cwd=ROOT,
        env=clean_env({"PYTHONPATH": str(ROOT)}),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert " passed" in done.stdout
