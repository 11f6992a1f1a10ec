"""What a row of a dataset says: its address, its text, and how like two of them are.  Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from weave_core.digests import canonical_json, digest_bytes

__all__ = [
    "MAX_SHINGLED",
    "NOT_CONTENT",
    "content_json",
    "likeness",
    "row_key",
    "row_text",
    "shingles",
]

NOT_CONTENT = ("id", "metadata")
"""Columns that are no part of what an item is: a new id does not make a new question."""
MAX_SHINGLED = 20_000
"""Characters of one row that are compared."""
_SHINGLE = 5
_KEY_DIGITS = 32


def content_json(row: Mapping[str, Any]) -> bytes:
    """Canonical JSON of what of a row is content."""
    return canonical_json({k: v for k, v in row.items() if k not in NOT_CONTENT})


def row_key(content: bytes) -> str:
    """The address of a row by its `content_json`: the first 32 digits of its SHA-256."""
    return digest_bytes(content).removeprefix("sha256:")[:_KEY_DIGITS]


def row_text(row: Mapping[str, Any], columns: Sequence[str] | None = None) -> str:
    """What a row says, as one line of text.

    Args:
        row: The row.
        columns: Which of them, in their order; None: all that are content, by name: a row that was
            stored has lost the order that it was written in.
    """
    chosen = columns if columns is not None else sorted(c for c in row if c not in NOT_CONTENT)
    parts = [row[column] for column in chosen if column in row]
    texts = [each if isinstance(each, str) else orjson.dumps(each).decode() for each in parts]
    return " ".join(" ".join(texts).split())


def shingles(text: str) -> set[bytes]:
    """Runs of five letters, case aside; of a shorter text all of it."""
    plain = text[:MAX_SHINGLED].casefold()
    count = max(len(plain) - _SHINGLE + 1, 1)
    return {plain[place : place + _SHINGLE].encode() for place in range(count)}


def likeness(first: set[bytes], second: set[bytes]) -> float:
    """Jaccard's similarity of two sets of shingles: what both have / what either has."""
    return len(first & second) / len(first | second)
