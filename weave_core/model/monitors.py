"""A monitor: which live spans are scored, by what, and how much that may take."""

from typing import Annotated, Any, Literal

from pydantic import Field

from weave_core.model.estimates import Estimate
from weave_core.model.evaluations import ItemScore
from weave_core.model.spans import Span
from weave_core.model.values import Value

__all__ = [
    "MAX_COLUMN",
    "MONITORS_PROJECT",
    "Backfill",
    "LostItems",
    "Monitor",
    "MonitorBeat",
    "MonitorBudget",
    "MonitorChanges",
    "MonitorClaim",
    "MonitorDefinition",
    "MonitorItem",
    "MonitorProblem",
    "MonitorResult",
    "MonitorScore",
    "MonitorSpent",
    "MonitorState",
    "MonitorStats",
    "MonitorTake",
    "MonitorTellings",
    "NewBackfill",
    "NewMonitor",
    "ScorerSpec",
]

MAX_SCORERS = 20
"""Scorers of one monitor."""
MAX_MAPPED = 50
"""Columns that a monitor's mapping names."""
MAX_COLUMN = 200
"""Characters of a name or a path of a monitor."""
MAX_FILTER = 10_000
"""Characters of a monitor's filter."""
MAX_SETTLE_S = 3_600.0
"""Longest wait of a monitor for the rest of a trace."""
MAX_LEASE_S = 3_600.0
"""Longest time that a worker may keep spans without a sign of life."""
MAX_TAKEN = 64
"""Spans that one worker is handed at a time."""
MAX_ITEM_SCORES = 200
"""Scores that are kept of one span by one monitor; of more the first."""
MAX_PROBLEM = 2_000
"""Characters of what keeps a monitor from working."""

