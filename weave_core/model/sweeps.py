"""A sweep: many runs of one program with other parameters each time, in search of the best."""

from typing import Annotated, Any, Literal

from pydantic import Field

from weave_core.model.values import Value

__all__ = [
    "AskedTrial",
    "NewSweep",
    "Sweep",
    "SweepChanges",
    "SweepState",
    "SweepTrial",
    "TrialAnswer",
    "TrialBeat",
    "TrialQuestion",
    "TrialResult",
    "TrialSignals",
    "TrialState",
]

MAX_AGENT_NAME = 200
"""Characters of what an agent calls itself, its host or a trial's error."""
MAX_PRIOR_RUNS = 300
"""Runs from before a sweep that it learns from."""
MAX_TRIAL_ERROR = 4_000
"""Characters of why a trial failed; the rest is cut."""

LEASE_S = 60.0
"""Seconds that a trial stays with an agent that says nothing, where the agent names no other."""
SweepState = Literal["running", "paused", "finished", "cancelled"]
"""`finished` hands out no more and lets running trials end, `cancelled` ends them too."""
TrialState = Literal["waiting", "running", "finished", "stopped", "failed", "cancelled"]
"""`waiting` was lost or handed back and is tried again, `stopped` was not worth going on with."""
_Name = Annotated[str, Field(min_length=1, max_length=MAX_AGENT_NAME)]


class NewSweep(Value):
    """What to search."""

    config: dict[str, Any] | str
    """As wandb has it: `method`, `metric`, `parameters` and the like; or YAML or JSON text."""
    name: str | None = None
    prior_runs: Annotated[list[_Name], Field(max_length=MAX_PRIOR_RUNS)] = []
    """Ids of runs of the project that it learns from as from trials of its own."""


class Sweep(Value):
    """A sweep and how far it is."""

    sweep_id: str
    project: str
    name: str
    state: SweepState
    reason: str | None = None
    """Why it has ended."""
    method: str
    metric: str | None = None
    goal: Literal["minimize", "maximize"] = "minimize"
    config: dict[str, Any]
    """As it was given."""
    run_cap: int | None = None
    size: int | None = None
    """Trials that a grid has, or that `run_cap` allows, and prior runs; None: no end of them."""
    counts: dict[TrialState, int] = {}
    """Trials by state."""
    best: "SweepTrial | None" = None
    created_ns: int
    updated_ns: int


class SweepTrial(Value):
    """One set of parameters and what came of it."""

    number: int
    """From 0 in the order in which they were made."""
    state: TrialState
    params: dict[str, Any]
    run_id: str | None = None
    """The run that it is, or was last."""
    value: float | None = None
    """The metric at its best."""
    error: str | None = None
    reason: str | None = None
    """Why it was stopped."""
    attempts: int = 1
    """How often it was begun; 0: it is a run from before the sweep."""
    agent: str | None = None
    host: str | None = None
    started_ns: int | None = None
    ended_ns: int | None = None


class SweepChanges(Value):
    """What may be changed; what is missing stays."""

    state: SweepState | None = None
    name: str | None = None
    run_cap: Annotated[int, Field(ge=1)] | None = None


class TrialQuestion(Value):
    """An agent asks for something to do."""

    ask_key: _Name
    """The same when it asks again because no answer came: it gets the same trial."""
    agent: _Name
    host: _Name | None = None
    lease_s: Annotated[float, Field(ge=1, le=3_600)] = LEASE_S
    """When it has been silent for so long its trial is given to another."""


class AskedTrial(SweepTrial):
    """A trial that was handed out."""

    run_id: str
    token: str
    """Whoever has it may say what came of the trial."""


class TrialAnswer(Value):
    """What an agent is to do."""

    trial: AskedTrial | None = None
    heartbeat_s: float = 15.0
    """How often to say that it still works on it."""
    wait_s: float | None = None
    """Ask again after so long; nothing can be handed out now."""
    is_draining: bool = False
    """All is handed out: there is only something to do if another agent fails."""
    is_over: bool = False
    """Nothing is left, now or later."""
    reason: str | None = None
    """Why nothing was handed out."""


class TrialBeat(Value):
    """An agent still works on a trial."""

    token: _Name


class TrialSignals(Value):
    """What it hears."""

    stop: bool = False
    is_lost: bool = False
    """Whether the trial was given to somebody else, or is over: what came of it does not count."""
    reason: str | None = None


class TrialResult(Value):
    """What came of a trial."""

    token: _Name
    state: Literal["finished", "stopped", "failed", "waiting"] = "finished"
    """`waiting` hands it back."""
    value: float | None = None
    """Default: the sweep's metric in the run, at its best."""
    error: str | None = None
