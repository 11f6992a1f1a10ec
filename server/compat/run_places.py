"""Which run a client means: its entity is heard and given back, a project is one by its name."""

import base64
import binascii
from typing import NamedTuple

from weave_core.errors import BadRequest
from weave_core.foreign_runs.records import checked_id
from weave_core.server.store.project_rows import check_project_name

__all__ = ["ENTITY", "RunPlace", "place_of", "read_id"]

ENTITY = "weave-core"
"""Whom a client that names nobody works for."""
NO_PROJECT = "uncategorized"
"""Where runs go whose program names no project; it is wandb's own word."""
_PARTS = 3


class RunPlace(NamedTuple):
    """A run by the words of a client."""

    entity: str
    project: str
    run_id: str

    @property
    def id(self) -> str:
        """What names it in one text, as the client gives it back."""
        return base64.b64encode("\n".join(self).encode()).decode()


def place_of(entity: object, project: object, run_id: object) -> RunPlace:
    """The run that a client names.

    Raises:
        BadRequest: If it names none.
    """
    if not isinstance(run_id, str) or not run_id.strip():
        raise BadRequest(f"{str(run_id)[:60]!r} is no id of a run")
    name = str(project or "").strip() or NO_PROJECT
    check_project_name(name)
    return RunPlace(str(entity or "").strip() or ENTITY, name, checked_id(run_id.strip()))


def read_id(text: object) -> RunPlace:
    """The run whose `RunPlace.id` a client gives back.

    Raises:
        BadRequest: If it is none of ours.
    """
    try:
        parts = base64.b64decode(str(text), validate=True).decode().split("\n")
    except (binascii.Error, ValueError):
        parts = []
    if len(parts) != _PARTS:
        raise BadRequest(f"{str(text)[:100]!r} is no id of a run")
    return place_of(*parts)
