"""Values as span attributes: JSON text within the configured limit."""

from typing import TYPE_CHECKING, Any

from weave_core import semconv
from weave_core.jsonable import CUT_MARKS, SMALL_BYTES, long_json, small_json, to_jsonable
from weave_core.tracing.media import SHELF

__all__ = [
    "attribute_value",
    "content_json",
    "note_cut",
    "set_max_value_bytes",
    "snapshot",
    "was_cut",
]

if TYPE_CHECKING:
    from opentelemetry.trace import Span

_MIN_CUT = 90
"""Characters of the shortest text with a mark that is worth naming."""
_limits = {"max_value_bytes": 1024 * 1024, "has_room": True}
"""How long a value may be, and whether a small one is so in any case."""


def set_max_value_bytes(size_bytes: int) -> None:
    """Set the longest JSON text that one value may become; `init` hands the setting down."""
    _limits["max_value_bytes"] = size_bytes
    _limits["has_room"] = size_bytes >= SMALL_BYTES


def content_json(value: Any) -> str:
    """JSON text of `value` as it is now, cut with a visible mark above the limit; never raises.

    Integrations write messages, arguments and results with it, so that one setting
    (`WEAVE_CORE_MAX_VALUE_BYTES`) bounds them all.
    """
    text = small_json(value) if _limits["has_room"] else None
    if text is not None:
        return text
    return long_json(value, max_bytes=_limits["max_value_bytes"], media=SHELF)


def snapshot(value: Any) -> Any:
    """`value` as it is now, as JSON; media are set aside."""
    return to_jsonable(value, media=SHELF)


def was_cut(text: str) -> bool:
    """Whether the JSON text of `content_json` says that something was left out."""
    # Small texts are nearly all, and have room for no mark and little before it.
    if len(text) <= _MIN_CUT or ("cut" not in text and "__truncated__" not in text):
        return False
    return any(mark in text for mark in CUT_MARKS)


def note_cut(span: "Span", key: str) -> None:
    """Name the attribute `key` among those of the span whose values were cut."""
    given = (getattr(span, "attributes", None) or {}).get(semconv.TRUNCATED, ())
    if key not in given:
        span.set_attribute(semconv.TRUNCATED, (*given, key))


def attribute_value(value: Any) -> Any:
    """`value` where OpenTelemetry holds it natively, else its JSON text."""
    if isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, list | tuple) and value and _is_one_kind(value):
        return tuple(value)
    return content_json(value)


def _is_one_kind(values: list[Any] | tuple[Any, ...]) -> bool:
    first = type(values[0])
    return first in (str, bool, int, float) and all(type(value) is first for value in values)
