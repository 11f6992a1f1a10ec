"""Artifacts over HTTP.  A route names its inputs and asks one query; it decides nothing."""

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from weave_core.model import (
    ArtifactChanges,
    ArtifactEdit,
    ArtifactItem,
    ArtifactTypeCount,
    ArtifactUse,
    ArtifactVersion,
    NewArtifact,
    NewArtifactUse,
    Page,
    StoredArtifact,
)
from weave_core.model.objects import ObjectName
from weave_core.server.deps import CursorQuery, LimitQuery, ProjectPath, ReaderDep, StoreDep
from weave_core.server.routes.answers import JsonAnswer
from weave_core.server.routes.bodies import read_model
from weave_core.server.routes.byte_answers import FOUND, bytes_answer
from weave_core.server.routes.objects import VersionPath
from weave_core.server.routes.runs import RunPath
from weave_core.server.store import artifacts as changes
from weave_core.server.store.artifact_chunks import read_part
from weave_core.server.store.queries import artifact_files, artifacts

if TYPE_CHECKING:
    from weave_core.server.limits import BodyReader

router = APIRouter(prefix="/api/projects/{project}", tags=["artifacts"])

NamePath = Annotated[ObjectName, Path(description="Name of the artifact.")]
FilePath = Annotated[str, Path(description="Path of the file within the artifact.")]


@router.get("/artifacts", response_model=Page[ArtifactVersion])
def list_artifacts(
    *,
    connection: ReaderDep,
    project: ProjectPath,
    kind: Annotated[str | None, Query(alias="type", description="Only of this type.")] = None,
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
) -> Response:
    """The latest version of each artifact, by name."""
    return JsonAnswer(
        artifacts.list_artifacts(connection, project, kind=kind, limit=limit, cursor=cursor)
    )


@router.get("/artifact-types", response_model=Page[ArtifactTypeCount])
def list_types(connection: ReaderDep, project: ProjectPath) -> Response:
    """The types of artifacts that there are, with how many artifacts each has."""
    return JsonAnswer(artifacts.list_types(connection, project))


@router.get("/runs/{run_id}/artifacts", response_model=Page[ArtifactUse])
def list_run_artifacts(connection: ReaderDep, project: ProjectPath, run_id: RunPath) -> Response:
    """The versions of artifacts that a run made and used, the newest first."""
    return JsonAnswer(artifacts.list_run_uses(connection, project, run_id))


@router.get("/artifacts/{name}", response_model=Page[ArtifactVersion])
def list_versions(
    *,
    connection: ReaderDep,
    project: ProjectPath,
    name: NamePath,
    limit: LimitQuery = 50,
    cursor: CursorQuery = None,
) -> Response:
    """The versions of an artifact, newest first."""
    return JsonAnswer(
        artifacts.list_versions(connection, project, name, limit=limit, cursor=cursor)
    )


@router.post(
    "/artifacts/{name}",
    response_model=StoredArtifact,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": NewArtifact.model_json_schema()}},
        }
    },
)
async def commit_artifact(
    request: Request, store: StoreDep, project: ProjectPath, name: NamePath
) -> Response:
    """Make a version of chunks that are stored; files that a version has already are that version.

    Either way that version is the latest now.
    """
    reader: BodyReader = request.app.state.body_reader
    async with reader.read(request) as body:
        sent = await asyncio.to_thread(read_model, NewArtifact, body, 'send {"type", "parts": []}')
    return JsonAnswer(await asyncio.to_thread(changes.commit, store, project, name, sent))


@router.get("/artifacts/{name}/{version}", response_model=StoredArtifact)
def read_version(
    connection: ReaderDep, project: ProjectPath, name: NamePath, version: VersionPath
) -> Response:
    """One version with the parts of its manifest and its lineage."""
    return JsonAnswer(artifacts.get_version(connection, project, name, version))


@router.patch("/artifacts/{name}/{version}", response_model=StoredArtifact)
def edit_version(
    *,
    store: StoreDep,
    project: ProjectPath,
    name: NamePath,
    version: VersionPath,
    edit: ArtifactEdit,
) -> Response:
    """Change the description or the metadata of a version."""
    work = partial(changes.edit_version, project=project, name=name, version=version, edit=edit)
    store.run(work).result()
    with store.reading() as connection:
        return JsonAnswer(artifacts.get_version(connection, project, name, version))


@router.delete("/artifacts/{name}/{version}", status_code=204)
def delete_version(
    *,
    store: StoreDep,
    project: ProjectPath,
    name: NamePath,
    version: VersionPath,
    delete_aliases: Annotated[
        bool, Query(description="Also where aliases lead to it that somebody gave.")
    ] = False,
) -> None:
    """Take a version away; bytes that only it has are deleted an hour later."""
    work = partial(
        changes.delete_version,
        project=project,
        name=name,
        version=version,
        delete_aliases=delete_aliases,
    )
    store.run(work).result()


@router.post("/artifacts/{name}/{version}/uses", status_code=204)
def add_use(
    *,
    store: StoreDep,
    project: ProjectPath,
    name: NamePath,
    version: VersionPath,
    use: NewArtifactUse,
) -> None:
    """Note that a run uses a version."""
    work = partial(changes.add_use, project=project, name=name, version=version, run_id=use.run_id)
    store.run(work).result()


@router.get("/artifacts/{name}/{version}/changes", response_model=ArtifactChanges)
def compare_versions(
    *,
    connection: ReaderDep,
    store: StoreDep,
    project: ProjectPath,
    name: NamePath,
    version: VersionPath,
    base: Annotated[str, Query(description="The version that it is held against.")],
) -> Response:
    """Which files of a version are others than those of another one."""
    return JsonAnswer(
        artifact_files.compare_versions(
            store, connection, project, name, version=version, base=base
        )
    )


@router.get("/artifacts/{name}/{version}/files", response_model=Page[ArtifactItem])
def list_files(
    *,
    connection: ReaderDep,
    store: StoreDep,
    project: ProjectPath,
    name: NamePath,
    version: VersionPath,
    under: Annotated[str, Query(description="The folder; empty: the artifact's own.")] = "",
    limit: LimitQuery = 200,
    cursor: Annotated[str, Query(description="`next_cursor` of the page before.")] = "",
) -> Response:
    """What lies in a folder of a version, by name."""
    return JsonAnswer(
        artifact_files.list_folder(
            store, connection, project, name, version, under=under, after=cursor, limit=limit
        )
    )


@router.get(
    "/artifacts/{name}/{version}/files/{path:path}", response_class=Response, responses=FOUND
)
def read_artifact_file(
    *,
    request: Request,
    store: StoreDep,
    project: ProjectPath,
    name: NamePath,
    version: VersionPath,
    path: FilePath,
) -> Response:
    """The bytes of a file of a version, or a range of them."""
    with store.reading() as connection:
        entry = artifact_files.get_entry(store, connection, project, name, version, path=path)
        spans = artifact_files.spans_of_file(connection, entry)

    file_name = path.rpartition("/")[2]
    read = partial(read_part, store, spans)
    return bytes_answer(request, read, entry.size_bytes, etag=f'"{entry.digest}"', name=file_name)
