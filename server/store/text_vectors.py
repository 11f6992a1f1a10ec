"""A span's words as PostgreSQL's `tsvector`, cut as SQLite's index cuts them.

PostgreSQL's own parser keeps addresses, paths and signed numbers whole and leaves accents to an
extension; so the words are cut here, and one search finds the same in both databases.
"""

from collections.abc import Iterable, Iterator

from weave_core.server.store.words import WORD, folded

__all__ = ["vector", "vector_query"]

_MAX_WORD = 500
"""Characters of a word that count: PostgreSQL holds 2,046 bytes of one."""
_LAST_PLACE = 16_383
"""PostgreSQL counts places no further; phrases behind it are not found."""


def vector(*texts: str) -> str:
    """What PostgreSQL reads as the `tsvector` of `texts`; no phrase runs from one into the next."""
    entries: list[str] = []
    place = 0
    for text in texts:
        for word in _words(text):
            place += 1
            entries.append(f"{word}:{min(place, _LAST_PLACE)}")
        place += 1
    return " ".join(entries)


def vector_query(phrases: Iterable[tuple[str, bool]]) -> str:
    """What PostgreSQL reads as the `tsquery` for texts that must all be there.

    Args:
        phrases: Each text, and whether its last word is only the begin of one.
    """
    parts: list[str] = []
    for text, is_prefix in phrases:
        words = [f"'{word}'" for word in _words(text)]
        if words:
            last = f"{words[-1]}:*" if is_prefix else words[-1]
            parts.append(f"({' <-> '.join((*words[:-1], last))})")
    return " & ".join(parts)


def _words(text: str) -> Iterator[str]:
    for found in WORD.finditer(folded(text)):
        yield found[0][:_MAX_WORD]
