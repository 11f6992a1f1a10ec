"""Any Python value to JSON, bounded and without ever raising.

This is a snapshot for a record, not a serialiser: what can't be told in JSON becomes its `repr`,
what is too long, too deep or too much is cut with a mark that says so.
"""

import dataclasses
import datetime as dt
import decimal
import enum
import math
import types
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from pathlib import PurePath
from typing import Any, Protocol

import orjson

__all__ = [
    "CUT_MARKS",
    "MAX_DEPTH",
    "MAX_ITEMS",
    "MAX_TEXT",
    "MAX_VALUES",
    "SMALL_BYTES",
    "MediaSink",
    "long_json",
    "small_json",
    "to_json",
    "to_jsonable",
]

MAX_DEPTH = 12
"""Levels of nesting kept; what is deeper is only named."""
MAX_ITEMS = 10_000
"""Items kept of one list or mapping."""
MAX_VALUES = 100_000
"""Values kept of one whole record; it also ends what refers to itself."""
MAX_TEXT = 200_000
"""Characters kept of one text."""
CUT_MARKS = ('__truncated__"', '"__truncated__:', "… <cut", ", cut>")
"""One of them is in the text of each value that was cut."""
_MAX_REPR = 1_000
_MAX_EXACT = 2**53
"""JSON numbers above it lose digits in most readers."""
_PLAIN_VALUES = 10_000
"""A record of so many plain values is written as it is, without a copy."""

_STRICTLY = (
    orjson.OPT_PASSTHROUGH_SUBCLASS
    | orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_STRICT_INTEGER
)
"""Makes orjson refuse what it would tell otherwise than we do; but NaN is null to it."""
_SMALL = 1_000
SMALL_BYTES = 4 * _SMALL
"""Bytes of the longest text of `small_json`."""
_LONG_TEXT = 1_000
"""Above it a text may be a medium in base64."""
_FEW = 16

_LISTS = (list, tuple, set, frozenset, deque)
_TEXTS = (uuid.UUID, decimal.Decimal, PurePath, dt.timedelta)
_FUNCTIONS = (types.FunctionType, types.MethodType, types.BuiltinFunctionType)


class MediaSink(Protocol):
    """Takes images, sounds and files out of a value; what it gives stands in their place."""

    def value(self, value: Any) -> Any:
        """JSON for `value` where it is a medium; None where it is none."""

    def text(self, text: str) -> str | None:
        """What to tell of a long text that is base64 of a medium; None where it is not."""


def to_json(value: Any, *, max_bytes: int | None = None, media: MediaSink | None = None) -> str:
    """JSON text of `value`; never raises.

    Args:
        value: Anything.
        max_bytes: Cut to a marked preview where the text would be longer; None: no bound but those
            of `to_jsonable`.
        media: Takes images, sounds and files; None: they are described.
    """
    if (max_bytes is None or max_bytes >= SMALL_BYTES) and (text := small_json(value)):
        return text
    return long_json(value, max_bytes=max_bytes, media=media)


