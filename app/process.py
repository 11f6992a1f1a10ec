"""Start the app: the command line of the Streamlit process that shows our pages.

The app is a process of its own, so that drawing never takes time from ingestion.  This module
builds the command and its environment; whoever calls it decides how the process is watched.
"""

import os
import subprocess
import sys
from pathlib import Path

from weave_core.errors import ConfigError, MissingExtra

__all__ = ["app_command", "run_app"]

START = Path(__file__).parent / "entry" / "start.py"
_MAX_PORT = 65_535


def app_command(
    *, server_url: str, host: str, port: int, project: str | None = None
) -> tuple[list[str], dict[str, str]]:
    """The command that starts the app, and what to add to its environment.

    The look and all that stays the same is in `app/entry/.streamlit/config.toml`.

    Args:
        server_url: Where the app reads from.
        host: Address to listen on.
        port: Port to listen on; 0 takes any free one, and Streamlit prints which.
        project: Project to open with; None: the one used last.

    Raises:
        ConfigError: If the port can't be one.
        MissingExtra: If Streamlit is not installed.
    """
    if not 0 <= port <= _MAX_PORT:
        raise ConfigError(
            f"the app's port is {port!r}", f"give one from 0 (any free) to {_MAX_PORT}"
        )
    _require_streamlit()
    command = [
        sys.executable,
        "-P",  # Else a folder `app/` or a file `openai.py` where the user stands would be imported.
        *("-m", "streamlit", "run", str(START)),
        f"--server.address={host}",
        f"--server.port={port}",
    ]
    environment = {"WEAVE_CORE_ENDPOINT": server_url}
    if project:
        environment["WEAVE_CORE_PROJECT"] = project
    return command, environment


def run_app(*, server_url: str, host: str, port: int, project: str | None = None) -> int:
    """Run the app until it is stopped; arguments and errors as in `app_command`.

    Returns:
        The exit code of the process; 0 also when it was stopped by Ctrl-C.
    """
    command, environment = app_command(server_url=server_url, host=host, port=port, project=project)
    process = subprocess.Popen(command, env=os.environ | environment)  # noqa: S603  # Our own command.
    try:
        return process.wait()
    except KeyboardInterrupt:
        # The terminal sent the signal to Streamlit as well; it only needs the time to end.
        process.wait(timeout=10)
        return 0


def _require_streamlit() -> None:
    try:
        import streamlit  # noqa: F401
    except ImportError as error:
        raise MissingExtra(
            "the app needs Streamlit, which is not installed", 'pip install "weave-core[app]"'
        ) from error
