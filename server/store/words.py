"""Words as full-text search compares them: letters and numbers, without case and accents."""

import hashlib
import re
import unicodedata

__all__ = ["ACCENTS", "WORD", "folded", "mark_of"]

WORD = re.compile(r"[^\W_]+")
"""A word as the indexes cut them, whichever the script."""
ACCENTS = re.compile("[\u0300-\u036f]")

_MARK = "zq"
"""Begin of words that nobody says."""


def mark_of(key: str, value: str) -> str:
    """The word under which the index has an attribute with its value, whatever these hold."""
    return _MARK + hashlib.blake2b(f"{key}\0{value}".encode(), digest_size=6).hexdigest()


def folded(text: str) -> str:
    """`text` without case and accents, as the indexes compare."""
    lowered = text.lower()
    if lowered.isascii():
        return lowered
    return ACCENTS.sub("", unicodedata.normalize("NFD", lowered))
