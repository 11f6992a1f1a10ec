"""Values as span attributes: JSON text within the configured limit."""

from typing import Any

from weave_core.jsonable import to_json

__all__ = ["attribute_value", "content_json", "set_max_value_bytes"]

_limits = {"max_value_bytes": 1024 * 1024}


def set_max_value_bytes(size_bytes: int) -> None:
    """Set the longest JSON text that one value may become; `init` hands the setting down."""
    _limits["max_value_bytes"] = size_bytes


def content_json(value: Any) -> str:
    """JSON text of `value` as it is now, cut with a visible mark above the limit; never raises.

    Integrations write messages, arguments and results with it, so that one setting
    (`WEAVE_CORE_MAX_VALUE_BYTES`) bounds them all.
    """
    return to_json(value, max_bytes=_limits["max_value_bytes"])


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
