"""The distributions that users get, built from this checkout."""

import shutil
import subprocess
import sys
from pathlib import Path

from support.environments import ROOT

__all__ = ["build"]

_SHIPPED = [
    "LICENSE",
    "README.md",
    "pyproject.toml",
    *("app", "evals", "integrations", "server", "tracing", "weave_core"),
]


def build(folder: Path) -> Path:
    """Build into a new folder below `folder`, which then holds the source and the wheel."""
    # A copy: building leaves folders behind, and what an earlier build left would be shipped.
    source, target = folder / "source", folder / "dist"
    source.mkdir()
    for name in _SHIPPED:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
            shutil.copytree(ROOT / name, source / name, symlinks=True, ignore=ignored)
        else:
            shutil.copy(ROOT / name, source / name)
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(target)]
    done = subprocess.run([*command, str(source)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return target
