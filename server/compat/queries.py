"""What clients ask by GraphQL."""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from weave_core.errors import NotFound
from weave_core.server.compat.artifact_places import parts_of_id
from weave_core.server.compat.artifact_stores import client_id_mapping, place_of_id
from weave_core.server.compat.desks import Desk
from weave_core.server.compat.pages import page_info
from weave_core.server.compat.run_answers import (
    artifacts_of,
    project_fields,
    run_fields,
    shown_version,
    user,
)
from weave_core.server.compat.run_lists import count_runs, runs_page
from weave_core.server.compat.run_places import ENTITY, place_of
from weave_core.server.compat.stamps import iso
from weave_core.server.compat.sweep_answers import sweeps_of
from weave_core.server.store.queries.projects import get_project, list_projects

if TYPE_CHECKING:
    from weave_core.server.compat.documents import Answerer

__all__ = ["queries"]

_MAX_PROJECTS = 500
_ASKED_FIELDS = {"Run": ("projectId",), "Project": ("internalId",)}


def queries(desk: Desk, base_url: str) -> dict[str, Any]:
    """What may be asked of `desk`.

    Args:
        desk: The store and what belongs to it.
        base_url: How the client reaches this server.
    """
    return {
        "viewer": _viewer(),
        "serverInfo": _server_info(),
        "model": lambda told: _project(desk, base_url, told),
        "project": lambda told: _project(desk, base_url, told),
        "models": lambda told: _projects(desk, told),
        "artifact": lambda told: _artifact(desk, base_url, told),
        "artifactCollection": lambda told: _collection(desk, base_url, told),
        "clientIDMapping": lambda told: client_id_mapping(desk, told),
        "__type": lambda told: _type(told.get("name")),
        "entity": lambda told: {
            "name": told.get("name"),
            "organization": None,
            **_refused("members", "integrations", "projects", "runQueues"),
        },
    }


def _refused(*names: str) -> "dict[str, Answerer]":
    """Fields of which clients make no good message when they are null."""

    def refuse(name: str, _: Mapping[str, Any]) -> None:
        from weave_core.server.compat.documents import not_served

        raise not_served(name)

    return {name: partial(refuse, name) for name in names}


def _type(name: object) -> dict[str, Any]:
    """Which fields a type has, of those that older clients ask about before they use them."""
    fields = [{"name": field} for field in _ASKED_FIELDS.get(str(name), ())]
    return {"name": name, "fields": fields, "inputFields": []}


def _viewer() -> dict[str, Any]:
    return {**user(), "entity": ENTITY, "defaultEntity": {"name": ENTITY}}


def _server_info() -> dict[str, Any]:
    return {
        "features": [],
        "cliVersionInfo": {"min_cli_version": "0.18.0", "max_cli_version": "9999.0.0"},
        "latestLocalVersionInfo": None,
    }


def _project(desk: Desk, base_url: str, told: Mapping[str, Any]) -> dict[str, Any]:
    """A project, and its runs by their ids."""
    entity = told.get("entityName", told.get("entity"))
    name = told.get("name")
    project = place_of(entity, name, "-")

    def run(asked: Mapping[str, Any] | str) -> dict[str, Any] | None:
        place = place_of(entity, name, asked if isinstance(asked, str) else asked.get("name"))
        session = desk.session(place)
        return None if session is None else run_fields(desk, base_url, place, session)

    return {
        **project_fields(project),
        "createdAt": lambda _: _created(desk, project.project),
        "isBenchmark": False,
        "readOnly": False,
        "user": None,
        "run": run,
        "bucket": run,
        "runs": lambda asked: runs_page(desk, project.project, asked, run),
        **artifacts_of(desk, base_url, project).of_project(),
        **sweeps_of(desk, project, run),
        **_refused("runQueue"),
        "runCount": lambda asked: count_runs(desk, project.project, asked.get("filters")),
    }


def _artifact(desk: Desk, base_url: str, told: Mapping[str, Any]) -> dict[str, Any]:
    return shown_version(desk, base_url, place_of_id(desk, told.get("id")))


def _collection(desk: Desk, base_url: str, told: Mapping[str, Any]) -> dict[str, Any] | None:
    words = parts_of_id(told.get("id"))
    entity, project, name = (*words, "", "", "")[1:4]
    answers = artifacts_of(desk, base_url, place_of(entity, project, "-"))
    return answers.collection(name)


def _created(desk: Desk, name: str) -> str | None:
    with desk.store.reading() as connection:
        try:
            return iso(get_project(connection, name)["created_ns"])
        except NotFound:
            return None


def _projects(desk: Desk, told: Mapping[str, Any]) -> dict[str, Any]:
    with desk.store.reading() as connection:
        items = list_projects(connection)["items"][:_MAX_PROJECTS]
    edges = [
        {
            "node": {
                **project_fields(place_of(told.get("entityName"), each["name"], "-")),
                "createdAt": iso(each["created_ns"]),
                "isBenchmark": False,
                "user": None,
            },
            "cursor": each["name"],
        }
        for each in items
    ]
    return {"edges": edges, "pageInfo": page_info(None, has_next=False)}
