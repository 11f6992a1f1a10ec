"""Any Python value to JSON, bounded and without ever raising.

This is a snapshot for a record, not a serialiser: what can't be told in JSON becomes its `repr`,
what is too long, too deep or too wide is cut with a mark that says so.
"""

import dataclasses
import datetime as dt
import enum
import math
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

__all__ = ["MAX_DEPTH", "MAX_ITEMS", "MAX_TEXT", "to_json", "to_jsonable"]

MAX_DEPTH = 12
"""Levels of nesting kept; what is deeper becomes its `repr`."""
MAX_ITEMS = 10_000
"""Items kept of one list or mapping."""
MAX_TEXT = 200_000
"""Characters kept of one text."""
_MAX_REPR = 1_000


def to_json(value: Any, *, max_bytes: int | None = None) -> str:
    """JSON text of `value`; never raises.

    Args:
        value: Anything.
        max_bytes: Cut to a marked preview where the text would be longer; None: no bound but those
            of `to_jsonable`.
    """
    try:
        text = orjson.dumps(to_jsonable(value), option=orjson.OPT_NON_STR_KEYS).decode()
    except (TypeError, ValueError, RecursionError) as error:
        text = orjson.dumps(f"<not JSON: {type(error).__name__}>").decode()
    if max_bytes is None or len(text) <= max_bytes:
        return text
    cut = {"__truncated__": True, "length": len(text), "preview": text[: max_bytes // 2]}
    return orjson.dumps(cut).decode()


def to_jsonable(value: Any, *, depth: int = 0) -> Any:
    """`value` as dict, list, text, number, bool or None; never raises.

    Source: the order is by frequency, measured on agent traces: text, numbers, mappings, lists.
    """
    if value is None or value is True or value is False:
        return value
    kind = type(value)
    if kind is str:
        return _text(value)
    if kind is int:
        # JSON numbers above 2**53 lose digits in most readers.
        return value if -(2**53) <= value <= 2**53 else str(value)
    if kind is float:
        return value if math.isfinite(value) else str(value)
    try:
        return _compound(value, depth)
    except Exception as error:  # noqa: BLE001  # A user's property or __iter__ may raise anything; the record must not make the traced call fail.
        return f"<{kind.__module__}.{kind.__qualname__}: {type(error).__name__} while reading it>"


def _compound(value: Any, depth: int) -> Any:
    if depth >= MAX_DEPTH:
        return _repr(value)
    if isinstance(value, Mapping):
        return _mapping(value, depth)
    if isinstance(value, list | tuple | set | frozenset):
        return _items(value, depth)
    if isinstance(value, enum.Enum):
        return to_jsonable(value.value, depth=depth + 1)
    if isinstance(value, str):
        return _text(str(value))
    if isinstance(value, bytes | bytearray | memoryview):
        return f"<{len(value)} bytes>"
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: to_jsonable(getattr(value, field.name), depth=depth + 1)
            for field in dataclasses.fields(value)
        }
    return _foreign(value, depth)


def _foreign(value: Any, depth: int) -> Any:
    """Objects of other libraries, by the methods that the common ones share."""
    if isinstance(value, type):
        return f"{value.__module__}.{value.__qualname__}"
    dump = getattr(value, "model_dump", None)  # pydantic, and so the openai and anthropic SDKs
    if callable(dump):
        return to_jsonable(dump(mode="json", warnings=False), depth=depth + 1)
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    if shape is not None and dtype is not None:  # numpy, torch, jax, pandas columns
        if shape == () and callable(getattr(value, "item", None)):
            return to_jsonable(value.item(), depth=depth + 1)
        return f"<{type(value).__qualname__} shape={tuple(shape)} dtype={dtype}>"
    return _repr(value)


def _mapping(value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for index, (key, item) in enumerate(value.items()):
        if index >= MAX_ITEMS:
            out["__truncated__"] = f"{len(value) - MAX_ITEMS} more keys"
            break
        out[key if type(key) is str else str(key)] = to_jsonable(item, depth=depth + 1)
    return out


def _items(value: Iterable[Any], depth: int) -> list[Any]:
    out: list[Any] = []
    for index, item in enumerate(value):
        if index >= MAX_ITEMS:
            out.append(f"__truncated__: more than {MAX_ITEMS} items")
            break
        out.append(to_jsonable(item, depth=depth + 1))
    return out


def _text(value: str) -> str:
    if len(value) > MAX_TEXT:
        return f"{value[:MAX_TEXT]}… <cut: {len(value)} characters>"
    if value.isascii():
        return value
    # Lone surrogates are legal in Python and illegal in UTF-8, so in JSON and protobuf too.
    return value.encode("utf-8", "replace").decode("utf-8")


def _repr(value: Any) -> str:
    text = _text(repr(value))
    return text if len(text) <= _MAX_REPR else f"{text[:_MAX_REPR]}… <cut>"
