"""The `weave-core` command: names the commands and turns our errors into one line.

Each command lives in `weave_core.commands` and imports what it starts, so `--help` stays instant.
Like `weave_core/__init__.py` this is the roof: it may look at every layer.
"""

import os
import sys
import tempfile
import traceback
from pathlib import Path

import typer

from weave_core.commands import (
    alerts,
    artifacts,
    doctor,
    evaluations,
    feedback,
    monitors,
    processes,
    queues,
    registry,
    run_imports,
    runs,
    spools,
    sql,
    sweeps,
    traces,
    transfers,
    workers,
)
from weave_core.errors import WeaveError

__all__ = ["app", "main"]

app = typer.Typer(
    name="weave-core",
    help="Trace, evaluate and track: one server, one database.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    # Typer's coloured help takes 190 ms more to come, for Rich's Markdown.
    rich_markup_mode=None,
)
app.command("up")(processes.up)
app.command("server")(processes.server)
app.command("app")(processes.app)
app.command("worker")(workers.worker)
app.add_typer(traces.app, name="traces")
app.add_typer(evaluations.app, name="eval")
app.add_typer(feedback.app, name="feedback")
app.add_typer(queues.app, name="queue")
app.add_typer(runs.app, name="runs")
app.add_typer(artifacts.app, name="artifact")
app.add_typer(registry.app, name="registry")
app.add_typer(sweeps.app, name="sweep")
app.add_typer(monitors.app, name="monitor")
app.add_typer(alerts.app, name="alert")
app.command("sql")(sql.sql)
app.command("export")(transfers.export_spans)
app.command("import")(run_imports.import_paths)
app.command("sync")(spools.sync)
app.command("doctor")(doctor.doctor)
app.command("version")(doctor.version)


def main() -> None:
    """Run the command line; whatever goes wrong is one line on stderr and an exit code of 1."""
    try:
        app(prog_name="weave-core")
    except WeaveError as error:
        _fail(str(error))
    except BrokenPipeError:
        # The reader of our output went away, as `head` does; what is still buffered has no reader.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        _fail(str(error))
    except Exception as error:  # noqa: BLE001  # A bug of ours: the user gets a line, the report gets the stack.
        _fail(f"this is a bug of weave-core: {error!r} (please report it with {_keep_stack()})")


def _fail(message: str) -> None:
    sys.stderr.write(f"weave-core: {message}\n")
    sys.exit(1)


def _keep_stack() -> Path:
    """The file that the stack of the exception at hand was written to."""
    file, name = tempfile.mkstemp(prefix="weave-core-", suffix=".txt")
    with os.fdopen(file, "w", encoding="utf-8") as report:
        traceback.print_exc(file=report)
    return Path(name)


if __name__ == "__main__":
    main()
