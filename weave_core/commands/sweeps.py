"""`weave-core sweep`: make sweeps, look at them, steer them, and work on them."""

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from weave_core.commands.clients import Json, Project, Server, open_client
from weave_core.commands.output import plain, print_json, print_table
from weave_core.errors import ConfigError
from weave_core.in_process import EMBEDDED
from weave_core.settings import DEFAULT_ENDPOINT, OFFLINE, Settings
from weave_core.sweep_words import best_text, progress_text

if TYPE_CHECKING:
    from weave_core.model import AskedTrial, SweepTrial

__all__ = ["app"]

app = typer.Typer(
    help="Search the best parameters of a program: make sweeps, steer them, work on them.",
    no_args_is_help=True,
)

SweepId = Annotated[str, typer.Argument(metavar="ID", help="Id of a sweep.")]


@app.command("create")
def create(
    file: Annotated[Path, typer.Argument(help="The config, YAML or JSON, as wandb has it.")],
    *,
    name: Annotated[str | None, typer.Option(help="What it is called.")] = None,
    prior_run: Annotated[
        list[str] | None,
        typer.Option(help="Id of a run that it learns from as from a trial; may be given again."),
    ] = None,
    project: Project = None,
    server: Server = None,
    json: Json = False,
) -> None:
    """Make a sweep; agents then try what it suggests."""
    try:
        config = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{str(file)!r} can't be read: {error}") from error
    settings = Settings.from_env(endpoint=server, project=project)
    with open_client(settings) as client:
        sweep = client.add_sweep(settings.project, config, name=name, prior_runs=prior_run or ())
    if json:
        print_json(sweep.model_dump(mode="json"))
        return
    sys.stdout.write(f"{sweep.sweep_id}\n")
    told = f"made sweep {plain(sweep.name)}; work on it with:"
    command = f"weave-core sweep agent {sweep.sweep_id} --project {sweep.project}"
    sys.stderr.write(f"{told}\n  {command}\n")


@app.command("agent")
def agent(
    sweep_id: SweepId,
    *,
    count: Annotated[int | None, typer.Option(min=1, help="Most trials.")] = None,
    max_failures: Annotated[
        int, typer.Option(min=1, help="Give up when so many fail one after another.")
    ] = 5,
    lease: Annotated[
        float,
        typer.Option(
            min=1, max=3600, help="Seconds of silence after which its trial goes to another."
        ),
    ] = 60.0,
    project: Project = None,
    server: Server = None,
) -> None:
    """Work on a sweep: run its `program` or `command` once for each trial, until none is left."""
    from weave_core.evals.command_agents import ProgramWorker
    from weave_core.evals.sweep_agents import SweepAgent, place_of

    settings = Settings.from_env(endpoint=server, project=project)
    own_project, own_id = place_of(sweep_id, project or settings.project)
    endpoint = settings.endpoint or DEFAULT_ENDPOINT
    if endpoint in {OFFLINE, EMBEDDED}:
        raise ConfigError(
            f"endpoint is {endpoint!r}, and the programs of a sweep need a server",
            "start `weave-core up`, or call weave_core.agent with a function",
        )
    environment = {"WEAVE_CORE_ENDPOINT": endpoint}
    if settings.api_key:
        environment["WEAVE_CORE_API_KEY"] = settings.api_key
    signal.signal(signal.SIGTERM, _interrupt)
    options: dict[str, Any] = {"max_failures": max_failures, "lease_s": lease}
    with SweepAgent(open_client(settings), own_project, own_id, **options) as working:
        working.on_begin = _tell_begin
        working.on_end = _tell_end
        working.run(ProgramWorker(environment), count=count)


def _interrupt(_number: int, _frame: object) -> None:
    """A SIGTERM hands the trial back, as Ctrl-C does."""
    raise KeyboardInterrupt


def _tell_begin(trial: "AskedTrial") -> None:
    from weave_core.flat_keys import flattened

    values = " ".join(f"{name}={_text(value)}" for name, value in flattened(trial.params))
    sys.stderr.write(plain(f"trial {trial.number}, run {trial.run_id}: {values}") + "\n")


