"""States of sweeps and trials as cells, and a trial as the run that it is; pure."""

from weave_core.app.components.figure_table import Cell
from weave_core.model import Run, Sweep, SweepTrial

__all__ = ["as_run", "state_cell"]


def state_cell(state: str, why: str | None) -> Cell:
    """A state, with its reason where a pointer rests on it."""
    cell: dict[str, object] = {"text": state}
    if why:
        cell["title"] = why
    if state == "failed":
        cell["bad"] = True
    elif state in {"waiting", "cancelled", "paused"}:
        cell["dim"] = True
    return cell


def as_run(sweep: Sweep, trial: SweepTrial) -> Run:
    """The trial as the run that it is: its parameters, and its result as the metric."""
    started_ns = trial.started_ns or sweep.created_ns
    result = {} if trial.value is None or sweep.metric is None else {sweep.metric: trial.value}
    return Run(
        run_id=trial.run_id or str(trial.number),
        project=sweep.project,
        name=f"trial {trial.number}",
        state="running",
        config=trial.params,
        summary=result,
        started_ns=started_ns,
        heartbeat_ns=started_ns,
        trace_id="",
    )
