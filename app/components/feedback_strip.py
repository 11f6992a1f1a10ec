"""What people think of what is on a page, to be read and to be added to."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import streamlit as st

from weave_core.app.components.bundles import bundle
from weave_core.app.state import client
from weave_core.errors import WeaveError
from weave_core.model import Label, SpanScore

__all__ = ["Judged", "feedback_strip", "scores_given"]

_SAID = ("value", "label", "text")
_ALIKE = {"name", "value", "label", "feedback_id", "source", "author", "created_ns"}
_MAX_READ = 100


@dataclass(frozen=True)
class Judged:
    """Something that feedback is given on."""

    name: str
    """As the reader is told of it."""
    ids: dict[str, Any]
    """What `Client.add_feedback` takes for it."""
    scores: Sequence[SpanScore]


def feedback_strip(
    project: str, targets: Sequence[Judged], *, labels: Sequence[Label] = (), key: str
) -> None:
    """Draw what was said of `targets`, and take what the reader says; the page then draws anew.

    Args:
        project: Whose.
        targets: One, or several of which the reader chooses.
        labels: What can be said beside thumbs and comments.
        key: Of the component.
    """
    problem = f"{key}_problem"

    def act() -> None:
        # Before the page runs again, so that it shows what was said.
        try:
            _carry_out(project, targets, st.session_state[key].get("act"))
            st.session_state.pop(problem, None)
        except WeaveError as error:
            st.session_state[problem] = str(error)

    content = {
        "targets": [
            {"name": each.name, "scores": [score.model_dump() for score in each.scores]}
            for each in targets
        ],
        "labels": [label.model_dump() for label in labels],
        "error": st.session_state.get(problem),
    }
    bundle("feedback_strip")(key=key, data=orjson.dumps(content), on_act_change=act)


def scores_given(project: str, condition: str | None) -> list[SpanScore]:
    """The newest feedback that passes a filter of feedback, in the order it was given."""
    found = client().list_feedback(project, filter=condition, limit=_MAX_READ).items
    return [
        SpanScore(
            **each.model_dump(include=_ALIKE),
            explanation=each.text,
            span_id=each.target.span_id,
        )
        for each in reversed(found)
    ]


def _carry_out(project: str, targets: Sequence[Judged], told: Any) -> None:
    """Do what the component can have sent; anything else is dropped."""
    if not isinstance(told, dict) or told.get("on") not in range(len(targets)):
        return
    target = targets[told["on"]]
    who = told.get("who") if isinstance(told.get("who"), str) else None
    match told:
        case {"do": "undo", "id": str(feedback_id)}:
            client().delete_feedback(project, feedback_id)
        case {"do": "give", "name": str(name)}:
            said = {each: told[each] for each in _SAID if each in told}
            # A verdict of one person replaces their last one; comments add up.
            again = None if "text" in said else _own_id(target, name, who)
            client().add_feedback(
                project,
                name,
                source="human",
                author=who or None,
                feedback_id=again,
                **said,
                **target.ids,
            )


def _own_id(target: Judged, name: str, who: str | None) -> str:
    """The id of what one person says under one name of one thing."""
    parts = (*sorted(target.ids.values()), name, who or "")
    return "app-" + hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]
