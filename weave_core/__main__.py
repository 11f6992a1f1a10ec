"""The `weave-core` command: names the commands and turns our errors into one line.

Each command lives in `weave_core.commands` and imports what it starts, so `--help` stays instant.
Like `weave_core/__init__.py` this is the roof: it may look at every layer.
"""

import sys

import typer

from weave_core.commands import processes
from weave_core.errors import WeaveError

__all__ = ["app", "main"]

app = typer.Typer(
    name="weave-core",
    help="Trace, evaluate and track: one server, one database.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("server")(processes.server)


def main() -> None:
    """Run the command line; an error of ours is one line on stderr and exit code 1."""
    try:
        app()
    except WeaveError as error:
        sys.stderr.write(f"weave-core: {error}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
