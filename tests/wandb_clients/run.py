"""Runs the tests of this folder in an environment that requirements.lock describes.

    make wandb-test
    make wandb-test ARGS=--record    # Writes tests/data/wandb_requests anew.

The client takes 150 MB with what it brings, most of it a program in Go: too much for every run of
the suite, which sends again what was recorded here.
"""

import sys
from pathlib import Path

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER.parent))

from support.environments import run_tests  # noqa: E402  # Found by the line above.

if __name__ == "__main__":
    sys.exit(run_tests("wandb", FOLDER, words=sys.argv[1:]))
