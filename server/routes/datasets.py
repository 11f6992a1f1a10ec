"""Rows of datasets over HTTP; datasets themselves are objects."""

import asyncio
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request, Response

from weave_core.model import AddedRows, NewRows, RowChanges, RowPage
from weave_core.server.deps import LimitQuery, ProjectPath, ReaderDep, StoreDep
from weave_core.server.routes.answers import JsonAnswer
from weave_core.server.routes.bodies import read_model
from weave_core.server.routes.objects import NamePath, VersionPath
from weave_core.server.store import dataset_rows

if TYPE_CHECKING:
    from weave_core.server.limits import BodyReader

router = APIRouter(prefix="/api/projects/{project}/datasets", tags=["datasets"])


@router.get("/{name}/{version}/rows", response_model=RowPage)
def list_rows(
    *,
    connection: ReaderDep,
    store: StoreDep,
    project: ProjectPath,
    name: NamePath,
    version: VersionPath,
    search: Annotated[
        str | None,
        Query(max_length=1_000, description="Only rows with this text in a value, case aside."),
    ] = None,
    start: Annotated[int, Query(ge=0, lt=2**31, description="The first row to look at.")] = 0,
    limit: LimitQuery = 100,
) -> Response:
    """Rows of one version, in their order; `next_start` leads on, also where a search paused."""
    return JsonAnswer(
        dataset_rows.list_rows(
            connection,
            store.blobs,
            project,
            name,
            version,
            search=search,
            start=start,
            limit=limit,
        )
    )


@router.get("/{name}/{version}/changes", response_model=RowChanges)
def compare_rows(
    *,
    connection: ReaderDep,
    store: StoreDep,
    project: ProjectPath,
    name: NamePath,
    version: VersionPath,
    base: Annotated[str, Query(description="The version that it is held against.")],
) -> Response:
    """Rows that only one of two versions has."""
    return JsonAnswer(
        dataset_rows.compare_rows(
            connection, store.blobs, project, name, version=version, base=base
        )
    )


@router.post(
    "/{name}/rows",
    response_model=AddedRows,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": NewRows.model_json_schema()}},
        }
    },
)
async def add_rows(
    request: Request, store: StoreDep, project: ProjectPath, name: NamePath
) -> Response:
    """Add rows at the end, as a new version; tells which stand there already or nearly so.

    Equal ones are left out.  The dataset is made where there is none.
    """
    reader: BodyReader = request.app.state.body_reader
    async with reader.read(request) as body:
        new = await asyncio.to_thread(read_model, NewRows, body, 'send {"rows": [...]}')
        done = await asyncio.to_thread(dataset_rows.add_rows, store, project, name, new)
        return JsonAnswer(done)
