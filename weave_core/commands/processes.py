"""Commands that start a process and stay: the server, the app, both."""

import gc
import os
import sys
from pathlib import Path
from threading import Thread
from typing import Annotated, TypedDict

import typer

from weave_core.commands.extras import require_extra
from weave_core.commands.homes import require_home
from weave_core.commands.ports import free_port, is_serving, require_free_port, url_of
from weave_core.commands.supervision import Child, Supervisor, say
from weave_core.errors import WeaveError
from weave_core.settings import DEFAULT_ENDPOINT, Settings
from weave_core.versions import package_version

__all__ = ["DEFAULT_APP_PORT", "DEFAULT_GRPC_PORT", "DEFAULT_PORT", "app", "server", "up"]

DEFAULT_PORT = 4318
"""OpenTelemetry's own port for OTLP over HTTP, so its SDKs find the server without settings."""
DEFAULT_GRPC_PORT = 4317
"""OpenTelemetry's own for OTLP over gRPC."""
DEFAULT_APP_PORT = 8501
"""Streamlit's own."""

Home = Annotated[
    Path | None,
    typer.Option(
        help="Folder of the data.", envvar="WEAVE_CORE_HOME", show_default="~/.weave_core"
    ),
]
Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[
    int,
    typer.Option(help="Port of OTLP/HTTP and the JSON API; 0: any free.", min=0, max=65535),
]
GrpcPort = Annotated[
    int | None,
    typer.Option(
        help="Port of OTLP/gRPC; 0: any free.",
        min=0,
        max=65535,
        show_default=f"{DEFAULT_GRPC_PORT}; any free with --port 0",
    ),
]
NoGrpc = Annotated[bool, typer.Option("--no-grpc", help="Take no OTLP over gRPC.")]
AppPort = Annotated[int, typer.Option(help="Port of the app; 0: any free.", min=0, max=65535)]
Project = Annotated[
    str | None,
    typer.Option(
        help="Project that pages open with.", envvar="WEAVE_CORE_PROJECT", show_default="default"
    ),
]


def server(
    *,
    home: Home = None,
    host: Host = "127.0.0.1",
    port: Port = DEFAULT_PORT,
    grpc_port: GrpcPort = None,
    no_grpc: NoGrpc = False,
) -> None:
    """Start the server: OTLP in, JSON API out."""
    require_extra("server", wanted_by="weave-core server")
    settings = Settings.from_env(home=home)
    require_home(settings.home)
    grpc = None if no_grpc else _grpc_port(port, grpc_port)
    for number, option in ((port, "--port"), (grpc, "--grpc-port")):
        if number:
            require_free_port(host, number, option=option)
    # Loads FastAPI and SQLAlchemy: only when it runs.
    # The matrices of a sweep's search are small: a second thread makes it two and a half times as
    # dear.  Read when numpy is imported.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Nothing of what is loaded is garbage, and looking for it took a fifth of the start.
    gc.disable()
    from weave_core.server.process import run_server

    run_server(settings, host=host, port=port, grpc_port=grpc)


def app(
    *,
    server: Annotated[
        str | None,
        typer.Option(
            help="Address of the server that the pages read.",
            envvar="WEAVE_CORE_ENDPOINT",
            show_default=DEFAULT_ENDPOINT,
        ),
    ] = None,
    host: Host = "127.0.0.1",
    port: AppPort = DEFAULT_APP_PORT,
    project: Project = None,
) -> None:
    """Start the app: the pages in the browser."""
    require_extra("app", wanted_by="weave-core app")
    settings = Settings.from_env(endpoint=server, project=project)
    if port:
        require_free_port(host, port, option="--port")
    from weave_core.app.process import app_command, run_app

    place: _AppPlace = {
        "server_url": settings.endpoint or DEFAULT_ENDPOINT,
        "host": host,
        "port": port or free_port(host),
        "project": project,
    }
    if os.name != "posix":
        raise typer.Exit(run_app(**place))
    # This process becomes the app's: a signal reaches it, and nothing is left when it ends.
    argv, env = app_command(**place)
    sys.stdout.flush()
    os.execvpe(argv[0], argv, {**os.environ, **env})  # noqa: S606  # Our own command.


def up(
    *,
    home: Home = None,
    host: Host = "127.0.0.1",
    port: Port = DEFAULT_PORT,
    grpc_port: GrpcPort = None,
    no_grpc: NoGrpc = False,
    app_port: AppPort = DEFAULT_APP_PORT,
    project: Project = None,
) -> None:
    """Start everything: the server and the app, watched and restarted until Ctrl-C."""
    require_extra("server", "app", wanted_by="weave-core up")
    settings = Settings.from_env(home=home)
    # Checked here as well as in the children, so that what is wrong is said once and first.
    require_home(settings.home)
    grpc = None if no_grpc else _grpc_port(port, grpc_port)
    for number, option in (
        (port, "--port"),
        (grpc, "--grpc-port"),
        (app_port, "--app-port"),
    ):
        if number:
            require_free_port(host, number, option=option)
    # Ports are fixed here: a child that is started again must come back where it was.
    port = port or free_port(host)
    grpc = free_port(host) if grpc == 0 else grpc
    app_port = app_port or free_port(host)
    children = [
        _server_child(
            settings, host=host, port=port, grpc_port=grpc, app_url=url_of(host, app_port)
        ),
        _app_child(server_url=url_of(host, port), host=host, port=app_port, project=project),
        _worker_child(settings, server_url=url_of(host, port)),
    ]
    Supervisor(children).run(
        on_ready=lambda: _on_ready(settings, url_of(host, port), url_of(host, app_port))
    )


