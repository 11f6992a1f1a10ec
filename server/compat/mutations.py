"""What clients change by GraphQL.  None of these ever answers null, which would crash a client."""

import logging
import time
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from weave_core.errors import BadRequest, NotFound
from weave_core.foreign_runs.wandb_summaries import summary_values
from weave_core.server.compat import artifact_changes, artifact_stores
from weave_core.server.compat.artifact_places import VersionPlace
from weave_core.server.compat.configs import ToldConfig, read_config
from weave_core.server.compat.desks import Desk
from weave_core.server.compat.file_answers import read_file_id
from weave_core.server.compat.json_texts import plain, read_object
from weave_core.server.compat.kept_files import file_path
from weave_core.server.compat.run_answers import bucket, project_fields, shown_version
from weave_core.server.compat.run_places import RunPlace, place_of, read_id
from weave_core.server.compat.run_starts import begun_record
from weave_core.server.compat.run_tellers import RunTeller
from weave_core.server.compat.sweep_agents import answer_heartbeat, begin_agent
from weave_core.server.compat.sweep_answers import upsert_sweep
from weave_core.server.store.project_rows import ensure_project_id
from weave_core.server.store.queries import runs
from weave_core.server.store.queries.run_edits import delete_file

if TYPE_CHECKING:
    from weave_core.server.compat.documents import Answerer

__all__ = ["mutations"]

_log = logging.getLogger(__name__)

_MAX_ALERT = 2_000
_MAX_LEVEL = 20
_ALERTS = "alerts"
"""The key that alerts are logged under, as `weave_core.compat.wandb` does."""
_EDITED = {
    "displayName": "name",
    "groupName": "group",
    "jobType": "job_type",
    "notes": "notes",
}
MAX_ASKED_FILES = 10_000
"""Files that one request of a wandb client may ask addresses for."""


def mutations(desk: Desk, base_url: str) -> "dict[str, Answerer]":
    """What may be asked of `desk`.

    Args:
        desk: The store and what belongs to it.
        base_url: How the client reaches this server.
    """
    return {
        "upsertBucket": lambda told: _upsert(desk, base_url, _input(told)),
        "rewindRun": lambda told: _rewind(desk, base_url, _input(told)),
        "deleteRun": lambda told: _delete_run(desk, _input(told)),
        "stopRun": lambda told: _stop(desk, _input(told)),
        "deleteFiles": lambda told: _delete_files(desk, _input(told)),
        "markRunFilesUploaded": lambda _: {"success": True},
        "createRunFiles": lambda told: _create_files(desk, base_url, _input(told)),
        "notifyScriptableRunAlert": lambda told: _alert(desk, _input(told)),
        **_artifacts(desk, base_url),
        "upsertModel": lambda told: _make_project(desk, _input(told)),
        "upsertSweep": lambda told: upsert_sweep(desk, _input(told)),
        "createAgent": lambda told: begin_agent(desk, _input(told)),
        "agentHeartbeat": lambda told: answer_heartbeat(desk, _input(told)),
    }


def _artifacts(desk: Desk, base_url: str) -> "dict[str, Answerer]":
    """What may be asked of artifacts."""

    def shown(place: VersionPlace) -> dict[str, Any]:
        return {"artifact": shown_version(desk, base_url, place)}

    return {
        "createArtifact": lambda told: artifact_stores.begin(desk, _input(told)),
        "createArtifactManifest": lambda told: artifact_stores.name_manifest(
            desk, base_url, _input(told)
        ),
        "updateArtifactManifest": lambda told: artifact_stores.name_manifest(
            desk, base_url, _input(told)
        ),
        "createArtifactFiles": lambda told: artifact_stores.ask_files(desk, base_url, _input(told)),
        "commitArtifact": lambda told: shown(artifact_stores.commit(desk, _input(told))),
        "useArtifact": lambda told: shown(artifact_stores.use(desk, _input(told))),
        "updateArtifact": lambda told: shown(artifact_changes.edit_version(desk, _input(told))),
        "deleteArtifact": lambda told: artifact_changes.delete_version(desk, _input(told)),
        "addAliases": lambda told: artifact_changes.add_aliases(desk, _input(told)),
        "deleteAliases": lambda told: artifact_changes.delete_aliases(desk, _input(told)),
    }


def _input(told: Mapping[str, Any]) -> Mapping[str, Any]:
    given = told.get("input")
    return given if isinstance(given, dict) else told


def _make_project(desk: Desk, told: Mapping[str, Any]) -> dict[str, Any]:
    """Make a project, if there is none of this name."""
    place = place_of(told.get("entityName"), told.get("name"), "-")
    desk.store.run(partial(ensure_project_id, name=place.project)).result()
    made = {**project_fields(place), "description": None, "access": None, "views": None}
    return {"project": made, "model": made, "inserted": True}


