"""What clients ask by GraphQL."""

from collections.abc import Mapping
from typing import Any

from weave_core.server.compat.desks import Desk
from weave_core.server.compat.run_answers import project_fields, run_fields, user
from weave_core.server.compat.run_places import ENTITY, RunPlace, place_of

__all__ = ["queries"]


def queries(desk: Desk) -> dict[str, Any]:
    """What may be asked of `desk`."""
    return {
        "viewer": _viewer(),
        "serverInfo": _server_info(),
        "model": lambda told: _project(desk, told),
        "project": lambda told: _project(desk, told),
        "entity": lambda told: {"name": told.get("name"), "organization": None},
    }


def _viewer() -> dict[str, Any]:
    return {
        **user(),
        "entity": ENTITY,
        "defaultEntity": {"name": ENTITY},
        "email": None,
        "admin": False,
        "flags": "{}",
        "deletedAt": None,
        "teams": {"edges": []},
        "apiKeys": {"edges": []},
    }


def _server_info() -> dict[str, Any]:
    return {
        "features": [],
        "cliVersionInfo": {"min_cli_version": "0.18.0", "max_cli_version": "9999.0.0"},
        "latestLocalVersionInfo": None,
    }


def _project(desk: Desk, told: Mapping[str, Any]) -> dict[str, Any]:
    """A project, and its runs by their ids."""
    entity = told.get("entityName", told.get("entity"))
    name = told.get("name")

    def run(asked: Mapping[str, Any]) -> dict[str, Any] | None:
        place = place_of(entity, name, asked.get("name"))
        session = desk.session(place)
        return None if session is None else run_fields(desk, place, session)

    place = place_of(entity, name, "-")
    return {**project_fields(RunPlace(*place)), "run": run, "bucket": run}
