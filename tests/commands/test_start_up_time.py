"""The command answers at once: nothing heavy is loaded to print help."""

import resource
import subprocess
import sys

import pytest
from support.commands import clean_env, run_command

HEAVY = ["fastapi", "httpx", "opentelemetry", "pandas", "rich.markdown", "sqlalchemy", "streamlit"]
MAX_HELP_S = 0.3


def test_help_names_every_command() -> None:
    """`weave-core --help` is the map."""
    done = run_command("--help")

    assert done.returncode == 0
    for command in ("up", "server", "app", "traces", "doctor", "version"):
        assert f"\n  {command} " in done.stdout


@pytest.mark.parametrize("words", [[], ["up"], ["traces", "list"], ["doctor"]])
def test_help_loads_nothing_heavy(words: list[str]) -> None:
    """No web framework, no data frames, no HTTP client: they wait until a command runs."""
    code = f"""
import sys
sys.argv = ["weave-core", *{words!r}, "--help"]
from weave_core.__main__ import app
try:
    app()
except SystemExit:
    pass
print([name for name in {HEAVY!r} if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], env=clean_env(), capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines()[-1] == "[]"


def test_help_comes_at_once() -> None:
    """Under 300 ms of work; counted as processor time, since other tests share the machine."""
    took = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        run_command("--help")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        took.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)

    assert min(took) < MAX_HELP_S
