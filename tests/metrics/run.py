"""Runs the tests of this folder in an environment that requirements.lock describes.

    make metrics-test

ragas, deepeval and evaluate take 700 MB, 20 s to install, and as long to import: more than what is
tested here is worth in every run of the suite.
"""

import sys
from pathlib import Path

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER.parent))

from support.environments import run_tests  # noqa: E402  # Found by the line above.

if __name__ == "__main__":
    sys.exit(run_tests("metrics", FOLDER, words=sys.argv[1:]))
