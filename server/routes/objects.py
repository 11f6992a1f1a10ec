"""Objects by their content, over HTTP."""

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from weave_core.model import (
    NewAlias,
    NewObject,
    NewTags,
    ObjectKindCount,
    ObjectVersion,
    Page,
    StoredObject,
)
from weave_core.model.objects import Alias, ObjectKind, ObjectName
from weave_core.server.deps import CursorQuery, LimitQuery, ProjectPath, ReaderDep, StoreDep
from weave_core.server.routes.answers import JsonAnswer
from weave_core.server.routes.bodies import read_model
from weave_core.server.store import objects

if TYPE_CHECKING:
    from weave_core.server.limits import BodyReader

router = APIRouter(prefix="/api/projects/{project}/objects", tags=["objects"])

KindPath = Annotated[ObjectKind, Path(description="What it is: `dataset`, `prompt`, ...")]
NamePath = Annotated[ObjectName, Path(description="Name of the object.")]
AliasPath = Annotated[Alias, Path(description="A name that leads to a version.")]
VersionPath = Annotated[
    str,
    Path(description="An alias (`latest`), a number, or a `sha256:` digest or its beginning."),
]


@router.get("", response_model=Page[ObjectVersion])
def list_objects(
    *,
    connection: ReaderDep,
    project: ProjectPath,
    kind: Annotated[str | None, Query(description="Only of this kind.")] = None,
    name: Annotated[str | None, Query(description="Only of this name.")] = None,
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
) -> Response:
    """The latest version of each object, by kind and name."""
    return JsonAnswer(
        objects.list_objects(connection, project, kind=kind, name=name, limit=limit, cursor=cursor)
    )


@router.get("/kinds", response_model=Page[ObjectKindCount])
def list_kinds(connection: ReaderDep, project: ProjectPath) -> Response:
    """The kinds of objects that there are, with how many objects each has."""
    return JsonAnswer(objects.list_kinds(connection, project))


@router.get("/{kind}/{name}", response_model=Page[ObjectVersion])
def list_versions(
    *,
    connection: ReaderDep,
    project: ProjectPath,
    kind: KindPath,
    name: NamePath,
    limit: LimitQuery = 50,
    cursor: CursorQuery = None,
) -> Response:
    """The versions of one object, newest first."""
    return JsonAnswer(
        objects.list_versions(connection, project, kind, name, limit=limit, cursor=cursor)
    )


@router.get("/{kind}/{name}/{version}", response_model=StoredObject)
def read_object(
    connection: ReaderDep,
    project: ProjectPath,
    kind: KindPath,
    name: NamePath,
    version: VersionPath,
) -> Response:
    """One version with its content."""
    return JsonAnswer(objects.get_object(connection, project, kind, name, version))


@router.post(
    "/{kind}/{name}",
    response_model=ObjectVersion,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": NewObject.model_json_schema()}},
        }
    },
)
async def publish_object(
    request: Request, store: StoreDep, project: ProjectPath, kind: KindPath, name: NamePath
) -> Response:
    """Keep a content; one that is kept already answers the version that has it.

    Either way that version is the latest now.
    """
    reader: BodyReader = request.app.state.body_reader
    async with reader.read(request) as body:
        sent = await asyncio.to_thread(read_model, NewObject, body, 'send {"content": ...}')
        work = partial(
            objects.add_object,
            project=project,
            kind=kind,
            name=name,
            content=sent.content,
            aliases=sent.aliases,
            tags=sent.tags,
        )
        return JsonAnswer(await asyncio.wrap_future(store.run(work)))


@router.put("/{kind}/{name}/aliases/{alias}", response_model=ObjectVersion)
def set_alias(
    *,
    store: StoreDep,
    project: ProjectPath,
    kind: KindPath,
    name: NamePath,
    alias: AliasPath,
    to: NewAlias,
) -> Response:
    """Let an alias lead to a version."""
    work = partial(
        objects.replace_alias,
        project=project,
        kind=kind,
        name=name,
        alias=alias,
        version=to.version,
    )
    return JsonAnswer(store.run(work).result())


@router.delete("/{kind}/{name}/aliases/{alias}", status_code=204)
def delete_alias(
    store: StoreDep, project: ProjectPath, kind: KindPath, name: NamePath, alias: AliasPath
) -> None:
    """Take an alias away; the versions stay."""
    work = partial(objects.delete_alias, project=project, kind=kind, name=name, alias=alias)
    store.run(work).result()


@router.put("/{kind}/{name}/{version}/tags", response_model=ObjectVersion)
def set_tags(
    *,
    store: StoreDep,
    project: ProjectPath,
    kind: KindPath,
    name: NamePath,
    version: VersionPath,
    tags: NewTags,
) -> Response:
    """Give a version these tags instead of those that it has."""
    work = partial(
        objects.replace_tags,
        project=project,
        kind=kind,
        name=name,
        version=version,
        tags=tags.tags,
    )
    return JsonAnswer(store.run(work).result())
