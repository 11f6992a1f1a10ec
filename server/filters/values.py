"""Literals of a filter to Python values, as the field they are compared with needs them."""

import math
import re
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlglot import exp

from weave_core.errors import BadFilter
from weave_core.server.filters.parsing import position_of, suggest
from weave_core.server.filters.vocabularies import Field

__all__ = ["MAX_TEXT", "json_value", "text_value", "value_for"]

MAX_TEXT = 4_000
"""Longest text in quotes."""
_INT64 = 2**63
_NS_PER_MS = 1_000_000
_NS_PER_S = 1_000_000_000
_UNITS_S = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800}
_UNITS_S |= {"sec": 1, "s": 1, "min": 60, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_INTERVAL = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)\s*([a-z]*)", re.IGNORECASE)
_ID_BYTES = {"trace_id": 16}


def value_for(field: Field, node: exp.Expr, now_ns: int) -> Any:
    """The value of `node` as the column of `field` holds it.

    Raises:
        BadFilter: If it is no literal, or of the wrong type.
    """
    match field.kind:
        case "text":
            return _known(field, text_value(node, field.name), node)
        case "number":
            return _as_bound(_number(node, field.name))
        case "milliseconds":
            return _as_bound(_number(node, field.name) * _NS_PER_MS)
        case "time":
            return _moment(node, field.name, now_ns)
        case "bool":
            return _boolean(node, field.name)
        case "id":
            return _id(node, field.name)
        case _:
            raise BadFilter(
                f"{field.name!r} can't be compared as a whole",
                f"has({field.name}, 'x') asks for a member"
                if field.kind == "texts"
                else f"name a key: {field.name}['tier'] = 'pro'",
                position_of(node),
            )


def json_value(node: exp.Expr, name: str) -> str | bool | int | float:
    """The text, number or truth value of `node`, for a comparison with a JSON value."""
    if isinstance(node, exp.Boolean):
        return bool(node.this)
    if isinstance(node, exp.Literal) and node.is_string:
        return text_value(node, name)
    return _as_bound(_number(node, name))


def text_value(node: exp.Expr, name: str) -> str:
    """The text of `node`.

    Raises:
        BadFilter: If it is no text in single quotes, or too long.
    """
    if not isinstance(node, exp.Literal) or not node.is_string:
        raise _wrong(node, name, "a text in single quotes, such as 'abc'")
    text = str(node.this)
    if len(text) > MAX_TEXT or "\x00" in text:
        raise _wrong(node, name, f"a text of at most {MAX_TEXT} characters and no NUL")
    return text


def _known(field: Field, text: str, node: exp.Expr) -> str:
    if field.values and text not in field.values:
        raise BadFilter(
            f"{field.name} is never {text!r}",
            f"{suggest(text, field.values)}it is one of: {', '.join(field.values)}",
            position_of(node),
        )
    return text


def _number(node: exp.Expr, name: str) -> Decimal:
    if isinstance(node, exp.Neg):
        return -_number(node.this, name)
    if not isinstance(node, exp.Literal) or node.is_string:
        raise _wrong(node, name, "a number")
    try:
        number = Decimal(str(node.this))
        is_held = math.isfinite(float(number))
    except (InvalidOperation, OverflowError, ValueError):
        is_held = False
    if not is_held:
        raise _wrong(node, name, "a number")
    return number


def _as_bound(number: Decimal) -> int | float:
    """An int where nothing is lost and 64 bits hold it, else a float."""
    if abs(number) < _INT64 and number == number.to_integral_value():
        return int(number)
    return float(number)


def _boolean(node: exp.Expr, name: str) -> bool:
    if not isinstance(node, exp.Boolean):
        raise _wrong(node, name, "true or false")
    return bool(node.this)


def _id(node: exp.Expr, name: str) -> bytes:
    text = text_value(node, name)
    size = _ID_BYTES.get(name.removeprefix("span."), 8)
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        raw = b""
    if len(raw) != size:
        raise _wrong(node, name, f"{2 * size} hex digits in single quotes")
    return raw


def _moment(node: exp.Expr, name: str, now_ns: int) -> int | float:
    wanted = "nanoseconds, an ISO time such as '2026-03-01T12:00:00Z', or now() - interval '1 hour'"
    if isinstance(node, exp.Literal) and node.is_string:
        try:
            moment = datetime.fromisoformat(str(node.this))
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            since = moment - datetime(1970, 1, 1, tzinfo=UTC)
        except (ValueError, OverflowError):
            raise _wrong(node, name, wanted) from None
        return (since.days * 86_400 + since.seconds) * _NS_PER_S + since.microseconds * 1_000
    if isinstance(node, exp.Sub | exp.Add):
        step = _interval_ns(node.expression, name, wanted)
        start = _moment(node.this, name, now_ns)
        return start - step if isinstance(node, exp.Sub) else start + step
    if isinstance(node, exp.CurrentTimestamp):
        return now_ns
    if isinstance(node, exp.Anonymous) and str(node.this).lower() == "now" and not node.expressions:
        return now_ns
    if isinstance(node, exp.Literal):
        return _as_bound(_number(node, name))
    raise _wrong(node, name, wanted)


def _interval_ns(node: exp.Expr | None, name: str, wanted: str) -> int:
    if isinstance(node, exp.Interval) and isinstance(node.this, exp.Literal):
        unit = node.args.get("unit")
        found = _INTERVAL.fullmatch(f"{node.this.this} {unit.name if unit else ''}".strip())
        seconds = _UNITS_S.get(_singular(found[2])) if found else None
        if found and seconds:
            return int(Decimal(found[1]) * seconds * _NS_PER_S)
    raise _wrong(node if node is not None else exp.Null(), name, wanted)


def _singular(unit: str) -> str:
    word = unit.lower()
    return word[:-1] if len(word) > 1 and word.endswith("s") else word


def _wrong(node: exp.Expr, name: str, wanted: str) -> BadFilter:
    if isinstance(node, exp.Column) and node.this.args.get("quoted"):
        hint = f"double quotes are for names; write '{node.name}' for a text"
    elif isinstance(node, exp.Null):
        hint = "ask `is null` or `is not null`"
    else:
        hint = f"wanted {wanted}"
    return BadFilter(f"{name} can't be compared with {_shown(node)}", hint, position_of(node))


def _shown(node: exp.Expr) -> str:
    try:
        return node.sql()[:60]
    except (ValueError, TypeError, AttributeError, RecursionError):
        return type(node).__name__
