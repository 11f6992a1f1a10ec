"""What reviewers of an annotation queue said, as one verdict an item and as rows of a dataset."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from weave_core.errors import NotFound
from weave_core.model import AnnotationItem, AnnotationQueue, FeedbackTarget, Label, Span
from weave_core.model.label_sets import Answer
from weave_core.span_rows import ORIGIN, row_of

if TYPE_CHECKING:
    from weave_core.client import Client

__all__ = ["answers_of", "reviewed_rows", "span_of", "verdict_of"]


def verdict_of(label: Label, answers: Sequence[Answer]) -> Answer | None:
    """What several answers come to: the mean of numbers, else what more than half said.

    Comments are one text.  None: there is no answer, or people differ.
    """
    if not answers:
        return None
    if label.kind == "text":
        return "\n".join(str(each) for each in answers)
    if label.kind == "number":
        return sum(float(each) for each in answers) / len(answers)
    [(most, count)] = Counter(answers).most_common(1)
    return most if 2 * count > len(answers) else None


def answers_of(item: AnnotationItem, label: Label) -> list[Answer]:
    """What those who have reviewed an item said to one label."""
    return [
        each.answers[label.name]
        for each in item.reviews
        if each.state == "done" and label.name in each.answers
    ]


def reviewed_rows(client: "Client", project: str, queue: AnnotationQueue) -> list[dict[str, Any]]:
    """The items of a queue that somebody has reviewed, as rows of a dataset.

    Inputs and output are those of the span, or of the trace's root; each label is a column with the
    verdict, None where people differ.

    Args:
        client: Of the server.
        project: The queue's.
        queue: Which.
    """
    rows = []
    for item in client.iter_annotation_items(project, queue.queue_id):
        done = [each for each in item.reviews if each.state == "done"]
        if not done:
            continue
        row = _row_of_item(client, project, item)
        if row is None:
            continue
        for label in queue.labels.labels:
            row[label.name] = verdict_of(label, answers_of(item, label))
        row[ORIGIN] |= {"queue": queue.queue_id, "reviewers": [each.reviewer for each in done]}
        rows.append(row)
    return rows


def _row_of_item(client: "Client", project: str, item: AnnotationItem) -> dict[str, Any] | None:
    """Inputs and output; None where it is gone, or its root has not come."""
    try:
        return row_of(span_of(client, project, item.target))
    except NotFound:
        return None


def span_of(client: "Client", project: str, target: FeedbackTarget) -> Span:
    """The span that is reviewed: the one that is named, else the root of its trace.

    Raises:
        NotFound: If it is gone, or has not arrived.
    """
    trace_id, span_id = target.trace_id or "", target.span_id
    if span_id is None:
        found = client.list_traces(project, filter=f"trace_id = '{trace_id}'", limit=1).items
        span_id = found[0].root_span_id if found else None
    if span_id is None:
        raise NotFound(
            f"the root of trace {trace_id} is not stored", "it may be gone, or still come"
        )
    return client.get_span(project, span_id, trace_id=trace_id)
