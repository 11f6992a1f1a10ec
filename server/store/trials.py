"""Trials are handed out, kept alive and ended, each in one transaction of the writer.

Whoever gets a trial gets a token and has it for as long as it asked for, by the server's clock, and
as long again with every heartbeat.  A trial whose lease has run out is handed to the next who asks;
what the first one says of it afterwards does not count.
"""

import math
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, case, func, insert, select, update

from weave_core.model import TrialQuestion, TrialResult
from weave_core.model.sweeps import MAX_TRIAL_ERROR
from weave_core.server.filters.vocabularies import RUN
from weave_core.server.store.queries.sweeps import (
    DONE,
    SWEEP,
    TRIAL,
    FoundSweep,
    find_sweep,
    find_trial,
    is_free,
    trial_shape,
)
from weave_core.server.store.queries.trial_values import Measured
from weave_core.server.store.sweep_budgets import why_used_up
from weave_core.server.store.trial_reports import add_reports, forget_reports, reason_to_stop
from weave_core.server.sweeps.configs import SweepConfig, read_config
from weave_core.server.sweeps.early_stops import Report

__all__ = [
    "Suggestion",
    "beat_trial",
    "end_trial",
    "hand_out",
    "last_place",
    "next_number",
]

HEARTBEAT_S = 15.0
"""How often agents say that they are there."""
WATCHFUL_HEARTBEAT_S = 2.0
"""The same where trials may be stopped early."""
MAX_LOSSES = 3
"""Times that a trial may be lost with its agent; then it has failed."""
QUARANTINE_FAILURES = 5
"""Trials that fail one after another on one host, each soon after its begin: it gets no more."""
QUARANTINE_S = 60.0
"""How soon that is."""
WAIT_S = 3.0
"""After how long an agent asks again that got nothing."""
_NS_PER_S = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What to try next, computed before the transaction that hands it out."""

    number: int
    params: dict[str, Any]
    place: int | None = None


def _find_answer(connection: Connection, sweep: FoundSweep, ask_key: str) -> dict[str, Any] | None:
    """The answer that this very question got before."""
    of_key = (TRIAL.c.sweep_row_id == sweep.id, TRIAL.c.state == "running")
    query = select(TRIAL).where(*of_key, TRIAL.c.ask_key == ask_key)
    row = connection.execute(query).first()
    return None if row is None else _handed(sweep, row)


def next_number(connection: Connection, sweep: FoundSweep, config: SweepConfig) -> int | None:
    """The number of the trial that is to be made next; None: none is, or one waits already."""
    if sweep.state != "running" or why_used_up(connection, sweep, config) is not None:
        return None
    of_sweep = (TRIAL.c.sweep_row_id == sweep.id, is_free(time.time_ns()))
    is_waiting = connection.execute(select(TRIAL.c.id).where(*of_sweep).limit(1)).first()
    return _count(connection, sweep) if is_waiting is None else None


def last_place(connection: Connection, sweep: FoundSweep) -> int:
    """The place in the grid that was handed out last; -1: none was."""
    query = select(func.max(TRIAL.c.place)).where(TRIAL.c.sweep_row_id == sweep.id)
    found = connection.scalar(query)
    return -1 if found is None else int(found)


def hand_out(
    connection: Connection,
    *,
    project: str,
    sweep_id: str,
    question: TrialQuestion,
    suggestion: Suggestion | None = None,
    is_exhausted: bool = False,
) -> dict[str, Any] | None:
    """Give the agent a trial, or say why there is none; None: it takes a new suggestion first.

    Args:
        connection: In the caller's transaction.
        project: Its name.
        sweep_id: Which sweep.
        question: Who asks.
        suggestion: What to try where no trial waits.
        is_exhausted: Whether there is nothing more to suggest.

    Raises:
        NotFound: If there is no such project, or no such sweep in it.
    """
    sweep = find_sweep(connection, project, sweep_id)
    known = _find_answer(connection, sweep, question.ask_key)
    if known is not None:
        return known
    if sweep.state == "paused":
        return {"wait_s": WAIT_S, "reason": "the sweep is paused"}
    if sweep.state != "running":
        return {"is_over": True, "reason": sweep.reason or f"the sweep is {sweep.state}"}
    if _is_quarantined(connection, sweep, question.host):
        told = f"{QUARANTINE_FAILURES} trials failed one after another on host {question.host!r}"
        return {"is_over": True, "reason": f"{told}; resuming the sweep gives it another chance"}
    free = _next_free(connection, sweep)
    if free is not None:
        if free.state == "running":  # Whoever had it may still be there, behind a broken network.
            _ask_run_to_stop(connection, sweep, free.run_id)
        return _handed(sweep, _lease_again(connection, free.id, question))
    why = why_used_up(connection, sweep, read_config(sweep.config))
    if is_exhausted or why is not None:
        return _nothing_left(connection, sweep, why)
    if suggestion is None or suggestion.number != _count(connection, sweep):
        return None
    new = {
        "sweep_row_id": sweep.id,
        "number": suggestion.number,
        "place": suggestion.place,
        "params": suggestion.params,
        "attempts": 1,
        "losses": 0,
    }
    connection.execute(insert(TRIAL).values(**new, **_attempt(question)))
    return _handed(sweep, find_trial(connection, sweep, suggestion.number))


def beat_trial(
    connection: Connection,
    *,
    project: str,
    sweep_id: str,
    number: int,
    token: str,
    reports: Mapping[int, Report],
) -> dict[str, Any]:
    """Keep a trial for its agent; says whether it is to stop.

    Args:
        connection: In the caller's transaction.
        project: Its name.
        sweep_id: Which sweep.
        number: Which trial.
        token: What the agent got with it.
        reports: How far the trial is.

    Raises:
        NotFound: If there is no such project, sweep or trial.
    """
    sweep, row, is_own = _claimed(connection, project, sweep_id, number, token)
    if not is_own:
        return {"is_lost": True, "reason": "the trial was given to another agent, or is over"}
    until_ns = time.time_ns() + int(row.lease_s * _NS_PER_S)
    values: dict[str, Any] = {"lease_until_ns": until_ns}
    add_reports(connection, sweep, row.id, reports)
    reason = row.reason
    if reason is None and sweep.state == "cancelled":
        reason = "the sweep was cancelled"
    if reason is None:
        config = read_config(sweep.config)
        reason = reason_to_stop(connection, sweep, config, row.id, reports)
    connection.execute(update(TRIAL).where(TRIAL.c.id == row.id).values(**values, reason=reason))
    if reason is None:
        return {"stop": False}
    _ask_run_to_stop(connection, sweep, row.run_id)
    return {"stop": True, "reason": reason}


def end_trial(
    connection: Connection,
    *,
    project: str,
    sweep_id: str,
    number: int,
    result: TrialResult,
    measured: Measured,
    reports: Mapping[int, Report],
) -> dict[str, Any]:
    """Take what came of a trial; one that is no longer the teller's stays as it is.

    Args:
        connection: In the caller's transaction.
        project: Its name.
        sweep_id: Which sweep.
        number: Which trial.
        result: What the agent says.
        measured: What the metric of its run came to.
        reports: How far the trial is.

    Raises:
        NotFound: If there is no such project, sweep or trial.
    """
    sweep, row, is_own = _claimed(connection, project, sweep_id, number, result.token)
    if not is_own:
        return trial_shape(row)
    config = read_config(sweep.config)
    state: str = result.state
    error = result.error
    value = measured.value if result.value is None else result.value
    if value is not None and not math.isfinite(value):
        state, error, value = "failed", error or f"its result is {value}", None
    if state == "finished" and config.metric is not None and value is None:
        state, error = "failed", measured.problem
    if state == "waiting" and sweep.state == "cancelled":
        state = "cancelled"
    values: dict[str, Any] = {
        "state": state,
        "value": value,
        "error": None if error is None else error[:MAX_TRIAL_ERROR],
        "ended_ns": None if state == "waiting" else time.time_ns(),
        "lease_until_ns": None,
        "ask_key": None,
    }
    connection.execute(update(TRIAL).where(TRIAL.c.id == row.id).values(values))
    if state != "waiting":
        add_reports(connection, sweep, row.id, reports)
    _end_when_done(connection, sweep, config, number, value)
    return trial_shape(find_trial(connection, sweep, number))


def _claimed(
    connection: Connection, project: str, sweep_id: str, number: int, token: str
) -> tuple[FoundSweep, Any, bool]:
    """A sweep, a trial of it, and whether that is running for who has the token."""
    sweep = find_sweep(connection, project, sweep_id)
    row = find_trial(connection, sweep, number)
    return sweep, row, row.state == "running" and row.token == token


def _end_when_done(
    connection: Connection,
    sweep: FoundSweep,
    config: SweepConfig,
    number: int,
    value: float | None,
) -> None:
    """End a sweep that has come to its target, or of which all was tried."""
    if sweep.state != "running":
        return
    target = None if config.metric is None else config.metric.target
    if config.metric is not None and target is not None and value is not None:
        is_there = value >= target if config.metric.is_maximized else value <= target
        if is_there:
            _finish(connection, sweep, f"trial {number} reached the target {target:g}")
            return
    why = why_used_up(connection, sweep, config)
    if why is not None:
        _nothing_left(connection, sweep, why)


def _nothing_left(connection: Connection, sweep: FoundSweep, why: str | None) -> dict[str, Any]:
    """The answer where no more is handed out; a sweep whose trials have all ended is over."""
    why = why or "all trials were tried"
    of_sweep = (TRIAL.c.sweep_row_id == sweep.id, TRIAL.c.state.not_in(DONE))
    if connection.execute(select(TRIAL.c.id).where(*of_sweep).limit(1)).first() is not None:
        reason = "no more trials are handed out, and some are still running"
        return {"wait_s": WAIT_S, "is_draining": True, "reason": reason}
    _finish(connection, sweep, why)
    return {"is_over": True, "reason": why}


def _finish(connection: Connection, sweep: FoundSweep, reason: str) -> None:
    values = {"state": "finished", "reason": reason, "updated_ns": time.time_ns()}
    connection.execute(update(SWEEP).where(SWEEP.c.id == sweep.id).values(**values))


def _next_free(connection: Connection, sweep: FoundSweep) -> Any:
    """The first trial that nobody has; those that were lost too often fail on the way."""
    query = select(TRIAL).where(TRIAL.c.sweep_row_id == sweep.id, is_free(time.time_ns()))
    for row in connection.execute(query.order_by(TRIAL.c.number)).all():
        if row.state == "waiting" or row.losses + 1 < MAX_LOSSES:
            return row
        error = f"its agent fell silent {MAX_LOSSES} times, the last one {row.agent!r}"
        values = {"state": "failed", "error": error, "losses": row.losses + 1}
        values |= {"ended_ns": time.time_ns(), "lease_until_ns": None}
        connection.execute(update(TRIAL).where(TRIAL.c.id == row.id).values(**values))
    return None


def _attempt(question: TrialQuestion) -> dict[str, Any]:
    """What a trial is when it is begun, which is a new run each time."""
    now = time.time_ns()
    return {
        "state": "running",
        "run_id": secrets.token_hex(6),
        "agent": question.agent,
        "host": question.host,
        "token": secrets.token_urlsafe(12),
        "ask_key": question.ask_key,
        "lease_s": question.lease_s,
        "lease_until_ns": now + int(question.lease_s * _NS_PER_S),
        "started_ns": now,
    }


def _lease_again(connection: Connection, row_id: int, question: TrialQuestion) -> Any:
    """Give a trial that was begun before to who asks."""
    nothing = dict.fromkeys(("ended_ns", "error", "reason", "value"))
    counts = {
        "attempts": TRIAL.c.attempts + 1,
        "losses": case((TRIAL.c.state == "running", TRIAL.c.losses + 1), else_=TRIAL.c.losses),
    }
    forget_reports(connection, row_id)
    changed = update(TRIAL).where(TRIAL.c.id == row_id)
    connection.execute(changed.values(**_attempt(question), **nothing, **counts))
    return connection.execute(select(TRIAL).where(TRIAL.c.id == row_id)).one()


def _handed(sweep: FoundSweep, row: Any) -> dict[str, Any]:
    config = read_config(sweep.config)
    heartbeat_s = HEARTBEAT_S if config.early_stop is None else WATCHFUL_HEARTBEAT_S
    # Two may get lost, and the trial is still kept.
    heartbeat_s = min(heartbeat_s, row.lease_s / 4)
    return {"trial": {**trial_shape(row), "token": row.token}, "heartbeat_s": heartbeat_s}


def _count(connection: Connection, sweep: FoundSweep) -> int:
    query = select(func.count()).select_from(TRIAL).where(TRIAL.c.sweep_row_id == sweep.id)
    return connection.scalar(query) or 0


def _is_quarantined(connection: Connection, sweep: FoundSweep, host: str | None) -> bool:
    """Whether the last trials of a host have all failed soon after they began."""
    if host is None:
        return False
    query = select(TRIAL.c.state, TRIAL.c.started_ns, TRIAL.c.ended_ns).where(
        TRIAL.c.sweep_row_id == sweep.id,
        TRIAL.c.host == host,
        TRIAL.c.state.in_(DONE),
        TRIAL.c.started_ns > sweep.resumed_ns,
    )
    last = connection.execute(query.order_by(TRIAL.c.ended_ns.desc()).limit(QUARANTINE_FAILURES))
    soon = [
        row.state == "failed" and row.ended_ns - row.started_ns < QUARANTINE_S * _NS_PER_S
        for row in last
    ]
    return len(soon) == QUARANTINE_FAILURES and all(soon)


def _ask_run_to_stop(connection: Connection, sweep: FoundSweep, run_id: str) -> None:
    """The run hears it as if somebody had asked in the app; it may not have come yet."""
    of_run = (RUN.c.project_id == sweep.project_id, RUN.c.run_id == run_id)
    connection.execute(update(RUN).where(*of_run).values(stop_requested=True))
