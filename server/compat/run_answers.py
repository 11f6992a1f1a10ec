"""A run as clients read it back."""

import json
from collections.abc import Mapping
from typing import Any

from weave_core.errors import NotFound
from weave_core.foreign_runs.wandb_media import nested
from weave_core.metric_definitions import definition_of
from weave_core.model import MetricDefinition
from weave_core.server.compat import histories
from weave_core.server.compat.artifact_answers import ArtifactAnswers
from weave_core.server.compat.artifact_places import VersionPlace
from weave_core.server.compat.configs import shown_config
from weave_core.server.compat.desks import Desk
from weave_core.server.compat.file_answers import count_files, files_page
from weave_core.server.compat.json_texts import read_object
from weave_core.server.compat.run_places import RunPlace, place_of
from weave_core.server.compat.run_tellers import SOURCE, RunTeller
from weave_core.server.compat.stamps import iso
from weave_core.server.store.queries.projects import get_project_id
from weave_core.server.store.queries.run_sessions import RunSession, count_console_lines
from weave_core.server.store.queries.runs import get_run
from weave_core.server.store.queries.sweeps import find_trial_of_run

__all__ = ["artifacts_of", "bucket", "project_fields", "run_fields", "shown_version", "user"]

_PAGE = 1_000
_MAX_SPECS = 100
_MADE = ("min", "max", "mean", "best", "first")


def user() -> dict[str, Any]:
    """Whoever has the key."""
    return {
        "__typename": "User",
        "id": "VXNlcjox",
        "name": "weave-core",
        "username": "weave-core",
        "email": None,
        "admin": False,
        "flags": "{}",
        "deletedAt": None,
        "teams": {"edges": []},
        "apiKeys": {"edges": []},
    }


def bucket(desk: Desk, base_url: str, place: RunPlace) -> dict[str, Any]:
    """The run of a place, which is there.

    Raises:
        NotFound: If it is not.
    """
    session = desk.session(place)
    if session is None:
        raise NotFound(f"there is no run {place.run_id!r} in {place.project!r}")
    return run_fields(desk, base_url, place, session)


def artifacts_of(desk: Desk, base_url: str, place: RunPlace) -> ArtifactAnswers:
    """What may be asked of the artifacts of a run's project."""

    def run_of(run_id: str) -> dict[str, Any] | None:
        found = place._replace(run_id=run_id)
        session = desk.session(found)
        return None if session is None else run_fields(desk, base_url, found, session)

    return ArtifactAnswers(desk, base_url, place, project_fields(place), run_of)


def shown_version(desk: Desk, base_url: str, place: VersionPlace) -> dict[str, Any]:
    """A version of an artifact.

    Raises:
        NotFound: If there is none.
    """
    answers = artifacts_of(desk, base_url, place_of(place.entity, place.project, "-"))
    return answers.version(place.name, str(place.version))


def run_fields(desk: Desk, base_url: str, place: RunPlace, session: RunSession) -> dict[str, Any]:
    """What may be asked of a run; what takes a question of its own is asked when it is wanted."""
    row = session.row
    own = session.environment.get(SOURCE) or {}
    return {
        "__typename": "Run",
        "id": place.id,
        "name": place.run_id,
        "displayName": row.name,
        "notes": row.notes,
        "description": row.notes,
        "tags": row.tags,
        "group": row.group_name,
        "groupName": row.group_name,
        "jobType": row.job_type,
        "state": row.state_now,
        "createdAt": iso(row.started_ns),
        "heartbeatAt": iso(row.heartbeat_ns),
        "user": user(),
        "project": project_fields(place),
        "projectId": "1",
        "stopped": row.stop_requested,
        "readOnly": False,
        "config": lambda _: json.dumps(shown_config(row.config, own)),
        "wandbConfig": lambda _: json.dumps(own or {"t": {"1": []}}),
        "summaryMetrics": lambda _: json.dumps(_summary(desk, place)),
        "historyLineCount": 0 if row.last_step is None else row.last_step + 1,
        "eventsLineCount": 0,
        "logLineCount": lambda _: _count_lines(desk, place, session),
        "historyTail": lambda _: _tail(row),
        "eventsTail": "[]",
        "sweepName": lambda _: _sweep_name(desk, place),
        "sweep": lambda _: _sweep(desk, place),
        "commit": (session.environment.get("git") or {}).get("commit"),
        "runInfo": None,
        "systemMetrics": "{}",
        **_history_fields(desk, place, session),
        "fileCount": lambda _: count_files(desk, place),
        "files": lambda told: files_page(desk, base_url, place, told),
        **artifacts_of(desk, base_url, place).of_run(place.run_id),
    }


