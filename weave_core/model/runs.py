"""A run: a training or any other program whose numbers are logged step by step."""

from typing import Annotated, Any, Literal

from pydantic import Field

from weave_core.model.scores import SpanScore
from weave_core.model.values import Value

__all__ = [
    "MAX_RUN_ID",
    "RUN_ID_PATTERN",
    "RUN_STATES",
    "MetricDefinition",
    "Run",
    "RunChanges",
    "RunHistory",
    "RunKey",
    "RunKeys",
    "RunOrigin",
    "RunRecord",
    "RunSeries",
    "RunSignals",
    "RunState",
    "RunTrial",
    "RunWriter",
]

MAX_RUN_ID = 128
RUN_ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._~-]{0,127}$"
"""Ids stand in addresses and file names, so they hold no slash and no space."""

RunState = Literal["running", "finished", "failed", "killed", "crashed"]
RUN_STATES: tuple[RunState, ...] = ("running", "finished", "failed", "killed", "crashed")
"""`failed` ended by an error, `killed` by a signal or a stop that was asked for, `crashed` has been
silent for too long."""

Int64 = Annotated[int, Field(ge=-(2**63), lt=2**63)]
"""What a database takes."""
SummaryKind = Literal["last", "min", "max", "mean", "first", "best", "none"]


class MetricDefinition(Value):
    """What `define_metric` says of a key, or of all that match a pattern with `*`."""

    step_metric: str | None = None
    """The key whose values are the x-axis instead of the step."""
    summary: SummaryKind = "last"
    """Which of its values stands for it in lists."""
    goal: Literal["minimize", "maximize"] | None = None
    """What `best` means."""


class RunOrigin(Value):
    """The run, and the step of it, that another one goes on from."""

    run_id: Annotated[str, Field(pattern=RUN_ID_PATTERN)]
    step: Int64 | None = None
    """The last step that belongs to both; None: all."""


class RunRecord(Value):
    """What one writer says; what is missing or None stays as it was."""

    state: Literal["running", "finished", "failed", "killed"] | None = None
    started_ns: Int64 | None = None
    ended_ns: Int64 | None = None
    told_ns: Int64
    """When it was said, by the writer's clock: later wins."""
    name: str | None = None
    group: str | None = None
    job_type: str | None = None
    tags: list[str] | None = None
    notes: str | None = None
    config: dict[str, Any] | None = None
    """All of it."""
    summary: dict[str, Any] | None = None
    """Values that were set by hand; those under other keys stay."""
    metrics: dict[str, MetricDefinition] | None = None
    """All definitions, by key or pattern."""
    forked_from: RunOrigin | None = None
    rewind_to: Int64 | None = None
    """Points behind this step are no longer part of the run."""
    error: str | None = None
    problems: dict[str, str] | None = None
    """What was left out and why, by key."""
    host: str | None = None
    pid: Int64 | None = None
    environment: dict[str, Any] | None = None
    """What the writer runs with."""


class RunWriter(Value):
    """One program that writes, or wrote, to a run."""

    writer_id: str
    rank: int = 0
    state: RunState
    started_ns: int | None = None
    ended_ns: int | None = None
    heartbeat_ns: int
    error: str | None = None
    host: str | None = None
    pid: int | None = None
    environment: dict[str, Any] | None = None
    """What it runs with: `git`, `command`, `python`, `packages`, `machine`, `launchers` and `code`,
    whose files and `diff` are blobs."""


class RunTrial(Value):
    """The trial of a sweep that a run is."""

    sweep_id: str
    sweep: str
    """Name of the sweep."""
    number: int


class Run(Value):
    """A run without its points."""

    run_id: str
    project: str
    name: str
    group: str | None = None
    job_type: str | None = None
    tags: list[str] = []
    notes: str | None = None
    state: RunState
    config: dict[str, Any] = {}
    summary: dict[str, Any] = {}
    """One value a key: what was set by hand, else what its points come to; in lists at most the
    first hundred."""
    metrics: dict[str, MetricDefinition] = {}
    started_ns: int
    ended_ns: int | None = None
    heartbeat_ns: int
    """When a writer was last heard of, by its own clock."""
    duration_ms: float | None = None
    last_step: int | None = None
    forked_from: RunOrigin | None = None
    error: str | None = None
    problems: dict[str, str] = {}
    """What could not be kept and why, by key."""
    stop_requested: bool = False
    trace_id: str
    """Of the trace that holds a span for each writer."""
    scores: list[SpanScore] = []
    """Feedback on the run, the newest last."""
    writers: list[RunWriter] = []
    """Only where one run is read."""
    trial: RunTrial | None = None
    """Where it is one of a sweep's, and only where one run is read."""


class RunChanges(Value):
    """What a reader may change; what is missing stays."""

    name: str | None = None
    group: str | None = None
    job_type: str | None = None
    tags: list[str] | None = None
    notes: str | None = None
    summary: dict[str, Any] | None = None
    """Values by key; None takes one away."""
    stop: bool | None = None
    """Ask the program to stop, or no longer."""


class RunSignals(Value):
    """What a running program asks for now and then."""

    stop_requested: bool = False
    last_step: int | None = None
    """Of all points that are stored."""
    exists: bool = True


class RunKey(Value):
    """One key of a run by one rank, summed up; `min` to `mean` are of its finite points."""

    key: str
    rank: int = 0
    count: int
    nan_count: int = 0
    """Points that are NaN or infinite."""
    min: float | None = None
    max: float | None = None
    mean: float | None = None
    first: float | str | None = None
    """`NaN`, `Infinity` and `-Infinity` are texts, as OTLP/JSON writes them."""
    last: float | str | None = None
    first_step: int
    last_step: int
    min_step: int | None = None
    """The first step at which it had its least value."""
    max_step: int | None = None


class RunKeys(Value):
    """The keys of a run."""

    items: list[RunKey]
    total: int
    """Of keys; more than are in `items` where they were cut."""


class RunSeries(Value):
    """The points of one key by one rank, in the order of steps."""

    run_id: str
    key: str
    rank: int = 0
    count: int
    """Points there are within what was asked for."""
    is_sampled: bool = False
    """Whether fewer are given; the least, the largest, the first and the last are among them, and
    so is every kind of value that is no number."""
    steps: list[int] = []
    x: list[float | int] | None = None
    """Where another axis than the step was asked for; times are nanoseconds since the epoch,
    `runtime` is seconds since the run began."""
    values: list[float | str] = []
    """`NaN`, `Infinity` and `-Infinity` are texts, as OTLP/JSON writes them."""


class RunHistory(Value):
    """Series of one run or of several."""

    x: str
    """`step`, `time`, `runtime` or a key."""
    series: list[RunSeries]
