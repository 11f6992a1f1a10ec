"""The `weave-core` command as a user runs it: a process, its exit code and what it printed."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

__all__ = ["WEAVE_CORE", "clean_env", "run_command"]

WEAVE_CORE = [sys.executable, "-m", "weave_core"]


def clean_env(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This environment without the developer's own settings, and with `extra`."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("WEAVE_CORE_")}
    return {**kept, "COLUMNS": "200", **(extra or {})}


def run_command(
    *words: str,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout_s: float = 60,
) -> "subprocess.CompletedProcess[str]":
    """Run `weave-core` with `words` and wait until it ends."""
    return subprocess.run(
        [*WEAVE_CORE, *words],
        env=clean_env(env),
        cwd=cwd,
        timeout=timeout_s,
        capture_output=True,
        text=True,
        check=False,
    )
