"""Sweeps as clients make, steer and read them."""

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from weave_core.errors import BadRequest, NotFound
from weave_core.model import NewSweep, SweepChanges
from weave_core.server.compat.artifact_places import coded_id, parts_of_id
from weave_core.server.compat.desks import Desk
from weave_core.server.compat.json_texts import read_object
from weave_core.server.compat.pages import page_of
from weave_core.server.compat.run_places import RunPlace, place_of
from weave_core.server.compat.stamps import iso
from weave_core.server.store import sweeps
from weave_core.server.store.prior_runs import PriorRun, read_prior_runs
from weave_core.server.store.queries import sweeps as questions
from weave_core.server.sweeps.configs import parsed, read_config

__all__ = ["sweeps_of", "upsert_sweep"]

_SWEEP = "sweep"
_PARTS = 4
_STATES = {
    "running": "RUNNING",
    "paused": "PAUSED",
    "finished": "FINISHED",
    "cancelled": "CANCELED",
}
_OURS = {theirs: ours for ours, theirs in _STATES.items()} | {"PENDING": "running"}
_PAGE = 500

Item = dict[str, Any]
RunOf = Callable[[str], Item | None]


def upsert_sweep(desk: Desk, told: Mapping[str, Any]) -> Item:
    """Make a sweep, or steer one that is there.

    Raises:
        BadRequest: If its config can't be used, or it is to get another one.
        NotFound: If it is named and not there.
    """
    for name in ("controller", "scheduler", "launchScheduler"):
        if read_object(told.get(name)):
            raise BadRequest(
                f"a {name} of a sweep is not served here: the server chooses what is tried",
                "begin agents: wandb agent SWEEP_ID",
            )
    given = told.get("id")
    if given:
        place, sweep_id = _read_id(given, told)
        found = _change(desk, place, sweep_id, told)
    else:
        place = place_of(told.get("entityName"), told.get("projectName"), "-")
        found = _make(desk, place, told)
    # With the project for clients that ask for it: their agent works for that one.
    sweep = _shown(desk, place, found, lambda _: None)
    return {"sweep": sweep, "configValidationWarnings": []}


def _read_id(own_id: object, told: Mapping[str, Any]) -> tuple[RunPlace, str]:
    try:
        kind, *words = parts_of_id(own_id)
    except BadRequest:
        kind, words = "", []
    if kind == _SWEEP and len(words) == _PARTS - 1:
        return place_of(words[0], words[1], "-"), words[2]
    return place_of(told.get("entityName"), told.get("projectName"), "-"), str(own_id)


def _make(desk: Desk, place: RunPlace, told: Mapping[str, Any]) -> Item:
    config = parsed(str(told.get("config") or ""))
    known: list[PriorRun] = []
    names = _named_runs(read_object(told.get("priorRunsFilters")))
    new = NewSweep(config=config, name=told.get("displayName") or None, prior_runs=names)
    if names:
        with desk.store.reading() as connection:
            known = read_prior_runs(connection, place.project, read_config(config), names)
    work = partial(sweeps.add_sweep, project=place.project, sweep=new, prior_runs=known)
    return desk.store.run(work).result()


def _named_runs(wanted: Any) -> list[str]:
    """The runs that a filter names one by one, as the client says which ones come before."""
    if isinstance(wanted, list):
        return [name for each in wanted for name in _named_runs(each)]
    if not isinstance(wanted, dict):
        return []
    return [
        name
        for key, value in wanted.items()
        for name in ([value] if key == "name" and isinstance(value, str) else _named_runs(value))
    ]


def _change(desk: Desk, place: RunPlace, sweep_id: str, told: Mapping[str, Any]) -> Item:
    with desk.store.reading() as connection:
        before = questions.get_sweep(connection, place.project, sweep_id)
    config = told.get("config")
    if config and parsed(str(config)) != before["config"]:
        raise BadRequest(
            f"the config of sweep {sweep_id!r} stays as it was", "make another sweep with this one"
        )
    state = str(told.get("state") or "").upper()
    if state and state not in _OURS:
        raise BadRequest(f"a sweep can't become {state[:40]!r}", f"one of {', '.join(_OURS)}")
    changes = SweepChanges.model_validate(
        {
            "state": _OURS[state] if state else None,
            "name": told.get("displayName") or None,
        }
    )
    work = partial(sweeps.change_sweep, project=place.project, sweep_id=sweep_id, changes=changes)
    return desk.store.run(work).result()


