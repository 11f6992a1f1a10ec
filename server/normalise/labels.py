"""Tags and metadata: what people attach to spans to find them again."""

from collections.abc import Iterable
from typing import Any

from weave_core.server.normalise import texts
from weave_core.server.normalise.precedence import METADATA_PREFIXES, Picked

__all__ = ["METADATA_FIELDS", "metadata_keys", "metadata_of", "tags_of"]

MAX_TAGS = 100
MAX_METADATA = 1_000
_TAGS = (
    "tags",
    "tags_openinference",
    "tags_langfuse",
    "tags_logfire",
    "tags_langsmith",
    "tags_vercel",
    "tags_openlit",
    "tags_traceloop",
    "tags_laminar",
    "tags_langwatch",
)
METADATA_FIELDS = ("metadata", "metadata_langfuse_trace", "metadata_langfuse")
"""Fields that are whole maps of metadata."""
_LEAKED = ("LANGSMITH_", "LANGCHAIN_", "LS_")
"""Environment variables that LangSmith copies into metadata."""


def tags_of(picked: Picked) -> list[str]:
    """The tags of all conventions together, each once, in the order they were sent."""
    tags: dict[str, None] = {}
    for field in _TAGS:
        value = picked.get(field)
        if value is None:
            continue
        items = texts.decode(value)
        if type(items) is str:
            items = items.split(",") if field == "tags_langsmith" else [items]
        for item in items[:MAX_TAGS] if type(items) is list else ():
            tag = texts.as_text(item)
            if tag and tag.strip():
                tags[tag.strip()] = None
    return list(tags)[:MAX_TAGS]


def metadata_keys(keys: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Those of `keys` that are metadata, with their bare names: the last of a name wins."""
    return tuple(
        (key, name)
        for prefix in reversed(METADATA_PREFIXES)
        for key in keys
        if key.startswith(prefix) and (name := key[len(prefix) :]) and not name.startswith(_LEAKED)
    )


def metadata_of(
    attributes: dict[str, Any], picked: Picked, keys: Iterable[tuple[str, str]]
) -> dict[str, Any]:
    """One map of all metadata, values decoded; keys of our own and of the span win.

    Args:
        attributes: As they were sent.
        picked: Their fields, of which some are whole maps.
        keys: `metadata_keys` of them.
    """
    found: dict[str, Any] = {}
    for field in METADATA_FIELDS:
        if field not in picked:
            continue
        body = texts.decode(picked[field])
        if type(body) is dict:
            found.update(body)
        elif body is not None:
            found["metadata"] = body
    for key, name in keys:
        if not texts.is_empty(attributes[key]):
            found[name] = texts.decode_all(attributes[key])
    if len(found) > MAX_METADATA:
        found = dict(list(found.items())[:MAX_METADATA])
    return found
