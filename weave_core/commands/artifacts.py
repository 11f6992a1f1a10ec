"""`weave-core artifact`: store folders of files as versions, bring them back, look at them."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from weave_core.commands.clients import Json, Project, Server, open_client
from weave_core.commands.output import plain, print_json, print_table
from weave_core.errors import BadRequest
from weave_core.settings import Settings

if TYPE_CHECKING:
    from weave_core.artifacts import Artifact
    from weave_core.client import Client

__all__ = ["app"]

app = typer.Typer(
    help="Store folders of files as versions, bring them back, look at them.", no_args_is_help=True
)

_KIB = 1024
Name = Annotated[str, typer.Argument(help="NAME, NAME:ALIAS or NAME:v3.")]


@app.command("put")
def put(
    path: Annotated[Path, typer.Argument(help="A file or a folder.", exists=True)],
    name: Annotated[str, typer.Argument(help="What it is called.")],
    *,
    kind: Annotated[str, typer.Option("--type", "-t", help="What it is.")] = "dataset",
    alias: Annotated[list[str] | None, typer.Option("--alias", "-a", help="Leads to it.")] = None,
    tag: Annotated[list[str] | None, typer.Option("--tag", help="A word to find it by.")] = None,
    description: Annotated[str | None, typer.Option(help="Text about it.")] = None,
    metadata: Annotated[str | None, typer.Option(help="JSON of a mapping.")] = None,
    run_id: Annotated[str | None, typer.Option("--run", help="The run that made it.")] = None,
    project: Project = None,
    server: Server = None,
    json: Json = False,
) -> None:
    """Store a file or a folder as a version; what is stored already is not sent."""
    from weave_core.artifacts import Artifact  # It loads pydantic: not for `--help`.

    settings = Settings.from_env(endpoint=server, project=project)
    made = Artifact(name, kind, description, _mapping(metadata))
    if path.is_dir():
        made.add_dir(path)
    else:
        made.add_file(path)
    with open_client(settings) as client:
        client.log_artifact(
            made, project=settings.project, aliases=alias or (), tags=tag or (), run_id=run_id
        )
        if json:
            _print_version(client, made, settings.project)
            return
    sys.stdout.write(
        f"{made.name}:{made.version}: {made.file_count:,} files, {_size(made.size)},"
        f" {_size(made.added_bytes)} of it new\n"
    )


@app.command("get")
def get(
    name: Name,
    root: Annotated[Path | None, typer.Option("--root", "-o", help="The folder.")] = None,
    *,
    prefix: Annotated[str | None, typer.Option(help="Only paths that begin so.")] = None,
    writable: Annotated[bool, typer.Option(help="Files to write to, never links.")] = False,
    project: Project = None,
    server: Server = None,
    json: Json = False,
) -> None:
    """Bring the files of a version to a folder, and print where it is."""
    settings = Settings.from_env(endpoint=server, project=project)
    with open_client(settings) as client:
        found = client.artifact(name, project=settings.project)
        folder = found.download(root, path_prefix=prefix, writable=writable)
    if json:
        print_json({"folder": str(folder), "name": found.name, "version": found.version})
    else:
        sys.stdout.write(f"{folder}\n")


@app.command("ls")
def list_artifacts(
    name: Annotated[
        str | None, typer.Argument(help="NAME: its versions; NAME:VERSION: its files.")
    ] = None,
    *,
    kind: Annotated[str | None, typer.Option("--type", "-t", help="Only of this type.")] = None,
    under: Annotated[str, typer.Option(help="A folder of the version.")] = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=500, help="Most.")] = 100,
    project: Project = None,
    server: Server = None,
    json: Json = False,
) -> None:
    """List artifacts, the versions of one, or the files of a version."""
    settings = Settings.from_env(endpoint=server, project=project)
    plain_name, _, version = (name or "").partition(":")
    with open_client(settings) as client:
        page: Any
        if version:
            page = client.list_artifact_files(
                settings.project, plain_name, version, under=under, limit=limit
            )
        elif name:
            page = client.list_artifact_versions(settings.project, plain_name, limit=limit)
        else:
            page = client.list_artifacts(settings.project, type=kind, limit=limit)
    if json:
        print_json(page.model_dump(mode="json"))
    elif version:
        print_table(
            ["path", "size", "files", "digest"],
            (
                [
                    *(each.path + "/" * each.is_folder, _size(each.size_bytes)),
                    *(f"{each.file_count:,}" if each.is_folder else "", each.digest[:23]),
                ]
                for each in page.items
            ),
        )
    else:
        print_table(
            ["name", "type", "version", "aliases", "files", "size", "new", "run"],
            (
                [
                    *(each.name, each.type, f"v{each.version}", ", ".join(each.aliases)),
                    *(f"{each.file_count:,}", _size(each.size_bytes), _size(each.added_bytes)),
                    each.run_id or "",
                ]
                for each in page.items
            ),
        )


@app.command("info")
def info(name: Name, *, project: Project = None, server: Server = None, json: Json = False) -> None:
    """Show one version: what is said of it, who made it and who used it."""
    settings = Settings.from_env(endpoint=server, project=project)
    with open_client(settings) as client:
        found = client.artifact(name, project=settings.project)
        stored = client.get_artifact(found.project, found.name, found.version)
    if json:
        print_json(stored.model_dump(mode="json", exclude={"parts"}))
        return
    told = {
        "artifact": f"{stored.name}:v{stored.version}, of type {stored.type}",
        "aliases": ", ".join(stored.aliases),
        "tags": ", ".join(stored.tags),
        "files": f"{stored.file_count:,}, {_size(stored.size_bytes)}",
        "new": _size(stored.added_bytes),
        "digest": stored.digest,
        "described": stored.description or "",
        "metadata": orjson.dumps(stored.metadata).decode() if stored.metadata else "",
    }
    for role in ("made", "used"):
        runs = [use.run_id for use in stored.uses if use.role == role]
        if runs:
            told[f"{role} by"] = ", ".join(runs)
    for key, text in told.items():
        if text:
            sys.stdout.write(f"{key:10}  {plain(text)}\n")


@app.command("rm")
def remove(
    name: Annotated[str, typer.Argument(help="NAME:VERSION: which version is always said.")],
    *,
    delete_aliases: Annotated[
        bool, typer.Option("--delete-aliases", help="Also where aliases lead to it.")
    ] = False,
    project: Project = None,
    server: Server = None,
    json: Json = False,
) -> None:
    """Take a version away; bytes that only it has are deleted an hour later."""
    if ":" not in name:
        raise BadRequest(f"{name!r} names no version", "say NAME:v3 or NAME:ALIAS")
    settings = Settings.from_env(endpoint=server, project=project)
    with open_client(settings) as client:
        found = client.artifact(name, project=settings.project)
        found.delete(delete_aliases=delete_aliases)
    if json:
        print_json({"deleted": f"{found.name}:{found.version}"})
    else:
        sys.stdout.write(f"{found.name}:{found.version} is deleted\n")


@app.command("verify")
def verify(
    name: Name,
    folder: Annotated[Path, typer.Argument(help="Where its files are.", exists=True)],
    *,
    project: Project = None,
    server: Server = None,
    json: Json = False,
) -> None:
    """See that a folder holds exactly the files of a version; exit 1 where it does not."""
    settings = Settings.from_env(endpoint=server, project=project)
    with open_client(settings) as client:
        found = client.artifact(name, project=settings.project)
        found.verify(folder)
    if json:
        print_json({"ok": True, "files": found.file_count})
    else:
        sys.stdout.write(f"{found.file_count:,} files are those of {found.name}:{found.version}\n")


def _print_version(client: "Client", made: "Artifact", project: str) -> None:
    stored = client.get_artifact(project, made.name, made.version)
    print_json(stored.model_dump(mode="json", exclude={"parts"}))


def _mapping(text: str | None) -> dict[str, Any]:
    try:
        told = orjson.loads(text) if text else {}
    except ValueError as error:
        raise BadRequest(f"--metadata is no JSON: {error}", 'give {"key": "value"}') from error
    if not isinstance(told, dict):
        raise BadRequest(f"--metadata is {text!r:.100}", 'give {"key": "value"}')
    return told


def _size(size_bytes: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size_bytes < _KIB:
            return f"{size_bytes:.0f} B" if unit == "B" else f"{size_bytes:.1f} {unit}"
        size_bytes /= _KIB
    return f"{size_bytes:.1f} TiB"
