"""The fields of OTLP/JSON, each read or refused with what was found there.

Names are lowerCamelCase and nothing else; unknown ones are ignored; null is the default.  Ids are
hex, 64-bit numbers come as numbers or texts.
"""

import base64
import binascii
import re
from collections.abc import Callable
from typing import Any, TypeVar

import orjson

from weave_core.errors import BadRequest
from weave_core.server.otlp.protobuf_values import finite_or_text

__all__ = [
    "MAX_INT64",
    "MAX_UINT32",
    "MAX_UINT64",
    "MIN_INT64",
    "MismatchError",
    "kind_of",
    "read_attributes",
    "read_body",
    "read_child",
    "read_dict",
    "read_double",
    "read_each",
    "read_enum",
    "read_hex",
    "read_integer",
    "read_list",
    "read_text",
    "read_value",
]

T = TypeVar("T")

MAX_UINT64 = 2**64 - 1
MIN_INT64, MAX_INT64 = -(2**63), 2**63 - 1
MAX_UINT32 = 2**32 - 1
_MAX_DEPTH = 64
"""Levels of lists and maps in one attribute; protobuf's own parser stops at about 30."""

_BOM = b"\xef\xbb\xbf"
_HALVES = re.compile(
    r"(?:\\\\)+"
    r"|(?:\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})+"
    r"|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)
"""Half of an escaped pair; backslashes and whole pairs are passed over, a run in one step."""


class MismatchError(ValueError):
    """What was sent has not the shape that OTLP gives it; the message says where and how."""


def read_body(body: bytes) -> dict[str, Any]:
    """The object that a request's body is.

    Raises:
        BadRequest: If it is none.
    """
    try:
        message = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        try:
            message = orjson.loads(_mended(body))
        except orjson.JSONDecodeError:
            raise BadRequest(f"the body is no JSON: {error}", position=error.pos) from error
    if not isinstance(message, dict):
        raise BadRequest(
            f"the body is {kind_of(message)} instead of an object",
            'OTLP/JSON is one object, such as {"resourceSpans": [...]}',
        )
    return message


def _mended(body: bytes) -> str:
    """`body` with a mark where its text is no Unicode.

    A sender that cuts texts at a length cuts an emoji into halves, or a letter into bytes: that
    must not cost its batch.
    """
    text = body.removeprefix(_BOM).decode("utf-8", "replace")
    return _HALVES.sub(lambda found: "\\ufffd" if found["half"] else found[0], text)


def read_attributes(holder: dict[str, Any]) -> dict[str, Any]:
    """The `attributes` of `holder`; of two values under one key the last stays."""
    return _key_values(read_list(holder, "attributes"), _MAX_DEPTH)


def _key_values(items: list[Any], depth: int) -> dict[str, Any]:
    attributes: dict[str, Any] = {}
    for item in items:
        pair = read_dict(item, "an attribute")
        attributes[read_text(pair, "key")] = read_value(pair.get("value"), depth)
    return attributes


def read_value(holder: Any, depth: int = _MAX_DEPTH) -> Any:
    """An AnyValue; by frequency, since this runs for every attribute."""
    if holder is None:
        return None
    value = read_dict(holder, "an attribute's value")
    if (text := value.get("stringValue")) is not None:
        return read_text(value, "stringValue") if type(text) is not str else text
    if value.get("intValue") is not None:
        return read_integer(value, "intValue", MIN_INT64, MAX_INT64)
    if (number := value.get("doubleValue")) is not None:
        return read_double(number)
    if (flag := value.get("boolValue")) is not None:
        if type(flag) is not bool:
            raise MismatchError(f"boolValue is {kind_of(flag)}")
        return flag
    if value.get("arrayValue") is not None:
        _check_depth(depth)
        return [
            read_value(item, depth - 1)
            for item in read_list(read_child(value, "arrayValue"), "values")
        ]
    if value.get("kvlistValue") is not None:
        _check_depth(depth)
        return _key_values(read_list(read_child(value, "kvlistValue"), "values"), depth - 1)
    if (encoded := value.get("bytesValue")) is not None:
        return _bytes(encoded)
    return None


def _check_depth(depth: int) -> None:
    if depth <= 0:
        raise MismatchError(f"an attribute is nested more than {_MAX_DEPTH} levels deep")


def read_double(number: Any) -> float | str:
    """A number, or the name of one that JSON can't hold."""
    if type(number) in (int, float):
        return finite_or_text(float(number))
    if isinstance(number, str) and "_" not in number:  # Python's own sign between digits.
        try:
            return finite_or_text(float(number))
        except ValueError:
            pass
    raise MismatchError(f"doubleValue is {kind_of(number)} that is no number")


def _bytes(encoded: Any) -> bytes:
    if isinstance(encoded, str):
        plain = encoded.rstrip("=").replace("-", "+").replace("_", "/")
        try:
            return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
        except (binascii.Error, ValueError):
            pass
    raise MismatchError(f"bytesValue is {kind_of(encoded)} that is no base64")


def read_integer(holder: dict[str, Any], key: str, lowest: int, highest: int) -> int:
    """A whole number within bounds; 0 where it is missing."""
    value = holder.get(key)
    if value is None:
        return 0
    if isinstance(value, str):
        digits = value.strip()
        # int() reads underscores and other scripts' digits, and takes long for long texts.
        if digits.removeprefix("-").isdecimal() and digits.isascii() and len(digits) <= 20:  # noqa: PLR2004  # Digits of 2**64 and a sign.
            value = int(digits)
    elif type(value) is float and value.is_integer():
        value = int(value)
    if type(value) is not int:
        raise MismatchError(f"{key} is {kind_of(value)} that is no whole number")
    if not lowest <= value <= highest:
        raise MismatchError(f"{key} is {value}, outside of {lowest} to {highest}")
    return value


def read_enum(holder: dict[str, Any], key: str, names: dict[str, int], *, unknown: int) -> int:
    """The number of an enum's value, given as a number or by its name; `unknown` for others."""
    value = holder.get(key)
    if value is None:
        return 0
    if isinstance(value, str):
        return names.get(value, unknown)
    if type(value) not in (int, float):
        raise MismatchError(f"{key} is {kind_of(value)} instead of a number")
    return int(value) if value in names.values() else unknown


def read_hex(holder: dict[str, Any], key: str) -> bytes:
    """An id; empty where it is missing."""
    text = read_text(holder, key)
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise MismatchError(
            f"{key} {text[:40]!r} is no hex (OTLP/JSON writes ids as hex, not as base64)"
        ) from None


def read_text(holder: dict[str, Any], key: str) -> str:
    """A text; empty where it is missing."""
    value = holder.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise MismatchError(f"{key} is {kind_of(value)} instead of a text")
    return value


def read_child(holder: dict[str, Any], key: str) -> dict[str, Any]:
    """A message inside a message; empty where it is missing."""
    value = holder.get(key)
    return {} if value is None else read_dict(value, key)


def read_dict(value: Any, name: str) -> dict[str, Any]:
    """`value` if it is an object; `name` says which for the message."""
    if not isinstance(value, dict):
        raise MismatchError(f"{name} is {kind_of(value)} instead of an object")
    return value


def read_list(holder: dict[str, Any], key: str) -> list[Any]:
    """A list; empty where it is missing."""
    value = holder.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise MismatchError(f"{key} is {kind_of(value)} instead of a list")
    return value


def read_each(holder: dict[str, Any], key: str, read: Callable[[dict[str, Any]], T]) -> list[T]:
    """What `read` makes of each message of a list."""
    return [read(read_dict(item, f"an item of {key}")) for item in read_list(holder, key)]


def kind_of(value: Any) -> str:
    """What `value` is, in words for a message."""
    names = {str: "a text", bool: "a boolean", int: "a number", float: "a number", list: "a list"}
    return names.get(type(value), "null" if value is None else "an object")
