"""JSON as Python's clients write it: with bare NaN and infinities, and integers of any size."""

import json
import math
from typing import Any

import orjson

from weave_core.errors import BadRequest

__all__ = ["plain", "read_json", "read_object"]

_MAX_INT = 2**63 - 1


def read_json(text: str | bytes) -> Any:
    """The value of a text.

    Raises:
        BadRequest: If it is no JSON, not even of Python's.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise BadRequest(f"{text[:60]!r} is no JSON: {error}") from error


def read_object(text: str | bytes | None) -> dict[str, Any]:
    """The object of a text; empty where there is none.

    Raises:
        BadRequest: If it is no JSON, or another kind of value.
    """
    found = read_json(text) if text else {}
    if not isinstance(found, dict):
        raise BadRequest(f"{str(text)[:60]!r} is no JSON object")
    return found


def plain(value: Any) -> Any:
    """`value` as strict JSON has it: NaN and infinities as texts, larger integers as doubles."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, int) and not -_MAX_INT <= value <= _MAX_INT:
        try:
            return float(value)
        except OverflowError:
            return "Infinity" if value > 0 else "-Infinity"
    return value
