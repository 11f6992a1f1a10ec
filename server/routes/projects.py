"""Projects over HTTP."""

from fastapi import APIRouter, Response

from weave_core.model import Page, Project
from weave_core.server.deps import ReaderDep
from weave_core.server.routes.answers import JsonAnswer
from weave_core.server.store.queries import projects

router = APIRouter(prefix="/api/projects", tags=["projects"])


@router.get("", response_model=Page[Project])
def list_projects(connection: ReaderDep) -> Response:
    """All projects with their sizes, last used first."""
    return JsonAnswer(projects.list_projects(connection))
