"""The guides of libraries that train are true: every block runs and makes the runs it promises."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.manual import ROOT, name_of, steps_of
from support.servers import ServerProcess

from weave_core import Client

RUNS = {
    "catboost": 1, "jax": 1, "keras": 1, "lightgbm": 1, "lightning": 1, "pytorch": 3, "ray": 3,
    "scikit-learn": 1, "transformers": 1, "xgboost": 1,
}  # fmt: skip
"""How many runs each guide makes."""
PAGES = sorted((ROOT / "docs" / "frameworks").glob("*.md"))


def test_each_library_has_a_guide() -> None:
    """And each guide is run here."""
    assert [page.stem for page in PAGES] == sorted(RUNS)


@pytest.mark.timeout(1_200)  # Ray starts several programs, each of which imports PyTorch.
@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_blocks_of_a_guide_run(
    page: Path, server: ServerProcess, server_env: dict[str, str], client: Client, tmp_path: Path
) -> None:
    """A reader who types a page from top to bottom has finished runs with points, and no error."""
    begun_ns = time.time_ns()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for where, command in steps_of(page, server.url, tmp_path):
        done = subprocess.run(
            command, cwd=tmp_path, env=server_env | {"PATH": path},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{where}\n{done.stdout}\n{done.stderr}"
        # Ray's own programs, whose lines begin with their names, tell of what they try again.
        assert "\nTraceback" not in f"\n{done.stderr}", f"{where}\n{done.stderr}"
    made = [run for run in client.runs("digits") if run.started_ns >= begun_ns]
    assert {run.state for run in made} == {"finished"}
    assert len(made) == RUNS[page.stem]
    assert all(run.last_step is not None and not run.problems for run in made)
