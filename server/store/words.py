"""Words as full-text search compares them: letters and numbers, without case and accents."""

import re
import unicodedata

__all__ = ["ACCENTS", "WORD", "folded"]

WORD = re.compile(r"[^\W_]+")
"""A word as the indexes cut them, whichever the script."""
ACCENTS = re.compile("[\u0300-\u036f]")


def folded(text: str) -> str:
    """`text` without case and accents, as the indexes compare."""
    lowered = text.lower()
    if lowered.isascii():
        return lowered
    return ACCENTS.sub("", unicodedata.normalize("NFD", lowered))
