"""Scores that an evaluation wrote on the root of an example's trace."""

from typing import Any

from weave_core import semconv
from weave_core.server.normalise import texts
from weave_core.server.normalise.numbers import amount
from weave_core.server.normalise.sent import Sent

__all__ = ["scores"]


def scores(sent: Sent) -> list[dict[str, Any]]:
    """What each scorer said; one that failed said nothing."""
    example = sent.decoded(semconv.EVALUATION_EXAMPLE)
    given = example.get("scores") if isinstance(example, dict) else None
    if not isinstance(given, dict):
        return []
    return [
        {
            "name": name,
            "value": amount(score.get("value")),
            "label": texts.as_text(score.get("label")),
            "explanation": texts.as_text(score.get("reason")),
        }
        for name, score in given.items()
        if isinstance(score, dict) and score.get("error") is None
    ]
