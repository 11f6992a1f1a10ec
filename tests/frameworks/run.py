"""Runs the tests of this folder in an environment that requirements.lock describes.

    make frameworks-test

The libraries take 3.8 GB together.  PyTorch is pinned here: what the registry has for Linux brings
CUDA along, so the build for CPUs is taken, which lies elsewhere.
"""

import sys
from pathlib import Path

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER.parent))

from support.environments import run_tests  # noqa: E402  # Found by the line above.

TORCH = "torch==2.13.0+cpu"

if __name__ == "__main__":
    sys.exit(run_tests("frameworks", FOLDER, TORCH, words=sys.argv[1:]))
