"""An alert: a rule over what is measured, its state, and who is told of it."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from weave_core.model.monitors import MAX_COLUMN, MAX_FILTER, MAX_LEASE_S, MonitorName
from weave_core.model.values import Value

__all__ = [
    "ALERT_MEASURES",
    "Alert",
    "AlertChanges",
    "AlertChannel",
    "AlertClaim",
    "AlertDelivery",
    "AlertEvent",
    "AlertItem",
    "AlertMeasurement",
    "AlertResult",
    "AlertRule",
    "AlertSending",
    "AlertSent",
    "AlertState",
    "AlertTake",
    "AlertTellings",
    "NewAlert",
]

MAX_CHANNELS = 10
"""Channels of one alert."""
MAX_WINDOW_S = 7 * 86_400
"""Longest window of an alert."""
MAX_ALERT_TEXT = 2_000
"""Characters of what is told of an alert, and of an error of its delivery."""
MAX_URL = 2_000
"""Characters of an address that an alert is sent to."""

AlertMeasure = Literal[
    "count",
    "error_rate",
    "latency_mean_ms",
    "latency_p50_ms",
    "latency_p95_ms",
    "latency_p99_ms",
    "cost_usd",
    "total_tokens",
    "score",
    "score_errors",
    "feedback",
    "runs",
]
ALERT_MEASURES: dict[AlertMeasure, str] = {
    "count": "spans that began in the window; `below` 1 is silence",
    "error_rate": "share of them that failed",
    "latency_mean_ms": "mean of their durations",
    "latency_p50_ms": "median of their durations",
    "latency_p95_ms": "the duration that 95 of 100 keep to",
    "latency_p99_ms": "the duration that 99 of 100 keep to",
    "cost_usd": "what they cost",
    "total_tokens": "tokens of their model calls",
    "score": "mean of a monitor's score of spans that began in the window",
    "score_errors": "share of the spans that a monitor's scorer could not judge",
    "feedback": "mean of the feedback called `score` that was given in the window, whoever gave it",
    "runs": "runs that pass the filter now, such as `state = 'crashed'` or `metrics['loss'] > 5`",
}
"""What an alert may watch."""
AlertState = Literal["ok", "pending", "firing", "resolved"]
"""`pending`: it holds, not for long enough yet; `resolved`: it held, and does no more."""
AlertWord = Literal["above", "below", "rises", "falls"]
"""`above` and `below` a threshold; `rises` and `falls` by a share of the window before."""


class AlertChannel(Value):
    """Somebody who is told."""

    kind: Literal["webhook", "slack", "email"]
    to: Annotated[str, Field(min_length=1, max_length=MAX_URL)]
    """An address: a URL, or of e-mail one or more with commas between.  `env:WEAVE_CORE_ALERT_X`
    is that of the worker's environment, so that a secret is not stored."""
    secret: (
        Annotated[str, Field(max_length=MAX_COLUMN, pattern=r"^env:WEAVE_CORE_ALERT_[A-Z0-9_]+$")]
        | None
    ) = None
    """Of a webhook: where the key is that it is signed with; only its name is stored."""