def _tell_end(trial: "SweepTrial") -> None:
    told = trial.error or trial.reason or _text(trial.value)
    sys.stderr.write(plain(f"trial {trial.number} {trial.state}: {told}") + "\n")


@app.command("list")
def list_sweeps(*, project: Project = None, server: Server = None, json: Json = False) -> None:
    """List sweeps, newest first."""
    settings = Settings.from_env(endpoint=server, project=project)
    with open_client(settings) as client:
        sweeps = client.list_sweeps(settings.project)
    if json:
        print_json({"items": [each.model_dump(mode="json") for each in sweeps]})
        return
    rows = [
        [each.sweep_id, each.name, each.state, each.method, progress_text(each), best_text(each)]
        for each in sweeps
    ]
    print_table(["id", "name", "state", "method", "trials", "best"], rows)


@app.command("show")
def show(
    sweep_id: SweepId,
    *,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Most trials.")] = 20,
    project: Project = None,
    server: Server = None,
    json: Json = False,
) -> None:
    """Show one sweep and its newest trials."""
    settings = Settings.from_env(endpoint=server, project=project)
    with open_client(settings) as client:
        sweep = client.get_sweep(settings.project, sweep_id)
        trials = client.list_trials(settings.project, sweep_id)[:limit]
    if json:
        told = {"trials": [each.model_dump(mode="json") for each in trials]}
        print_json(sweep.model_dump(mode="json") | told)
        return
    reason = f" ({sweep.reason})" if sweep.reason else ""
    goal = f", {sweep.goal} {sweep.metric}" if sweep.metric else ""
    lines = [
        f"sweep   {sweep.sweep_id}  {sweep.name}",
        f"state   {sweep.state}{reason}",
        f"method  {sweep.method}{goal}",
        f"trials  {progress_text(sweep)}",
        f"best    {best_text(sweep)}",
    ]
    sys.stdout.write("".join(f"{plain(line)}\n" for line in lines))
    _print_trials(trials)


@app.command("best")
def best(
    sweep_id: SweepId, *, project: Project = None, server: Server = None, json: Json = False
) -> None:
    """Show the best trial: its value, its run and its parameters."""
    settings = Settings.from_env(endpoint=server, project=project)
    with open_client(settings) as client:
        sweep = client.get_sweep(settings.project, sweep_id)
    if sweep.best is None:
        raise ConfigError(
            f"sweep {sweep_id!r} has no best trial: {progress_text(sweep)}",
            "a trial has to end with a value of the metric",
        )
    if json:
        print_json(sweep.best.model_dump(mode="json"))
        return
    _print_trials([sweep.best])


def _add_move(word: str, state: str, told: str) -> None:
    @app.command(word, help=told)
    def move(
        sweep_id: SweepId, *, project: Project = None, server: Server = None, json: Json = False
    ) -> None:
        from weave_core.model import SweepChanges  # Loads pydantic: not for `--help`.

        settings = Settings.from_env(endpoint=server, project=project)
        with open_client(settings) as client:
            changes = SweepChanges.model_validate({"state": state})
            sweep = client.change_sweep(settings.project, sweep_id, changes)
        if json:
            print_json(sweep.model_dump(mode="json"))
        else:
            sys.stdout.write(f"{sweep.sweep_id} is {sweep.state}\n")


_add_move("pause", "paused", "Hand out no more trials until it is resumed; those that run go on.")
_add_move("resume", "running", "Go on with a sweep that was paused or has ended.")
_add_move("stop", "finished", "End it: hand out no more trials; those that run go on.")
_add_move("cancel", "cancelled", "End it and stop the trials that run.")


def _print_trials(trials: "list[SweepTrial]") -> None:
    from weave_core.flat_keys import flattened

    configs = [dict(flattened(trial.params)) for trial in trials]
    names = list(dict.fromkeys(name for config in configs for name in config))
    rows = []
    for trial, config in zip(trials, configs, strict=True):
        value = "-" if trial.value is None else f"{trial.value:.6g}"
        told = trial.error or trial.reason or ""
        first = [str(trial.number), trial.state, value, trial.run_id or "-"]
        rows.append([*first, *(_text(config.get(name)) for name in names), told])
    print_table(["trial", "state", "value", "run", *names, ""], rows)


def _text(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