def long_json(value: Any, *, max_bytes: int | None, media: MediaSink | None) -> str:
    """As `to_json`, for whoever has asked `small_json` already: what is huge takes its time."""
    try:
        is_plain = _plain_left(value, _PLAIN_VALUES, MAX_DEPTH) >= 0
        data = orjson.dumps(value if is_plain else to_jsonable(value, media=media))
    except Exception:  # noqa: BLE001  # Lone surrogates, and whatever a user's class raises: the long way tells them apart.
        data = _dumped_at_last(value, media)
    if max_bytes is None or len(data) <= max_bytes:
        return data.decode()
    preview = data[: max_bytes // 2].decode("utf-8", "ignore")
    return orjson.dumps({"__truncated__": True, "length": len(data), "preview": preview}).decode()


def small_json(value: Any) -> str | None:
    """What `to_json` gives for a small plain value; None for any other.

    Nothing can be too long or too deep in a small text: what orjson has made of a value needs no
    look at the value then, which is half of what a small record costs.
    """
    if value is None:
        return "null"
    try:
        data = orjson.dumps(value, None, _STRICTLY)
    except Exception:  # noqa: BLE001  # Not plain, or a user's class: the long way tells them apart.
        return None
    if len(data) > SMALL_BYTES:  # Maybe very much.
        return None
    text = data.decode()
    if (
        len(text) > _SMALL
        or "null" in text  # NaN, maybe.
        or text.count("{") + text.count("[") > MAX_DEPTH
    ):
        return None
    return text


def to_jsonable(value: Any, *, media: MediaSink | None = None) -> Any:
    """A copy of `value` made of dict, list, text, number, bool and None; never raises."""
    return _Walk(media).told(value, 0)


def _dumped_at_last(value: Any, media: MediaSink | None) -> bytes:
    try:
        return orjson.dumps(to_jsonable(value, media=media))
    except Exception as error:  # noqa: BLE001  # As above.
        return orjson.dumps(f"<not JSON: {type(error).__name__}>")


def _plain_left(value: Any, left: int, depth: int) -> int:  # noqa: C901  # One table of types.
    """How much of the budget `left` is over after `value`; below 0 where it is not plain.

    Plain is what JSON holds as it is.  Small dicts of texts and numbers are most of what functions
    take and give: checking them costs a fifth of copying them.
    """
    kind = type(value)
    if kind is str:
        # A long text without a space near its head may be base64, which the long way looks at.
        return left - 1 if len(value) <= _LONG_TEXT or _is_prose(value) else -1
    if kind is int:
        return left - 1 if -_MAX_EXACT <= value <= _MAX_EXACT else -1
    if kind is bool or value is None:
        return left - 1
    if kind is float:
        return left - 1 if math.isfinite(value) else -1
    if depth <= 0 or (kind is not dict and kind is not list and kind is not tuple):
        return -1
    if len(value) > left:
        return -1
    if kind is dict:
        for key, item in value.items():
            if type(key) is not str or (left := _plain_left(item, left, depth - 1)) < 0:
                return -1
        return left - 1
    if len(value) > _FEW and _are_short_texts(value):
        return left - len(value) - 1
    for item in value:
        if (left := _plain_left(item, left, depth - 1)) < 0:
            return -1
    return left - 1


def _are_short_texts(values: list[Any] | tuple[Any, ...]) -> bool:
    """What a stream of tokens is; two passes in C take a fifth of a call for each."""
    return set(map(type, values)) == {str} and max(map(len, values)) <= _LONG_TEXT


def _is_prose(text: str) -> bool:
    return len(text) <= MAX_TEXT and " " in text[:100]


class _Walk:
    """One copying of one value, with what is left of its budget."""

    __slots__ = ("_left", "_media")

    def __init__(self, media: MediaSink | None) -> None:
        self._left = MAX_VALUES
        self._media = media

    def told(self, value: Any, depth: int) -> Any:
        """`value` in JSON's terms.

        Source: the order is by frequency, measured on agent traces: text, numbers, mappings, lists.
        """
        self._left -= 1
        if value is None or value is True or value is False:
            return value
        kind = type(value)
        if kind is str:
            return _text(value) if len(value) <= _LONG_TEXT else self._long_text(value)
        if kind is int:
            return value if -_MAX_EXACT <= value <= _MAX_EXACT else _digits(value)
        if kind is float:
            return value if math.isfinite(value) else str(value)
        try:
            return self._compound(value, depth)
        except Exception as error:  # noqa: BLE001  # A user's property or __iter__ may raise anything; the record must not make the traced call fail.
            return f"<{kind.__module__}.{kind.__qualname__}: {type(error).__name__} while reading>"

    def _compound(self, value: Any, depth: int) -> Any:  # noqa: C901  # The same.
        if (depth >= MAX_DEPTH or self._left <= 0) and hasattr(value, "__len__"):
            # Not its repr, which may be as large as the value is deep.
            return f"<{type(value).__qualname__} of {len(value)}, cut>"
        if isinstance(value, Mapping):
            return self._mapping(value, depth)
        if isinstance(value, _LISTS):
            named = getattr(value, "_asdict", None)  # A named tuple's fields say more than places.
            return self._items(value, depth) if named is None else self._mapping(named(), depth)
        if isinstance(value, enum.Enum):
            return self.told(value.value, depth + 1)
        if isinstance(value, str):
            return _text(str.__str__(value))
        if isinstance(value, int):
            return self.told(int(value), depth + 1)
        if isinstance(value, float):
            return self.told(float(value), depth + 1)
        if isinstance(value, bytes | bytearray | memoryview):
            return self._medium(bytes(value)) or f"<{len(value)} bytes>"
        if isinstance(value, dt.date | dt.time):
            return value.isoformat()
        if isinstance(value, _TEXTS):
            return _text(str(value))
        if (medium := self._medium(value)) is not None:
            return medium
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            names = (field.name for field in dataclasses.fields(value))
            return self._mapping({name: getattr(value, name) for name in names}, depth)
        return self._foreign(value, depth)

    def _long_text(self, value: str) -> str:
        told = None if self._media is None else self._media.text(value)
        return _text(value) if told is None else told

    def _medium(self, value: Any) -> Any:
        return None if self._media is None else self._media.value(value)

    def _foreign(self, value: Any, depth: int) -> Any:
        """Objects of other libraries, by the methods that the common ones share."""
        if isinstance(value, type):
            return f"{value.__module__}.{value.__qualname__}"
        if isinstance(value, _FUNCTIONS):  # A repr would tell the address, another in each process.
            return f"<function {value.__module__}.{value.__qualname__}>"
        dump = getattr(value, "model_dump", None)  # pydantic, and so the openai and anthropic SDKs
        if callable(dump):
            return self._pydantic(dump, depth)
        fields = getattr(type(value), "__attrs_attrs__", None)
        if fields is not None:
            return self._mapping({f.name: getattr(value, f.name) for f in fields}, depth)
        shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
        if shape is not None and dtype is not None:  # numpy, torch, jax, pandas columns
            if shape == () and callable(getattr(value, "item", None)):
                return self.told(value.item(), depth + 1)
            return f"<{type(value).__qualname__} shape={tuple(shape)} dtype={dtype}>"
        return _repr(value)

    def _pydantic(self, dump: Callable[..., Any], depth: int) -> Any:
        try:
            plain = dump(mode="json", warnings=False)
        except Exception:  # noqa: BLE001  # A field without a JSON form; the others still have theirs.
            plain = dump(warnings=False)
        return self.told(plain, depth + 1)

    def _mapping(self, value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        out: dict[str, Any] = {}
        # A copy first where that is one step: another thread may be adding to it.
        items = value.copy() if type(value) is dict else value
        for key, item in items.items():
            if len(out) >= MAX_ITEMS or self._left <= 0:
                out["__truncated__"] = f"{len(value) - len(out)} more keys"
                break
            name = _text(key) if type(key) is str else _key(key)
            out[name] = self.told(item, depth + 1)
        return out

    def _items(self, value: Iterable[Any], depth: int) -> list[Any]:
        out: list[Any] = []
        for item in value:
            if len(out) >= MAX_ITEMS or self._left <= 0:
                out.append(f"__truncated__: only the first {len(out)} items are kept")
                break
            out.append(self.told(item, depth + 1))
        return out


def _key(key: Any) -> str:
    return _text(str(key.value if isinstance(key, enum.Enum) else key))


def _digits(value: int) -> str:
    try:
        return str(value)
    except ValueError:  # More digits than Python writes: sys.set_int_max_str_digits.
        return f"<int of {value.bit_length()} bits>"


def _text(value: str) -> str:
    if len(value) > MAX_TEXT:
        value = f"{value[:MAX_TEXT]}… <cut: {len(value)} characters>"
    if value.isascii():
        return value
    # Lone surrogates are legal in Python and illegal in UTF-8, so in JSON and protobuf too.
    return value.encode("utf-8", "replace").decode("utf-8")


def _repr(value: Any) -> str:
    text = _text(repr(value))
    return text if len(text) <= _MAX_REPR else f"{text[:_MAX_REPR]}… <cut>"