class AlertRule(Value):
    """What a version of an alert is."""

    measure: AlertMeasure
    filter: Annotated[str, Field(max_length=MAX_FILTER)] | None = None
    """Which spans, which feedback, or which runs."""
    monitor: Annotated[str, Field(max_length=MAX_COLUMN)] | None = None
    """Of `score` and `score_errors`: whose."""
    score: Annotated[str, Field(max_length=MAX_COLUMN)] | None = None
    """And which of its scores; None: all of them.  Of `feedback`: its name."""
    condition: AlertWord
    threshold: Annotated[float, Field(allow_inf_nan=False)]
    """Of `rises` and `falls` the share of the window before: 0.5 is by half."""
    window_s: Annotated[int, Field(ge=60, le=MAX_WINDOW_S)] = 900
    """How much of the past is looked at."""
    for_s: Annotated[int, Field(ge=0, le=MAX_WINDOW_S)] = 0
    """How long it has to hold before it fires, and not to hold before it is resolved."""
    every_s: Annotated[int, Field(ge=1, le=86_400)] = 60
    """From one look to the next."""
    min_samples: Annotated[int, Field(ge=1)] = 20
    """Of fewer spans or scores nothing is said; counts, sums and runs need none."""
    is_sure: bool = True
    """Whether the whole interval of a rate or a mean has to be beyond the threshold, and that of a
    difference beyond none: what chance explains does not fire."""
    renotify_s: Annotated[int, Field(ge=60)] | None = None
    """Tell again after so long while it still fires; None: once."""
    channels: Annotated[list[AlertChannel], Field(max_length=MAX_CHANNELS)] = []
    """None: it is seen in the app only."""
    note: Annotated[str, Field(max_length=MAX_ALERT_TEXT)] = ""
    """What to do about it; told along."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        is_of_score = self.measure in {"score", "score_errors"}
        if is_of_score != (self.monitor is not None):
            raise ValueError(
                "measure score and score_errors name a monitor, and no other measure does"
            )
        if self.measure == "feedback" and self.score is None:
            raise ValueError("measure feedback names the feedback in `score`, such as thumbs")
        if self.condition in {"rises", "falls"} and self.measure == "runs":
            raise ValueError("runs have no window before: use above or below")
        return self


class NewAlert(AlertRule):
    """An alert to make, or a new version of the one that has the name."""

    name: MonitorName


class AlertChanges(Value):
    """What may be changed; what is missing stays."""

    is_paused: bool | None = None
    mute_s: Annotated[int, Field(ge=0, le=30 * 86_400)] | None = None
    """Tell nobody for so long from now on; 0: tell again."""


class AlertMeasurement(Value):
    """What was measured at one moment."""

    at_ns: int
    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    """Spans, scores or runs."""
    before: float | None = None
    """The same of the window before, where that matters."""
    before_n: int = 0
    is_breached: bool | None = None
    """Whether the condition holds; None: there is too little to say."""
    text: Annotated[str, Field(max_length=MAX_ALERT_TEXT)] = ""
    """In words."""


class Alert(AlertRule):
    """An alert and how it stands."""

    name: str
    project: str
    version: int
    digest: str
    state: AlertState
    is_paused: bool = False
    since_ns: int
    """When it came to its state."""
    muted_until_ns: int | None = None
    problem: str | None = None
    """Why it can't be measured."""
    last: AlertMeasurement | None = None
    """What was measured last."""
    dead_count: int = 0
    """Messages that could not be delivered."""
    created_ns: int
    updated_ns: int


class AlertEvent(Value):
    """A change of an alert's state, or a reminder."""

    event_id: str
    alert: str
    state: AlertState
    at_ns: int
    is_muted: bool = False
    is_reminder: bool = False
    is_test: bool = False
    """Whether somebody asked for it, to see that it arrives."""
    measurement: AlertMeasurement
    deliveries: list["AlertDelivery"] = []


class AlertDelivery(Value):
    """One message to one channel."""

    delivery_id: str
    kind: str
    to: str
    """Without what may be secret in it."""
    state: Literal["waiting", "leased", "sent", "dead"]
    attempts: int
    due_ns: int
    sent_ns: int | None = None
    error: str | None = None


class AlertTake(Value):
    """A worker asks which alerts are to be looked at, and what is to be sent."""

    worker: Annotated[str, Field(min_length=1, max_length=MAX_COLUMN)]
    lease_s: Annotated[float, Field(ge=1, le=MAX_LEASE_S)] = 60.0
    projects: Annotated[list[str], Field(max_length=20)] | None = None
    """Only of these; None: of all."""


class AlertItem(Value):
    """An alert that a worker is to measure."""

    project: str
    name: str
    rule: AlertRule
    token: str


class AlertSending(Value):
    """A message that a worker is to send."""

    delivery_id: str
    token: str
    attempt: int
    channel: AlertChannel
    payload: dict[str, Any]
    """What is told."""


class AlertClaim(Value):
    """What a worker is to do."""

    items: list[AlertItem] = []
    sendings: list[AlertSending] = []
    wait_s: float = 1.0


class AlertResult(Value):
    """What was measured, or why nothing was."""

    token: str
    measurement: AlertMeasurement | None = None
    problem: Annotated[str, Field(max_length=MAX_ALERT_TEXT)] | None = None


class AlertSent(Value):
    """What came of a message."""

    token: str
    error: Annotated[str, Field(max_length=MAX_ALERT_TEXT)] | None = None
    """None: it was taken."""
    is_final: bool = False
    """Whether to try no more."""
    retry_after_s: float | None = None


class AlertTellings(Value):
    """What a worker has done."""

    results: Annotated[list[AlertResult], Field(max_length=500)] = []
    sent: Annotated[list[AlertSent], Field(max_length=500)] = []
