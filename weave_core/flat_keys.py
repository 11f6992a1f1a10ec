"""Nested mappings as one level, keys joined by dots: how metrics and configs are named."""

from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["MAX_DEPTH", "flattened"]

MAX_DEPTH = 20
"""Levels of a nested mapping that are looked into; what lies deeper is one value."""


def flattened(
    nested: Mapping[Any, Any], prefix: str = "", depth: int = 0
) -> Iterator[tuple[str, Any]]:
    """Every leaf of `nested` with its whole key: `{"a": {"b": 1}}` gives `a.b`."""
    for key, value in nested.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and depth < MAX_DEPTH and value:
            yield from flattened(value, f"{name}.", depth + 1)
        else:
            yield name, value
