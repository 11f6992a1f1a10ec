"""Commands that start a process and stay: the server, the app, both."""

from pathlib import Path
from typing import Annotated

import typer

from weave_core.settings import Settings

__all__ = ["server"]

Home = Annotated[
    Path | None, typer.Option(help="Folder of the data.", envvar="WEAVE_CORE_HOME", show_default="~/.weave_core")
]
Host = Annotated[str, typer.Option(help="Address to listen on.")]


def server(
    *,
    home: Home = None,
    host: Host = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port of OTLP/HTTP and the JSON API; 0: any free.")] = 4318,
) -> None:
    """Start the server: OTLP in, JSON API out."""
    from weave_core.server.process import run_server

    run_server(Settings.from_env(home=home), host=host, port=port)
