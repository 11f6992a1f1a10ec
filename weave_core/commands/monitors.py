"""`weave-core monitor`: scorers that watch live traces, made and steered."""

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from weave_core.commands.clients import Json, Project, Server, open_client, with_caret
from weave_core.commands.definitions import moment_ns, read_object, validated
from weave_core.commands.output import plain, print_json, print_table
from weave_core.errors import BadRequest, ConfigError
from weave_core.settings import Settings

if TYPE_CHECKING:
    from weave_core.model import Monitor

__all__ = ["app"]

app = typer.Typer(help="Scorers that watch live traces.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the monitor.")]
Since = Annotated[
    str | None,
    typer.Option("--since", help="A moment in ISO form, or how long ago, such as 2h or 7d."),
]


@app.command("create")
def create(
    name: Name,
    *,
    file: Annotated[
        Path | None,
        typer.Option("--file", "-f", help="JSON of the whole definition; options go before it."),
    ] = None,
    scorer: Annotated[
        list[str] | None,
        typer.Option(
            "--scorer",
            "-s",
            help='`Contains` or `module:name`, with params behind: `Contains:{"texts": ["x"]}`'
            " or `module:name:{...}`. May be given again.",
        ),
    ] = None,
    filter_text: Annotated[
        str | None, typer.Option("--filter", help="Which spans.", show_default="is_root")
    ] = None,
    rate: Annotated[
        float | None, typer.Option(help="Share of the traces, 0 to 1.", show_default="1")
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--map", help="What scorers get: `question=inputs.question`. May be given again."
        ),
    ] = None,
    calls_per_hour: Annotated[int | None, typer.Option(help="Most calls of scorers.")] = None,
    usd_per_hour: Annotated[float | None, typer.Option(help="Most that judges may cost.")] = None,
    settle: Annotated[
        float | None,
        typer.Option(help="Seconds to wait for the rest of a trace.", show_default="10"),
    ] = None,
    since: Since = None,
    project: Project = None,
    server: Server = None,
    json: Json = False,
) -> None:
    """Make a monitor, or a new version of the one of that name."""
    given = read_object(file)
    budget = {"calls_per_hour": calls_per_hour, "usd_per_hour": usd_per_hour}
    options: dict[str, Any] = {
        "filter": filter_text,
        "sample_rate": rate,
        "scorers": [_scorer(each) for each in scorer] if scorer else None,
        "mapping": dict(_column(each) for each in column) if column else None,
        "budget": {key: value for key, value in budget.items() if value is not None} or None,
        "settle_s": settle,
        "from_ns": None if since is None else moment_ns(since),
    }
    given |= {key: value for key, value in options.items() if value is not None}
    from weave_core.model import NewMonitor  # Loads pydantic: not for `--help`.

    hint = "give --scorer, or see docs/tutorials/watch-production.md"
    monitor = validated(NewMonitor, {**given, "name": name}, hint=hint)
    settings = Settings.from_env(endpoint=server, project=project)
    with open_client(settings) as client:
        try:
            made = client.add_monitor(settings.project, monitor)
        except BadRequest as error:
            raise with_caret(error, monitor.filter) from error
    if json:
        print_json(made.model_dump(mode="json"))
        return
    sys.stdout.write(f"{made.name}\n")
    sys.stderr.write(
        f"monitor {plain(made.name)} of project {plain(made.project)}, version {made.version};"
        " `weave-core up` starts its worker, else run `weave-core worker`\n"
    )


@app.command("list")
def list_monitors(*, project: Project = None, server: Server = None, json: Json = False) -> None:
    """List the monitors of a project, and how far they are."""
    settings = Settings.from_env(endpoint=server, project=project)
    with open_client(settings) as client:
        monitors = client.list_monitors(settings.project)
    if json:
        print_json({"items": [each.model_dump(mode="json") for each in monitors]})
        return
    print_table(
        ["name", "state", "filter", "rate", "scorers", "scored", "failed", "waiting", "last hour"],
        [_row(each) for each in monitors],
    )


def _row(monitor: "Monitor") -> list[str]:
    spent = f"{monitor.spent.calls} calls"
    if monitor.spent.cost_usd is not None:
        spent += f", {monitor.spent.cost_usd:.4f} USD"
    state = monitor.problem or ("over budget" if monitor.is_over_budget else monitor.state)
    scorers = ", ".join(each.scorer for each in monitor.scorers)
    counts = (monitor.scored, monitor.failed, monitor.waiting)
    return [
        *(monitor.name, state, monitor.filter, f"{monitor.sample_rate:g}", scorers),
        *(str(count) for count in counts),
        spent,
    ]


def _add_move(word: str, state: str, told: str) -> None:
    @app.command(word, help=told)
    def move(
        name: Name,
        *,
        skip_backlog: Annotated[
            bool,
            typer.Option("--skip-backlog", help="Leave unscored what has come and still waits."),
        ] = False,
        project: Project = None,
        server: Server = None,
        json: Json = False,
    ) -> None:
        from weave_core.model import MonitorChanges  # Loads pydantic: not for `--help`.

        settings = Settings.from_env(endpoint=server, project=project)
        changes = MonitorChanges.model_validate({"state": state, "skip_backlog": skip_backlog})
        with open_client(settings) as client:
            monitor = client.change_monitor(settings.project, name, changes)
        if json:
            print_json(monitor.model_dump(mode="json"))
        else:
            sys.stdout.write(f"{plain(monitor.name)} is {monitor.state}\n")


