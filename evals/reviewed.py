"""A judge measured by what people said in an annotation queue."""

from collections.abc import Hashable
from typing import TYPE_CHECKING

from weave_core.errors import ConfigError
from weave_core.evals.calibrations import Calibration, calibrate
from weave_core.model import AnnotationQueue, Feedback, Label
from weave_core.reviews import answers_of, verdict_of

if TYPE_CHECKING:
    from weave_core.client import Client

__all__ = ["calibrate_on_reviews"]


def calibrate_on_reviews(
    client: "Client", project: str, queue_id: str, label: str, *, judge: str | None = None
) -> Calibration:
    """How well the verdicts of a judge, which are feedback of the source `llm`, agree with people.

    Items on which people differ are left out: there is no truth to hold the judge against.

    Example:
        >>> found = calibrate_on_reviews(client, "shop", queue.queue_id, "correctness")
        >>> found.agreement, found.kappa

    Args:
        client: Of the server.
        project: Of the queue.
        queue_id: Which queue.
        label: What people were asked: of the kind `boolean` or `categorical`.
        judge: Name of the judge's feedback; default: the label's.

    Raises:
        NotFound: If there is no such queue.
        ConfigError: If it does not ask that, or fewer than two items have both verdicts.
    """
    queue = client.get_annotation_queue(project, queue_id)
    asked = _label(queue, label)
    name = (judge or label).replace("'", "''")
    told = {
        (each.target.trace_id, each.target.span_id): said
        for each in client.iter_feedback(
            project, filter=f"name = '{name}' and source = 'llm'", order_by="created_ns"
        )
        if (said := _said(asked, each)) is not None
    }
    people: list[Hashable] = []
    machine: list[Hashable] = []
    for item in client.iter_annotation_items(project, queue_id):
        verdict = verdict_of(asked, answers_of(item, asked))
        said = told.pop((item.target.trace_id, item.target.span_id), None)
        if verdict is not None and said is not None:
            people.append(verdict)
            machine.append(said)
    is_binary = asked.kind == "boolean"
    rest = [each for each in told.values() if isinstance(each, bool)] if is_binary else []
    return calibrate(people, machine, unlabelled=rest)


def _label(queue: AnnotationQueue, name: str) -> Label:
    asked = {each.name: each for each in queue.labels.labels}
    found = asked.get(name)
    if found is None or found.kind not in {"boolean", "categorical"}:
        fitting = [each.name for each in asked.values() if each.kind in {"boolean", "categorical"}]
        raise ConfigError(
            f"queue {queue.name!r} asks no label {name!r} with a few answers",
            f"it asks {', '.join(fitting) or 'none such'}",
        )
    return found


def _said(label: Label, each: Feedback) -> Hashable:
    """A judge's verdict as people would have said it."""
    if label.kind == "categorical":
        return each.label
    return None if each.value is None else each.value >= 0.5  # noqa: PLR2004  # A judge may be half sure.
