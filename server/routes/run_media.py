"""Media of runs over HTTP.  A route names its inputs and asks one query; it decides nothing."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from weave_core.model import LoggedMedia, MediaKeys, Page
from weave_core.server.deps import ProjectPath, ReaderDep
from weave_core.server.routes.answers import JsonAnswer
from weave_core.server.routes.runs import KeysQuery, RunPath, read_keys
from weave_core.server.store.queries import run_media

router = APIRouter(prefix="/api/projects/{project}", tags=["runs"])


@router.get("/runs/{run_id}/media-keys", response_model=MediaKeys)
def list_media_keys(connection: ReaderDep, project: ProjectPath, run_id: RunPath) -> Response:
    """The keys of a run under which something was logged that is no number, and their steps."""
    return JsonAnswer(run_media.list_media_keys(connection, project, run_id))


@router.get("/runs/{run_id}/media", response_model=Page[LoggedMedia])
def list_media(
    *,
    connection: ReaderDep,
    project: ProjectPath,
    run_id: RunPath,
    keys: KeysQuery = None,
    at: Annotated[
        int | None,
        Query(ge=0, lt=2**63, description="Of each key the last at this step or before it."),
    ] = None,
    after: Annotated[int | None, Query(lt=2**63, description="Only behind this step.")] = None,
    limit: Annotated[int, Query(ge=1, le=run_media.MAX_MEDIA_PAGE, description="Most.")] = 100,
    sample: Annotated[
        bool, Query(description="Evenly chosen steps, where one key has more than `limit`.")
    ] = False,
) -> Response:
    """What a run logged that is no number, by step; bytes are blobs, by their digest."""
    return JsonAnswer(
        run_media.list_media(
            connection,
            project,
            run_id,
            keys=read_keys(keys),
            at=at,
            most=limit,
            after=after,
            is_sampled=sample,
        )
    )
