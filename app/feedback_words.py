"""Feedback in few words, for a cell of a table."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from weave_core.model import SpanScore

__all__ = ["judged_words"]

_MAX_CHIPS = 6
_THUMBS: Final = {1.0: ("up", "good"), 0.0: ("down", "bad")}


def judged_words(scores: Sequence[SpanScore]) -> list[dict[str, str]]:
    """`text`, `icon`, `title` and `tone` of each verdict; those that are alike are counted."""
    counts = Counter((each.name or "", each.value, each.label or "") for each in scores)
    return [_chip(*verdict, count) for verdict, count in counts.most_common(_MAX_CHIPS)]


def _chip(name: str, value: float | None, label: str, count: int) -> dict[str, str]:
    times = f" {count}" if count > 1 else ""
    if name == "thumbs" and value in _THUMBS and not label:
        icon, tone = _THUMBS[value]
        return {"text": times, "icon": icon, "tone": tone, "title": f"thumbs {icon}{times}"}
    said = [name, "" if value is None else f"{value:g}", label]
    text = " ".join(part for part in said if part) + times
    return {"text": text, "icon": "", "tone": "", "title": text}
