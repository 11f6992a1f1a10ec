"""Text to JSON and back, for attributes that hold either: bounded, and never raising."""

import ast
import base64
import json
import math
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

__all__ = [
    "MAX_DEPTH",
    "MAX_FILLER",
    "as_text",
    "bounded",
    "compact",
    "decode",
    "decode_all",
    "is_empty",
    "opened",
]

MAX_DEPTH = 60
"""Levels of nesting kept of a value; what is deeper becomes text.  A protobuf body has no more
than 30, and the JSON writers that answer our readers refuse 255."""
_MAX_NODES = 200_000
"""Values kept of one structure that was sent as such."""
_MAX_REPR = 20_000
"""Characters of a Python repr that are still parsed."""
_FILLERS = frozenset(
    ("", "None", "null", "{}", "[]", '""', "N/A", "<not specified>", "<not serializable>")
)
MAX_FILLER = max(map(len, _FILLERS))
"""Characters of the longest text that says nothing."""
_MAX_SCALAR = 32
"""Characters of a bare JSON scalar: the longest double has 24."""


def is_empty(value: Any) -> bool:
    """Whether `value` says nothing: missing, or one of the fillers senders use for missing.

    Zero and false are values.
    """
    if value is None:
        return True
    if type(value) is str:
        return len(value) <= MAX_FILLER and value in _FILLERS  # A long text is not even hashed.
    return (type(value) is list or type(value) is dict) and not value


def decode(value: Any) -> Any:
    """The structure that a JSON text holds; anything else as it came.

    A text within the text is decoded too, once: some senders encode twice.
    """
    inner = _decode_once(value)
    if type(inner) is str and inner is not value:
        return _decode_once(inner)
    return inner


def opened(value: Any) -> Any:
    """As `decode`, for what came out of a decoded structure: that is not walked a second time."""
    return decode(value) if type(value) is str else value


def decode_all(value: Any) -> Any:
    """As `decode`, and bare JSON scalars as well: for attributes that are JSON by definition."""
    if type(value) is str and len(value) <= _MAX_SCALAR and value[:1] in "-0123456789tfn":
        try:
            return orjson.loads(value)
        except ValueError:
            return value
    return decode(value)


def _decode_once(value: Any) -> Any:
    if type(value) is not str:
        return bounded(value) if type(value) in (dict, list, bytes) else value
    # Slices of one character: a five-megabyte text is not copied to look at its ends.
    head = value[:1]
    if head in " \n\r\t":
        head = value[:64].lstrip()[:1]
    if head == '"':
        if value[1:] == "" or value[-64:].rstrip()[-1:] != '"':
            return value
    elif head not in ("{", "["):
        return value
    try:
        found = orjson.loads(value)
    except ValueError:
        return _decode_odd(value)
    # Counting brackets is cheap and errs to the safe side; walking every structure is not.
    if value.count("{") + value.count("[") > MAX_DEPTH:
        return bounded(found)
    return found


def _decode_odd(text: str) -> Any:
    """NaN and Infinity, which Python's writer makes, and Python's own repr; else the text."""
    if len(text) > _MAX_REPR and "NaN" not in text and "Infinity" not in text:
        return text
    try:
        return bounded(json.loads(text, parse_constant=str))
    except (ValueError, RecursionError):
        pass
    if len(text) > _MAX_REPR or "'" not in text:
        return text
    try:
        return bounded(ast.literal_eval(text))
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return text


def bounded(value: Any) -> Any:
    """`value` in plain JSON types, at most `MAX_DEPTH` deep and `_MAX_NODES` large."""
    return _bounded(value, 0, [_MAX_NODES])


def _bounded(value: Any, depth: int, left: list[int]) -> Any:
    """As `bounded`; `left` counts down what may still be kept, so that a circle ends too."""
    kind = type(value)
    if kind is str or kind is int or kind is bool or value is None:
        return value
    if kind is float:
        return value if math.isfinite(value) else str(value)
    if kind is bytes:
        return base64.b64encode(value).decode()
    if depth >= MAX_DEPTH or left[0] <= 0:
        return "<nested too deep>" if left[0] > 0 else "<too many values>"
    if isinstance(value, dict):
        pairs = _counted(value.items(), left)
        return {str(key): _bounded(item, depth + 1, left) for key, item in pairs}
    if isinstance(value, list | tuple | set | frozenset):
        return [_bounded(item, depth + 1, left) for item in _counted(value, left)]
    return str(value)


def _counted(items: Iterable[Any], left: list[int]) -> Iterator[Any]:
    for item in items:
        if left[0] <= 0:
            return
        left[0] -= 1
        yield item


def as_text(value: Any) -> str | None:
    """A short field as text: numbers written out, structures and blanks None."""
    if type(value) is str:
        return value if value not in _FILLERS else None
    if type(value) is bool or type(value) is int or type(value) is float:
        return str(value)
    return None


def compact(value: Any) -> str:
    """JSON text of a decoded value, on one line; a text as it is."""
    if type(value) is str:
        return value
    try:
        return orjson.dumps(value).decode()
    except (TypeError, ValueError, RecursionError):
        return str(bounded(value))
