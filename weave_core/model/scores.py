"""A judgement as it is shown beside what it is of."""

from typing import Literal, get_args

from weave_core.model.values import Value

__all__ = ["FEEDBACK_SOURCES", "FeedbackSource", "SpanScore"]

FeedbackSource = Literal["human", "code", "llm", "end_user"]
"""Who judged: somebody of the team, a program, a model, or whoever used the product."""
FEEDBACK_SOURCES: tuple[FeedbackSource, ...] = get_args(FeedbackSource)


class SpanScore(Value):
    """A judgement: one that came with a span, or feedback."""

    name: str | None = None
    value: float | None = None
    label: str | None = None
    explanation: str | None = None
    feedback_id: str | None = None
    """Of feedback; None: it came with the span, as do all that have no source."""
    source: FeedbackSource | None = None
    author: str | None = None
    span_id: str | None = None
    """Of feedback on a span, which one."""
    created_ns: int | None = None
    """When the feedback was given."""
