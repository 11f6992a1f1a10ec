"""`weave-core registry`: names above all projects, and which version `production` is."""

import getpass
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from weave_core.commands.clients import Json, Project, Server, open_client
from weave_core.commands.output import plain, print_json, print_table
from weave_core.errors import ConfigError
from weave_core.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from weave_core.model import RegistryVersion, TracedRegistryVersion

__all__ = ["app"]

app = typer.Typer(
    help="Names that lead to versions of artifacts of all projects.", no_args_is_help=True
)

Named = Annotated[str, typer.Argument(metavar="NAME[:VERSION]", help="NAME, NAME:ALIAS, NAME:v3.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="Of the registry.")]
By = Annotated[str | None, typer.Option("--by", help="Who does it.", show_default="you")]
Note = Annotated[str, typer.Option("--note", "-m", help="Why.")]


@app.command("add")
def add(
    name: Name,
    artifact: Annotated[str, typer.Argument(help="NAME:VERSION or PROJECT/NAME:VERSION.")],
    *,
    alias: Annotated[list[str] | None, typer.Option("--alias", "-a", help="Leads to it.")] = None,
    by: By = None,
    note: Note = "",
    project: Project = None,
    server: Server = None,
    json: Json = False,
) -> None:
    """Register a version of an artifact under a name."""
    settings = Settings.from_env(endpoint=server, project=project)
    with open_client(settings) as client:
        made = client.register(
            name,
            artifact,
            project=settings.project,
            aliases=alias or (),
            by=by or _user(),
            note=note,
        )
    _say(made, json=json)


@app.command("list")
def list_names(*, server: Server = None, json: Json = False) -> None:
    """List the names of the registry, and where their aliases lead."""
    with open_client(Settings.from_env(endpoint=server)) as client:
        page = client.list_registry(limit=500)
    if json:
        print_json(page.model_dump(mode="json"))
        return
    rows = []
    for each in page.items:
        aliases = ", ".join(f"{key} v{at}" for key, at in sorted(each.aliases.items()))
        rows.append([each.name, each.type, str(each.version_count), aliases])
    print_table(["name", "type", "versions", "aliases"], rows)


@app.command("show")
def show(named: Named, *, server: Server = None, json: Json = False) -> None:
    """Show the versions of a name; or one version, where it comes from and who used it."""
    name, sign, version = named.partition(":")
    with open_client(Settings.from_env(endpoint=server)) as client:
        if not sign:
            page = client.list_registered(name, limit=500)
            if json:
                print_json(page.model_dump(mode="json"))
            else:
                print_table(
                    ["version", "aliases", "artifact", "made by", "added", "by", "note"],
                    map(_row, page.items),
                )
            return
        found = client.get_registered(name, version)
    if json:
        print_json(found.model_dump(mode="json"))
        return
    used = [f"{each.project}/{each.run_id}" for each in found.used_by]
    judged = [f"{each.project}/{each.name} ({each.state})" for each in found.evaluations]
    lines = [
        ("version", f"{found.name}:v{found.version}"),
        ("aliases", ", ".join(found.aliases)),
        ("artifact", _artifact(found)),
        ("digest", found.digest or "deleted"),
        ("made by", _maker(found)),
        ("added", f"{_moment(found.added_ns)} by {found.added_by or 'nobody named'}"),
        ("note", found.note),
        ("used by", ", ".join(used)),
        ("evaluations", ", ".join(judged)),
    ]
    for key, text in lines:
        if text:
            sys.stdout.write(f"{key + ':':13}{plain(text)}\n")


@app.command("move")
def move(
    name: Name,
    alias: Annotated[str, typer.Argument(help="Such as production.")],
    version: Annotated[str, typer.Argument(help="v3, or another alias.")],
    *,
    by: By = None,
    note: Note = "",
    server: Server = None,
    json: Json = False,
) -> None:
    """Lead an alias to a version; who did it, when and from where is kept."""
    with open_client(Settings.from_env(endpoint=server)) as client:
        moved = client.move_registry_alias(name, alias, version, by=by or _user(), note=note)
    _say(moved, json=json)


@app.command("history")
def history(name: Name, *, server: Server = None, json: Json = False) -> None:
    """Who led which alias where, newest first."""
    with open_client(Settings.from_env(endpoint=server)) as client:
        page = client.list_registry_events(name, limit=500)
    if json:
        print_json(page.model_dump(mode="json"))
        return
    rows = []
    for event in page.items:
        before = "-" if event.before is None else f"v{event.before}"
        after = "-" if event.version is None else f"v{event.version}"
        rows.append([_moment(event.at_ns), event.alias, before, after, event.by, event.note])
    print_table(["when", "alias", "from", "to", "by", "note"], rows)


@app.command("remove")
def remove(named: Named, *, by: By = None, note: Note = "", server: Server = None) -> None:
    """Take a version out of the registry, or `NAME:ALIAS` alone; the artifact's version stays."""
    name, sign, version = named.partition(":")
    if not sign:
        raise ConfigError(f"{named!r} names no version", f"write {name}:v3 or {name}:ALIAS")
    is_number = version.removeprefix("v").isdecimal()
    with open_client(Settings.from_env(endpoint=server)) as client:
        take: Callable[..., None] = client.unregister if is_number else client.delete_registry_alias
        take(name, version, by=by or _user(), note=note)
    sys.stdout.write(f"{plain(named)} is taken away\n")


def _user() -> str:
    """Who types; empty where the machine does not know."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # KeyError: Python before 3.13.
        return ""


def _say(found: "TracedRegistryVersion", *, json: bool) -> None:
    if json:
        print_json(found.model_dump(mode="json"))
        return
    aliases = f" ({', '.join(found.aliases)})" if found.aliases else ""
    told = f"{found.name}:v{found.version}{aliases} is {_artifact(found)}"
    sys.stdout.write(f"{plain(told)}\n")


def _row(each: "RegistryVersion") -> list[str]:
    return [
        *(f"v{each.version}", ", ".join(each.aliases), _artifact(each), _maker(each)),
        *(_moment(each.added_ns), each.added_by, each.note),
    ]


def _artifact(each: "RegistryVersion") -> str:
    gone = "" if each.digest else " (deleted)"
    return f"{each.project}/{each.artifact}:v{each.artifact_version}{gone}"


def _maker(each: "RegistryVersion") -> str:
    return f"run {each.project}/{each.run_id}" if each.run_id else ""


def _moment(at_ns: int) -> str:
    moment = datetime.fromtimestamp(at_ns / 1e9).astimezone()
    return moment.isoformat(sep=" ", timespec="seconds")
