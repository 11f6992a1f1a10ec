"""Agents of clients: they say which runs are under way, and hear what to do next.

Our own agents ask for a trial, keep it and tell what came of it.  These do not: a trial is kept
while its run is named, and over when the run ends, or is not named any more.
"""

import json
import secrets
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from weave_core.errors import BadRequest
from weave_core.model import TrialQuestion, TrialResult
from weave_core.server.compat.artifact_places import coded_id, parts_of_id
from weave_core.server.compat.desks import Desk
from weave_core.server.compat.json_texts import read_object
from weave_core.server.compat.run_places import RunPlace, place_of
from weave_core.server.store import trials
from weave_core.server.store.client_trials import (
    find_client_trial,
    is_seen,
    list_agent_trials,
    note_seen,
)
from weave_core.server.store.queries.sweeps import find_sweep
from weave_core.server.store.queries.trial_values import Measured, measure_trial
from weave_core.server.store.trial_reports import read_reports

if TYPE_CHECKING:
    from weave_core.server.store.queries.run_sessions import RunSession

__all__ = ["answer_heartbeat", "begin_agent", "end_trial_of_run"]

AGENT_LEASE_S = 120.0
"""Seconds that a trial stays with a wandb agent that says nothing; it says something each five."""
_AGENT = "agent"
_PARTS = 6
_MAX_HOST = 100
_STATES = {"finished": "finished", "killed": "stopped", "failed": "failed", "crashed": "failed"}


def begin_agent(desk: Desk, told: Mapping[str, Any]) -> dict[str, Any]:
    """Give an agent a name.

    Raises:
        NotFound: If there is no such sweep.
    """
    place = place_of(told.get("entityName"), told.get("projectName"), "-")
    sweep_id = str(told.get("sweep") or "")
    with desk.store.reading() as connection:
        find_sweep(connection, place.project, sweep_id)
    host = str(told.get("host") or "somewhere").replace("\n", " ")[:_MAX_HOST]
    name = f"{host}-{secrets.token_hex(4)}"
    own_id = coded_id(_AGENT, place.entity, place.project, sweep_id, host, name)
    return {"agent": {"id": own_id, "name": name}}


def answer_heartbeat(desk: Desk, told: Mapping[str, Any]) -> dict[str, Any]:
    """What an agent is to do: begin a trial, stop one, end, or nothing.

    Raises:
        BadRequest: If it is no agent of ours.
        NotFound: If its sweep was deleted.
    """
    words = parts_of_id(told.get("id"))
    if len(words) != _PARTS or words[0] != _AGENT:
        raise BadRequest(f"{str(told.get('id'))[:100]!r} is no agent", "begin one: wandb agent")
    place = place_of(words[1], words[2], "-")
    sweep_id, host, agent = words[3], words[4], words[5]
    active = [run_id for run_id, is_on in read_object(told.get("runState")).items() if is_on]
    with desk.store.reading() as connection:
        sweep = find_sweep(connection, place.project, sweep_id)
        mine = list_agent_trials(connection, sweep, agent)
    command: dict[str, Any] | None = None
    for trial in mine:
        if trial.run_id in active:
            command = _beat(desk, place, sweep_id, trial) or command
        elif is_seen(trial):
            _end(desk, place._replace(run_id=trial.run_id), sweep_id, trial)
    if not active:
        question = TrialQuestion(ask_key=agent, agent=agent, host=host, lease_s=AGENT_LEASE_S)
        answer = desk.brain.ask(
            desk.store, project=place.project, sweep_id=sweep_id, question=question
        )
        command = _command(answer, sweep.config)
    commands = json.dumps([] if command is None else [command])
    return {"agent": {"id": told["id"]}, "commands": commands}


def _command(answer: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any] | None:
    if answer.get("is_over"):
        return {"type": "exit"}
    trial = answer.get("trial")
    if trial is None:
        return None
    return {
        "type": "run",
        "run_id": trial["run_id"],
        "args": {name: {"value": value} for name, value in trial["params"].items()},
        "program": config.get("program"),
    }


def _beat(desk: Desk, place: RunPlace, sweep_id: str, trial: Any) -> dict[str, Any] | None:
    """Keep a trial that is under way; what its agent is told of it."""
    with desk.store.reading() as connection:
        reports = read_reports(connection, place.project, sweep_id, trial.number)
    work = partial(
        trials.beat_trial,
        project=place.project,
        sweep_id=sweep_id,
        number=trial.number,
        token=trial.token,
        reports=reports,
    )
    if not is_seen(trial):
        desk.store.run(partial(note_seen, row_id=trial.id, agent=trial.agent)).result()
    signals = desk.store.run(work).result()
    run = desk.session(place._replace(run_id=trial.run_id))
    is_asked = run is not None and run.row.stop_requested
    if not (signals.get("stop") or is_asked):
        return None
    return {"type": "stop", "run_id": trial.run_id}


def end_trial_of_run(desk: Desk, place: RunPlace, state: str, error: str | None) -> None:
    """Say of the trial that a run is, if it is one, that it has ended."""
    with desk.store.reading() as connection:
        trial = find_client_trial(connection, place.project, place.run_id)
    if trial is not None:
        _tell(desk, place, trial.sweep_id, trial, state=state, error=error)


def _end(desk: Desk, place: RunPlace, sweep_id: str, trial: Any) -> None:
    """End a trial whose agent does not name it any more."""
    run: RunSession | None = desk.session(place)
    state = "crashed" if run is None else run.row.state_now
    error = None if state in {"finished", "killed"} else "its agent says that it has ended"
    _tell(desk, place, sweep_id, trial, state=state, error=error)


def _tell(
    desk: Desk, place: RunPlace, sweep_id: str, trial: Any, *, state: str, error: str | None
) -> None:
    run = desk.session(place)
    is_asked = trial.reason is not None or (run is not None and run.row.stop_requested)
    told = "stopped" if is_asked else _STATES.get(state, "failed")
    named: dict[str, Any] = {
        "project": place.project,
        "sweep_id": sweep_id,
        "number": trial.number,
    }
    with desk.store.reading() as connection:
        measured: Measured = measure_trial(connection, *named.values())
        reports = read_reports(connection, *named.values())
    result = TrialResult.model_validate(
        {
            "token": trial.token,
            "state": told,
            "error": error if told == "failed" else None,
        }
    )
    work = partial(trials.end_trial, **named, result=result, measured=measured, reports=reports)
    desk.store.run(work).result()
