"""Objects that are kept: dataset, prompt, model, scorer, anything that is JSON, by its content."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field

from weave_core.model.values import Value

__all__ = [
    "MAX_ALIASES",
    "MAX_OBJECT_NAME",
    "MAX_TAGS",
    "NewAlias",
    "NewObject",
    "NewTags",
    "ObjectKindCount",
    "ObjectVersion",
    "StoredObject",
]

MAX_OBJECT_NAME = 128
"""Characters of an object's name."""
MAX_ALIASES = 20
"""Aliases that one publication sets."""
MAX_TAGS = 50
"""Tags of one version."""

ObjectName = Annotated[str, Field(pattern=r"^[^\W_][\w .+\-]*$", max_length=MAX_OBJECT_NAME)]
ObjectKind = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Tag = Annotated[str, Field(min_length=1, max_length=MAX_OBJECT_NAME)]


def _checked_alias(alias: str) -> str:
    if alias == "latest":
        raise ValueError("'latest' can't be set or taken away: it is given by the store")
    if alias.startswith("v") and alias[1:].isdecimal():
        raise ValueError(f"{alias!r} would be read as the number of a version")
    return alias


Alias = Annotated[
    str,
    Field(pattern=r"^[^\W\d_][\w.+\-]*$", max_length=MAX_OBJECT_NAME),
    AfterValidator(_checked_alias),
]
"""Begins with a letter, so that none looks like the number of a version."""


class NewObject(Value):
    """What to publish."""

    content: Any
    """Any JSON; its canonical form is what the digest is of."""
    aliases: Annotated[list[Alias], Field(max_length=MAX_ALIASES)] = []
    """Names that lead to this version from now on; `latest` always does."""
    tags: Annotated[list[Tag], Field(max_length=MAX_TAGS)] = []
    """Added to those that the version has."""


class NewAlias(Value):
    """Where an alias leads to."""

    version: Annotated[str, Field(min_length=1, max_length=200)]
    """A number, a digest, or another alias."""


class NewTags(Value):
    """The tags that a version has from now on."""

    tags: Annotated[list[Tag], Field(max_length=MAX_TAGS)]


class ObjectVersion(Value):
    """One version of an object, without its content."""

    kind: str
    name: str
    version: int
    """Counts from 1 within kind and name."""
    digest: str
    """`sha256:` of the canonical JSON of the content: the same on every server."""
    size_bytes: int
    """Of the canonical JSON."""
    aliases: list[str] = []
    tags: list[str] = []
    created_ns: int


class ObjectKindCount(Value):
    """How many objects of a kind there are."""

    kind: str
    count: int


class StoredObject(ObjectVersion):
    """One version with its content."""

    content: Any = None