class _AppPlace(TypedDict):
    server_url: str
    host: str
    port: int
    project: str | None


def _grpc_port(port: int, given: int | None) -> int:
    """Where any free port will do for HTTP, a fixed one of gRPC would be a surprise."""
    if given is not None:
        return given
    return DEFAULT_GRPC_PORT if port else 0


def _server_child(
    settings: Settings, *, host: str, port: int, grpc_port: int | None, app_url: str
) -> Child:
    # -P: a folder or file of the user's, here where the command runs, must not be imported as ours.
    argv = [sys.executable, "-P", "-m", "weave_core", "server"]
    argv += ["--home", str(settings.home), "--host", host, "--port", str(port)]
    argv += ["--no-grpc"] if grpc_port is None else ["--grpc-port", str(grpc_port)]
    url = url_of(host, port)
    # Links that others print lead through the server; who has named the app's address knows it.
    env = {} if "WEAVE_CORE_APP_URL" in os.environ else {"WEAVE_CORE_APP_URL": app_url}
    return Child(
        name="server", argv=argv, env=env, url=url, answers=lambda: is_serving(f"{url}/healthz")
    )


def _app_child(*, server_url: str, host: str, port: int, project: str | None) -> Child:
    from weave_core.app.process import app_command

    argv, env = app_command(server_url=server_url, host=host, port=port, project=project)
    # Streamlit tells of its own start on stderr; the box with the links does that here.
    env = {"STREAMLIT_LOGGER_LEVEL": "warning", **env}
    url = url_of(host, port)
    return Child(
        name="app",
        argv=argv,
        env=env,
        url=url,
        answers=lambda: is_serving(f"{url}/_stcore/health"),
        is_quiet=True,
        stop_timeout_s=5.0,  # It holds no data: a browser that hangs on must not make a user wait.
    )


def _worker_child(settings: Settings, *, server_url: str) -> Child:
    """The worker of monitors and alerts, which is started when there is one."""
    argv = [sys.executable, "-P", "-m", "weave_core", "worker", "--server", server_url]
    return Child(
        name="worker",
        argv=argv,
        env={"WEAVE_CORE_HOME": str(settings.home)},
        url=server_url,
        answers=lambda: True,  # It serves nobody.
        is_wanted=lambda: _has_watches(settings, server_url),
        is_essential=False,
    )


def _has_watches(settings: Settings, server_url: str) -> bool:
    from weave_core.client import Client

    try:
        with Client(server_url, api_key=settings.api_key, timeout_s=1.0) as client:
            return bool(client.list_monitors() or client.list_alerts())
    except WeaveError:
        return False  # It is asked again.


def _on_ready(settings: Settings, server_url: str, app_url: str) -> None:
    _print_links(settings, server_url=server_url, app_url=app_url)
    # Beside the watching, since there may be much to send and the server may be slow to take it.
    Thread(target=_send_what_waits, args=(settings.home, server_url), daemon=True).start()


def _send_what_waits(home: Path, server_url: str) -> None:
    """Programs that ran while no server did left their spans in this home: take them in."""
    from weave_core.tracing import spool

    report = spool.sync(server_url, home=home, only_offline=True)
    if report.sent_spans:
        say(f"{report.sent_spans:,} spans that waited in {home / 'spool'} are stored now")
    if report.failure:
        say(f"what waits in {home / 'spool'} could not be sent: {report.failure}")


def _print_links(settings: Settings, *, server_url: str, app_url: str) -> None:
    """The one thing that a user looks for among all the lines of a start."""
    from rich.console import Console
    from rich.panel import Panel
    from rich.table import Table
    from rich.text import Text

    rows = Table.grid(padding=(0, 2))
    rows.add_row("App", Text(app_url, style="bold"))
    rows.add_row("Server", f"{server_url}   OTLP at /v1/traces, API at /docs")
    rows.add_row("Data", Text(str(settings.home)))
    rows.add_row("Stop", "Ctrl-C")
    console = Console(highlight=False)
    # Wider than the window beats a link that is broken over two lines.
    panel = Panel(rows, title=f"weave-core {package_version()}", expand=False, padding=(0, 2))
    console.print(panel, width=max(console.width, 110), no_wrap=True, crop=False)
    sys.stdout.flush()
