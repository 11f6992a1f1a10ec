"""The links that clients print, which lead into the app.

They may begin with anything, `/{entity}/{project}`.  As routes of that shape they would answer for
every path that is nobody's, and for wrong methods of those that are somebody's: so they have a
prefix, and what looks like one and is asked for with GET gets it.
"""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Path, Request
from fastapi.responses import RedirectResponse
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from weave_core.errors import NotFound
from weave_core.foreign_runs.records import checked_id
from weave_core.server.deps import ReaderDep
from weave_core.server.store.queries.projects import get_project_id

if TYPE_CHECKING:
    from weave_core.settings import Settings

__all__ = ["LINK_PREFIX", "ClientLinks", "router"]

LINK_PREFIX = "/wandb-links"
"""Before the path that was asked for."""
_LINK = re.compile(r"/([^/]+)/[^/]+(?:/workspace|/table|/runs/[^/]+(?:/[^/]+)?|/sweeps/[^/]+)?")
# A wrong path of these is told in OTLP's own form, whatever lies there.
_OTLP_FOLDERS = {"v1", "v1development"}
router = APIRouter(prefix=LINK_PREFIX, include_in_schema=False)

EntityPath = Annotated[str, Path(description="Whoever the client works for; it decides nothing.")]


class ClientLinks:
    """Gives what looks like a client's link the path that the routes here know.

    Args:
        app: What answers.
        routes: All that it has.  What begins like one of them is no link.
    """

    def __init__(self, app: ASGIApp, routes: Sequence[BaseRoute]) -> None:
        self._app = app
        paths = (context.path for context in iter_route_contexts(routes))
        self._taken = {path.split("/")[1] for path in paths if path} | _OTLP_FOLDERS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, a link under its prefix."""
        if scope["type"] == "http" and scope["method"] == "GET":
            path: str = scope["path"]
            link = _LINK.fullmatch(path)
            if link and link[1] not in self._taken:
                found = LINK_PREFIX + path
                scope = {**scope, "path": found, "raw_path": quote(found).encode()}
        await self._app(scope, receive, send)


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