def sweeps_of(desk: Desk, place: RunPlace, run_of: RunOf) -> Item:
    """What may be asked of the sweeps of a project.

    Args:
        desk: The store and what belongs to it.
        place: Its entity and project.
        run_of: What is told of a run of it, by its id.
    """

    def found() -> list[Item]:
        with desk.store.reading() as connection:
            try:
                return list(questions.list_sweeps(connection, place.project)["items"])
            except NotFound:
                return []

    def shown(item: Item) -> Item:
        return _shown(desk, place, item, run_of)

    def sweep(told: Mapping[str, Any]) -> Item | None:
        with desk.store.reading() as connection:
            try:
                item = questions.get_sweep(
                    connection, place.project, str(told.get("sweepName") or "")
                )
            except NotFound:
                return None
        return shown(item)

    def page(told: Mapping[str, Any]) -> Item:
        if read_object(told.get("filters")):
            raise BadRequest("sweeps are not filtered here", "ask for all of them")
        return page_of(found(), told, shown, most=_PAGE)

    return {"sweep": sweep, "sweeps": page, "totalSweeps": lambda _: len(found())}


def _shown(desk: Desk, place: RunPlace, item: Item, run_of: RunOf) -> Item:
    """A sweep as clients read it."""
    sweep_id = item["sweep_id"]
    best = item["best"]
    value = None if best is None else best["value"]

    def trials() -> list[Item]:
        with desk.store.reading() as connection:
            listed = questions.list_trials(connection, place.project, sweep_id)["items"]
        return [each for each in listed if each["run_id"] is not None]

    def runs(told: Mapping[str, Any], agent: str | None = None) -> Item:
        nodes = (
            run_of(each["run_id"]) for each in trials() if agent is None or each["agent"] == agent
        )
        return page_of([node for node in nodes if node is not None], told, lambda x: x, most=_PAGE)

    def agents(_: Mapping[str, Any]) -> Item:
        names = dict.fromkeys(each["agent"] for each in trials() if each["agent"])
        return page_of(list(names), {"first": _PAGE}, shown_agent, most=_PAGE)

    def shown_agent(name: str) -> Item | None:
        own = [each for each in trials() if each["agent"] == name]
        if not own:
            return None
        begun = [each["started_ns"] for each in own if each["started_ns"] is not None]
        is_on = any(each["state"] == "running" for each in own)
        return {
            "id": coded_id("agent-of", place.entity, place.project, sweep_id, name),
            "name": name,
            "host": own[-1]["host"] or "",
            "state": "RUNNING" if is_on else "FINISHED",
            "totalRuns": len(own),
            "createdAt": iso(min(begun, default=0)),
            "heartbeatAt": None,
            "runs": lambda told: runs(told, name),
        }

    return {
        "__typename": "Sweep",
        "id": coded_id(_SWEEP, place.entity, place.project, sweep_id),
        "name": sweep_id,
        "displayName": item["name"],
        "method": item["method"],
        "state": _STATES[item["state"]],
        "description": item["config"].get("description"),
        "bestLoss": value,
        # What is JSON is YAML.
        "config": json.dumps(item["config"]),
        "createdAt": iso(item["created_ns"]),
        "updatedAt": iso(item["updated_ns"]),
        "heartbeatAt": iso(item["updated_ns"]),
        "earlyStopJobRunning": False,
        "controller": None,
        "scheduler": None,
        "runCount": sum(item["counts"].values()),
        "runCountExpected": item["size"],
        "project": {
            "name": place.project,
            "entity": {"name": place.entity},
        },
        "runs": runs,
        "agents": agents,
        "agent": lambda told: shown_agent(str(told.get("agentName") or "")),
    }
