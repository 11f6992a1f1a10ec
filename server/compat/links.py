"""The links that clients print, which lead into the app."""

from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Path, Request
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from weave_core.errors import NotFound
from weave_core.foreign_runs.records import checked_id
from weave_core.server.deps import ReaderDep
from weave_core.server.store.queries.projects import get_project_id

if TYPE_CHECKING:
    from weave_core.settings import Settings

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

EntityPath = Annotated[str, Path(description="Whoever the client works for; it decides nothing.")]


@router.get("/{_entity}/{project}")
@router.get("/{_entity}/{project}/workspace")
@router.get("/{_entity}/{project}/table")
def show_project(
    request: Request, connection: ReaderDep, _entity: EntityPath, project: str
) -> RedirectResponse:
    """The runs of a project."""
    return _page(request, connection, "runs", project=project)


@router.get("/{_entity}/{project}/runs/{run_id}")
@router.get("/{_entity}/{project}/runs/{run_id}/{tab}")
def show_run(
    request: Request, connection: ReaderDep, _entity: EntityPath, project: str, run_id: str
) -> RedirectResponse:
    """The page of a run."""
    run = checked_id(run_id)
    return _page(request, connection, "run", project=project, run=run)


@router.get("/{_entity}/{project}/sweeps/{sweep_id}")
def show_sweep(
    request: Request, connection: ReaderDep, _entity: EntityPath, project: str, sweep_id: str
) -> RedirectResponse:
    """The page of a sweep."""
    return _page(request, connection, "sweep", project=project, sweep=sweep_id)


def _page(request: Request, connection: ReaderDep, page: str, **query: str) -> RedirectResponse:
    """A page of the app, where there is such a project; else nothing is at this address."""
    try:
        get_project_id(connection, query["project"])
    except NotFound:
        raise HTTPException(404) from None
    settings: Settings = request.app.state.settings
    told = urlencode(query, quote_via=quote)
    return RedirectResponse(f"{settings.app_url.rstrip('/')}/{page}?{told}", 307)
