"""What a reviewer is asked of one thing, and what they did."""

from dataclasses import dataclass
from typing import Any

import orjson

from weave_core.app.components.bundles import bundle
from weave_core.model import AnnotationQueue, TakenItem

__all__ = ["ReviewAction", "read_action", "review_content", "review_form"]

_DEEDS = ("take", "answer", "skip", "back")


@dataclass(frozen=True)
class ReviewAction:
    """What a reviewer did."""

    deed: str
    """`take`, `answer`, `skip` or `back`."""
    who: str
    number: int | None
    answers: dict[str, Any]


def review_form(content: bytes, *, key: str, on_act: Any) -> None:
    """Draw what `review_content` gave; `on_act` runs after a deed, before the page does."""
    bundle("review_form", "markdown")(key=key, data=content, on_act_change=on_act)


def review_content(
    queue: AnnotationQueue,
    taken: TakenItem | None,
    *,
    reviewer: str | None,
    can_go_back: bool,
    error: str | None,
) -> bytes:
    """JSON of an item's questions, or of the way to begin.

    Args:
        queue: Which.
        taken: What the reviewer has; None: they have not begun.
        reviewer: Who that is.
        can_go_back: Whether there is an item before this one.
        error: What was wrong with what they did last.
    """
    item = taken.item if taken is not None else None
    progress = taken.progress if taken is not None else queue.progress
    own = [each for each in item.reviews if each.reviewer == reviewer] if item else []
    mine = [each.done for each in progress.reviewers if each.reviewer == reviewer]
    said = "Who reviews?" if taken is None else "Nothing is left for you here"
    return orjson.dumps(
        {
            "queue": queue.queue_id,
            "number": item.number if item else None,
            "labels": [label.model_dump() for label in queue.labels.labels],
            "instructions": queue.labels.instructions,
            "answers": own[0].answers if own else {},
            "reviewer": reviewer,
            "items": progress.items,
            "done": progress.done,
            "mine": sum(mine),
            "said": said if progress.items else "The queue is empty",
            "can_go_back": can_go_back,
            "error": error,
        }
    )


def read_action(told: Any) -> ReviewAction | None:
    """Only what the form can have sent; anything else is dropped."""
    match told:
        case {"do": str(deed), "who": str(who)} if deed in _DEEDS and who.strip():
            number, answers = told.get("number"), told.get("answers")
            return ReviewAction(
                deed,
                who.strip(),
                number if isinstance(number, int) else None,
                answers if isinstance(answers, dict) else {},
            )
    return None
