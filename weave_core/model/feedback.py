"""Feedback: what somebody thinks of a trace, a span, a run or a session.

A number, a label and a text may stand together, as in OpenTelemetry's `gen_ai.evaluation.result`.
"""

from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints, model_validator

from weave_core.model.runs import RUN_ID_PATTERN
from weave_core.model.scores import FeedbackSource
from weave_core.model.values import Value

__all__ = [
    "MAX_FEEDBACK_BATCH",
    "MAX_FEEDBACK_TEXT",
    "AddedFeedback",
    "Feedback",
    "FeedbackChanges",
    "FeedbackLabel",
    "FeedbackName",
    "FeedbackStats",
    "FeedbackTarget",
    "NewFeedback",
    "NewFeedbackBatch",
]

MAX_FEEDBACK_BATCH = 1_000
"""Feedback in one request."""
MAX_FEEDBACK_NAME = 100
"""Characters of the name of feedback."""
MAX_FEEDBACK_LABEL = 200
"""Characters of a label, and of who gave it."""
MAX_FEEDBACK_TEXT = 10_000
"""Characters of a comment."""
MAX_SESSION_ID = 1_000
"""Characters of the id of a session that feedback is given on."""

# No quote that ends a key of a filter, no control character.
FeedbackName = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        min_length=1,
        max_length=MAX_FEEDBACK_NAME,
        pattern=r'^[^\x00-\x1f\x7f"\\]+$',
    ),
]
FeedbackLabel = Annotated[
    str, StringConstraints(min_length=1, max_length=MAX_FEEDBACK_LABEL, pattern=r"^[^\x00]+$")
]
Text = Annotated[
    str, StringConstraints(min_length=1, max_length=MAX_FEEDBACK_TEXT, pattern=r"^[^\x00]+$")
]
Number = Annotated[float, Field(allow_inf_nan=False)]
Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@-]{0,127}$")]


class FeedbackTarget(Value):
    """What feedback is given on: a trace or a span of it, a run, or a session."""

    trace_id: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")] | None = None
    span_id: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")] | None = None
    """With `trace_id`: that span, else the trace as a whole."""
    run_id: Annotated[str, Field(pattern=RUN_ID_PATTERN)] | None = None
    session_id: (
        Annotated[
            str,
            StringConstraints(min_length=1, max_length=MAX_SESSION_ID, pattern=r"^[^\x00]+$"),
        ]
        | None
    ) = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        given = [
            name for name in ("trace_id", "run_id", "session_id") if getattr(self, name) is not None
        ]
        if self.span_id is not None and self.trace_id is None:
            raise ValueError("span_id is given without trace_id: say which trace it is of")
        if len(given) != 1:
            found = " and ".join(given) or "nothing"
            raise ValueError(f"found {found}: give one of trace_id, run_id and session_id")
        return self


class NewFeedback(Value):
    """Feedback to be added."""

    target: FeedbackTarget
    name: FeedbackName
    """What is judged, such as `thumbs` or `correctness`."""
    value: Number | None = None
    """True and false are 1 and 0."""
    label: FeedbackLabel | None = None
    text: Text | None = None
    """A comment, or why."""
    source: FeedbackSource = "code"
    author: FeedbackLabel | None = None
    """Who gave it."""
    feedback_id: Id | None = None
    """One of the sender's: sent again under the same id, feedback replaces what was there."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.value is None and self.label is None and self.text is None:
            raise ValueError("it says nothing: give value, label or text")
        return self


class NewFeedbackBatch(Value):
    """Feedback that is added together: all of it or none."""

    items: Annotated[list[NewFeedback], Field(min_length=1, max_length=MAX_FEEDBACK_BATCH)]


class FeedbackChanges(Value):
    """What to change; a field that is given as null is taken away."""

    value: Number | None = None
    label: FeedbackLabel | None = None
    text: Text | None = None

    def given(self) -> dict[str, Any]:
        """The fields that were given."""
        return self.model_dump(include=set(self.model_fields_set))


class Feedback(Value):
    """Feedback that is stored."""

    project: str
    feedback_id: str
    target: FeedbackTarget
    name: str
    value: float | None = None
    label: str | None = None
    text: str | None = None
    source: FeedbackSource
    author: str | None = None
    queue_id: str | None = None
    """Of the annotation queue that it was given in."""
    created_ns: int
    updated_ns: int


class AddedFeedback(Value):
    """What became of a batch, in its order."""

    items: list[Feedback]


class FeedbackStats(Value):
    """Feedback of one name summed up; by source, label or time where that was asked."""

    bucket_ns: int | None = None
    """Begin of the time in which it was given."""
    name: str
    label: str | None = None
    source: FeedbackSource | None = None
    author: str | None = None
    count: int
    mean: float | None = None
    """Of the values; None where there is none."""
    min: float | None = None
    max: float | None = None
