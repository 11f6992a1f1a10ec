"""Saved views over HTTP."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Response

from weave_core.model import NewView, Page, SavedView
from weave_core.server.deps import ProjectPath, ReaderDep, StoreDep
from weave_core.server.routes.answers import JsonAnswer
from weave_core.server.store import views

router = APIRouter(prefix="/api/projects/{project}/views", tags=["views"])

ViewPath = Annotated[str, Path(description="Id of a saved view.")]


@router.get("", response_model=Page[SavedView])
def list_views(connection: ReaderDep, project: ProjectPath) -> Response:
    """All saved views of a project, by page and name."""
    return JsonAnswer(views.list_views(connection, project))


@router.get("/{view_id}", response_model=SavedView)
def read_view(connection: ReaderDep, project: ProjectPath, view_id: ViewPath) -> Response:
    """One saved view."""
    return JsonAnswer(views.get_view(connection, project, view_id))


@router.post("", response_model=SavedView)
def add_view(store: StoreDep, project: ProjectPath, view: NewView) -> Response:
    """Save a view; one of the same page and name is replaced and keeps its id."""
    work = partial(views.add_view, project=project, view=view.model_dump())
    return JsonAnswer(store.run(work).result())


@router.delete("/{view_id}", status_code=204)
def delete_view(store: StoreDep, project: ProjectPath, view_id: ViewPath) -> None:
    """Delete a saved view."""
    store.run(partial(views.delete_view, project=project, view_id=view_id)).result()
