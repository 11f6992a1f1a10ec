"""Files of runs over HTTP.  A route names its inputs and asks one query; it decides nothing."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from weave_core.model import Page, RunFile
from weave_core.server.deps import CursorQuery, ProjectPath, ReaderDep
from weave_core.server.routes.answers import JsonAnswer
from weave_core.server.routes.runs import RunPath
from weave_core.server.store.queries import run_files
from weave_core.server.store.run_files import MAX_STORED_FILE_NAME

router = APIRouter(prefix="/api/projects/{project}", tags=["runs"])


@router.get("/runs/{run_id}/files", response_model=Page[RunFile])
def list_files(
    *,
    connection: ReaderDep,
    project: ProjectPath,
    run_id: RunPath,
    prefix: Annotated[
        str,
        Query(max_length=MAX_STORED_FILE_NAME, description="Only names that begin so."),
    ] = "",
    limit: Annotated[int, Query(ge=1, le=run_files.MAX_FILE_PAGE, description="Most.")] = 1_000,
    cursor: CursorQuery = None,
) -> Response:
    """The files that a run keeps, by name; their bytes are blobs, by their digest."""
    return JsonAnswer(
        run_files.list_files(connection, project, run_id, prefix=prefix, limit=limit, cursor=cursor)
    )


@router.get("/runs/{run_id}/files/{name:path}", response_model=RunFile)
def read_file(
    *,
    connection: ReaderDep,
    project: ProjectPath,
    run_id: RunPath,
    name: Annotated[str, Path(description="Its name, with its folders.")],
) -> Response:
    """One file that a run keeps: its size, its time, and the digest of its bytes."""
    return JsonAnswer(run_files.get_file(connection, project, run_id, name))