_add_move("pause", "paused", "Score nothing more until it is resumed; what comes meanwhile waits.")
_add_move("resume", "active", "Go on where it was paused.")


@app.command("delete")
def delete(name: Name, *, project: Project = None, server: Server = None) -> None:
    """Delete a monitor with its scores; versions of its definition stay as objects."""
    settings = Settings.from_env(endpoint=server, project=project)
    with open_client(settings) as client:
        client.delete_monitor(settings.project, name)
    sys.stdout.write(f"{plain(name)} is deleted\n")


@app.command("backfill")
def backfill(
    name: Name,
    *,
    since: Annotated[
        str, typer.Option("--since", help="A moment in ISO form, or how long ago, such as 2h.")
    ],
    until: Annotated[
        str | None, typer.Option("--until", help="The same for its end.", show_default="now")
    ] = None,
    again: Annotated[
        str,
        typer.Option(
            help="What is scored anew: `never`, what has `failed`, or that and what an `older`"
            " version scored."
        ),
    ] = "never",
    project: Project = None,
    server: Server = None,
    json: Json = False,
) -> None:
    """Score spans that were there before; what has been scored is not, unless `--again` says so."""
    from weave_core.model import NewBackfill  # Loads pydantic: not for `--help`.

    if again not in {"never", "failed", "older"}:
        raise ConfigError(f"--again is {again!r}", "say never, failed or older")
    to_ns = None if until is None else moment_ns(until)
    asked = NewBackfill.model_validate(
        {"from_ns": moment_ns(since), "to_ns": to_ns, "again": again}
    )
    settings = Settings.from_env(endpoint=server, project=project)
    with open_client(settings) as client:
        monitor = client.backfill_monitor(settings.project, name, asked)
    if json:
        print_json(monitor.model_dump(mode="json"))
    else:
        sys.stdout.write(f"{plain(name)} looks at what began since {since}\n")


@app.command("test")
def try_scorers(
    name: Name,
    *,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=1, max=100, help="Spans to try it on, the newest.")
    ] = 5,
    project: Project = None,
    server: Server = None,
    json: Json = False,
) -> None:
    """Try a monitor's scorers here, on the newest spans that it matches; nothing is kept."""
    from weave_core.commands.workers import judge_model
    from weave_core.evals.attempts import Attempts
    from weave_core.evals.monitor_scorers import ScorerShelf
    from weave_core.evals.monitor_workers import Prepared, read_span, score_span

    settings = Settings.from_env(endpoint=server, project=project)
    sys.path.insert(0, str(Path.cwd()))  # Its own scorers, as Python does for a program.
    with open_client(settings) as client:
        monitor = client.get_monitor(settings.project, name)
        prepared = Prepared.of(monitor, ScorerShelf(modules=None, model=judge_model))
        page = client.list_spans(settings.project, filter=monitor.filter, limit=limit)
        pairs = [
            read_span(client, settings.project, each.trace_id, each.span_id, prepared)
            for each in page.items
        ]

    async def tried() -> list[Any]:
        attempts = Attempts(1)
        return [
            (span, (await score_span(prepared, span, spans, attempts)).scores)
            for span, spans in pairs
        ]

    found = asyncio.run(tried())
    if json:
        print_json(
            {
                "items": [
                    {
                        "trace_id": span.trace_id,
                        "span_id": span.span_id,
                        "scores": {key: each.model_dump() for key, each in scores.items()},
                    }
                    for span, scores in found
                ]
            }
        )
        return
    rows = []
    for span, scores in found:
        for key, score in scores.items():
            said = score.error.message if score.error else score.reason or ""
            value = "error" if score.error else _text(score.value, score.label)
            rows.append([span.trace_id, span.name, key, value, said[:200]])
    print_table(["trace", "span", "score", "value", "why"], rows)


def _text(value: float | None, label: str | None) -> str:
    return label or "-" if value is None else f"{value:g}"


def _scorer(text: str) -> dict[str, Any]:
    """`Contains`, `Contains:{...}`, `module:name` or `module:name:{...}`."""
    name, brace, rest = text.partition(":{")
    if not brace:
        return {"scorer": text}
    try:
        return {"scorer": name, "params": orjson.loads("{" + rest)}
    except ValueError as error:
        raise ConfigError(
            f"--scorer {text!r} has params that are no JSON: {error}",
            """write it like --scorer 'Contains:{"text": "refund"}'""",
        ) from error


def _column(text: str) -> tuple[str, str]:
    column, sign, path = text.partition("=")
    if not sign or not column or not path:
        raise ConfigError(f"--map is {text!r}", "write it like question=inputs.question")
    return column, path
