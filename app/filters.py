"""Filter expressions that pages write themselves; the language is the server's."""

import re
import time
from datetime import UTC, datetime
from typing import Final

__all__ = [
    "EXAMPLES",
    "RANGES",
    "added",
    "begun_between",
    "both",
    "conjuncts",
    "equals",
    "has",
    "pointed",
    "range_start_ns",
    "removed",
    "searched",
    "searched_words",
    "since",
]

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


def has(field: str, value: str) -> str:
    """`has(field, 'value')`: a list of texts that holds the value."""
    quoted = value.replace("'", "''")
    return f"has({field}, '{quoted}')"


def begun_between(start_ns: int, end_ns: int) -> str:
    """Traces with a span that began in this time; in words that a reader can change."""
    start, end = (datetime.fromtimestamp(ns // 10**9, UTC) for ns in (start_ns, end_ns))
    form = "%Y-%m-%dT%H:%M:%SZ"
    return (
        f"span.started_at >= '{start.strftime(form)}' and span.started_at < '{end.strftime(form)}'"
    )


def conjuncts(text: str) -> list[str]:
    """The conditions that `text` joins by `and`, outermost brackets off.

    An expression with an `or` or a `between` of its own is one condition: taking it apart here
    would need the server's grammar, and leaving it whole is never wrong.
    """
    text = _unwrapped(text.strip())
    if not text:
        return []
    places = _joints(text)
    words = {word for word, _, _ in places}
    if words - {"and"}:
        return [text]
    starts = [0, *(end for _, _, end in places)]
    ends = [*(start for _, start, _ in places), len(text)]
    parts = [text[start:end].strip() for start, end in zip(starts, ends, strict=True)]
    return [each for part in parts for each in (conjuncts(part) if part != text else [part])]


def added(text: str, condition: str) -> str:
    """`text` narrowed by `condition`, which stands in it once."""
    parts = conjuncts(text)
    return _joined(parts if condition in parts else [*parts, condition])


def removed(text: str, condition: str) -> str:
    """`text` without `condition`, as far as it is one of those joined by `and`."""
    return _joined([part for part in conjuncts(text) if part != condition])


def searched(text: str, words: str) -> str:
    """`text` with the full-text search for `words`; empty words take the search out."""
    parts = [part for part in conjuncts(text) if not _SEARCH.fullmatch(part)]
    quoted = words.strip().replace("'", "''")
    return _joined([*parts, f"text_search('{quoted}')"] if quoted else parts)


def searched_words(text: str) -> str:
    """The words that `text` searches for; empty for none."""
    found = [match for part in conjuncts(text) if (match := _SEARCH.fullmatch(part))]
    return found[0][1].replace("''", "'") if found else ""


def since(range_name: str, *, now_ns: int | None = None) -> str | None:
    """What keeps the traces of a time range; None where everything is wanted.

    The moment is rounded to ten seconds, so that calls close together ask the same question.
    """
    start_ns = range_start_ns(range_name, now_ns=now_ns)
    return None if start_ns is None else f"started_ns >= {start_ns}"


def range_start_ns(range_name: str, *, now_ns: int | None = None) -> int | None:
    """Where a time range begins, as in `since`; None: it has no beginning."""
    seconds = RANGES.get(range_name)
    if seconds is None:
        return None
    step = 10 * 10**9
    now = (time.time_ns() if now_ns is None else now_ns) // step * step
    return now - seconds * 10**9


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


_SEARCH: Final = re.compile(r"text_search\(\s*'((?:[^']|'')*)'\s*\)", re.IGNORECASE)
_WORDS: Final = re.compile(
    r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|[()\[\]]|\b(?:and|or|between)\b", re.IGNORECASE
)


def _joints(text: str) -> list[tuple[str, int, int]]:
    """`and`, `or` and `between` of `text` outside of brackets and quotes, with their places."""
    depth, found = 0, []
    for match in _WORDS.finditer(text):
        word = match[0].lower()
        if word in "([":
            depth += 1
        elif word in ")]":
            depth -= 1
        elif word.isalpha() and depth == 0:
            found.append((word, match.start(), match.end()))
    return found


def _unwrapped(text: str) -> str:
    """`text` without brackets around all of it."""
    while text.startswith("(") and text.endswith(")"):
        depth = 0
        for match in _WORDS.finditer(text):
            depth += {"(": 1, ")": -1}.get(match[0], 0)
            if depth == 0:
                break
        if match.end() != len(text):
            return text
        text = text[1:-1].strip()
    return text


def _joined(parts: list[str]) -> str:
    if len(parts) == 1:
        return parts[0]
    wraps = [any(word != "and" for word, _, _ in _joints(part)) for part in parts]
    return " and ".join(
        f"({part})" if wrap else part for part, wrap in zip(parts, wraps, strict=True)
    )
