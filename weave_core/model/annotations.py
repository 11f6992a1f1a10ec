"""Annotation queues: things that several people review by one label set, and how far they agree."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from weave_core.model.feedback import FeedbackLabel, FeedbackTarget
from weave_core.model.label_sets import Answer, LabelSet
from weave_core.model.objects import ObjectName
from weave_core.model.values import Value

__all__ = [
    "MAX_QUEUE_ITEMS",
    "AddedItems",
    "AnnotationItem",
    "AnnotationQueue",
    "ItemAnswer",
    "ItemQuestion",
    "LabelAgreement",
    "NewAnnotationQueue",
    "NewItems",
    "PairAgreement",
    "QueueAgreement",
    "QueueChanges",
    "QueueProgress",
    "Review",
    "ReviewerProgress",
    "TakenItem",
]

MAX_QUEUE_ITEMS = 10_000
"""Items of one annotation queue."""
MAX_ADDED_ITEMS = 1_000
"""Items that are added to a queue in one request."""
MAX_OVERLAP = 20
"""People that review the same item, at most."""
MAX_LEASE_S = 86_400
"""Longest time that an item is kept for one reviewer."""

QueueName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Reviewer = FeedbackLabel


class NewAnnotationQueue(Value):
    """A queue to be made."""

    name: QueueName
    label_set: ObjectName
    """Name of an object of the kind `label_set`; its version of now is the queue's for good."""
    description: Annotated[str, Field(max_length=4_000)] = ""
    overlap: Annotated[int, Field(ge=1, le=MAX_OVERLAP)] = 1
    """How many people review each item; nobody gets one twice."""
    lease_s: Annotated[int, Field(ge=10, le=MAX_LEASE_S)] = 900
    """How long an item is kept for one who looks at it and says nothing."""


class QueueChanges(Value):
    """What to change of a queue; what is not given stays."""

    name: QueueName | None = None
    description: Annotated[str, Field(max_length=4_000)] | None = None
    overlap: Annotated[int, Field(ge=1, le=MAX_OVERLAP)] | None = None


class ReviewerProgress(Value):
    """What one person has done in a queue."""

    reviewer: str
    done: int
    skipped: int


class QueueProgress(Value):
    """How far a queue is."""

    items: int
    done: int
    """Reviewed by as many as the queue wants."""
    reviews: int
    reviewers: list[ReviewerProgress] = []


class AnnotationQueue(Value):
    """A queue."""

    project: str
    queue_id: str
    name: str
    description: str
    label_set: str
    label_version: int
    labels: LabelSet
    overlap: int
    lease_s: int
    created_ns: int
    updated_ns: int
    progress: QueueProgress


class NewItems(Value):
    """What to put into a queue: what passes a filter, or what is named."""

    filter: str | None = None
    of: Literal["traces", "spans"] = "traces"
    """What the filter speaks of, and what becomes an item."""
    limit: Annotated[int, Field(ge=1, le=MAX_ADDED_ITEMS)] = 100
    order: Literal["newest", "random"] = "newest"
    targets: Annotated[list[FeedbackTarget], Field(max_length=MAX_ADDED_ITEMS)] | None = None
    """Traces and spans by their ids."""

    @model_validator(mode="after")
    def _has_traces(self) -> Self:
        if any(target.trace_id is None for target in self.targets or ()):
            raise ValueError("only traces and spans can be put into a queue")
        return self


class AddedItems(Value):
    """What was put into a queue."""

    added: int
    known: int
    """Found, and there already."""


class Review(Value):
    """What one person has done with an item."""

    reviewer: str
    state: Literal["leased", "done", "skipped"]
    until_ns: int | None = None
    """Until when it is theirs."""
    done_ns: int | None = None
    answers: dict[str, Answer] = {}


class AnnotationItem(Value):
    """One thing to review."""

    number: int
    target: FeedbackTarget
    reviews: list[Review] = []


class ItemQuestion(Value):
    """Who asks for an item."""

    reviewer: Reviewer
    number: Annotated[int, Field(ge=1)] | None = None
    """That very item, to look at it again; None: the next one."""


class TakenItem(Value):
    """An item that is kept for who asked, if there is one."""

    item: AnnotationItem | None = None
    progress: QueueProgress


class ItemAnswer(Value):
    """What a reviewer says of an item."""

    reviewer: Reviewer
    answers: dict[str, Answer]


class PairAgreement(Value):
    """Two reviewers on the items that both have reviewed."""

    first: str
    second: str
    items: int
    agreed: float
    """The share on which both say the same."""
    kappa: float | None = None
    """Cohen's: the agreement beyond chance; None for numbers, and where chance is certain."""


class LabelAgreement(Value):
    """How far reviewers agree on one label."""

    name: str
    items: int
    """That two or more have answered."""
    agreed: float | None = None
    """The share of pairs of answers to one item that are the same."""
    alpha: float | None = None
    """Krippendorff's: nominal for labels and truths, interval for numbers."""
    pairs: list[PairAgreement] = []
    differing: list[int] = []
    """Numbers of items on which they differ, the first hundred."""


class QueueAgreement(Value):
    """How far the reviewers of a queue agree, label by label."""

    items: int
    labels: list[LabelAgreement]
