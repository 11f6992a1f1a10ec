"""Trials of agents that do not say whether an answer reached them.

Such an agent names the runs that are under way.  Until it has named a trial's run, the trial is
still the answer to its question, and is given again; afterwards a run that it does not name has
ended.
"""

from typing import Any

from sqlalchemy import Connection, select, update

from weave_core.errors import NotFound
from weave_core.server.store.queries.projects import get_project_id
from weave_core.server.store.queries.sweeps import TRIAL, FoundSweep, find_trial_of_run

__all__ = ["find_client_trial", "is_seen", "list_agent_trials", "note_seen"]

_SEEN = " seen"


def list_agent_trials(connection: Connection, sweep: FoundSweep, agent: str) -> list[Any]:
    """The rows of trials that an agent has now."""
    query = select(TRIAL).where(
        TRIAL.c.sweep_row_id == sweep.id, TRIAL.c.state == "running", TRIAL.c.agent == agent
    )
    return list(connection.execute(query.order_by(TRIAL.c.number)))


def find_client_trial(connection: Connection, project: str, run_id: str) -> Any:
    """The row of a trial that is under way, by its run; None: it is none of such an agent."""
    try:
        row = find_trial_of_run(connection, get_project_id(connection, project), run_id)
    except NotFound:
        return None
    if row is None or row.state != "running" or row.ask_key is None:
        return None
    return row if row.ask_key.removesuffix(_SEEN) == row.agent else None


def is_seen(trial: Any) -> bool:
    """Whether its agent has named the trial's run as one that is under way."""
    return bool(trial.ask_key == trial.agent + _SEEN)


def note_seen(connection: Connection, *, row_id: int, agent: str) -> None:
    """Note that an agent has named the run of a trial."""
    values = {"ask_key": agent + _SEEN}
    connection.execute(update(TRIAL).where(TRIAL.c.id == row_id).values(**values))
