"""Projects over HTTP."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Body, Response
from pydantic import BaseModel, ConfigDict, Field

from weave_core.model import Page, Project
from weave_core.model.projects import MAX_RETENTION_DAYS
from weave_core.server.deps import ProjectPath, SettledReaderDep, StoreDep
from weave_core.server.routes.answers import JsonAnswer
from weave_core.server.store.project_settings import replace_settings
from weave_core.server.store.queries import projects

router = APIRouter(prefix="/api/projects", tags=["projects"])


@router.get("", response_model=Page[Project])
def list_projects(connection: SettledReaderDep) -> Response:
    """All projects with their sizes, last used first."""
    return JsonAnswer(projects.list_projects(connection))


@router.get("/{project}", response_model=Project)
def read_project(connection: SettledReaderDep, project: ProjectPath) -> Response:
    """One project with its size and settings."""
    return JsonAnswer(projects.get_project(connection, project))


class SettingsChange(BaseModel):
    """Settings of a project; what is not named stays as it is."""

    # A setting that nobody reads would look as if it were in force.
    model_config = ConfigDict(extra="forbid")

    retention_days: Annotated[int, Field(ge=1, le=MAX_RETENTION_DAYS)] | None = None


@router.patch("/{project}", response_model=Project)
def change_project(
    store: StoreDep,
    project: ProjectPath,
    settings: Annotated[SettingsChange, Body(embed=True)],
) -> Response:
    """Change settings: `{"settings": {"retention_days": 30}}`, null keeps traces for good."""
    changes = settings.model_dump(exclude_unset=True)
    store.run(partial(replace_settings, project=project, changes=changes)).result()
    store.wake_retention()
    with store.engine.connect() as connection:
        return JsonAnswer(projects.get_project(connection, project))
