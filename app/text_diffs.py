"""What differs between two texts, line by line and word by word.  Pure.

Texts of a trace can be megabytes: beyond the bounds lines are compared as a whole, and what is
beyond those is left out with a mark.
"""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Any, Final

__all__ = ["MAX_LINES", "MAX_WORDS", "diff_lines"]

MAX_LINES: Final = 2_000
"""Lines of one text that are compared."""
MAX_WORDS: Final = 400
"""Words of one line that are compared one by one."""
_MAX_LINE: Final = 4_000
_CONTEXT: Final = 3
_WORD = re.compile(r"\w+|\s+|[^\w\s]")


def diff_lines(first: str, second: str) -> dict[str, Any]:
    """Rows of two columns.

    Returns:
        `is_same`; `rows`: each `{"op": "same" | "changed" | "removed" | "added", "a", "b"}` with a
        list of `[text, is_different]` a side or None, or `{"op": "skipped", "count"}`; `cut`: lines
        that were left out.
    """
    if first == second:
        return {"is_same": True, "rows": [], "cut": 0}
    lines_a, lines_b = first.splitlines() or [""], second.splitlines() or [""]
    cut = max(0, len(lines_a) - MAX_LINES) + max(0, len(lines_b) - MAX_LINES)
    lines_a, lines_b = lines_a[:MAX_LINES], lines_b[:MAX_LINES]
    rows: list[dict[str, Any]] = []
    matcher = SequenceMatcher(None, lines_a, lines_b)
    for op, a1, a2, b1, b2 in matcher.get_opcodes():
        if op == "equal":
            rows += [
                {"op": "same", "a": _plain(line), "b": _plain(line)} for line in lines_a[a1:a2]
            ]
            continue
        paired = min(a2 - a1, b2 - b1)
        for a, b in zip(lines_a[a1 : a1 + paired], lines_b[b1 : b1 + paired], strict=True):
            rows.append({"op": "changed", **_words(a, b)})
        removed, added = lines_a[a1 + paired : a2], lines_b[b1 + paired : b2]
        rows += [{"op": "removed", "a": _plain(line), "b": None} for line in removed]
        rows += [{"op": "added", "a": None, "b": _plain(line)} for line in added]
    return {"is_same": False, "rows": _folded(rows), "cut": cut}


def _plain(line: str) -> list[list[Any]]:
    return [[line[:_MAX_LINE], False]]


def _words(first: str, second: str) -> dict[str, list[list[Any]]]:
    """Both lines in pieces, each with whether the other lacks it."""
    words_a, words_b = _WORD.findall(first[:_MAX_LINE]), _WORD.findall(second[:_MAX_LINE])
    if max(len(words_a), len(words_b)) > MAX_WORDS:
        return {"a": [[first[:_MAX_LINE], True]], "b": [[second[:_MAX_LINE], True]]}
    pieces: tuple[list[list[Any]], list[list[Any]]] = ([], [])
    for op, a1, a2, b1, b2 in SequenceMatcher(None, words_a, words_b, autojunk=False).get_opcodes():
        for side, words in zip(pieces, (words_a[a1:a2], words_b[b1:b2]), strict=True):
            if words:
                side.append(["".join(words), op != "equal"])
    return {"a": pieces[0], "b": pieces[1]}


def _folded(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Long stretches without a difference become one row that says how many lines they are."""
    changed = [at for at, row in enumerate(rows) if row["op"] != "same"]
    kept = {at + by for at in changed for by in range(-_CONTEXT, _CONTEXT + 1)}
    folded: list[dict[str, Any]] = []
    for at, row in enumerate(rows):
        if at in kept:
            folded.append(row)
        elif folded and folded[-1]["op"] == "skipped":
            folded[-1]["count"] += 1
        else:
            folded.append({"op": "skipped", "count": 1})
    return folded