def _upsert(desk: Desk, base_url: str, told: Mapping[str, Any]) -> dict[str, Any]:
    """Begin a run, go on with one, or say more of it; by its id alone, change it as a reader."""
    if told.get("id") and not told.get("name"):
        place = read_id(told["id"])
        _edit(desk, place, told)
        return {"bucket": bucket(desk, base_url, place), "inserted": False}
    place = place_of(
        told.get("entity"), told.get("project") or told.get("modelName"), told.get("name")
    )
    config = read_config(told.get("config"))
    with desk.environments:
        is_new = _told(desk, place, told, config)
    return {"bucket": bucket(desk, base_url, place), "inserted": is_new}


def _told(desk: Desk, place: RunPlace, told: Mapping[str, Any], config: ToldConfig | None) -> bool:
    """Store what a program says of its run; whether that is new."""
    before = desk.session(place)
    record = begun_record(told, config, run_id=place.run_id, before=before)
    if before is None:
        record.setdefault("name", place.run_id)
    elif before.row.stop_requested and before.row.state_now != "running":
        desk.change(place, {"stop": False})  # It was asked of the program before this one.
    shown = record.get("name") or (before.row.name if before is not None else place.run_id)
    desk.tell(place, [RunTeller(place.project, place.run_id).begun(shown, record)])
    return before is None


def _edit(desk: Desk, place: RunPlace, told: Mapping[str, Any]) -> None:
    """Change what a reader may, and the config, which a reader of wandb's may as well."""
    session = desk.session(place)
    if session is None:
        raise NotFound(f"there is no run {place.run_id!r} in {place.project!r}")
    given: dict[str, Any] = {
        ours: str(told[theirs])
        for theirs, ours in _EDITED.items()
        if isinstance(told.get(theirs), str) and (told[theirs] or ours != "name")
    }
    if isinstance(told.get("tags"), list):
        given["tags"] = [str(tag) for tag in told["tags"]]
    if isinstance(told.get("summaryMetrics"), str):
        summary = plain(summary_values(read_object(told["summaryMetrics"])))
        given["summary"] = dict.fromkeys(session.row.summary.keys() - summary.keys()) | summary
    config = read_config(told.get("config"))
    if config is not None:
        given["config"] = config.values
    desk.change(place, given)


def _delete_run(desk: Desk, told: Mapping[str, Any]) -> dict[str, Any]:
    place = read_id(told.get("id"))
    work = partial(runs.delete_run, project=place.project, run_id=place.run_id)
    desk.store.run(work).result()
    return {"clientMutationId": told.get("clientMutationId"), "success": True}


def _stop(desk: Desk, told: Mapping[str, Any]) -> dict[str, Any]:
    desk.change(read_id(told.get("id")), {"stop": True})
    return {"clientMutationId": told.get("clientMutationId"), "success": True}


def _delete_files(desk: Desk, told: Mapping[str, Any]) -> dict[str, Any]:
    for each in list(told.get("files") or ())[:MAX_ASKED_FILES]:
        place, name = read_file_id(each)
        work = partial(delete_file, project=place.project, run_id=place.run_id, name=name)
        desk.store.run(work).result()
    return {"success": True}


def _rewind(desk: Desk, base_url: str, told: Mapping[str, Any]) -> dict[str, Any]:
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
    return {"rewoundRun": bucket(desk, base_url, place)}


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


def _alert(desk: Desk, told: Mapping[str, Any]) -> dict[str, Any]:
    """A word of the program to somebody who looks: among its media, and a line that it prints."""
    place = place_of(told.get("entityName"), told.get("projectName"), told.get("runName"))
    session = desk.session(place)
    if session is None:
        raise NotFound(f"there is no run {place.run_id!r} in {place.project!r}")
    title, text = (str(told.get(name) or "")[:_MAX_ALERT] for name in ("title", "text"))
    level = str(told.get("severity") or "INFO")[:_MAX_LEVEL]
    _log.warning("alert of the run %s in %s: %s: %s", place.run_id, place.project, title, text)
    now_ns = time.time_ns()
    # In a writer's name of its own: the lines of the program are numbered by the client.
    teller = RunTeller(place.project, place.run_id, session="alerts")
    line = " ".join(f"alert, {level}: {title}: {text}".split())
    digest = desk.store.add_blob(f"**{level}: {title}**\n\n{text}".encode("utf-8", "replace"))
    item = {"type": "blob", "mime_type": "text/markdown", "digest": digest, "kind": "markdown"}
    media = {"key": _ALERTS, "step": session.row.last_step or 0, "time_ns": now_ns, "items": [item]}
    spans = [
        teller.printed([[now_ns // 1_000_000, 1, now_ns, 0, False, line]]),
        teller.media([media], now_ns),
    ]
    desk.tell(place, spans)
    return {"success": True}