def _history_fields(desk: Desk, place: RunPlace, session: RunSession) -> dict[str, Any]:
    def keys(_: Mapping[str, Any]) -> dict[str, Any]:
        with desk.store.reading() as connection:
            return histories.history_keys(connection, place.project, session)

    def page(told: Mapping[str, Any]) -> list[str]:
        # `samples` is what a client calls the size of a page, or how many rows of all it wants.
        most = int(told.get("samples") or told.get("pageSize") or _PAGE)
        end = told.get("maxStep")
        window = told.get("minStep"), None if end is None else end - 1
        with desk.store.reading() as connection:
            rows = histories.history_rows(
                connection, place.project, session, window=window, most=most
            )
        return histories.row_texts(rows)

    def events(told: Mapping[str, Any]) -> list[str]:
        most = int(told.get("samples") or _PAGE)
        with desk.store.reading() as connection:
            rows = histories.history_rows(
                connection, place.project, session, most=most, of_system=True
            )
        return histories.row_texts(rows)

    def sampled(told: Mapping[str, Any]) -> list[list[dict[str, Any]]]:
        specs = told.get("specs") or [told.get("spec")]
        listed = specs if isinstance(specs, list) else [specs]
        with desk.store.reading() as connection:
            return [
                histories.rows_of_spec(connection, place.project, session, read_object(each))
                for each in listed[:_MAX_SPECS]
                if each
            ]

    return {
        "historyKeys": keys,
        "history": page,
        "events": events,
        "sampledHistory": sampled,
        "parquetHistory": {"parquetUrls": [], "liveData": []},
    }


def _sweep_name(desk: Desk, place: RunPlace) -> str | None:
    """The sweep that the run is a trial of."""
    with desk.store.reading() as connection:
        try:
            project_id = get_project_id(connection, place.project)
        except NotFound:
            return None
        trial = find_trial_of_run(connection, project_id, place.run_id)
    return None if trial is None else str(trial.sweep_id)


def _sweep(desk: Desk, place: RunPlace) -> dict[str, Any] | None:
    name = _sweep_name(desk, place)
    return None if name is None else {"id": name, "name": name}


def _summary(desk: Desk, place: RunPlace) -> dict[str, Any]:
    """One value a key, nested as it was logged; under what `define_metric` asked for."""
    with desk.store.reading() as connection:
        told = get_run(connection, place.project, place.run_id)
    definitions = {
        key: MetricDefinition.model_validate(each) for key, each in told["metrics"].items()
    }
    items = []
    for key, value in told["summary"].items():
        kind = definition_of(key, definitions).summary
        words = key.split(".")
        items.append(([*words, kind] if kind in _MADE else words, value))
    found = nested(items)
    if told["last_step"] is not None:
        found["_step"] = told["last_step"]
        found["_timestamp"] = told["heartbeat_ns"] / 1e9
    found["_runtime"] = (told["duration_ms"] or 0) / 1e3
    return found


def project_fields(place: RunPlace) -> dict[str, Any]:
    """The project of a run."""
    return {
        "__typename": "Project",
        "id": f"project:{place.project}",
        "internalId": "1",
        "name": place.project,
        "entityName": place.entity,
        "entity": {"id": f"entity:{place.entity}", "name": place.entity},
    }


def _count_lines(desk: Desk, place: RunPlace, session: RunSession) -> int:
    writer_id = RunTeller(place.project, place.run_id).writer_id
    with desk.store.reading() as connection:
        return count_console_lines(connection, session.row, writer_id)


def _tail(row: Any) -> str:
    """The last row of the history, as text in a text: where a program that resumes goes on."""
    if row.last_step is None:
        return "[]"
    runtime_s = max(0, row.heartbeat_ns - row.started_ns) / 1e9
    told = {
        "_step": row.last_step,
        "_runtime": runtime_s,
        "_timestamp": row.heartbeat_ns / 1e9,
    }
    return json.dumps([json.dumps(told)])
