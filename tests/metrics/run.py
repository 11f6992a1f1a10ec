"""Runs the tests of this folder in an environment that requirements.lock describes.

    make metrics-test

ragas, deepeval and evaluate take 700 MB, 20 s to install, and as long to import: more than what is
tested here is worth in every run of the suite.
"""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.commands import clean_env
from support.environments import locked

ROOT = Path(__file__).parents[2]
ALLOWED = [
    word
    for kind in (
        "DeprecationWarning",
        "FutureWarning",
        "ResourceWarning",
        "pytest.PytestUnraisableExceptionWarning",
    )
    for word in ("-W", f"ignore::{kind}")
]
"""Of the libraries, which warn of each other and leave files open."""


def main() -> int:
    """The exit code of pytest."""
    folder = Path(__file__).parent
    environment = locked("metrics", folder / "requirements.lock")
    command = [environment.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *ALLOWED]
    command += [str(folder), *sys.argv[1:]]
    env = clean_env({"PYTHONPATH": str(ROOT)})
    return subprocess.run(command, cwd=ROOT, env=env, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
