"""What clients change by GraphQL.  None of these ever answers null, which would crash a client."""

import logging
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from weave_core.errors import BadRequest, NotFound
from weave_core.model import RunChanges
from weave_core.server.compat.addresses import FILE_PREFIX
from weave_core.server.compat.configs import ToldConfig, read_config
from weave_core.server.compat.desks import Desk
from weave_core.server.compat.documents import Answerer
from weave_core.server.compat.run_answers import bucket
from weave_core.server.compat.run_places import RunPlace, place_of
from weave_core.server.compat.run_starts import begun_record
from weave_core.server.compat.run_tellers import RunTeller
from weave_core.server.store.run_files import MAX_STORED_FILE_NAME

__all__ = ["file_path", "mutations"]

_log = logging.getLogger(__name__)

_MAX_ALERT = 2_000
MAX_ASKED_FILES = 10_000
"""Files that one request of a wandb client may ask addresses for."""


def mutations(desk: Desk, base_url: str) -> dict[str, Answerer]:
    """What may be asked of `desk`.

    Args:
        desk: The store and what belongs to it.
        base_url: How the client reaches this server.
    """
    return {
        "upsertBucket": lambda told: _upsert(desk, _input(told)),
        "rewindRun": lambda told: _rewind(desk, _input(told)),
        "createRunFiles": lambda told: _create_files(desk, base_url, _input(told)),
        "notifyScriptableRunAlert": lambda told: _alert(desk, _input(told)),
    }


def _input(told: Mapping[str, Any]) -> Mapping[str, Any]:
    given = told.get("input")
    return given if isinstance(given, dict) else told


def _upsert(desk: Desk, told: Mapping[str, Any]) -> dict[str, Any]:
    """Begin a run, go on with one, or say more of it."""
    place = place_of(
        told.get("entity"), told.get("project") or told.get("modelName"), told.get("name")
    )
    config = read_config(told.get("config"))
    with desk.environments:
        return _told(desk, place, told, config)


def _told(
    desk: Desk, place: RunPlace, told: Mapping[str, Any], config: ToldConfig | None
) -> dict[str, Any]:
    before = desk.session(place)
    record = begun_record(told, config, run_id=place.run_id, before=before)
    if before is None:
        record.setdefault("name", place.run_id)
    elif before.row.stop_requested and before.row.state_now != "running":
        desk.change(place, RunChanges(stop=False))  # It was asked of the program before this one.
    shown = record.get("name") or (before.row.name if before is not None else place.run_id)
    desk.tell(place, [RunTeller(place.project, place.run_id).begun(shown, record)])
    return {"bucket": bucket(desk, place), "inserted": before is None}


def _rewind(desk: Desk, told: Mapping[str, Any]) -> dict[str, Any]:
    """Take back what was logged behind a step."""
    place = place_of(told.get("entityName"), told.get("projectName"), told.get("runName"))
    step = told.get("metricValue")
    if told.get("metricName", "_step") != "_step" or not isinstance(step, int | float):
        raise BadRequest(
            f"a run is taken back to {told.get('metricName')!r} {step!r:.100}", "give a _step"
        )
    before = desk.session(place)
    if before is None:
        raise NotFound(f"there is no run {place.run_id!r} in {place.project!r} to be taken back")
    # In a writer's name that was never heard: what was said before is no reason to leave it.
    now_ns = time.time_ns()
    teller = RunTeller(place.project, place.run_id, session=f"rewind {now_ns}")
    desk.tell(place, [teller.word({"told_ns": now_ns, "rewind_to": int(step)})])
    return {"rewoundRun": bucket(desk, place)}


def _create_files(desk: Desk, base_url: str, told: Mapping[str, Any]) -> dict[str, Any]:
    """Addresses to put files to."""
    place = place_of(
        told.get("entityName", told.get("entity")),
        told.get("projectName", told.get("project")),
        told.get("runName", told.get("run")),
    )
    names = told.get("files")
    if not isinstance(names, list) or len(names) > MAX_ASKED_FILES:
        raise BadRequest(f"files is no list of at most {MAX_ASKED_FILES:,} names")
    return {
        "runID": place.id,
        "uploadHeaders": [],
        "files": [
            {
                "name": str(name),
                "uploadUrl": base_url + desk.signer.sign("PUT", file_path(place, str(name))),
            }
            for name in names
        ],
    }


def file_path(place: RunPlace, name: str) -> str:
    """Where a file of a run is put and read.

    Raises:
        BadRequest: If it can't be a name of a file.
    """
    if not name.strip("\0/") or len(name) > MAX_STORED_FILE_NAME:
        raise BadRequest(
            f"{name[:60]!r} is no name of a file", f"1 to {MAX_STORED_FILE_NAME} characters do"
        )
    parts = (quote(each, safe="") for each in (place.project, place.run_id))
    return f"{FILE_PREFIX}/{'/'.join(parts)}/{quote(name)}"


def _alert(desk: Desk, told: Mapping[str, Any]) -> dict[str, Any]:
    """A word of the program to somebody who looks: a line among those that it prints."""
    place = place_of(told.get("entityName"), told.get("projectName"), told.get("runName"))
    if desk.session(place) is None:
        raise NotFound(f"there is no run {place.run_id!r} in {place.project!r}")
    title, text = (str(told.get(name) or "")[:_MAX_ALERT] for name in ("title", "text"))
    _log.warning("alert of the run %s in %s: %s: %s", place.run_id, place.project, title, text)
    line = " ".join(f"ALERT {told.get('severity') or ''} {title}: {text}".split())
    now_ns = time.time_ns()
    # In a writer's name of its own: the lines of the program are numbered by the client.
    teller = RunTeller(place.project, place.run_id, session="alerts")
    number = now_ns // 1_000_000
    desk.tell(place, [teller.printed([[number, 1, now_ns, 0, False, line]])])
    return {"success": True}
