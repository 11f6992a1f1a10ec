"""`weave-core sync`: send what waits on this machine's disk because no server answered."""

import sys
from dataclasses import asdict
from typing import Annotated

import typer

from weave_core.commands.output import print_json
from weave_core.commands.processes import Home
from weave_core.settings import DEFAULT_ENDPOINT

__all__ = ["sync"]


def sync(
    *,
    server: Annotated[
        str | None,
        typer.Option(
            help="Address of the server to send to.",
            envvar="WEAVE_CORE_ENDPOINT",
            show_default=DEFAULT_ENDPOINT,
        ),
    ] = None,
    home: Home = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Send the spans that programs here kept on disk; exit 1 when some could not be sent."""
    from weave_core.tracing import spool  # Loads the OTLP messages: not for `--help`.

    report = spool.sync(server, home=home)
    if json:
        print_json(asdict(report))
    else:
        sys.stdout.write(f"{report.sent_spans:,} spans sent to {report.endpoint}\n")
        if report.sent_artifacts:
            sys.stdout.write(f"{report.sent_artifacts} artifacts sent\n")
        if report.refused_spans:
            sys.stdout.write(f"{report.refused_spans:,} refused, kept in spool/dead\n")
        if report.busy_processes:
            sys.stdout.write(f"{report.busy_processes} running programs send theirs themselves\n")
    if report.failure:
        sys.stderr.write(
            f"weave-core: not all could be sent: {report.failure} "
            f"({report.left_bytes:,} bytes wait on disk; is `weave-core up` running?)\n"
        )
        raise typer.Exit(1)
