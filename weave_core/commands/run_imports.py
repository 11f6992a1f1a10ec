"""`weave-core import`: runs of other trackers, and spans of files that `export` wrote."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from weave_core.commands.clients import Json, Project, Server, open_client
from weave_core.commands.output import console, plain, print_json
from weave_core.commands.transfers import import_lines
from weave_core.errors import ConfigError, NotFound, ServerError
from weave_core.settings import DEFAULT_ENDPOINT, OFFLINE, Settings

if TYPE_CHECKING:
    from weave_core.client import Client
    from weave_core.foreign_runs import ForeignRun
    from weave_core.tracing.transports import Transport

__all__ = ["import_paths"]

_TRIES = 60
_PAUSE_S = 1.0


def import_paths(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH...",
            help="Runs of other trackers (a .wandb file, an mlruns folder or MLflow's SQLite file, "
            "a folder of TensorBoard event files or with Aim's .aim, Parquet files of "
            "neptune-exporter, a .csv file), or lines as `export` writes them.",
        ),
    ],
    *,
    project: Project = None,
    server: Server = None,
    json: Json = False,
) -> None:
    """Take runs of other trackers, or exported spans; what is there already is recognised."""
    from weave_core.foreign_runs import holds_runs  # Reads formats: not for `--help`.

    settings = Settings.from_env(endpoint=server, project=project)
    foreign = [path for path in paths if path.is_dir() or (path.is_file() and holds_runs(path))]
    for path in paths:
        if path not in foreign:
            import_lines(path, settings, json=json)
    if foreign:
        _import_runs(foreign, settings, json=json)


def _import_runs(paths: list[Path], settings: Settings, *, json: bool) -> None:
    from weave_core.foreign_runs import read_runs
    from weave_core.tracing.transports import Transport  # Loads the OTLP messages.

    endpoint = settings.endpoint or DEFAULT_ENDPOINT
    if endpoint == OFFLINE:
        raise ConfigError("an import needs a server, and the endpoint is offline", "give --server")
    told: list[dict[str, Any]] = []
    transport = Transport(endpoint, settings.api_key, timeout_s=120.0, settings=settings)
    try:
        with open_client(settings) as client:
            for path in paths:
                for run in read_runs(path, _show_wrong):
                    told.append(_import_run(run, client, transport, settings.project))
                    if not json:
                        _show(told[-1])
    finally:
        transport.close()
    if json:
        print_json({"runs": told})
        return
    taken = [each for each in told if each["outcome"] == "taken"]
    console().print(
        f"Took {len(taken):,} runs with {sum(each['points'] for each in taken):,} points; "
        f"{len(told) - len(taken):,} were there already.",
        markup=False,
    )


def _import_run(
    run: "ForeignRun", client: "Client", transport: "Transport", project: str
) -> dict[str, Any]:
    from weave_core.tracing.past_runs import PastRun

    past = PastRun(run, project)
    told: dict[str, Any] = {
        "source": run.source,
        "path": run.path,
        "run_id": run.run_id,
        "name": run.name,
    }
    told |= {"state": run.state, "points": past.points, "media": past.media}
    told["files"] = len(run.files)
    told["problems"] = run.problems
    if past.digest in _digests(client, project, run.run_id):
        return told | {"outcome": "known"}
    for body in past.requests(lambda content: client.add_blob(content).digest):
        _send(transport, body, run.run_id)
    return told | {"outcome": "taken"}


def _digests(client: "Client", project: str, run_id: str) -> Iterator[str]:
    """Of what was imported into a run before."""
    from weave_core.tracing.past_runs import IMPORTED

    try:
        writers = client.get_run(project, run_id).writers
    except NotFound:
        return
    for writer in writers:
        source = (writer.environment or {}).get(IMPORTED)
        if isinstance(source, dict):
            yield str(source.get("digest"))


def _send(transport: "Transport", body: bytes, run_id: str) -> None:
    """Send, with patience for a server that has its hands full."""
    for _ in range(_TRIES):
        delivery = transport.send(body)
        if delivery.outcome == "taken" and not delivery.rejected_spans:
            return
        if delivery.outcome != "later" or delivery.reason.startswith("no answer"):
            break
        time.sleep(min(delivery.retry_after_s or _PAUSE_S, _PAUSE_S))
    raise ServerError(
        f"the run {run_id} could not be sent: {delivery.reason}",
        "run the same import again: what is stored is recognised",
    )


def _show_wrong(told: str) -> None:
    sys.stderr.write(plain(f"left out: {told}") + "\n")


def _show(told: dict[str, Any]) -> None:
    """One line for a run, and one for each thing that could not be read."""
    known = ", was there already" if told["outcome"] == "known" else ""
    name = f" ({told['name']})" if told["name"] else ""
    kept = f"{told['points']:,} points"
    kept += "".join(f", {told[each]:,} {each}" for each in ("media", "files") if told[each])
    sys.stdout.write(plain(f"{told['source']} {told['run_id']}{name}: {kept}"))
    sys.stdout.write(f", {told['state']}{known}\n")
    for key, problem in told["problems"].items():
        sys.stderr.write(plain(f"  {key}: {problem}") + "\n")
