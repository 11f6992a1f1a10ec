"""An evaluation: a task run on every item of a dataset and judged by scorers."""

from typing import Annotated, Any, Literal

from pydantic import Field

from weave_core.model.calibrations import Rectifier
from weave_core.model.classifications import Classification
from weave_core.model.estimates import Comparison, Estimate
from weave_core.model.values import Value

__all__ = [
    "MAX_FLAKY",
    "EvaluatedItem",
    "EvaluationComparison",
    "EvaluationReport",
    "EvaluationSummary",
    "FlakyItem",
    "FlippedItem",
    "Gate",
    "GateClause",
    "ItemError",
    "ItemScore",
    "ScorerSummary",
    "SliceComparison",
    "StoredEvaluation",
    "Subject",
    "Verdict",
]

MAX_FLAKY = 50
"""Items of an evaluation that are named as flaky, the most unsteady first."""

Verdict = Literal["pass", "fail", "inconclusive"]
State = Literal["running", "done", "stopped", "failed"]
Outcome = Literal["ok", "error", "timeout"]


class Subject(Value):
    """A dataset, task or scorer by name and version."""

    name: str
    version: str | None = None
    """A `sha256:` digest: of the content of a dataset, of the source of a function."""
    rectifier: Rectifier | None = None
    """Of a judge that people have checked."""


class ItemError(Value):
    """What went wrong with one item or one of its scores."""

    type: str
    message: str


class ItemScore(Value):
    """What one scorer said of one item; an error is a state of its own, never a zero."""

    value: float | None = None
    """A number; 1 and 0 for true and false."""
    label: str | None = None
    expected: str | None = None
    """The label that would have been right, where the scorer knows it."""
    is_rate: bool = False
    """Whether the scorer answers true or false."""
    reason: str | None = None
    detail: Any = None
    """JSON of what stands behind it, such as each claim of an answer with its verdict."""
    error: ItemError | None = None


class EvaluatedItem(Value):
    """One item in one epoch: how the task did, and what the scorers said."""

    item: str
    """Digest of the item's content: the same in every evaluation, whatever its place."""
    index: int = 0
    epoch: int = 0
    outcome: Outcome = "ok"
    error: ItemError | None = None
    latency_ms: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None
    cluster: str | None = None
    # By factories: pydantic copies a default that stands here deeply, for each item.
    slices: dict[str, str] = Field(default_factory=dict)
    scores: dict[str, ItemScore] = Field(default_factory=dict)
    is_cached: bool = False
    """Whether the output was taken from an earlier run of the same task on the same item."""
    trace_id: str | None = None
    span_id: str | None = None
    input_preview: str | None = None
    output_preview: str | None = None


class ScorerSummary(Value):
    """What one scorer said of all items."""

    estimate: Estimate | None = None
    """Mean over items, each by the mean of its epochs; None where it gave labels only."""
    is_rate: bool = False
    scored: int
    """Scores that were given."""
    errors: int = 0
    """Scores that failed."""
    labels: dict[str, int] = {}
    corrected: Estimate | None = None
    """The mean that people would give, of a judge that they have checked (prediction powered)."""
    classification: Classification | None = None
    """Precision, recall and the like, where labels came with the right ones."""

    @property
    def more(self) -> dict[str, Estimate]:
        """Other numbers than the mean that a reader wants beside it, as a gate calls them."""
        macro = self.classification.averages.get("macro") if self.classification else None
        found = {"corrected": self.corrected, "f1_macro": macro.f1 if macro else None}
        return {name: estimate for name, estimate in found.items() if estimate is not None}


class FlakyItem(Value):
    """An item that does not answer the same each time."""

    item: str
    index: int
    scorer: str
    mean: float
    deviation: float
    epochs: int


class EvaluationSummary(Value):
    """What is known of an evaluation as a whole."""

    items: int
    """Different items."""
    examples: int
    """Items times epochs, as far as they were run."""
    errors: int = 0
    """Examples whose task failed; they have no score and are no zeros."""
    error_types: dict[str, int] = {}
    error_rate: Estimate | None = None
    scorers: dict[str, ScorerSummary] = {}
    latency_ms: dict[str, Estimate] = {}
    """`mean`, `p50`, `p95` of the examples that ended."""
    cost_usd: dict[str, Estimate] = {}
    """The same of those whose cost is known."""
    total_cost_usd: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    flaky: list[FlakyItem] = []


class GateClause(Value):
    """One condition of a gate, as it was found."""

    text: str
    verdict: Verdict
    value: float | None = None
    low: float | None = None
    high: float | None = None
    note: str = ""
    """Why it can't be told, and what it would take."""


class Gate(Value):
    """What was demanded, and whether it holds."""

    text: str
    verdict: Verdict
    clauses: list[GateClause] = []


class StoredEvaluation(Value):
    """An evaluation without its items."""

    evaluation_id: Annotated[str, Field(pattern=r"^[0-9a-f]{8,64}$")]
    name: str
    state: State = "running"
    dataset: Subject
    task: Subject
    scorers: list[Subject] = []
    epochs: int = 1
    tags: list[str] = []
    branch: str | None = None
    """Of the repository that the program lies in."""
    revision: str | None = None
    baseline_id: str | None = None
    started_ns: int
    ended_ns: int | None = None
    planned: int | None = None
    """Examples that there will be."""
    summary: EvaluationSummary | None = None
    """None while it runs."""
    gate: Gate | None = None
    trace_id: str | None = None
    config: dict[str, Any] = {}


class FlippedItem(Value):
    """An item whose score is another one now."""

    item: str
    scorer: str
    baseline: float
    candidate: float
    baseline_trace_id: str | None = None
    trace_id: str | None = None


class SliceComparison(Value):
    """The difference within one slice of the items."""

    column: str
    value: str
    scorer: str
    comparison: Comparison
    """`adjusted_p_value` is Benjamini and Hochberg's over all slices."""


class EvaluationComparison(Value):
    """An evaluation beside its baseline."""

    candidate: str
    """Ids of the two evaluations."""
    baseline: str
    shared: int
    """Items that both have."""
    scorers: dict[str, Comparison] = {}
    slices: list[SliceComparison] = []
    flipped: list[FlippedItem] = []
    """The largest changes first, both ways; at most a hundred."""


class EvaluationReport(Value):
    """An evaluation with all that it found: what a JSON report holds, and a baseline may be."""

    evaluation: StoredEvaluation
    items: list[EvaluatedItem] = []
    """In the order of the dataset."""
    comparison: EvaluationComparison | None = None
    problems: list[str] = []
    """Rows of the dataset that were left out."""
    repeats: list[int] = []
    """Rows that repeat another one and were taken for independent, up to 1,000."""
    stopped_by: str | None = None
    """The bound of the budget that ended it early."""
    url: str = ""
    """Its page in the app."""
    is_stored: bool = True
    """Whether the server has all of it; else it waits on disk."""
