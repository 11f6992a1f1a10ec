"""`weave-core runs`: list training runs, show one and what it printed."""

import re
import sys
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from weave_core.commands.clients import Json, Project, Server, open_client, with_caret
from weave_core.commands.output import console, plain, print_json, print_table
from weave_core.errors import BadRequest
from weave_core.settings import Settings

if TYPE_CHECKING:
    from weave_core.model import ConsoleLine, Run, RunKeys

__all__ = ["app"]

app = typer.Typer(
    help="List training runs, show them and what they print, stop them.", no_args_is_help=True
)

_COLOUR = re.compile(r"(\x1b\[[\d;]*m)")
_FOLLOWED = 20
"""Lines that following a run begins with."""
_MAX_COLUMNS = 4
"""Metrics in a list where none were named."""
RunId = Annotated[str, typer.Argument(metavar="ID", help="Id of a run.")]


@app.command("list")
def list_runs(
    *,
    filter_text: Annotated[
        str | None,
        typer.Option(
            "--filter", "-f", help="Such as \"metrics['loss'] < 1 and state = 'failed'\"."
        ),
    ] = None,
    order_by: Annotated[
        str, typer.Option("--order-by", help="A field, metrics['loss'] or config['lr'].")
    ] = "-started_ns",
    key: Annotated[
        list[str] | None, typer.Option("--key", "-k", help="A metric to show; may be repeated.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=500, help="Most.")] = 20,
    project: Project = None,
    server: Server = None,
    json: Json = False,
) -> None:
    """List runs, newest first."""
    settings = Settings.from_env(endpoint=server, project=project)
    with open_client(settings) as client:
        try:
            page = client.list_runs(
                settings.project, filter=filter_text, order_by=order_by, keys=key, limit=limit
            )
        except BadRequest as error:
            raise with_caret(error, filter_text) from error
    if json:
        print_json(page.model_dump(mode="json"))
        return
    keys = key or sorted({name for run in page.items for name in run.summary})[:_MAX_COLUMNS]
    print_table(
        ["id", "name", "state", "began", "took", "step", *keys],
        (
            [
                *(run.run_id, run.name, run.state, _moment(run.started_ns), _span(run)),
                *(_text(run.last_step), *(_text(run.summary.get(name)) for name in keys)),
            ]
            for run in page.items
        ),
    )


@app.command("show")
def show(
    run_id: RunId, *, project: Project = None, server: Server = None, json: Json = False
) -> None:
    """Show one run: what it was started with, and what its metrics came to."""
    settings = Settings.from_env(endpoint=server, project=project)
    with open_client(settings) as client:
        run = client.get_run(settings.project, run_id)
        keys = client.list_run_keys(settings.project, run_id)
    if json:
        print_json(run.model_dump(mode="json") | {"keys": keys.model_dump(mode="json")["items"]})
        return
    _print_run(run)
    _print_keys(keys)


@app.command("console")
def show_console(
    run_id: RunId,
    *,
    follow: Annotated[
        bool, typer.Option("--follow", "-F", help="Go on with what it prints, until it has ended.")
    ] = False,
    last: Annotated[
        int | None, typer.Option("--last", "-n", min=1, max=5_000, help="Only the last lines.")
    ] = None,
    text: Annotated[
        str | None, typer.Option("--text", "-t", help="Only lines with this in them.")
    ] = None,
    stream: Annotated[
        str | None, typer.Option(help="Only of this stream: stdout, stderr or note.")
    ] = None,
    rank: Annotated[int | None, typer.Option(min=0, help="Only of this writer.")] = None,
    project: Project = None,
    server: Server = None,
    json: Json = False,
) -> None:
    """Print what a run has printed, colours kept where they can be seen."""
    settings = Settings.from_env(endpoint=server, project=project)
    asked: dict[str, Any] = {"stream": stream, "rank": rank}
    with open_client(settings) as client:
        run = client.run(run_id, settings.project)
        if follow:
            lines = run.follow(last=last or _FOLLOWED, **asked)
            lines = (line for line in lines if not text or text.lower() in line.plain.lower())
        elif last is not None:
            asked |= {"text": text, "limit": last, "tail": True}
            lines = iter(client.read_run_console(settings.project, run_id, **asked).items)
        else:
            lines = run.console(text=text, **asked)
        with suppress(KeyboardInterrupt):  # How one ends a look.
            for line in lines:
                _print_line(line, as_json=json)


@app.command("stop")
def stop(run_id: RunId, *, project: Project = None, server: Server = None) -> None:
    """Ask a run to stop; its program hears of it within seconds."""
    from weave_core.model import RunChanges

    settings = Settings.from_env(endpoint=server, project=project)
    with open_client(settings) as client:
        run = client.change_run(settings.project, run_id, RunChanges(stop=True))
    console().print(f"{run.name} ({run.run_id}) was asked to stop; it is {run.state}", markup=False)


def _print_line(line: "ConsoleLine", *, as_json: bool) -> None:
    """One line; what a terminal would obey but colours is taken out."""
    if as_json:
        sys.stdout.write(line.model_dump_json() + "\n")
        return
    rank = f"[{line.rank}] " if line.rank else ""
    if sys.stdout.isatty():
        parts = _COLOUR.split(line.text)  # Text, colour, text, ...
        shown = "".join(
            part if place % 2 else plain(part, keep="\t") for place, part in enumerate(parts)
        )
        shown += "\x1b[0m" if len(parts) > 1 else ""
    else:
        shown = plain(line.plain, keep="\t")
    sys.stdout.write(f"{rank}{shown}\n")
    sys.stdout.flush()


def _print_run(run: "Run") -> None:
    out = console()
    out.print(f"{run.name} ({run.run_id}): {run.state}", markup=False)
    told: dict[str, Any] = {
        "began": f"{_moment(run.started_ns)}, took {_span(run)}",
        "group": run.group,
        "job type": run.job_type,
        "tags": ", ".join(run.tags),
        "notes": run.notes,
        "forked from": run.forked_from and f"{run.forked_from.run_id} at {run.forked_from.step}",
        "writers": len(run.writers) if len(run.writers) > 1 else None,
        "error": run.error,
        "stop": "asked for" if run.stop_requested else None,
    }
    for name, value in told.items():
        if value:
            out.print(f"  {name:<12}{plain(str(value))}", markup=False)
    for name, value in _environment(run).items():
        out.print(f"  {name:<12}{plain(value)}", markup=False)
    for title, pairs in (("config", run.config), ("problems", run.problems)):
        for name, value in pairs.items():
            out.print(f"  {title:<12}{plain(f'{name} = {value}')}", markup=False)
            title = ""  # noqa: PLW2901  # Said once.


def _environment(run: "Run") -> dict[str, str]:
    """What its first writer says that it runs with, in a few lines."""
    found = next((each.environment for each in run.writers if each.environment), None) or {}
    git, machine = found.get("git") or {}, found.get("machine") or {}
    code = found.get("code") or {}
    changed = ", changed" if code.get("is_dirty") else ""
    commit = str(git.get("commit") or "")[:12]
    memory_bytes = machine.get("memory_limit_bytes") or machine.get("memory_bytes") or 0
    parts = [f"{machine.get('cpu_count')} CPUs, {memory_bytes / 2**30:.0f} GiB" if machine else ""]
    parts += [str(gpu.get("name")) for gpu in machine.get("gpus") or ()]
    told = {
        "git": commit and f"{commit} on {git.get('branch') or 'no branch'}{changed}",
        "command": " ".join(found.get("command") or ()),
        "python": found.get("python") and f"{found['python']}, {found.get('system')}",
        "host": found.get("host"),
        "machine": ", ".join(part for part in parts if part),
        "started by": ", ".join(found.get("launchers") or ()),
        "code": f"{len(code['files'])} files" if code.get("files") else "",
    }
    return {name: str(value) for name, value in told.items() if value}


def _print_keys(keys: "RunKeys") -> None:
    print_table(
        ["metric", "last", "min", "max", "mean", "points", "last step"],
        (
            [
                each.key if each.rank == 0 else f"{each.key} (rank {each.rank})",
                *(_text(value) for value in (each.last, each.min, each.max, each.mean)),
                *(f"{each.count:,}", f"{each.last_step:,}"),
            ]
            for each in keys.items
        ),
    )
    if keys.total > len(keys.items):
        console().print(f"... and {keys.total - len(keys.items):,} more", markup=False)


def _moment(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns / 1e9, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _span(run: "Run") -> str:
    seconds = (run.duration_ms or 0) / 1_000
    if seconds < 60:  # noqa: PLR2004
        return f"{seconds:.1f} s"
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}"


def _text(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
