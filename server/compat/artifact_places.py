"""Which artifact a client means, by its id or by its name."""

import base64
import binascii
from typing import NamedTuple

from weave_core.errors import BadRequest

__all__ = [
    "VersionPlace",
    "coded_id",
    "draft_id",
    "parts_of_id",
    "read_draft_id",
    "split_name",
    "version_of_id",
]

_VERSION, _DRAFT = "artifact", "draft"
_PARTS = 4


class VersionPlace(NamedTuple):
    """A version of an artifact by the words of a client."""

    entity: str
    project: str
    name: str
    version: int

    @property
    def id(self) -> str:
        """What names it in one text, as the client gives it back."""
        return coded_id(_VERSION, *self[:3], str(self.version))


def coded_id(*words: str) -> str:
    """Words as one text; clients take it apart as base64, for references to artifacts."""
    return base64.b64encode("\n".join(words).encode()).decode()


def parts_of_id(text: object) -> list[str]:
    """The words of `coded_id`.

    Raises:
        BadRequest: If it is none of ours.
    """
    try:
        return base64.b64decode(str(text), validate=True).decode().split("\n")
    except (binascii.Error, ValueError) as error:
        raise BadRequest(f"{str(text)[:100]!r} is no id of an artifact") from error


def version_of_id(text: object) -> VersionPlace | None:
    """The version that an id names; None where it is one that has been begun.

    Raises:
        BadRequest: If it is none of ours.
    """
    kind, *words = parts_of_id(text)
    if kind == _DRAFT:
        return None
    if kind != _VERSION or len(words) != _PARTS or not words[3].isdecimal():
        raise BadRequest(f"{str(text)[:100]!r} is no id of an artifact")
    return VersionPlace(words[0], words[1], words[2], int(words[3]))


def draft_id(entity: str, draft: str) -> str:
    """What names a version that has been begun."""
    return coded_id(_DRAFT, entity, draft)


def read_draft_id(text: object) -> tuple[str, str]:
    """The entity and the draft that `draft_id` names.

    Raises:
        BadRequest: If it is none of ours.
    """
    parts = parts_of_id(text)
    if len(parts) != 3 or parts[0] != _DRAFT:  # noqa: PLR2004  # What `draft_id` gives.
        raise BadRequest(f"{str(text)[:100]!r} is no id of an artifact that was begun")
    return parts[1], parts[2]


def split_name(text: object) -> tuple[str, str]:
    """Name and version of `NAME:VERSION`; the version is `latest` where there is none.

    Raises:
        BadRequest: If there is no name.
    """
    name, _, version = str(text or "").rpartition("/")[2].partition(":")
    if not name:
        raise BadRequest(f"{str(text)[:100]!r} is no name of an artifact", "as in digits:latest")
    return name, version or "latest"
