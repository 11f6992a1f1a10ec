"""`weave-core alert`: who is told when production is not as it should be."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from weave_core.commands.clients import Json, Project, Server, open_client, with_caret
from weave_core.commands.definitions import read_object, seconds_of, validated
from weave_core.commands.output import plain, print_json, print_table
from weave_core.errors import BadRequest, ConfigError
from weave_core.settings import Settings

if TYPE_CHECKING:
    from weave_core.model import Alert

__all__ = ["app"]

app = typer.Typer(help="Rules over what is measured, and who is told.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the alert.")]
When = Annotated[
    str | None,
    typer.Option(
        help="Such as `error_rate above 0.05`, `latency_p95_ms above 2000`, `count below 1`,"
        " `score below 0.8`, `cost_usd rises 0.5`, `runs above 0`."
    ),
]
To = Annotated[
    list[str] | None,
    typer.Option(
        "--to",
        help="`webhook:URL`, `slack:URL` or `email:ADDRESS`; `webhook:env:WEAVE_CORE_ALERT_URL`"
        " takes it from the worker's environment. May be given again.",
    ),
]
SecretPlace = Annotated[
    str | None,
    typer.Option(
        help="Of webhooks: where the key is that signs them, `env:WEAVE_CORE_ALERT_SECRET`."
    ),
]
_WORDS = ("above", "below", "rises", "falls")
_LENGTHS = ("window_s", "for_s", "every_s", "renotify_s")


@app.command("create")
def create(
    name: Name,
    *,
    when: When = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", "-f", help="JSON of the whole rule; options go before it."),
    ] = None,
    filter_text: Annotated[
        str | None, typer.Option("--filter", help="Which spans, or which feedback or runs.")
    ] = None,
    monitor: Annotated[str | None, typer.Option(help="Of `score`: whose.")] = None,
    score: Annotated[
        str | None,
        typer.Option(help="Of `score`: which of the monitor's; of `feedback`: its name."),
    ] = None,
    window: Annotated[
        str | None, typer.Option(help="How much is looked at.", show_default="15m")
    ] = None,
    hold: Annotated[
        str | None,
        typer.Option("--for", help="How long it has to hold before it fires.", show_default="0s"),
    ] = None,
    every: Annotated[
        str | None, typer.Option(help="From one look to the next.", show_default="60s")
    ] = None,
    renotify: Annotated[
        str | None, typer.Option(help="Tell again after so long.", show_default="once")
    ] = None,
    min_samples: Annotated[
        int | None, typer.Option(help="Of fewer nothing is said.", show_default="20")
    ] = None,
    channel: To = None,
    secret: SecretPlace = None,
    note: Annotated[str | None, typer.Option(help="What to do about it; told along.")] = None,
    project: Project = None,
    server: Server = None,
    json: Json = False,
) -> None:
    """Make an alert, or a new version of the one of that name."""
    from weave_core.model import NewAlert  # Loads pydantic: not for `--help`.

    lengths = dict(zip(_LENGTHS, (window, hold, every, renotify), strict=True))
    options: dict[str, Any] = {
        **(_condition(when) if when else {}),
        **{key: int(seconds_of(each)) for key, each in lengths.items() if each is not None},
        "filter": filter_text,
        "monitor": monitor,
        "score": score,
        "min_samples": min_samples,
        "channels": [_channel(each, secret) for each in channel] if channel else None,
        "note": note,
    }
    given = read_object(file) | {key: each for key, each in options.items() if each is not None}
    alert = validated(NewAlert, {**given, "name": name}, hint="give --when, or see --help")
    settings = Settings.from_env(endpoint=server, project=project)
    with open_client(settings) as client:
        try:
            made = client.add_alert(settings.project, alert)
        except BadRequest as error:
            raise with_caret(error, alert.filter) from error
    _say(made, json=json)


def _condition(text: str) -> dict[str, Any]:
    """`MEASURE WORD NUMBER`."""
    parts = text.split()
    try:
        measure, word, number = parts
        threshold = float(number.removesuffix("%")) / (100 if number.endswith("%") else 1)
    except ValueError:
        raise ConfigError(
            f"--when is {text!r}", "write a measure, above, below, rises or falls, and a number"
        ) from None
    if word not in _WORDS:
        raise ConfigError(f"--when says {word!r}", f"say {', '.join(_WORDS)}")
    return {"measure": measure, "condition": word, "threshold": threshold}


def _channel(text: str, secret: str | None) -> dict[str, Any]:
    kind, sign, to = text.partition(":")
    if not sign or kind not in {"webhook", "slack", "email"}:
        raise ConfigError(
            f"--to is {text!r}", "write webhook:URL, slack:URL or email:you@example.com"
        )
    return {"kind": kind, "to": to, "secret": secret if kind == "webhook" else None}


@app.command("list")
def list_alerts(*, project: Project = None, server: Server = None, json: Json = False) -> None:
    """List the alerts of a project, and how they stand."""
    settings = Settings.from_env(endpoint=server, project=project)
    with open_client(settings) as client:
        alerts = client.list_alerts(settings.project)
    if json:
        print_json({"items": [each.model_dump(mode="json") for each in alerts]})
        return
    rows = []
    for alert in alerts:
        measured = alert.problem or (alert.last.text if alert.last else "not measured yet")
        to = ", ".join(f"{each.kind} {each.to}" for each in alert.channels)
        dead = f" ({alert.dead_count} not delivered)" if alert.dead_count else ""
        rows.append([alert.name, _state(alert), measured, to + dead])
    print_table(["name", "state", "last", "to"], rows)


def _state(alert: "Alert") -> str:
    if alert.is_paused:
        return "paused"
    is_muted = alert.muted_until_ns is not None and alert.muted_until_ns > time.time_ns()
    return f"{alert.state}, muted" if is_muted else alert.state


@app.command("history")
def history(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Only of this one.")] = None,
    *,
    project: Project = None,
    server: Server = None,
    json: Json = False,
) -> None:
    """What became of alerts, newest first, and who was told."""
    from datetime import datetime

    settings = Settings.from_env(endpoint=server, project=project)
    with open_client(settings) as client:
        events = client.list_alert_events(settings.project, name)
    if json:
        print_json({"items": [each.model_dump(mode="json") for each in events]})
        return
    rows = []
    for event in events:
        told = [
            f"{each.kind} {each.to}: {each.state}" + (f" ({each.error})" if each.error else "")
            for each in event.deliveries
        ]
        moment = datetime.fromtimestamp(event.at_ns / 1e9).astimezone()
        state: str = "still firing" if event.is_reminder else event.state
        state += " (a test)" if event.is_test else ""
        said = "nobody, it is muted" if event.is_muted else "; ".join(told) or "nobody"
        first = [moment.isoformat(sep=" ", timespec="seconds"), event.alert, state]
        rows.append([*first, event.measurement.text, said])
    print_table(["when", "alert", "state", "measured", "told"], rows)


@app.command("test")
def try_alert(
    name: Name,
    *,
    send: Annotated[
        bool, typer.Option("--send", help="Also send a test message to all of its channels.")
    ] = False,
    project: Project = None,
    server: Server = None,
    json: Json = False,
) -> None:
    """Measure an alert here and now; its state stays what it is."""
    from weave_core.evals.alert_measures import measure

    settings = Settings.from_env(endpoint=server, project=project)
    with open_client(settings) as client:
        alert = client.get_alert(settings.project, name)
        found = measure(client, settings.project, alert)
        if send:
            client.test_alert(settings.project, name)
    if json:
        print_json(found.model_dump(mode="json"))
        return
    word = {None: "can't say", True: "holds", False: "does not hold"}[found.is_breached]
    sys.stdout.write(f"{word}: {plain(found.text)}\n")


def _say(alert: "Alert", *, json: bool) -> None:
    if json:
        print_json(alert.model_dump(mode="json"))
    else:
        sys.stdout.write(f"{plain(alert.name)} is {_state(alert)}\n")


def _change(name: str, project: str | None, server: str | None, **changes: Any) -> "Alert":
    from weave_core.model import AlertChanges  # Loads pydantic: not for `--help`.

    settings = Settings.from_env(endpoint=server, project=project)
    with open_client(settings) as client:
        return client.change_alert(settings.project, name, AlertChanges(**changes))


@app.command("mute")
def mute(
    name: Name,
    *,
    hold: Annotated[str, typer.Option("--for", help="How long; 0s: tell again.")] = "1h",
    project: Project = None,
    server: Server = None,
    json: Json = False,
) -> None:
    """Tell nobody for a while; its history goes on."""
    _say(_change(name, project, server, mute_s=int(seconds_of(hold))), json=json)


@app.command("pause")
def pause(
    name: Name, *, project: Project = None, server: Server = None, json: Json = False
) -> None:
    """Measure it no more until it is resumed."""
    _say(_change(name, project, server, is_paused=True), json=json)


@app.command("resume")
def resume(
    name: Name, *, project: Project = None, server: Server = None, json: Json = False
) -> None:
    """Measure it again."""
    _say(_change(name, project, server, is_paused=False), json=json)


@app.command("retry")
def retry(
    name: Name, *, project: Project = None, server: Server = None, json: Json = False
) -> None:
    """Send again what could not be delivered."""
    settings = Settings.from_env(endpoint=server, project=project)
    with open_client(settings) as client:
        _say(client.retry_alert(settings.project, name), json=json)


@app.command("delete")
def delete(name: Name, *, project: Project = None, server: Server = None) -> None:
    """Delete an alert with its history; versions of its rule stay as objects."""
    settings = Settings.from_env(endpoint=server, project=project)
    with open_client(settings) as client:
        client.delete_alert(settings.project, name)
    sys.stdout.write(f"{plain(name)} is deleted\n")