MONITORS_PROJECT = "weave-core-monitors"
"""Where workers trace what scorers do: apart from what is watched, so none scores itself."""
MonitorState = Literal["active", "paused"]
MonitorName = Annotated[
    str, Field(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
]
_Column = Annotated[str, Field(min_length=1, max_length=MAX_COLUMN)]


class ScorerSpec(Value):
    """One scorer by its name, so that a worker can make it."""

    scorer: _Column
    """A built-in one such as `Contains`, or `module:name` of a function, an object or a class."""
    params: dict[str, Any] = {}
    """What it is made with."""


class MonitorBudget(Value):
    """How much a monitor may take within any hour; None: no bound.

    What is over it waits, and is scored when the hour has room again.
    """

    calls_per_hour: Annotated[int, Field(ge=1)] | None = None
    """Calls of scorers: a span takes as many as there are scorers."""
    usd_per_hour: Annotated[float, Field(gt=0)] | None = None
    """What the judges' model calls cost, where their price is known."""


class MonitorDefinition(Value):
    """What a version of a monitor is; a change of it makes a new version."""

    filter: Annotated[str, Field(max_length=MAX_FILTER)] = "is_root"
    """Which spans, in the language of filters of spans."""
    sample_rate: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Share of the traces: the same for each monitor, a lower rate's among those of a higher."""
    scorers: Annotated[list[ScorerSpec], Field(min_length=1, max_length=MAX_SCORERS)]
    mapping: Annotated[dict[_Column, _Column], Field(max_length=MAX_MAPPED)] = {}
    """What scorers get: a column to a path in the span, such as `question` to `inputs.messages`."""
    budget: MonitorBudget = MonitorBudget()
    settle_s: Annotated[float, Field(ge=0, le=MAX_SETTLE_S)] = 10.0
    """How long after a span came it is scored: the rest of its trace may come meanwhile."""
    timeout_s: Annotated[float, Field(gt=0, le=MAX_LEASE_S)] = 60.0
    """How long one call of a scorer may take."""
    retries: Annotated[int, Field(ge=0, le=10)] = 2
    """How often a scorer is called again after a failure that may pass."""


class NewMonitor(MonitorDefinition):
    """A monitor to make, or a new version of the one that has the name."""

    name: MonitorName
    from_ns: Annotated[int, Field(ge=0, lt=2**63)] | None = None
    """Score what began since then too; None: only what comes from now on."""


class MonitorChanges(Value):
    """What may be changed; what is missing stays."""

    state: MonitorState | None = None
    skip_backlog: bool = False
    """Whether what has come by now and is not scored stays so."""


class NewBackfill(Value):
    """Spans that were there before, to be scored too."""

    from_ns: Annotated[int, Field(ge=0, lt=2**63)]
    """First start time."""
    to_ns: Annotated[int, Field(ge=0, lt=2**63)] | None = None
    """Start time from which on none counts; None: now."""
    again: Literal["never", "failed", "older"] = "never"
    """What is scored anew of what has been: nothing, what ended in an error, or that as well as
    what an older version of the monitor scored."""


class Backfill(Value):
    """How far a backfill is."""

    from_ns: int
    to_ns: int
    again: Literal["never", "failed", "older"] = "never"
    reached_ns: int
    """Start of the last span that was looked at."""
    found: int = 0
    """Spans that it has added to what is to be scored."""
    is_done: bool = False


class MonitorSpent(Value):
    """What the last hour took."""

    calls: int = 0
    cost_usd: float | None = None
    """None where no price is known."""


class Monitor(MonitorDefinition):
    """A monitor and how far it is."""

    name: str
    project: str
    version: int
    digest: str
    """Of the definition."""
    state: MonitorState
    problem: str | None = None
    """What keeps workers from scoring, such as a scorer that can't be imported."""
    waiting: int = 0
    """Spans that are to be scored, those that a worker has now included."""
    scored: int = 0
    failed: int = 0
    """Spans of which a scorer could not say anything."""
    matched: int = 0
    """Spans that passed the filter, sampled or not."""
    behind: int = 0
    """Spans of the store, of any project, that have come and were not looked at."""
    spent: MonitorSpent = MonitorSpent()
    is_over_budget: bool = False
    oldest_waiting_ns: int | None = None
    """Start of the span that waits longest."""
    backfill: Backfill | None = None
    created_ns: int
    updated_ns: int


class MonitorTake(Value):
    """A worker asks for spans to score."""

    worker: _Column
    """Of its own: two workers never have the same."""
    limit: Annotated[int, Field(ge=1, le=MAX_TAKEN)] = 8
    lease_s: Annotated[float, Field(ge=1, le=MAX_LEASE_S)] = 60.0
    """When it has been silent for so long its spans are given to others."""
    projects: Annotated[list[_Column], Field(max_length=MAX_SCORERS)] | None = None
    """Only of these; None: of all."""
    wants_spans: bool = False
    """Whether to send the spans along, which else are read one by one."""


class MonitorItem(Value):
    """A span that a worker is to score."""

    project: str
    monitor: str
    version: int
    definition: MonitorDefinition
    trace_id: str
    span_id: str
    token: str
    """Whoever has it may say what came of it."""
    attempt: int
    """From 1."""
    span: Span | None = None
    """With its payload, where it was wanted and there was room for it."""


class MonitorClaim(Value):
    """What a worker is to do."""

    items: list[MonitorItem] = []
    wait_s: float = 1.0
    """Ask again after so long, where there was nothing."""


class MonitorBeat(Value):
    """A worker still works on what it has."""

    worker: _Column
    lease_s: Annotated[float, Field(ge=1, le=MAX_LEASE_S)] = 60.0


class MonitorResult(Value):
    """What came of one span."""

    token: _Column
    outcome: Literal["scored", "again", "handed_back"]
    """`again`: a failure that may pass, so it is tried later; `handed_back`: not begun."""
    scores: Annotated[dict[str, ItemScore], Field(max_length=MAX_ITEM_SCORES)] = {}
    versions: dict[str, str] = {}
    """Versions of the scorers, by name."""
    judges: list[str] = []
    """Names of the scorers that ask a model."""
    cost_usd: float | None = None
    calls: Annotated[int, Field(ge=0)] = 0
    pause_s: Annotated[float, Field(ge=0, le=MAX_LEASE_S)] = 0.0
    """Of what is handed back: not to be handed out for so long."""


class MonitorTellings(Value):
    """What came of several spans."""

    results: Annotated[list[MonitorResult], Field(max_length=MAX_TAKEN)]


class LostItems(Value):
    """Spans that the teller no longer had: what it said of them was not kept."""

    lost: list[str] = []
    """Their tokens."""


class MonitorProblem(Value):
    """Why a worker can't score for a version of a monitor."""

    version: int
    message: Annotated[str, Field(max_length=MAX_PROBLEM)]


class MonitorStats(Value):
    """What a monitor's scorer said of the spans that began in a time."""

    bucket_ns: int | None = None
    """Where the time begins; None: all of it."""
    name: str
    count: int
    """Spans that it scored, by number or by label."""
    error_count: int
    mean: Estimate | None = None
    """Of the numbers; errors are no part of it."""
    is_rate: bool = False


class MonitorScore(Value):
    """What a monitor's scorer said of one span."""

    monitor: str
    name: str
    trace_id: str
    span_id: str
    value: float | None = None
    label: str | None = None
    is_rate: bool = False
    """Whether the value is a truth, 0 or 1."""
    reason: str | None = None
    error_type: str | None = None
    error_message: str | None = None
    """An error is a state of its own: it has no value."""
    version: int
    """Of the monitor."""
    scorer_version: str | None = None
    started_ns: int
    """When the span began."""
    scored_ns: int
