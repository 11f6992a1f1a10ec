"""Filter expressions that pages write themselves; the language is the server's."""

import time
from typing import Final

__all__ = ["EXAMPLES", "RANGES", "both", "equals", "pointed", "since"]

RANGES: Final[dict[str, int]] = {
    "15m": 900,
    "1h": 3_600,
    "24h": 86_400,
    "7d": 604_800,
    "30d": 2_592_000,
}
"""Time ranges by their name in the address bar, in seconds; `all` has none."""

EXAMPLES: Final[dict[str, str]] = {
    "Failed": "status = 'error'",
    "Slower than two seconds": "duration_ms > 2000",
    "Cost more than a cent": "cost_usd > 0.01",
    "One user": "user_id = 'ada'",
    "Name begins with": "name like 'support%'",
    "Failed or slow": "status = 'error' or duration_ms > 5000",
}


def equals(field: str, value: str) -> str:
    """`field = 'value'` with the quotes inside doubled, as SQL wants it."""
    quoted = value.replace("'", "''")
    return f"{field} = '{quoted}'"


def since(range_name: str, *, now_ns: int | None = None) -> str | None:
    """What keeps the traces of a time range; None where everything is wanted.

    The moment is rounded to ten seconds, so that calls close together ask the same question.
    """
    seconds = RANGES.get(range_name)
    if seconds is None:
        return None
    step = 10 * 10**9
    now = (time.time_ns() if now_ns is None else now_ns) // step * step
    return f"started_ns >= {now - seconds * 10**9}"


def both(first: str | None, second: str | None) -> str | None:
    """Traces that pass both expressions; an empty one lets all pass."""
    given = [f"({text})" for text in (first, second) if text and text.strip()]
    if len(given) == 1:
        return given[0][1:-1]
    return " and ".join(given) or None


def pointed(text: str, position: int, *, width: int = 90) -> str:
    """The part of `text` around `position`, with a mark below it."""
    start = max(0, position - width // 2)
    line = text[start : start + width].replace("\n", " ")
    return f"{line}\n{' ' * (position - start)}^"
