"""The registry over HTTP: names above all projects that lead to versions of artifacts."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Body, Path, Query, Response

from weave_core.model import (
    NewRegistryAlias,
    NewRegistryUse,
    NewRegistryVersion,
    Page,
    RegistryEntry,
    RegistryEvent,
    RegistryVersion,
    TracedRegistryVersion,
)
from weave_core.model.objects import Alias, ObjectName
from weave_core.model.registry import Author, Note, VersionText
from weave_core.server.deps import CursorQuery, LimitQuery, ReaderDep, StoreDep
from weave_core.server.routes.answers import JsonAnswer
from weave_core.server.store import registry
from weave_core.server.store.queries import registry as questions

router = APIRouter(prefix="/api/registry", tags=["registry"])

NamePath = Annotated[ObjectName, Path(description="A name of the registry.")]
VersionPath = Annotated[
    VersionText, Path(description="An alias (`latest`), or a number such as `v3`.")
]
AliasPath = Annotated[Alias, Path(description="A name that leads to a version.")]
ByQuery = Annotated[Author, Query(description="Who does it.")]
NoteQuery = Annotated[Note, Query(description="Why.")]


@router.get("", response_model=Page[RegistryEntry])
def list_registry(
    *, connection: ReaderDep, limit: LimitQuery = 100, cursor: CursorQuery = None
) -> Response:
    """The names of the registry, with their aliases."""
    return JsonAnswer(questions.list_entries(connection, limit=limit, cursor=cursor))


@router.get("/{name}", response_model=RegistryEntry)
def read_entry(connection: ReaderDep, name: NamePath) -> Response:
    """One name."""
    return JsonAnswer(questions.get_entry(connection, name))


@router.get("/{name}/versions", response_model=Page[RegistryVersion])
def list_versions(
    *, connection: ReaderDep, name: NamePath, limit: LimitQuery = 50, cursor: CursorQuery = None
) -> Response:
    """The versions of a name, newest first."""
    return JsonAnswer(questions.list_versions(connection, name, limit=limit, cursor=cursor))


@router.post("/{name}/versions", response_model=TracedRegistryVersion)
def add_version(
    store: StoreDep, name: NamePath, given: Annotated[NewRegistryVersion, Body()]
) -> Response:
    """Register a version of an artifact; one that is registered under the name is that version."""
    return JsonAnswer(store.run(partial(registry.add_version, name=name, given=given)).result())


@router.get("/{name}/versions/{version}", response_model=TracedRegistryVersion)
def read_version(connection: ReaderDep, name: NamePath, version: VersionPath) -> Response:
    """One version with the run that made it, those that used it, and their evaluations."""
    return JsonAnswer(questions.get_version(connection, name, version))


@router.delete("/{name}/versions/{version}", status_code=204)
def delete_version(
    *,
    store: StoreDep,
    name: NamePath,
    version: VersionPath,
    by: ByQuery = "",
    note: NoteQuery = "",
) -> None:
    """Take a version out of the registry; the artifact's stays."""
    work = partial(registry.delete_version, name=name, version=version, by=by, note=note)
    store.run(work).result()


@router.post("/{name}/versions/{version}/uses", status_code=204)
def add_use(
    store: StoreDep, name: NamePath, version: VersionPath, use: Annotated[NewRegistryUse, Body()]
) -> None:
    """Note that a run, of whichever project, uses a version."""
    store.run(partial(registry.add_use, name=name, version=version, use=use)).result()


@router.put("/{name}/aliases/{alias}", response_model=TracedRegistryVersion)
def replace_alias(
    store: StoreDep, name: NamePath, alias: AliasPath, given: Annotated[NewRegistryAlias, Body()]
) -> Response:
    """Lead an alias to a version; who did it, and from where, is kept."""
    work = partial(registry.replace_alias, name=name, alias=alias, given=given)
    return JsonAnswer(store.run(work).result())


@router.delete("/{name}/aliases/{alias}", status_code=204)
def delete_alias(
    *, store: StoreDep, name: NamePath, alias: AliasPath, by: ByQuery = "", note: NoteQuery = ""
) -> None:
    """Take an alias away; its history stays."""
    store.run(partial(registry.delete_alias, name=name, alias=alias, by=by, note=note)).result()


@router.get("/{name}/history", response_model=Page[RegistryEvent])
def list_events(
    *, connection: ReaderDep, name: NamePath, limit: LimitQuery = 50, cursor: CursorQuery = None
) -> Response:
    """Who led which alias where, newest first."""
    return JsonAnswer(questions.list_events(connection, name, limit=limit, cursor=cursor))
