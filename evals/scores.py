"""What a scorer may answer, and how it is read: bool, number, label, dict, `Score`, or nothing."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from weave_core.jsonable import to_json, to_jsonable
from weave_core.model import ItemError, ItemScore

__all__ = ["Answer", "Score", "error_of", "read_scores"]

MAX_SCORE_TEXT = 4_000
"""Characters kept of a reason, and of the message of an error."""
MAX_DETAIL_BYTES = 64 * 1024
"""JSON kept of what stands behind a score; of a longer list its first entries."""
_MAX_LABEL = 200


@dataclass(frozen=True, slots=True)
class Score:
    """What a scorer says of one output, with its reason.

    Example:
        >>> def polite(output: str) -> Score:
        ...     said = "please" in output.lower()
        ...     return Score(said, reason="says please" if said else "no please anywhere")
    """

    value: bool | float | None = None
    """A truth counts towards a rate, a number towards a mean."""
    label: str | None = None
    """One of a few words, counted by word."""
    reason: str | None = None
    expected: str | None = None
    """The label that would have been right: then precision, recall and F1 are told as well."""
    detail: Any = None
    """What stands behind it, as JSON: each claim of an answer with its verdict, and the like."""


Answer = bool | float | str | Score | Mapping[str, Any] | None
"""None: the scorer has nothing to say of this item."""


def read_scores(name: str, answer: Any) -> dict[str, ItemScore]:
    """Scores by name; those of a dict are called `name.key`.

    What can't be read becomes a score with an error, which is no zero.
    """
    if answer is None:
        return {}
    if isinstance(answer, Mapping):
        found: dict[str, ItemScore] = {}
        for key, value in answer.items():
            if value is not None:
                found[f"{name}.{key}"] = _read(value)
        return found
    return {name: _read(answer)}


def error_of(error: BaseException) -> ItemError:
    """An exception as a record holds it."""
    kind = type(error)
    module = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
    try:
        message = str(error)
    except Exception as broken:  # noqa: BLE001  # A user's __str__ may raise anything.
        message = f"<{type(broken).__name__} while reading the message>"
    return ItemError(
        type=f"{module}{kind.__qualname__}",
        message=message.encode("utf-8", "replace").decode()[:MAX_SCORE_TEXT],
    )


def _read(answer: Any) -> ItemScore:
    if isinstance(answer, Score):
        return _read_score(answer)
    if hasattr(answer, "dtype") and hasattr(answer, "item") and getattr(answer, "shape", 0) == ():
        answer = answer.item()  # A number of numpy or torch.
    if isinstance(answer, bool):
        return ItemScore(value=float(answer), is_rate=True)
    if isinstance(answer, int | float):
        if not math.isfinite(answer):
            return _wrong(f"{answer!r}, which is no number to count with")
        return ItemScore(value=float(answer))
    if isinstance(answer, str):
        return ItemScore(label=answer[:_MAX_LABEL])
    return _wrong(f"a {type(answer).__qualname__}")


def _read_score(answer: Score) -> ItemScore:
    inner = ItemScore() if answer.value is None else _read(answer.value)
    if inner.error is not None:
        return inner
    if answer.value is None and answer.label is None:
        return _wrong("a Score with neither value nor label")
    reason = None if answer.reason is None else str(answer.reason)[:MAX_SCORE_TEXT]
    told = {"reason": reason, "detail": _bounded(answer.detail)}
    for name, word in (("label", answer.label), ("expected", answer.expected)):
        if word is not None:
            told[name] = str(word)[:_MAX_LABEL]
    return inner.model_copy(update=told)


def _bounded(detail: Any) -> Any:
    """`detail` as JSON within its bound."""
    if detail is None or len(to_json(detail).encode()) <= MAX_DETAIL_BYTES:
        return None if detail is None else to_jsonable(detail)
    if not isinstance(detail, list | tuple):
        return {"left_out": f"more than {MAX_DETAIL_BYTES} bytes"}
    kept: list[Any] = []
    left = MAX_DETAIL_BYTES
    for each in detail:
        left -= len(to_json(each).encode()) + 1
        if left < 0:
            break
        kept.append(to_jsonable(each))
    return [*kept, {"left_out": f"{len(detail) - len(kept)} entries"}]


def _wrong(found: str) -> ItemScore:
    message = f"the scorer gave {found}; it may give bool, number, text, dict, Score or None"
    return ItemScore(error=ItemError(type="BadScore", message=message))
