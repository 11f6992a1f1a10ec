"""Numbers from attributes of any type: tokens, dollars, milliseconds."""

import math
from typing import Any

__all__ = ["amount", "money", "tokens"]

_MAX_TOKENS = 2**53
_MAX_DIGITS = 40
_MAX_INT = 10**300
"""What a double can surely hold."""


def tokens(value: Any) -> int | None:
    """A count of tokens; None when `value` is none (negative, fractional, beyond 2**53)."""
    if value is None:
        return None
    if type(value) is int:
        return value if 0 <= value <= _MAX_TOKENS else None
    number = amount(value)
    if number is None or number < 0 or number > _MAX_TOKENS or number != int(number):
        return None
    return int(number)


def money(value: Any) -> float | None:
    """Dollars; None when negative or no number."""
    number = amount(value)
    return number if number is not None and number >= 0 else None


def amount(value: Any) -> float | None:
    """A finite number, also from text; None otherwise.  A bool is no number."""
    kind = type(value)
    if kind is float:
        found: float = value
    elif kind is int:
        if abs(value) > _MAX_INT:
            return None
        found = float(value)
    elif kind is str and 0 < len(value) <= _MAX_DIGITS:
        try:
            found = float(value)
        except ValueError:
            return None
    else:
        return None
    return found if math.isfinite(found) else None
